"""Write tests/golden/markers: timelines with the same three markers, as other programs' writers put them.

    pip install opentimelineio==0.18.1 otio-cmx3600-adapter==1.0.0 otio-fcp-adapter==1.0.0 \\
        otio-fcpx-xml-adapter==1.0.0 && python tests/golden/make_markers.py

tests/test_markers.py reads them. Two clips, of which the first shows its source from frame 300 on and the
second from frame 500; markers at frames 20 (the timeline's own, which the adapters for EDL and FCPXML leave
out), 50 and 175.
"""

from pathlib import Path

import opentimelineio as otio

FOLDER = Path(__file__).with_name("markers")
CLIPS = (("a", 300, 100, 350, "hit 0.8"), ("b", 500, 200, 575, "drop"))
ADAPTERS = {"otio": "otio_json", "xml": "fcp_xml", "fcpxml": "fcpx_xml", "edl": "cmx_3600"}


def timeline(rate: float) -> otio.schema.Timeline:
    """A film of 300 frames at a rate."""
    made = otio.schema.Timeline("film")
    track = otio.schema.Track("V1", kind="Video")
    made.tracks.append(track)
    for name, first, n_frames, marked, text in CLIPS:
        source = otio.schema.ExternalReference(f"file:///films/{name}.mov", span(0, 2000, rate))
        clip = otio.schema.Clip(name, source, span(first, n_frames, rate))
        clip.markers.append(marker(marked, text, rate))
        track.append(clip)
    made.tracks.markers.append(marker(20, "downbeat", rate))
    return made


def span(first: int, n_frames: int, rate: float) -> otio.opentime.TimeRange:
    """So many frames from one on."""
    return otio.opentime.TimeRange(
        otio.opentime.RationalTime(first, rate), otio.opentime.RationalTime(n_frames, rate)
    )


def marker(frame: int, text: str, rate: float) -> otio.schema.Marker:
    """A marker of one frame."""
    return otio.schema.Marker(text, span(frame, 1, rate), "RED")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for fps, name in ((25.0, "pal"), (30000 / 1001, "ntsc")):
        for ending, adapter in ADAPTERS.items():
            otio.adapters.write_to_file(timeline(fps), str(FOLDER / f"{name}.{ending}"), adapter_name=adapter)

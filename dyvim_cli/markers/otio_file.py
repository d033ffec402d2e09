"""Read and write OpenTimelineIO's timelines (.otio), with the extra `edit`."""

import re
from pathlib import Path
from typing import Any

from dyvim_cli.errors import InputError
from dyvim_cli.markers.marker import Marker, merged_by_frame
from dyvim_cli.media.film_clock import FilmClock
from dyvim_cli.regular_files import read_regular

ADAPTER = "otio_json"
BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*"|([\[{])|([\]}])', re.DOTALL)  # outside of texts
DEEPEST = 500  # brackets in each other; the library dies of some ten thousand


def read_otio(path: Path) -> list[Marker]:
    """Read the markers of the first timeline: its own, its tracks' and its clips'.

    Args:
        path: of the file.

    Returns:
        Markers in order of time.

    Raises:
        InputError: it cannot be read or holds no timeline.
    """
    import opentimelineio as otio

    if _depth(read_regular(path, "OpenTimelineIO file")) > DEEPEST:
        raise InputError(f"{path} is nested more than {DEEPEST} deep", "export the timeline again")
    try:
        timeline = otio.adapters.read_from_file(str(path), adapter_name=ADAPTER)
    except (otio.exceptions.OTIOError, ValueError, KeyError) as error:  # KeyError: of a wrong schema
        raise InputError(f"{path} is no OpenTimelineIO file that can be read ({error})") from error
    if isinstance(timeline, otio.schema.SerializableCollection):
        timeline = next((each for each in timeline if isinstance(each, otio.schema.Timeline)), None)
    if not isinstance(timeline, otio.schema.Timeline):
        raise InputError(f"{path}: no timeline in this OpenTimelineIO file")
    found = [_marker(each, mark, timeline) for each in _marked(timeline) for mark in each.markers]
    return sorted((mark for mark in found if mark.time_s >= 0), key=lambda mark: mark.time_s)


def _depth(text: bytes) -> int:
    """Nesting depth of a JSON text."""
    depth = deepest = 0
    for found in BRACKETS.finditer(text):
        depth += bool(found[1]) - bool(found[2])
        deepest = max(deepest, depth)
    return deepest


# Any: opentimelineio has no types
def _marked(timeline: Any) -> list[Any]:
    """All that may carry markers."""
    import opentimelineio as otio

    return [timeline.tracks, *timeline.tracks.find_children(descended_from_type=otio.core.Item)]


def _marker(item: Any, mark: Any, timeline: Any) -> Marker:
    place = mark.marked_range
    at = place.start_time
    if item is not timeline.tracks:
        at = item.transformed_time(at, timeline.tracks)
    length_s = place.duration.to_seconds() if place.duration.value > 1 else 0.0
    color = (mark.color or "").capitalize()
    return Marker(at.to_seconds(), mark.name.strip(), length_s, getattr(mark, "comment", ""), color)


def write_otio(markers: list[Marker], clock: FilmClock, title: str, path: Path) -> None:
    """Write a timeline of one gap as long as the film, whose markers are the timeline's, one per frame.

    Args:
        markers: in any order.
        clock: of the film.
        title: of the timeline.
        path: of the file.
    """
    import opentimelineio as otio

    rate = float(clock.fps)

    def frames(n: int) -> Any:
        return otio.opentime.RationalTime(n, rate)

    start = None if clock.first_number is None else frames(clock.first_number)
    timeline = otio.schema.Timeline(title, global_start_time=start)
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    track.append(otio.schema.Gap(duration=frames(clock.frame(clock.duration_s))))
    timeline.tracks.append(track)
    for marker in merged_by_frame(markers, clock):
        place = otio.opentime.TimeRange(frames(clock.frame(marker.time_s)), frames(1))
        color = marker.color.upper() or otio.schema.MarkerColor.BLUE
        timeline.tracks.markers.append(otio.schema.Marker(marker.name, place, color, comment=marker.note))
    text = otio.adapters.write_to_string(timeline, adapter_name=ADAPTER)
    path.write_text(text, encoding="utf-8")  # the library says nothing of a full disk

"""Read and write Final Cut Pro 7's XML (xmeml), which Premiere imports: times are whole frames."""

from collections.abc import Iterator
from fractions import Fraction
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from dyvim_cli.errors import InputError
from dyvim_cli.markers.marker import Marker, merged_by_frame
from dyvim_cli.media.film_clock import FilmClock

NONE = -1  # how xmeml says that a frame number is not there


def read_fcp7(root: Element, source: str) -> list[Marker]:
    """Read the markers of the first sequence and of its clips.

    Args:
        root: of the XML.
        source: how an error names the file.

    Returns:
        Markers in order of time.

    Raises:
        InputError: there is no sequence, or a number cannot be read.
    """
    sequence = root.find(".//sequence")
    if sequence is None:
        raise InputError(f"{source}: no sequence in this XML", "select a sequence and export it")
    fps = _rate(sequence, source)
    own = [_marker(mark, 0, fps, source) for mark in sequence.findall("marker")]
    inner = _markers_of_clips(sequence, fps, source)
    return sorted([*own, *inner], key=lambda marker: marker.time_s)


def _markers_of_clips(sequence: Element, fps: Fraction, source: str) -> Iterator[Marker]:
    """Markers of clips, which count frames of the clip's source, as far as these are shown."""
    for clip in sequence.iterfind("media/video/track/clipitem"):
        start, first, last = (_number(clip, name, source) for name in ("start", "in", "out"))
        for mark in clip.findall("marker"):
            if start != NONE and first <= _number(mark, "in", source) < last:
                yield _marker(mark, start - first, fps, source)


def _marker(mark: Element, shift: int, fps: Fraction, source: str) -> Marker:
    begin, end = _number(mark, "in", source), _number(mark, "out", source)
    n_frames = end - begin if end > begin + 1 else 0
    name, note = ((mark.findtext(tag) or "").strip() for tag in ("name", "comment"))
    return Marker(float((begin + shift) / fps), name, float(n_frames / fps), note)


def _number(element: Element, name: str, source: str) -> int:
    text = element.findtext(name, str(NONE)).strip()
    try:
        return int(text)
    except ValueError as error:
        raise InputError(f"{source}: '{text}' in <{name}> is no frame number") from error


def _rate(sequence: Element, source: str) -> Fraction:
    """Frames a second of a sequence."""
    timebase = sequence.findtext("rate/timebase", "").strip()
    if not timebase.isdecimal() or int(timebase) == 0:
        raise InputError(f"{source}: the sequence does not say its frame rate")
    is_ntsc = sequence.findtext("rate/ntsc", "").strip().upper() == "TRUE"
    return Fraction(1000 * int(timebase), 1001) if is_ntsc else Fraction(int(timebase))


def write_fcp7(markers: list[Marker], clock: FilmClock, title: str) -> str:
    """Write an xmeml with one empty sequence as long as the film that carries the markers, one per frame.

    Args:
        markers: in any order.
        clock: of the film.
        title: of the sequence.

    Returns:
        Text of the XML.
    """
    root = Element("xmeml", version="4")
    sequence = SubElement(root, "sequence", id="sequence-1")
    _say(sequence, name=title, duration=clock.frame(clock.duration_s))
    _say_rate(sequence, clock)
    timecode = SubElement(sequence, "timecode")
    _say_rate(timecode, clock)
    form = "DF" if clock.counting.left_out else "NDF"
    _say(timecode, string=clock.timecode(0), frame=clock.number_of_first(), displayformat=form)
    SubElement(SubElement(SubElement(sequence, "media"), "video"), "track")
    for marker in merged_by_frame(markers, clock):
        place = {"in": clock.frame(marker.time_s), "out": NONE}
        _say(SubElement(sequence, "marker"), name=marker.name, comment=marker.note, **place)
    ElementTree.indent(root)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE xmeml>\n'
    return head + ElementTree.tostring(root, encoding="unicode") + "\n"


def _say_rate(parent: Element, clock: FilmClock) -> None:
    is_ntsc = clock.fps.denominator == 1001
    _say(SubElement(parent, "rate"), timebase=round(clock.fps), ntsc="TRUE" if is_ntsc else "FALSE")


def _say(parent: Element, **values: object) -> None:
    """Add a child for each value."""
    for name, value in values.items():
        SubElement(parent, name).text = str(value)

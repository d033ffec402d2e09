"""Read and write Final Cut Pro's XML (1.9 and later): times are fractions of a second, exact to the frame."""

import re
from collections.abc import Iterator
from fractions import Fraction
from urllib.parse import quote
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from dyvim_cli.errors import InputError
from dyvim_cli.markers.marker import Marker, merged_by_frame
from dyvim_cli.media.film_clock import FilmClock

VERSION = "1.9"
CLIPS = ("clip", "asset-clip", "ref-clip", "sync-clip", "mc-clip", "video", "audio", "title", "gap", "spine")
MARKERS = ("marker", "chapter-marker")
TIME = re.compile(
    r"-?\d{1,18}(?:\.\d{1,18}|/\d{1,18})?s?", re.ASCII
)  # an exponent would be a number without end
LONGEST_SHOWN = 40  # letters of a wrong time in a message


def read_fcpxml(root: Element, source: str) -> list[Marker]:
    """Read the markers of the first timeline.

    Args:
        root: of the XML.
        source: how an error names the file.

    Returns:
        Markers in order of time.

    Raises:
        InputError: there is no timeline, or a time cannot be read.
    """
    sequence = root.find(".//sequence")
    if sequence is None:
        raise InputError(f"{source}: no timeline in this FCPXML", "export a project, not a clip or library")
    spine = sequence.find("spine")
    begin = _seconds(sequence, "tcStart", source)
    if spine is not None and len(spine) and "offset" in spine[0].attrib:
        begin = _seconds(spine[0], "offset", source)
    own = [_marker(mark, Fraction(0), source) for mark in sequence if mark.tag in MARKERS]
    inner = [] if spine is None else _markers_inside(spine, -begin, source)
    return sorted([*own, *inner], key=lambda marker: marker.time_s)


def _markers_inside(parent: Element, shift: Fraction, source: str) -> Iterator[Marker]:
    """Markers of all clips in `parent`, whose own time plus `shift` is the film's."""
    for clip in parent:
        if clip.tag in MARKERS:
            yield _marker(clip, shift, source)
        elif clip.tag in CLIPS:
            begin = _seconds(clip, "offset", source) - _seconds(clip, "start", source)
            yield from _markers_inside(clip, shift + begin, source)


def _marker(mark: Element, shift: Fraction, source: str) -> Marker:
    time_s = float(_seconds(mark, "start", source) + shift)
    return Marker(time_s, mark.get("value", "").strip(), note=mark.get("note", "").strip())


def _seconds(element: Element, name: str, source: str) -> Fraction:
    """A time attribute such as "1001/30000s"; 0 where it is missing."""
    text = element.get(name, "0s")
    try:
        if not TIME.fullmatch(text):
            raise ValueError
        return Fraction(text.removesuffix("s"))
    except (ValueError, ZeroDivisionError) as error:
        reason = f"{source}: '{text[:LONGEST_SHOWN]}' of <{element.tag}> is no time of FCPXML"
        raise InputError(reason, "export it again") from error


def write_fcpxml(markers: list[Marker], clock: FilmClock, title: str, film: str = "") -> str:
    """Write an fcpxml with one project: the film as its only clip, which carries the markers, one per frame.

    Final Cut Pro writes markers inside of the clip that they lie on; some readers pass over those of gaps.

    Args:
        markers: in any order.
        clock: of the film.
        title: of event, project and clip.
        film: URL of the film, relative to this file or absolute; empty = a film of the title's name.

    Returns:
        Text of the XML.
    """
    first = clock.number_of_first()
    begin, length = _time(first, clock), _time(clock.frame(clock.duration_s), clock)
    root = Element("fcpxml", version=VERSION)
    resources = SubElement(root, "resources")
    SubElement(resources, "format", id="r1", frameDuration=_time(1, clock))
    media = {"name": title, "start": begin, "duration": length, "hasVideo": "1", "hasAudio": "1"}
    asset = SubElement(resources, "asset", {"id": "r2", **media, "format": "r1"})
    SubElement(asset, "media-rep", kind="original-media", src=film or quote(title))
    event = SubElement(SubElement(root, "library"), "event", name=title)
    project = SubElement(event, "project", name=title)
    counted = {"tcFormat": "DF" if clock.counting.left_out else "NDF"}
    form = {"format": "r1", "duration": length, "tcStart": begin}
    sequence = SubElement(project, "sequence", form | counted)
    place = {"offset": begin, "start": begin, "duration": length}
    clip = SubElement(
        SubElement(sequence, "spine"), "asset-clip", {"ref": "r2", "name": title} | place | counted
    )
    for marker in merged_by_frame(markers, clock):
        at = _time(first + clock.frame(marker.time_s), clock)
        note = {"note": marker.note} if marker.note else {}
        moment = {"start": at, "duration": _time(1, clock), "value": marker.name}
        SubElement(clip, "marker", moment | note)
    ElementTree.indent(root)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n'
    return head + ElementTree.tostring(root, encoding="unicode") + "\n"


def _time(frames: int, clock: FilmClock) -> str:
    """Format a number of frames as FCPXML writes it: a whole number over the time scale."""
    rate = clock.fps
    return f"{frames * rate.denominator}/{rate.numerator}s" if frames else "0s"

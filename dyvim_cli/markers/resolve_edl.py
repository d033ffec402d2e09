"""Read and write marker lists of DaVinci Resolve (EDL).

001  001      V     C        01:00:02:00 01:00:02:01 01:00:02:00 01:00:02:01
a note |C:ResolveColorRed |M:hit 0.8 |D:1
"""

import re

from dyvim_cli.errors import InputError
from dyvim_cli.markers.marker import Marker, merged_by_frame
from dyvim_cli.media.film_clock import FilmClock

EVENT = re.compile(r"\s*\d+\s+\S+\s+\S+\s+\S+.*?" + r"\s+".join([r"(\d\d:\d\d:\d\d[:;.]\d\d)"] * 4))
MARK = re.compile(r"(?P<note>[^|]*)\|C:(?P<color>[^|]*)\|M:(?P<name>[^|]*)(?:\|D:\s*(?P<frames>\d+))?")
LOCATOR = re.compile(r"\*\s*LOC:\s*(\S+)\s+(\w+)\s*(.*)")  # Avid's way to say it
RESOLVE_HOUR = 1  # a new timeline of Resolve begins at 01:00:00:00
PREFIX = "ResolveColor"


def read_edl(text: str, clock: FilmClock, source: str) -> list[Marker]:
    """Read the markers of an EDL.

    Args:
        text: of the file.
        clock: of the film, for timecodes.
        source: how an error names the file.

    Returns:
        Markers in the order of the lines.

    Raises:
        InputError: a timecode is bad.
    """
    found, event = [], None
    for line_number, line in enumerate(text.splitlines(), start=1):
        where = f"{source}, line {line_number}"
        if times := EVENT.match(line):
            event = times.groups()
        elif (mark := MARK.match(line)) and event:
            found.append(_marker(mark, event, clock, where))
        elif locator := LOCATOR.match(line.strip()):
            timecode, color, name = locator.groups()
            frame = _record_frame(timecode, event, clock, where)
            found.append(Marker(clock.time_s(frame), name.strip(), color=color.capitalize()))
    return found


def _marker(mark: re.Match[str], event: tuple[str, ...], clock: FilmClock, where: str) -> Marker:
    frame, n_frames = _frame(event[2], clock, where), int(mark["frames"] or 1)
    duration_s = clock.time_s(n_frames) if n_frames > 1 else 0.0
    color = mark["color"].strip().removeprefix(PREFIX)
    return Marker(clock.time_s(frame), mark["name"].strip(), duration_s, mark["note"].strip(), color)


def _record_frame(timecode: str, event: tuple[str, ...] | None, clock: FilmClock, where: str) -> int:
    """The film's frame of a locator, which may count as its event's source does."""
    frame = _frame(timecode, clock, where)
    if event is None:
        return frame
    source_in, source_out, record_in, record_out = (_frame(each, clock, where) for each in event)
    is_source = not record_in <= frame < record_out and source_in <= frame < source_out
    return frame - source_in + record_in if is_source else frame


def _frame(timecode: str, clock: FilmClock, where: str) -> int:
    frame = clock.frame_of(timecode)
    if frame is None:
        raise InputError(f"{where}: '{timecode}' is no timecode at {float(clock.fps):.3f} frames a second")
    return frame


def write_edl(markers: list[Marker], clock: FilmClock, title: str) -> str:
    """Write markers as an EDL, one per frame; a film without timecode begins at one o'clock, as in Resolve.

    Args:
        markers: in any order.
        clock: of the film.
        title: of the list.

    Returns:
        Text of the EDL.
    """
    mode = "DROP FRAME" if clock.counting.left_out else "NON-DROP FRAME"
    lines = [f"TITLE: {title}", f"FCM: {mode}", ""]
    for number, marker in enumerate(merged_by_frame(markers, clock), start=1):
        frame = clock.frame(marker.time_s)
        begin, end = (clock.timecode(at, RESOLVE_HOUR) for at in (frame, frame + 1))
        lines += [
            f"{number:03}  001      V     C        {begin} {end} {begin} {end}  ",
            f"{_note(marker)} |C:{PREFIX}{marker.color or 'Blue'} |M:{_plain(marker.name)} |D:1",
            "",
        ]
    return "\n".join(lines)


def _note(marker: Marker) -> str:
    """The note as it may stand: one that begins with a digit is taken for an event."""
    note = _plain(marker.note)
    return f"- {note}" if note[:1].isdigit() else note


def _plain(text: str) -> str:
    return " ".join(text.replace("|", "/").split())

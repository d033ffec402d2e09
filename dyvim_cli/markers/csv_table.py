"""Read and write markers as a table: CSV with commas, semicolons or tabs, as most programs write it."""

import csv
import io
import re

from dyvim_cli.errors import InputError
from dyvim_cli.markers.marker import Marker
from dyvim_cli.media.film_clock import FilmClock
from dyvim_cli.media.timecode import FORM as TIMECODE
from dyvim_cli.media.written_times import seconds_of

# the heads of columns that mean the same, lower case
TIMES = ("time_s", "time", "timecode", "start", "in", "begin", "position", "source in", "record in")
NAMES = ("name", "marker name", "marker", "label", "title", "order")
ENDS = ("end_s", "end", "out", "stop")
LENGTHS = ("duration_s", "duration", "length")
NOTES = ("note", "notes", "comment", "comments", "description")
COLORS = ("color", "colour")
COLUMNS = ("time_s", "timecode", "name", "duration_s", "note", "color")
DELIMITERS = "\t;,"
COMMENT = re.compile(r"\s*#[^,;\t]|\s*$")  # REAPER's head begins with a column that is called "#"


def read_csv(text: str, clock: FilmClock, source: str) -> list[Marker]:
    """Read markers from a table; without a head the first two columns are time and name.

    Args:
        text: of the file.
        clock: of the film, for timecodes.
        source: how an error names the file.

    Returns:
        Markers in the order of the lines.

    Raises:
        InputError: a time cannot be read; the message has the line.
    """
    lines = text.splitlines()
    first = next((TIMECODE.sub("", line) for line in lines if not COMMENT.match(line)), "")
    delimiter = max(DELIMITERS, key=first.count)
    rows = csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True)
    columns, found = None, []
    for row in rows:
        cells = [cell.strip() for cell in row]
        if not any(cells) or COMMENT.match(cells[0]) and cells[0]:
            continue
        if columns is None:
            columns = _columns(cells)
            if columns.pop("head", None):
                continue
        found.append(_marker(cells, columns, clock, f"{source}, line {rows.line_num}"))
    return found


def _columns(cells: list[str]) -> dict[str, int]:
    """Column of each value by the table's header; "head" is among the keys where there is one."""
    heads = [cell.lower() for cell in cells]
    kinds = {"time": TIMES, "name": NAMES, "end": ENDS, "length": LENGTHS, "note": NOTES, "color": COLORS}
    known = {kind: next((name for name in names if name in heads), None) for kind, names in kinds.items()}
    found = {kind: heads.index(name) for kind, name in known.items() if name}
    return found | {"head": 1} if "time" in found else {"time": 0, "name": 1}


def _marker(cells: list[str], columns: dict[str, int], clock: FilmClock, where: str) -> Marker:
    cell = {kind: cells[at] for kind, at in columns.items() if at < len(cells)}
    time_s = _seconds(cell.get("time", ""), clock, where)
    length_s = _length_s(cell["length"], clock, where) if cell.get("length") else 0.0
    if not length_s and cell.get("end"):
        length_s = max(0.0, _seconds(cell["end"], clock, where) - time_s)
    return Marker(time_s, cell.get("name", ""), length_s, cell.get("note", ""), cell.get("color", ""))


def _seconds(text: str, clock: FilmClock, where: str) -> float:
    """Seconds from the film's beginning."""
    frame = clock.frame_of(text)
    return clock.time_s(frame) if frame is not None else _plain_seconds(text, where)


def _length_s(text: str, clock: FilmClock, where: str) -> float:
    """Seconds of a length, which counts from nothing."""
    found = TIMECODE.fullmatch(text)
    if not found:
        return _plain_seconds(text, where)
    return clock.time_s(clock.counting.number(*(int(found[group]) for group in (1, 2, 3, 5))))


def _plain_seconds(text: str, where: str) -> float:
    seconds = seconds_of(text)
    if seconds is None:
        hint = "write 12.5, 0:12.5 or 00:00:12:12"
        raise InputError(f"{where}: '{text}' is no time", hint)
    return seconds


def write_csv(markers: list[Marker], clock: FilmClock, title: str) -> str:
    """Write markers as a table.

    Args:
        markers: in any order.
        clock: of the film, for timecodes.
        title: has no place in a table.

    Returns:
        Text with a head, in order of time.
    """
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(COLUMNS)
    for m in sorted(markers, key=lambda marker: marker.time_s):
        length = f"{m.duration_s:.6f}" if m.duration_s else ""
        timecode = clock.timecode(clock.frame(m.time_s))
        table.writerow([f"{m.time_s:.6f}", timecode, m.name, length, m.note, m.color])
    return out.getvalue()

"""Read and write marker files; the extension chooses the format."""

import csv
import os
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

from dyvim_cli.errors import InputError, UsageError
from dyvim_cli.markers import csv_table, fcp7, fcpxml, midi_file, otio_file, resolve_edl
from dyvim_cli.markers.marker import Marker
from dyvim_cli.markers.xml_entities import check_no_entities
from dyvim_cli.media.film_clock import FilmClock
from dyvim_cli.regular_files import MOST_BYTES, check_regular, read_regular

TABLES = (".csv", ".tsv", ".txt")
MIDIS = (".mid", ".midi")
ENDINGS = (*TABLES, ".edl", ".fcpxml", ".xml", *MIDIS, ".otio")
BUNDLE, BUNDLED = ".fcpxmld", "Info.fcpxml"  # Final Cut Pro's folder since 10.6
KIND = "file of markers"
MOST_MARKERS = 5000  # markers of one film: one a second for more than an hour
OUTSIDE_S = 0.5  # a marker so far behind the film's end is for another film


def check_markers_name(path: Path) -> None:
    """Check that a name is one of a markers file.

    Args:
        path: of the file, which need not exist.

    Raises:
        UsageError: the ending is unknown.
        ModuleNotFoundError: the extra that reads the format is not installed.
    """
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        known = " ".join(ENDINGS)
        raise UsageError(f"{path}: not a format of markers", f"the name may end in: {known}")
    if ending == ".otio":
        import opentimelineio  # noqa: F401 (the command line says which extra is missing)


def read_markers(path: Path, clock: FilmClock) -> list[Marker]:
    """Read markers in the film's time, in order.

    Args:
        path: of the file; its extension is its format.
        clock: of the film.

    Returns:
        At least one marker.

    Raises:
        InputError: the file is missing, is in no known format, holds no marker, or one lies outside of the
            film.
        UsageError: the ending is unknown.
    """
    path = path / BUNDLED if path.suffix.lower() == BUNDLE and path.is_dir() else path
    check_markers_name(path)
    check_regular(path, KIND, MOST_BYTES)
    try:
        found = _read(path, clock)
    except (RecursionError, OverflowError, csv.Error) as error:  # nested too deep, too large a number
        raise InputError(f"{path}: these markers make no sense ({error})", "export them again") from error
    if len(found) > MOST_MARKERS:
        reason = f"{path} holds {len(found)} markers, the limit is {MOST_MARKERS}"
        raise InputError(reason, "export those that the music shall follow")
    if not found:
        raise InputError(f"{path} holds no markers", "set markers on the timeline and export it again")
    for marker in found:
        _check_inside(marker, clock, path)
    return sorted(found, key=lambda marker: marker.time_s)


def _read(path: Path, clock: FilmClock) -> list[Marker]:
    ending = path.suffix.lower()
    if ending in MIDIS:
        return midi_file.read_midi(path)
    if ending == ".otio":
        return otio_file.read_otio(path)
    if ending in TABLES:
        return csv_table.read_csv(_text(path), clock, str(path))
    if ending == ".edl":
        return resolve_edl.read_edl(_text(path), clock, str(path))
    return _read_xml(path)


def _text(path: Path) -> str:
    """A file's text: UTF-8, or UTF-16 with its mark, as Premiere writes it."""
    raw = read_regular(path, KIND)
    try:
        return raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is no text ({error.reason})", "export it as UTF-8") from error


def _read_xml(path: Path) -> list[Marker]:
    """Either of Final Cut Pro's two formats, by the root element."""
    text = read_regular(path, KIND)
    check_no_entities(text, path)
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError, LookupError) as error:  # the latter: of its encoding
        raise InputError(f"{path}: not valid XML ({error})", "export it again") from error
    readers = {"fcpxml": fcpxml.read_fcpxml, "xmeml": fcp7.read_fcp7}
    if root.tag not in readers:
        hint = "export Final Cut Pro XML, of version 7 or FCPXML"
        raise InputError(f"{path}: <{root.tag}> is no XML of an editor", hint)
    return readers[root.tag](root, str(path))


def _check_inside(marker: Marker, clock: FilmClock, path: Path) -> None:
    if not -OUTSIDE_S <= marker.time_s <= clock.duration_s + OUTSIDE_S:
        where = f"at {marker.time_s:.3f} s, and the film lasts {clock.duration_s:.3f} s"
        hint = "markers count from the film's first picture, or by its own timecode"
        raise InputError(f"{path}: marker '{marker.name}' lies outside of the film: {where}", hint)


def write_markers(
    markers: list[Marker],
    clock: FilmClock,
    path: Path,
    kind: str = "",
    title: str = "film",
    film: str = "",
) -> None:
    """Write a marker file; the caller commits it.

    Args:
        markers: in any order.
        clock: of the film.
        path: of the file.
        kind: the ending that chooses the format, where path is a temporary one.
        title: of the timeline in the file.
        film: where the film lies, seen from the file, as a URL, for formats that show it; empty = unknown.

    Raises:
        UsageError: the ending is unknown.
    """
    ending = (kind or path.suffix).lower()
    if ending in MIDIS:
        midi_file.write_midi(markers, clock, path)
    elif ending == ".otio":
        otio_file.write_otio(markers, clock, title, path)
    else:
        path.write_text(_written(markers, clock, ending, title, film), encoding="utf-8", newline="\n")


def url_from(path: Path, film: Path) -> str:
    """Write where a film lies, seen from a file: both may be moved together.

    Args:
        path: of the file.
        film: path of the film.

    Returns:
        A relative URL; an absolute one where the two lie on different drives.
    """
    try:
        return quote(Path(os.path.relpath(film.absolute(), path.absolute().parent)).as_posix())
    except ValueError:
        return film.absolute().as_uri()


def _written(markers: list[Marker], clock: FilmClock, ending: str, title: str, film: str) -> str:
    if ending == ".edl":
        return resolve_edl.write_edl(markers, clock, title)
    if ending == ".fcpxml":
        return fcpxml.write_fcpxml(markers, clock, title, film)
    if ending == ".xml":
        return fcp7.write_fcp7(markers, clock, title)
    return csv_table.write_csv(markers, clock, title)

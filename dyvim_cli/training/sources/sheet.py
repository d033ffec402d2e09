"""Read MusicXML (.musicxml, .xml, .mxl) with repeats unfolded: bars, notes, chord symbols, dynamics.

Only what the score tokens need is kept. Repeats and their endings are played out; jumps by words
(da capo, dal segno, coda) are not.
"""

import gc
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import numpy as np

from dyvim_cli.errors import InputError
from dyvim_cli.training.sources.grid import Bar
from dyvim_cli.training.sources.measures import NOTE, Measure, Reader

SUFFIXES = (".mxl", ".musicxml", ".xml")


@dataclass
class Sheet:
    """A score played out from beginning to end."""

    title: str
    composer: str
    part_names: list[str]
    bars: list[Bar]
    notes: np.ndarray  # [N] NOTE, sorted by start
    chords: list[tuple[float, tuple[int, str] | None]]  # (time, (root pitch class, quality))
    dynamics: list[tuple[float, str]]  # (time, mark)
    bpm: float | None  # None: not given; quarter notes a minute


def read(path: Path) -> Sheet:
    """Read one file and play it out from beginning to end.

    Args:
        path: of MusicXML, plain or packed (mxl).

    Returns:
        The score, times in quarter notes.

    Raises:
        InputError: it is not MusicXML in score-partwise form, or not whole.
    """
    try:
        root = _parse(_xml_bytes(Path(path)))
    except (OSError, ElementTree.ParseError, zipfile.BadZipFile, StopIteration, KeyError) as error:
        raise InputError(f"cannot read MusicXML: {path}: {error}", "export the score again") from error
    parts = root.findall("part")
    if root.tag != "score-partwise" or not parts:
        raise InputError(f"no score-partwise MusicXML: {path}", "export it as partwise MusicXML")
    measures: list[Measure] = []
    reader = Reader()
    try:
        for index, part in enumerate(parts):
            reader.read_part(index, part, measures)
        return _play_out(root, measures, reader.bpm)
    except (KeyError, ValueError, TypeError, ArithmeticError) as error:  # a part of a note is missing
        where = f"bar {len(measures)}: {error!r}"
        raise InputError(f"incomplete MusicXML: {path}: {where}", "export the score again") from error


def _parse(xml: bytes) -> Element:
    """Root element. The collector would walk the growing tree again and again: a third of the time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        return ElementTree.fromstring(xml)
    finally:
        if collecting:
            gc.enable()


def _xml_bytes(path: Path) -> bytes:
    if not zipfile.is_zipfile(path):
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        return archive.read(next(n for n in names if not n.startswith("META-INF") and n.endswith("xml")))


def play_order(measures: list[Measure]) -> list[int]:
    """Follow the repeats, and the endings by their pass.

    Args:
        measures: as written.

    Returns:
        Indices of the bars in the order played.
    """
    order, start, passage, i = [], 0, 1, 0
    endings = _spread_endings(measures)
    while i < len(measures):
        measure = measures[i]
        after_endings = not endings[i] and i > 0 and bool(endings[i - 1])
        if i > start and (measure.repeat_start or after_endings):
            start, passage = i, 1
        is_played = not endings[i] or passage in endings[i]
        if is_played:
            order.append(i)
        last_pass = max(measure.repeat_end, max(_group(endings, i), default=0))
        if measure.repeat_end and is_played and passage < last_pass:
            i, passage = start, passage + 1
            continue
        if measure.repeat_end and not endings[i]:
            start, passage = i + 1, 1
        i += 1
    return order


def _spread_endings(measures: list[Measure]) -> list[frozenset[int]]:
    """Ending numbers of every bar, from the bar where a bracket begins to the one where it stops.

    A bracket that stops short of its repeat sign (some programs write it so) lasts up to it.
    """
    endings: list[frozenset[int]] = [frozenset()] * len(measures)
    for i, measure in enumerate(measures):
        if measure.ending:
            stop = _next(measures, i, lambda m: m.ending_stops or m.repeat_end)
            sign = _next(measures, i, lambda m: m.repeat_end)
            if stop < sign < len(measures) - 1 and measures[sign + 1].ending:
                stop = sign
            endings[i : stop + 1] = [measure.ending] * (min(stop, len(measures) - 1) + 1 - i)
    return endings


def _next(measures: list[Measure], start: int, wanted: Any) -> int:
    """Index of the first bar from start on that is wanted; the number of bars if there is none."""
    return next((i for i in range(start, len(measures)) if wanted(measures[i])), len(measures))


def _group(endings: list[frozenset[int]], i: int) -> set[int]:
    """All ending numbers of the passage that bar i ends: neighbours that carry endings."""
    numbers: set[int] = set()
    j = i
    while j < len(endings) and endings[j]:
        numbers |= endings[j]
        j += 1
    return numbers


def _play_out(root: Element, measures: list[Measure], bpm: float | None) -> Sheet:
    bars, notes, chords, dynamics, now = [], [], [], [], 0.0
    previous = -1
    for i in play_order(measures):
        m = measures[i]
        opens = m.opens or i != previous + 1 or (previous >= 0 and measures[previous].closes)
        length = m.length or m.nominal
        bars.append(Bar(now, length, m.nominal, m.fifths, i, opens))
        notes += [(now + n[0], now + n[1], *n[2:]) for n in m.notes]
        chords += [(now + at, chord) for at, chord in m.chords]
        dynamics += [(now + at, mark) for at, mark in m.dynamics]
        now, previous = now + length, i
    names = [p.findtext("part-name") or "" for p in root.iterfind("part-list/score-part")]
    titles = [root.findtext("work/work-title") or "", root.findtext("movement-title") or ""]
    title = ", ".join(dict.fromkeys(t.strip() for t in titles if t.strip()))  # cycle, song
    composer = next((c.text or "" for c in root.iter("creator") if c.get("type") == "composer"), "")
    array = join_ties(np.array(sorted(notes), dtype=NOTE))
    return Sheet(title, composer.strip(), names, bars, array, sorted_chords(chords), dynamics, bpm)


def sorted_chords(chords: Iterable[tuple[float, Any]]) -> list[tuple[float, Any]]:
    """Chords by time; of several at one time the last counts.

    Args:
        chords: (time, chord).

    Returns:
        By time; of several at one time the last counts.
    """
    return sorted(dict(chords).items(), key=lambda item: item[0])


def join_ties(notes: np.ndarray) -> np.ndarray:
    """Make one note of tied ones; a tie from nowhere (after a jump) begins a note of its own.

    Args:
        notes: [N] NOTE, sorted by start; ends are changed in place.

    Returns:
        [M] NOTE.
    """
    keep = np.ones(len(notes), dtype=bool)
    sounding: dict[tuple[int, int], int] = {}
    for i, note in enumerate(notes):
        key = (int(note["part"]), int(note["pitch"]))
        before = sounding.get(key)
        if note["tied"] and before is not None and abs(notes[before]["end"] - note["start"]) < 1e-3:
            notes[before]["end"] = note["end"]
            keep[i] = False
        else:
            sounding[key] = i
    return notes[keep]

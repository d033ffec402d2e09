"""Quantise notes in quarter-note time to streams on the sixteenth grid: bars, lines, chords."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dyvim_cli.music.symbols.tokens import (
    FIRST_PITCH,
    HOLD,
    NO_CHORD,
    REST,
    STREAM_INDEX,
    STREAMS,
    chord_token,
)
from dyvim_cli.training.data.piece import PieceSection
from dyvim_cli.types import STEPS_PER_BAR, STEPS_PER_BEAT

BAR_QUARTERS = STEPS_PER_BAR // STEPS_PER_BEAT
DUPLE_BARS = (2.0, 4.0, 8.0)  # quarters in a bar that fit four-four: 2/4 pairs up, 4/2 makes two
MIN_BARS = 4  # a shorter run teaches nothing about form
MIN_SECTION_BARS = 2
EPSILON = 1e-3


@dataclass
class Bar:
    """One bar as played (repeats unrolled). Times are in quarter notes."""

    start: float
    length: float  # as filled; shorter than nominal for a pickup
    nominal: float  # as the time signature says
    fifths: int | None  # key signature, None when the score gives none
    source: int  # number of the written bar: equal for a bar and its repetition
    opens: bool  # True after a double bar line, repeat sign, rehearsal mark or section word


@dataclass
class BarRun:
    """A stretch in duple metre and one key signature, on whole four-four bars."""

    start: float  # quarter notes; a downbeat (with a pickup: before the music begins)
    end: float
    fifths: int | None
    bars: list[Bar]
    starts_piece: bool
    ends_piece: bool

    @property
    def n_steps(self) -> int:
        """Grid steps, a multiple of a bar."""
        return round((self.end - self.start) * STEPS_PER_BEAT)

    def step(self, quarters: Any) -> np.ndarray:
        """Nearest grid step of times in quarter notes (may be outside the run).

        Args:
            quarters: times in quarter notes.

        Returns:
            Nearest grid steps (may be outside the run).
        """
        return np.rint((np.asarray(quarters) - self.start) * STEPS_PER_BEAT).astype(int)

    def clip(self, starts: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Cut notes that touch the run to it.

        Args:
            starts: [N] quarter notes.
            ends: [N] quarter notes.

        Returns:
            (first, end) [N] steps; each note is at least one step long.
        """
        first = np.clip(self.step(starts), 0, self.n_steps - 1)
        return first, np.clip(self.step(ends), first + 1, self.n_steps)


def runs(bars: list[Bar]) -> list[BarRun]:
    """Cut the bars of a sheet where metre or key signature changes.

    Args:
        bars: in the order played, at least one.

    Returns:
        Runs of at least MIN_BARS four-four bars.
    """
    groups: list[list[Bar]] = [[]]
    for bar in _whole_bars(bars):
        group = groups[-1]
        if not _is_duple(bar) or (group and bar.fifths != group[-1].fifths):
            groups.append([])
        if _is_duple(bar):
            groups[-1].append(bar)
    first, last = bars[0].start, bars[-1].start + bars[-1].length
    made = [_run(group, first, last) for group in groups if group]
    return [run for run in made if run.n_steps >= MIN_BARS * STEPS_PER_BAR]


def _is_duple(bar: Bar) -> bool:
    return bar.nominal in DUPLE_BARS and bar.length <= bar.nominal + EPSILON


def _whole_bars(bars: list[Bar]) -> list[Bar]:
    """Join what a repeat sign split: a short bar and the next ones that complete it."""
    whole, i = [], 0
    while i < len(bars):
        j, length = i, bars[i].length
        while i and length < bars[i].nominal - EPSILON and j + 1 < len(bars):
            j += 1
            length += bars[j].length
        complete = abs(length - bars[i].nominal) < EPSILON
        if complete and j > i:
            whole.append(_joined(bars[i : j + 1]))
            i = j + 1
        else:
            whole.append(bars[i])
            i += 1
    return whole


def _joined(parts: list[Bar]) -> Bar:
    return replace(parts[0], length=parts[0].nominal, opens=any(part.opens for part in parts))


def _run(group: list[Bar], first: float, last: float) -> BarRun:
    """Step 0 is a downbeat: a short first bar is a pickup and counts from its end backwards."""
    pickup = group[0].length < group[0].nominal - EPSILON
    start = group[0].start + group[0].length - BAR_QUARTERS if pickup else group[0].start
    end = group[-1].start + group[-1].length
    n_bars = int(np.ceil((end - start) / BAR_QUARTERS - EPSILON))
    ends = end > last - EPSILON
    return BarRun(start, start + n_bars * BAR_QUARTERS, group[0].fifths, group, group[0].start <= first, ends)


def line(stream: str, starts: np.ndarray, ends: np.ndarray, pitches: np.ndarray, n_steps: int) -> np.ndarray:
    """Write one voice as tokens: the highest note of a step counts, and a new one ends the one before.

    Args:
        stream: whose range the pitches are folded into.
        starts: [N] steps.
        ends: [N] steps, the first that no longer sounds.
        pitches: [N] semitones, a multiple of 12 being the tonic.
        n_steps: length of the grid.

    Returns:
        [n_steps] int16 REST / HOLD / pitch tokens.
    """
    row = np.full(n_steps, REST, dtype=np.int16)
    spec = STREAMS[STREAM_INDEX[stream]]
    tokens = FIRST_PITCH + fold(np.asarray(pitches, dtype=int), spec.low, spec.cardinality - FIRST_PITCH)
    order = np.lexsort((pitches, starts))
    for i in order:
        start, end = int(starts[i]), int(max(ends[i], starts[i] + 1))
        if end <= 0 or start >= n_steps:
            continue
        row[max(start, 0) : end] = HOLD
        row[max(start, 0)] = tokens[i]
    return row


def fold(pitches: np.ndarray, low: int, span: int) -> np.ndarray:
    """Move pitches by octaves into a range.

    Args:
        pitches: [N] semitones.
        low: lowest of the range.
        span: semitones in it, at least 12.

    Returns:
        [N] offsets from low, 0..span - 1.
    """
    offset = pitches - low
    offset = np.where(offset < 0, offset % 12, offset)
    over = np.maximum(0, -(-(offset - span + 1) // 12))
    return offset - 12 * over


def chord_line(chords: Sequence[tuple[float, Any]], run: BarRun, tonic: int) -> np.ndarray:
    """[n_steps] chord tokens relative to the tonic from [(time, (root, quality) or None)].

    Args:
        chords: (quarter note, (root pitch class, quality) or None), ascending.
        run: stretch of the score.
        tonic: pitch class.

    Returns:
        [n_steps] int16 chord tokens relative to the tonic, each until the next.
    """
    row = np.full(run.n_steps, NO_CHORD, dtype=np.int16)
    for time, chord in chords:
        at = max(0, int(run.step(time)))
        row[at:] = NO_CHORD if chord is None else chord_token(chord[0] - tonic, chord[1])
    return row


def octave_shift(pitches: np.ndarray, stream: str, tonic: int) -> int:
    """Choose the transposition that leaves fewest notes outside a stream's range, of those the most central.

    Args:
        pitches: [N] MIDI numbers.
        stream: its name.
        tonic: pitch class that comes to 0.

    Returns:
        Semitones, -36..36.
    """
    spec = STREAMS[STREAM_INDEX[stream]]
    top = spec.low + spec.cardinality - FIRST_PITCH - 1
    pitches = np.asarray(pitches, dtype=int)
    shifts = np.arange(-36, 37)
    shifts = shifts[(shifts + tonic) % 12 == 0]
    if not len(pitches):
        return int(shifts[np.argmin(np.abs(shifts))])
    moved = pitches[None] + shifts[:, None]
    outside = ((moved < spec.low) | (moved > top)).sum(axis=1)
    from_centre = np.abs(np.median(moved, axis=1) - (spec.low + top) / 2)
    return int(shifts[np.lexsort((from_centre, outside))[0]])  # fewest outside, then the most central


def sections_of(run: BarRun) -> tuple[PieceSection, ...]:
    """Read off the sections that the score marks; passages that are repeated share a label.

    Args:
        run: stretch of the score.

    Returns:
        Sections without gaps; one without marks.
    """
    marks = {max(0, int(run.step(bar.start))): bar.source for bar in run.bars if bar.opens}
    starts = {0: run.bars[0].source}
    for step, source in sorted(marks.items()):
        step = step // STEPS_PER_BAR * STEPS_PER_BAR  # a mark inside a bar (2/4, pickup) belongs to it
        if step - max(starts) >= MIN_SECTION_BARS * STEPS_PER_BAR:
            starts[step] = source
    bounds = [*starts, run.n_steps]
    labels = list(starts.values())
    if len(labels) == 1:
        return (PieceSection(0, run.n_steps),)
    named = {source: label for label, source in enumerate(dict.fromkeys(labels))}
    spans = zip(bounds[:-1], bounds[1:], labels, strict=True)
    return tuple(PieceSection(a, b, label=named[source]) for a, b, source in spans)

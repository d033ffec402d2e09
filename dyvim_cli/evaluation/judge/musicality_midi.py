"""Measure the music alone from its MIDI file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dyvim_cli.errors import InputError
from dyvim_cli.evaluation.judge.musicality import entropy_bits, groove_consistency, key_of

STEPS_PER_BEAT, BEATS_PER_BAR = 4, 4


@dataclass(frozen=True)
class ScoreFigures:
    """Figures of one score."""

    n_notes: int
    key: str  # empty without pitched notes
    key_clarity: float  # 0..1
    pitch_class_entropy_bits: float  # 0..3.58, by sounding time
    pitch_range: int  # semitones, without drums
    polyphony: float  # mean number of pitched notes where any sounds
    empty_bars: float  # share of the bars in which no note begins
    groove_consistency: float  # 0..1, neighbouring bars
    repeated_bars: float  # share of the bars that occur elsewhere note for note


def score_figures(path: Path | str) -> ScoreFigures:
    """Measure a MIDI file, in bars of four beats.

    Args:
        path: a .mid file.

    Returns:
        The figures of its notes.

    Raises:
        InputError: it cannot be read.
    """
    import symusic

    try:
        score: Any = symusic.Score(str(path))  # its stub lacks the attributes of the compiled class
    except Exception as fault:  # symusic raises bare RuntimeErrors of its C++ parser
        raise InputError(
            f"cannot read MIDI from {path}: {fault}", "export it again as a .mid file"
        ) from fault
    notes = [
        (note.start, note.end, note.pitch, track.is_drum) for track in score.tracks for note in track.notes
    ]
    return figures_of_notes(np.array(notes, float).reshape(-1, 4), score.ticks_per_quarter)


def figures_of_notes(notes: np.ndarray, ticks_per_beat: int) -> ScoreFigures:
    """Measure notes, in bars of four beats.

    Args:
        notes: [N, 4] float: start and end in ticks, MIDI number, 1 for drums.
        ticks_per_beat: ticks of a quarter note.

    Returns:
        The figures; no notes: zeros, all bars empty.
    """
    if not len(notes):
        return ScoreFigures(0, "", 0.0, 0.0, 0, 0.0, 1.0, 0.0, 0.0)
    pitched = notes[notes[:, 3] == 0]
    durations = pitched[:, 1] - pitched[:, 0]
    classes = np.bincount(pitched[:, 2].astype(int) % 12, weights=durations, minlength=12)
    key, clarity = key_of(classes)
    bars = bars_of(notes, ticks_per_beat)
    rhythms = np.array([[bool(step) for step in bar] for bar in bars])
    return ScoreFigures(
        n_notes=len(notes),
        key=key,
        key_clarity=clarity,
        pitch_class_entropy_bits=entropy_bits(classes),
        pitch_range=int(np.ptp(pitched[:, 2])) if len(pitched) else 0,
        polyphony=_polyphony(pitched),
        empty_bars=float((~rhythms.any(axis=1)).mean()),
        groove_consistency=groove_consistency(rhythms),
        repeated_bars=float(np.mean([bars.count(bar) > 1 for bar in bars])),
    )


def bars_of(notes: np.ndarray, ticks_per_beat: int) -> list[tuple[tuple[int, ...], ...]]:
    """Quantise notes to bars of 16 steps.

    Args:
        notes: [N, 4] float, N > 0: start and end in ticks, MIDI number, 1 for drums.
        ticks_per_beat: ticks of a quarter note.

    Returns:
        A tuple of 16 steps for each bar, every step the sorted pitches that begin there (drums from 1000 on).
    """
    steps = np.round(notes[:, 0] / ticks_per_beat * STEPS_PER_BEAT).astype(int)
    width = STEPS_PER_BEAT * BEATS_PER_BAR
    n_bars = steps.max() // width + 1
    grid: list[list[int]] = [[] for _ in range(n_bars * width)]
    for step, pitch, is_drum in zip(steps, notes[:, 2], notes[:, 3], strict=True):
        grid[step].append(int(pitch) + 1000 * int(is_drum))
    cells = [tuple(sorted(cell)) for cell in grid]
    return [tuple(cells[i : i + width]) for i in range(0, len(cells), width)]


def _polyphony(pitched: np.ndarray) -> float:
    """Mean number of notes over the time in which at least one sounds."""
    if not len(pitched):
        return 0.0
    edges = np.concatenate([pitched[:, 0], pitched[:, 1]])
    change = np.concatenate([np.ones(len(pitched)), -np.ones(len(pitched))])
    order = np.lexsort((change, edges))
    sounding = np.cumsum(change[order])[:-1]
    spans = np.diff(edges[order])
    return float((sounding * spans).sum() / max(spans[sounding > 0].sum(), 1e-9))

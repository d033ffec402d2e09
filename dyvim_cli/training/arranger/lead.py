"""Take themes from a lead sheet (a piece with melody and chord streams): its phrases, its chords."""

import numpy as np

from dyvim_cli.music.idioms.grooves import NEVER
from dyvim_cli.music.symbols import tokens
from dyvim_cli.training.arranger.melody import METRIC_NEEDS, Theme
from dyvim_cli.training.data.piece import Piece
from dyvim_cli.types import STEPS_PER_BAR

MELODY, CHORD = tokens.STREAM_INDEX["melody"], tokens.STREAM_INDEX["chord"]
QUOTED_PULL = 1.8


def draw_theme(rng: np.random.Generator, source: Piece, centre: int) -> tuple[Theme, np.ndarray] | None:
    """Take a phrase of 4 or 8 bars from a lead sheet.

    Args:
        rng: draws length and place.
        source: lead sheet with the streams melody and chord.
        centre: MIDI number that the theme is moved around, by octaves.

    Returns:
        (theme, chords [n * 16]); None when the sheet has no such phrase.
    """
    n_bars = source.tokens.shape[1] // STEPS_PER_BAR
    length = int(rng.choice([4, 8]))
    starts = [bar for bar in range(0, n_bars - length + 1, 4)]
    rng.shuffle(starts)
    for bar in starts:
        phrase = source.tokens[:, bar * STEPS_PER_BAR : (bar + length) * STEPS_PER_BAR]
        if _is_usable(phrase):
            return _theme(phrase[MELODY], centre), _steady(phrase[CHORD])
    return None


def _is_usable(phrase: np.ndarray) -> bool:
    melody, chords = phrase[MELODY], phrase[CHORD]
    onsets = np.count_nonzero(melody >= tokens.FIRST_PITCH)
    bars = len(melody) // STEPS_PER_BAR
    return bool(np.all(melody >= 0) and np.all(chords > tokens.NO_CHORD) and 1.5 * bars <= onsets <= 9 * bars)


def _theme(melody: np.ndarray, centre: int) -> Theme:
    stream = tokens.STREAMS[MELODY]
    needs = np.full(len(melody), NEVER)
    targets = np.zeros(len(melody))
    onsets = np.flatnonzero(melody >= tokens.FIRST_PITCH)
    pitches = np.array([tokens.token_pitch(stream, melody[s]) for s in onsets])
    octave = 12 * round((centre + 1 - np.median(pitches)) / 12)
    for step, pitch, end in zip(onsets, pitches, [*onsets[1:], len(melody)], strict=True):
        kind = 0 if step % 16 == 0 else 1 if step % 4 == 0 else 2 if step % 2 == 0 else 3
        long = end - step >= 4  # long notes carry the tune, whatever their place
        needs[step] = METRIC_NEEDS[max(0, kind - long)]
        targets[step:end] = pitch + octave
    targets[: onsets[0]] = pitches[0] + octave
    return Theme(needs, targets, QUOTED_PULL)


def _steady(chords: np.ndarray) -> np.ndarray:
    """Chords that change on half bars only."""
    return np.repeat(chords[::8], 8).astype(np.int64)

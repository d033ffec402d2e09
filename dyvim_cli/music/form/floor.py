"""Keep a floor of sound where the whole band, or its bass and chords, would stop.

The decoder tends to stop all parts for an eighth or a beat before an accent. Occasionally that is a
breath; in a film with a cut every second it tears the music apart. Here chord and bass are held and
the hi-hat keeps time, while the melody still stops. Where the melody continues alone, the bass joins
it. Requested silences and excluded parts are left alone.
"""

import numpy as np

from dyvim_cli.music.symbols import tokens
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.types import STEPS_PER_BAR, STEPS_PER_BEAT

LONGEST_STEPS = STEPS_PER_BAR  # a rest of more than a bar belongs to the form
STRIKE_STEPS = 2  # a rest of an eighth and more is filled by a new chord if none can be held
HAT_STEPS = 2  # the hat plays eighths
PITCHED_ROWS = [tokens.STREAM_INDEX[name] for name in tokens.PITCHED]
HOLDERS = [tokens.STREAM_INDEX[name] for name in ("pad", "bass")]
BASS, DRUMS, CHORD = (tokens.STREAM_INDEX[name] for name in ("bass", "drums", "chord"))


def keep_floor(piece: np.ndarray, may_sound: np.ndarray, may_begin: np.ndarray, style: str) -> np.ndarray:
    """Fill short rests of the whole band.

    Args:
        piece: [K, S] score tokens.
        may_sound: [K, S] bool, where each stream may play; rests outside it are planned.
        may_begin: [K, S] bool, where notes may be added; elsewhere they are only held on.
        style: one of types.STYLES; the hat fills in where the style has a beat.

    Returns:
        [K, S] tokens; what was written before sounds as before.
    """
    filled = piece.copy()
    for start, end in _rests(piece, PITCHED_ROWS):
        held = [row for row in HOLDERS if piece[row, start - 1] != tokens.REST]
        for row in held:
            if may_sound[row, start:end].all():
                filled[row, start:end] = tokens.HOLD
        if not held and end - start >= STRIKE_STEPS:
            _strike_again(filled, start, end, may_sound, may_begin)
        if RECORDS[style].keeps_beat:
            _keep_time(filled, start, end, may_begin[DRUMS])
    for start, end in _rests(filled, HOLDERS):
        if end - start >= STRIKE_STEPS and may_sound[BASS, start:end].all():
            _play_on(filled, start, end, may_begin[BASS])
    return filled


def _play_on(filled: np.ndarray, start: int, end: int, may_begin: np.ndarray) -> None:
    """Let the bass play its last note on the beats of a rest, as long as the chord is the same."""
    onsets = np.flatnonzero(filled[BASS, :start] >= tokens.FIRST_PITCH)
    if not len(onsets):
        return
    is_held = filled[BASS, start - 1] != tokens.REST
    for step in range(start, end):
        if filled[CHORD, step] != filled[CHORD, onsets[-1]]:
            return
        begins = step % STEPS_PER_BEAT == 0 and may_begin[step]
        if begins or is_held:
            filled[BASS, step] = filled[BASS, onsets[-1]] if begins else tokens.HOLD
            is_held = True


def _rests(piece: np.ndarray, rows: list[int]) -> list[tuple[int, int]]:
    """(first step, step after) of the rests of all streams in `rows` that the music continues from."""
    rests = (piece[rows] == tokens.REST).all(axis=0)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], rests.astype(int), [0]])))
    spans = edges.reshape(-1, 2).tolist()
    return [(a, b) for a, b in spans if a > 0 and b < len(rests) and b - a <= LONGEST_STEPS]


def _strike_again(
    filled: np.ndarray, start: int, end: int, may_sound: np.ndarray, may_begin: np.ndarray
) -> None:
    """Repeat the last chord, or the last note of the bass, and hold it through the rest."""
    for row in HOLDERS:
        onset_steps = np.flatnonzero(filled[row, :start] >= tokens.FIRST_PITCH)
        if len(onset_steps) and may_begin[row, start] and may_sound[row, start:end].all():
            filled[row, start] = filled[row, onset_steps[-1]]
            filled[row, start + 1 : end] = tokens.HOLD
            return


def _keep_time(filled: np.ndarray, start: int, end: int, may_play: np.ndarray) -> None:
    """Let the hat play on in eighths, where the drums have played in the bar before."""
    if not (filled[DRUMS, max(0, start - STEPS_PER_BAR) : start] > 0).any():
        return
    for step in range(start + start % HAT_STEPS, end, HAT_STEPS):
        if may_play[step] and filled[DRUMS, step] <= 0:
            filled[DRUMS, step] = tokens.drum_token(["hat"])

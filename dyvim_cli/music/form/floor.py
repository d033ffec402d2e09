"""Keep a floor of sound where the whole band would stop.

The decoder likes to stop everybody for an eighth or a beat before an accent. Once in a while that is a
breath; in a film with a cut a second it tears the music into pieces. Here the chord and the bass hold on and
the hat keeps the time, while the tune still stops. Silences that are asked for, and parts that are excluded,
are left alone.
"""

import numpy as np

from dyvim_cli.music.symbols import tokens
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.types import STEPS_PER_BAR

LONGEST_STEPS = STEPS_PER_BAR  # a rest of more than a bar belongs to the form
STRIKE_STEPS = 2  # a rest of an eighth and more is filled by a new chord if none can be held
HAT_STEPS = 2  # the hat plays eighths
PITCHED_ROWS = [tokens.STREAM_INDEX[name] for name in tokens.PITCHED]
HOLDERS = [tokens.STREAM_INDEX[name] for name in ("pad", "bass")]
DRUMS = tokens.STREAM_INDEX["drums"]


def keep_floor(piece: np.ndarray, may_sound: np.ndarray, style: str) -> np.ndarray:
    """Fill short rests of the whole band.

    Args:
        piece: [K, S] score tokens.
        may_sound: [K, S] bool, where each stream may play; rests outside it are meant.
        style: one of types.STYLES; the hat fills in where the style has a beat.

    Returns:
        [K, S] tokens; what was written before sounds as before.
    """
    filled = piece.copy()
    for start, end in _rests(piece):
        held = [row for row in HOLDERS if piece[row, start - 1] != tokens.REST]
        for row in held:
            if may_sound[row, start:end].all():
                filled[row, start:end] = tokens.HOLD
        if not held and end - start >= STRIKE_STEPS:
            _strike_again(filled, start, end, may_sound)
        if RECORDS[style].keeps_beat:
            _keep_time(filled, start, end, may_sound[DRUMS])
    return filled


def _rests(piece: np.ndarray) -> list[tuple[int, int]]:
    """(first step, step after) of the rests of all pitched streams that the music goes on from."""
    rests = (piece[PITCHED_ROWS] == tokens.REST).all(axis=0)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], rests.astype(int), [0]])))
    spans = edges.reshape(-1, 2).tolist()
    return [(a, b) for a, b in spans if a > 0 and b < len(rests) and b - a <= LONGEST_STEPS]


def _strike_again(filled: np.ndarray, start: int, end: int, may_sound: np.ndarray) -> None:
    """Strike the last chord again, or the last note of the bass, and hold it through the rest."""
    for row in HOLDERS:
        onset_steps = np.flatnonzero(filled[row, :start] >= tokens.FIRST_PITCH)
        if len(onset_steps) and may_sound[row, start:end].all():
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

"""The resonant low-pass filter of a voice (specification, section 9.1.5), its cutoff moved in small steps."""

from functools import lru_cache

import numpy as np

from dyvim_cli.filters import filter_recursively, solve_in_turn
from dyvim_cli.types import SAMPLE_RATE

HOP = 64  # frames between updates of pitch, cutoff and level: 1.3 ms
STEP_CENTS = 40  # least difference between cutoffs that count as different
OPEN_CENTS = 13400  # a cutoff that leaves everything audible through
BUTTERWORTH_DB = 3.01  # a resonance of 0 dB is a flat filter, whose peak is this much below 1
LAST_HZ = 20000.0  # highest cutoff
LAST_STEP = 13500 // STEP_CENTS + 1  # step of the highest cutoff that the specification has
STRETCH = 128  # hops that are filtered in one manner
MANY_MOVES = 8  # moves of the cutoff in a stretch above which all its frames are solved at once


class LowPass:
    """The filter of one voice, which goes through its sound piece by piece."""

    def __init__(self, cutoff_cents: np.ndarray, resonance_cb: float):
        """Set the filter.

        Args:
            cutoff_cents: [hops] absolute cents, one for every HOP of the sound.
            resonance_cb: centibels.
        """
        self._resonance_db = float(resonance_cb / 10 - BUTTERWORTH_DB)
        self.gain = 10 ** (-self._resonance_db / 40)  # the level is lowered by half of the peak's height
        self._steps = np.round(cutoff_cents / STEP_CENTS).astype(int)
        self._is_open = bool(cutoff_cents.min() >= OPEN_CENTS and self._resonance_db < 0)
        self._state = np.zeros(2)

    def apply(self, sound: np.ndarray, first: int) -> None:
        """Filter the next piece in place; its level is not brought to `gain` yet.

        Args:
            sound: [n] float32; n is a multiple of HOP but for the last piece, of a STRETCH at most.
            first: frame of the whole sound with which it begins.
        """
        if self._is_open:
            return
        steps = self._steps[first // HOP : -(-(first + len(sound)) // HOP)]
        if self._sweeps(first // HOP):
            self._state = _sweep(sound, _table(self._resonance_db)[steps], self._state)
        else:
            self._filter_runs(sound, steps)

    def _sweeps(self, hop: int) -> bool:
        """Check whether the cutoff moves much in the stretch around a hop, wherever pieces are cut."""
        begin = hop // STRETCH * STRETCH
        stretch = self._steps[begin : begin + STRETCH]
        return bool(np.count_nonzero(stretch[1:] != stretch[:-1]) > MANY_MOVES)

    def _filter_runs(self, sound: np.ndarray, steps: np.ndarray) -> None:
        """Filter a piece in place, one run of equal steps [hops] after the other."""
        edges = [0, *(np.flatnonzero(steps[1:] != steps[:-1]) + 1).tolist(), len(steps)]
        state = self._state.astype(np.float32)
        for begin, end in zip(edges, edges[1:], strict=False):
            piece = slice(begin * HOP, end * HOP)
            b, a = _coefficients(int(steps[begin]), self._resonance_db)
            sound[piece], state = filter_recursively(b, a, sound[piece], state)
        self._state = state.astype(np.float64)


def _sweep(sound: np.ndarray, rows: np.ndarray, state: np.ndarray) -> np.ndarray:
    """Filter a piece in place whose cutoff moves: the difference equations of all frames, solved at once.

    They are a triangular system of two bands. A frame's coefficients weigh what it adds to the frames behind
    it, as in lfilter (transposed direct form II), whose state this is.

    Args:
        sound: [n] float32.
        rows: [hops, 4] of _table.
        state: [2] float64.

    Returns:
        The state behind the piece.
    """
    n = len(sound)
    each = np.repeat(rows, HOP, axis=0)[:n]
    driven = np.zeros(n + 2)
    entering = each[:, 0] * sound
    driven[:n] = entering
    driven[1 : n + 1] += 2 * entering
    driven[2:] += entering
    driven[:2] += state
    solved = solve_in_turn(each[:, 1:], driven[:n])
    sound[:] = solved
    after = driven[n:]
    after -= solved[-1] * each[-1, 2:]
    if n > 1:
        after[0] -= solved[-2] * each[-2, 3]
    return after


@lru_cache(maxsize=64)
def _table(resonance_db: float) -> np.ndarray:
    """[steps, 4] float64: b0 and a (1 first) of the two-pole low-pass at each cutoff; b is (1, 2, 1) b0."""
    cutoff_hz = np.minimum(8.176 * 2.0 ** (np.arange(LAST_STEP + 1) * STEP_CENTS / 1200), LAST_HZ)
    omega = 2 * np.pi * cutoff_hz / SAMPLE_RATE
    alpha, cosine = np.sin(omega) / (2 * 10 ** (resonance_db / 20)), np.cos(omega)
    rows = np.stack([(1 - cosine) / 2, 1 + alpha, -2 * cosine, 1 - alpha], axis=1) / (1 + alpha)[:, None]
    return rows.astype(np.float32).astype(np.float64)  # rounded as lfilter takes them


@lru_cache(maxsize=2048)
def _coefficients(step: int, resonance_db: float) -> tuple[np.ndarray, np.ndarray]:
    """Two-pole low-pass (b, a) at a step of cutoff."""
    level, *a = _table(resonance_db)[step].astype(np.float32)
    return level * np.array([1, 2, 1], np.float32), np.array(a, np.float32)

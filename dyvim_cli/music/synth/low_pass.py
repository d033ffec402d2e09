"""The resonant low-pass filter of a voice (specification, section 9.1.5), its cutoff moved in small steps."""

from functools import lru_cache

import numpy as np

from dyvim_cli.types import SAMPLE_RATE

HOP = 64  # frames between updates of pitch, cutoff and level: 1.3 ms
STEP_CENTS = 40  # least difference between cutoffs that count as different
OPEN_CENTS = 13400  # a cutoff that leaves everything audible through
BUTTERWORTH_DB = 3.01  # a resonance of 0 dB is a flat filter, whose peak is this much below 1
LAST_HZ = 20000.0  # highest cutoff
MANY_RUNS = 8  # runs of one cutoff in a piece above which they are filtered together


class LowPass:
    """The filter of one voice, which goes through its sound piece by piece."""

    def __init__(self, cutoff_cents: np.ndarray, resonance_cb: float):
        """Set the filter.

        Args:
            cutoff_cents: [hops] absolute cents, one for every HOP of the sound.
            resonance_cb: centibels.
        """
        self._resonance_db = resonance_cb / 10 - BUTTERWORTH_DB
        self.gain = 10 ** (-self._resonance_db / 40)  # the level is lowered by half of the peak's height
        self._steps = np.round(cutoff_cents / STEP_CENTS).astype(int)
        self._is_open = bool(cutoff_cents.min() >= OPEN_CENTS and self._resonance_db < 0)
        self._state = np.zeros(2, np.float32)

    def apply(self, sound: np.ndarray, first: int) -> None:
        """Filter the next piece in place; its level is not brought to `gain` yet.

        Args:
            sound: [n] float32; n is a multiple of HOP but for the last piece.
            first: frame of the whole sound with which it begins.
        """
        from scipy.signal import lfilter

        if self._is_open:
            return
        steps = self._steps[first // HOP : -(-(first + len(sound)) // HOP)]
        edges = [0, *(np.flatnonzero(np.diff(steps)) + 1).tolist(), len(steps)]
        if len(edges) - 1 > MANY_RUNS:
            sound[:], self._state = _swept(sound, *self._hops(steps), self._state)
            return
        for begin, end in zip(edges, edges[1:], strict=False):
            piece = slice(begin * HOP, end * HOP)
            b, a = _coefficients(int(steps[begin]) * STEP_CENTS, float(self._resonance_db))
            sound[piece], self._state = lfilter(b, a, sound[piece], zi=self._state)

    def _hops(self, steps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The filter at each hop, as _swept takes it."""
        different, places = np.unique(steps, return_inverse=True)
        made = [_coefficients(step * STEP_CENTS, float(self._resonance_db)) for step in different.tolist()]
        return np.array([b[0] for b, _ in made])[places], np.array([a for _, a in made])[places]


def _swept(
    sound: np.ndarray, levels: np.ndarray, feedback: np.ndarray, state: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Filter a piece whose cutoff moves: the difference equation of all its frames, solved at once.

    It is a triangular system with two bands; the equation is lfilter's (transposed direct form II), in which
    a frame's coefficients weigh what it adds to the frames behind it.

    Args:
        sound: [n] float32, at least two frames.
        levels: [hops] b0 of each hop; b is (1, 2, 1) times it.
        feedback: [hops, 3] a of each hop, 1 first.
        state: [2] of lfilter.

    Returns:
        (the filtered sound [n], the state behind it).
    """
    from scipy.linalg import lapack

    n = len(sound)
    bands = np.repeat(feedback, HOP, axis=0)[:n]
    entering = np.repeat(levels, HOP)[:n] * sound
    driven = entering.copy()
    driven[1:] += 2 * entering[:-1]
    driven[2:] += entering[:-2]
    driven[:2] += state
    solved, _ = lapack.stbtrs(bands.T, driven[:, None], uplo="L", diag="U", overwrite_b=True)
    filtered = solved[:, 0]
    later = entering[-2:, None] * np.float32((2, 1)) - bands[-2:, 1:] * filtered[-2:, None]
    return filtered, np.array([later[1, 0] + later[0, 1], later[1, 1]], np.float32)


@lru_cache(maxsize=2048)
def _coefficients(cutoff_cents: int, resonance_db: float) -> tuple[np.ndarray, np.ndarray]:
    """Two-pole low-pass (b, a)."""
    cutoff_hz = min(8.176 * 2.0 ** (cutoff_cents / 1200), LAST_HZ)
    omega = 2 * np.pi * cutoff_hz / SAMPLE_RATE
    q = 10 ** (resonance_db / 20)
    alpha, cosine = np.sin(omega) / (2 * q), np.cos(omega)
    b = np.array([0.5, 1.0, 0.5]) * (1 - cosine)
    a = np.array([1 + alpha, -2 * cosine, 1 - alpha])
    return (b / a[0]).astype(np.float32), (a / a[0]).astype(np.float32)

"""Shape tones in time: falls that end exactly, rises without a click."""

import numpy as np

from dyvim_cli.types import SAMPLE_RATE


def fall(n: int, n_settled: int, time_s: float) -> np.ndarray:
    """Fall from 1 exponentially to exactly 0.

    Args:
        n: frames.
        n_settled: frame from which it is 0.
        time_s: time constant in seconds.

    Returns:
        [n] 1..0.
    """
    if not n_settled:
        return np.zeros(n)
    last = np.exp(-n_settled / SAMPLE_RATE / time_s)
    curve = np.exp(-np.arange(n) / SAMPLE_RATE / time_s)
    return np.maximum(0, (curve - last) / (1 - last)) * (np.arange(n) < n_settled)


def swell(n: int, n_settled: int, time_s: float) -> np.ndarray:
    """Rise from 0 to 1 within a time, then fall to exactly 0, as a brass player's attack.

    Args:
        n: frames.
        n_settled: frame from which it is 0.
        time_s: when it is highest, in seconds.

    Returns:
        [n] 0..1.
    """
    rise = 1 - np.exp(-np.arange(n) / SAMPLE_RATE / (time_s / 2))
    curve = rise**2 * fall(n, n_settled, 2 * time_s)
    return curve / max(curve.max(initial=0), 1e-9)


def rise(n: int, time_s: float) -> np.ndarray:
    """Rise from 0 to 1 along a half cosine.

    Args:
        n: frames.
        time_s: length of the rise in seconds.

    Returns:
        [n] 0..1.
    """
    return 0.5 - 0.5 * np.cos(np.pi * np.clip(np.arange(n) / SAMPLE_RATE / time_s, 0, 1))

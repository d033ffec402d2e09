"""Look at a window around each sample: its mean, its median, its least or greatest value.

Bit for bit what scipy.ndimage says, whose import takes a tenth of a second of processor time. A window of
`width` samples begins width // 2 before its own. Letters: n samples.
"""

from typing import Literal

import numpy as np

Ends = Literal[
    "edge", "symmetric"
]  # whether the last value goes on beyond the ends, or the curve is mirrored
CUT_OFF = 4.0  # standard deviations from which on a Gaussian counts as 0
GROUP = 4096  # windows sorted together: all those of a film of two hours are a tenth of a gigabyte


def gaussian_mean(curve: np.ndarray, spread: float) -> np.ndarray:
    """Average by a Gaussian; beyond the ends the last value goes on.

    Args:
        curve: [n] float.
        spread: standard deviation, samples.

    Returns:
        [n] of the curve's type.
    """
    reach, n = int(CUT_OFF * spread + 0.5), len(curve)
    weights = np.exp(-0.5 / spread**2 * np.arange(-reach, reach + 1) ** 2)
    weights /= weights.sum()
    padded = np.pad(curve.astype(np.float64), reach, mode="edge")
    mean = padded[reach : reach + n] * weights[reach]
    for far in range(reach, 0, -1):
        mean += (padded[reach - far :][:n] + padded[reach + far :][:n]) * weights[reach - far]
    return mean.astype(curve.dtype)


def window_mean(curve: np.ndarray, width: int, ends: Ends = "edge") -> np.ndarray:
    """Average the window around each sample, along the last axis.

    Args:
        curve: [..., n] float.
        width: of the windows, samples.
        ends: what lies beyond the curve.

    Returns:
        [..., n] of the curve's type.
    """
    padded = _padded(curve.astype(np.float64), width, ends)
    steps = np.concatenate([padded[..., :width], padded[..., width:] - padded[..., :-width]], axis=-1)
    return (steps.cumsum(axis=-1)[..., width - 1 :] / width).astype(curve.dtype)


def window_median(curve: np.ndarray, width: int) -> np.ndarray:
    """Take the median of the window around each sample; beyond the ends the curve is mirrored.

    Args:
        curve: [n].
        width: of the windows, samples; of an even number the upper one of the two in the middle.

    Returns:
        [n].
    """
    windows = np.lib.stride_tricks.sliding_window_view(_padded(curve, width, "symmetric"), width)
    groups = (windows[first : first + GROUP] for first in range(0, len(windows), GROUP))
    middles = [np.partition(group, width // 2, axis=1)[:, width // 2] for group in groups]
    return np.concatenate(middles) if middles else curve.copy()


def following(extreme: np.ufunc, curve: np.ndarray, width: int) -> np.ndarray:
    """Take the least or the greatest of the samples that begin with each.

    Windows of twice the width are made of two, until they are wide enough.

    Args:
        extreme: np.minimum or np.maximum.
        curve: [n].
        width: of the windows, samples; shorter ones at the end.

    Returns:
        [n].
    """
    padded = np.pad(curve, (0, width - 1), mode="edge")
    reach = 1
    while 2 * reach <= width:
        padded, reach = extreme(padded[:-reach], padded[reach:]), 2 * reach
    return extreme(padded[: len(curve)], padded[width - reach :]) if width > reach else padded


def _padded(curve: np.ndarray, width: int, ends: Ends) -> np.ndarray:
    """The curve with what its windows need beyond both ends."""
    before = width // 2
    beyond = [(0, 0)] * (curve.ndim - 1) + [(before, width - 1 - before)]
    return np.pad(curve, beyond, mode=ends)

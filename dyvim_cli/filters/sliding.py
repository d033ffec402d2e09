"""Slide windows along a curve: means, extremes, medians."""

from typing import Any

import numpy as np

from dyvim_cli.filters.compiled import compiled

# what continues a curve beyond its ends, by the compiled loops' numbers
NEAREST, REFLECT, ZERO = 0, 2, 4
DEVIATIONS = 4.0  # standard deviations to either side that a Gaussian window holds


def sliding_mean(curve: np.ndarray, size: int, *, axis: int = -1, beyond: int = REFLECT) -> np.ndarray:
    """Average in windows.

    Args:
        curve: any shape, floats.
        size: samples of a window; of an even one the middle is the later of two.
        axis: along which it slides.
        beyond: NEAREST, REFLECT or ZERO.

    Returns:
        As the curve.
    """
    result = np.empty_like(curve)
    _loops().uniform_filter1d(curve, size, axis % curve.ndim, result, beyond, 0.0, 0)
    return result


def sliding_maximum(curve: np.ndarray, size: int, *, beyond: int, origin: int = 0) -> np.ndarray:
    """Take the largest in windows.

    Args:
        curve: [n] floats.
        size: samples of a window.
        beyond: NEAREST, REFLECT or ZERO.
        origin: by how many samples the window is moved to the left.

    Returns:
        [n].
    """
    result = np.empty_like(curve)
    _loops().min_or_max_filter1d(curve, size, 0, result, beyond, 0.0, origin, 0)
    return result


def sliding_minimum(curve: np.ndarray, size: int, *, beyond: int, origin: int = 0) -> np.ndarray:
    """Take the smallest in windows.

    Args:
        curve: [n] floats.
        size: samples of a window.
        beyond: NEAREST, REFLECT or ZERO.
        origin: by how many samples the window is moved to the left.

    Returns:
        [n].
    """
    result = np.empty_like(curve)
    _loops().min_or_max_filter1d(curve, size, 0, result, beyond, 0.0, origin, 1)
    return result


def sliding_median(curve: np.ndarray, size: int) -> np.ndarray:
    """Take the median in windows; the curve is reflected beyond its ends.

    Args:
        curve: [n] floats.
        size: samples of a window; of an even one the upper median is taken.

    Returns:
        [n].
    """
    result = np.empty_like(curve)
    window = np.ones(size, bool)
    _loops().rank_filter(curve, size // 2, window, result, REFLECT, 0.0, [0])
    return result


def convolve_along(
    curve: np.ndarray, window: np.ndarray, *, axis: int = -1, beyond: int = REFLECT
) -> np.ndarray:
    """Convolve with a window of odd length.

    Args:
        curve: any shape, floats.
        window: [2 k + 1] weights.
        axis: along which it slides.
        beyond: NEAREST, REFLECT or ZERO.

    Returns:
        As the curve.
    """
    result = np.empty_like(curve)
    weights = np.array(window[::-1], np.float64)
    _loops().correlate1d(curve, weights, axis % curve.ndim, result, beyond, 0.0, 0)
    return result


def gaussian_mean(curve: np.ndarray, deviation: float) -> np.ndarray:
    """Smooth with a Gaussian window; beyond its ends the curve stays what it is there.

    Args:
        curve: [n] floats.
        deviation: standard deviation in samples.

    Returns:
        [n].
    """
    reach = int(DEVIATIONS * deviation + 0.5)
    weights = np.exp(-0.5 / deviation**2 * np.arange(-reach, reach + 1) ** 2)
    return convolve_along(curve, weights / weights.sum(), beyond=NEAREST)


def _loops() -> Any:
    return compiled("ndimage", "_nd_image")

"""Find peaks of a curve, by height, distance and prominence."""

from typing import Any

import numpy as np

from dyvim_cli.filters.compiled import compiled

WHOLE_CURVE = -1  # a prominence's reach in the compiled loop


def find_peaks(
    curve: np.ndarray,
    *,
    height: float | None = None,
    distance: int | None = None,
    prominence: float | None = None,
    reach: int | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Find the peaks of a curve; of a flat one the middle.

    Args:
        curve: [n].
        height: least height.
        distance: least distance in samples: of two that are nearer, the higher one stays.
        prominence: least rise above the higher of the valleys around.
        reach: samples around a peak in which those are looked for; None = all.

    Returns:
        (indices [p], prominences [p], which are empty where none was asked for).
    """
    loops = compiled("signal._peak_finding_utils", _is_as_known)
    if loops is None:
        from scipy.signal import find_peaks as find

        peaks, facts = find(curve, height=height, distance=distance, prominence=prominence, wlen=reach)
        return peaks, facts.get("prominences", np.zeros(0))
    curve = np.ascontiguousarray(curve, np.float64)
    peaks, _, _ = loops._local_maxima_1d(curve)
    if height is not None:
        peaks = peaks[curve[peaks] >= height]
    if distance is not None:
        peaks = peaks[loops._select_by_peak_distance(peaks, curve[peaks], np.float64(distance))]
    if prominence is None:
        return peaks, np.zeros(0)
    rises = loops._peak_prominences(curve, peaks, WHOLE_CURVE if reach is None else reach)[0]
    return peaks[rises >= prominence], rises[rises >= prominence]


def _is_as_known(loops: Any) -> bool:
    """Check the three loops on a curve of two peaks, of which the higher one rises by 2."""
    curve = np.array([0.0, 1.0, 0.0, 2.0, 0.0])
    peaks = loops._local_maxima_1d(curve)[0]
    apart = loops._select_by_peak_distance(peaks, curve[peaks], np.float64(3))
    rises = loops._peak_prominences(curve, peaks, WHOLE_CURVE)[0]
    return (peaks.tolist(), apart.tolist(), rises.tolist()) == ([1, 3], [False, True], [1.0, 2.0])

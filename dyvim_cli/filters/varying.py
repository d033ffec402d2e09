"""Filter by difference equations whose coefficients differ from sample to sample."""

from typing import Any

import numpy as np

from dyvim_cli.filters.compiled import compiled

BELOW = {"uplo": "L", "diag": "U", "overwrite_b": False}  # a triangle below a diagonal of ones


def solve_in_turn(weights: np.ndarray, driven: np.ndarray) -> np.ndarray:
    """Solve y[t] + weights[t - 1, 1] y[t - 1] + weights[t - 2, 2] y[t - 2] ... = driven[t] for all t at once.

    Args:
        weights: [n, k] float64, what each sample takes from itself (1) and those behind it.
        driven: [n] float64.

    Returns:
        [n] float64, y.
    """
    loops = compiled("linalg._flapack", _is_as_known)
    if loops is None:
        from scipy.linalg import lapack

        loops = lapack
    solved, _ = loops.dtbtrs(weights.T, driven[:, None], **BELOW)
    return solved[:, 0]


def _is_as_known(loops: Any) -> bool:
    weights, driven = np.array([[1.0, 0.5, 0.25]] * 3), np.array([4.0, 0.0, 0.0])
    solved, _ = loops.dtbtrs(weights.T, driven[:, None], **BELOW)
    return bool(solved[:, 0].tolist() == [4.0, -2.0, 0.0])

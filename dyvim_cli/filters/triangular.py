"""Solve difference equations of many samples at once."""

import numpy as np

from dyvim_cli.filters.compiled import compiled


def solve_unit_triangular(bands: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Solve a lower triangular system that has ones on its diagonal and few bands below it.

    Args:
        bands: [k + 1, n] as LAPACK has them: the diagonal, which is not read, and the bands below.
        wanted: [n, m] right sides.

    Returns:
        [n, m].
    """
    lapack = compiled("linalg", "_flapack")
    return lapack.dtbtrs(bands, wanted, uplo="L", diag="U", overwrite_b=False)[0]

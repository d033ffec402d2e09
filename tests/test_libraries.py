"""What is asked of the libraries that compute."""

import ctypes

import numpy as np
import pytest

from dyvim_cli import device


def test_numpy_multiplies_in_one_thread_for_a_while_and_then_as_before():
    blas = ctypes.CDLL(np._core._multiarray_umath.__file__)
    n_threads = getattr(blas, "scipy_openblas_get_num_threads64_", None)
    if n_threads is None:
        pytest.skip("numpy multiplies with another library here")
    before = n_threads()
    with device.one_numpy_thread():
        assert n_threads() == 1
    assert n_threads() == before

"""What commands leave out of the libraries they load, and ask of them."""

import ctypes
import subprocess
import sys

import numpy as np
import pytest

from dyvim_cli import device


def test_a_command_loads_torch_without_the_bindings_of_graphics_cards():
    code = (
        "import sys; from dyvim_cli.cli.libraries import leave_out_unused; leave_out_unused();"
        "import torch; torch.cuda.is_available(); print(float(torch.ones(3).sum()));"
        "print([name for name in sys.modules if name.startswith('cuda.bindings.')])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.split("\n")[:2] == ["3.0", "[]"]


def test_numpy_multiplies_in_one_thread_for_a_while_and_then_as_before():
    blas = ctypes.CDLL(np._core._multiarray_umath.__file__)
    n_threads = getattr(blas, "scipy_openblas_get_num_threads64_", None)
    if n_threads is None:
        pytest.skip("numpy multiplies with another library here")
    before = n_threads()
    with device.one_numpy_thread():
        assert n_threads() == 1
    assert n_threads() == before

"""Choose the computing device, the number of threads and the random seed."""

import ctypes
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dyvim_cli.errors import EnvironmentFault, UsageError

if TYPE_CHECKING:
    import torch

AUTO = "auto"
NAMES = re.compile(r"auto|cpu|cuda(:\d{1,2})?|mps")


def n_cores() -> int:
    """Cores this process may use.

    Returns:
        At least 1.
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def one_torch_thread() -> None:
    """Let torch compute in the calling thread alone.

    Stages run side by side instead: a step of the decoder is too small to be shared out, and the
    result does not depend on the number of cores. OpenMP keeps the number for every thread.
    """
    import torch

    torch.set_num_threads(1)


@contextmanager
def one_numpy_thread() -> Iterator[None]:
    """Let numpy multiply in the calling thread alone for a while, as one_torch_thread does.

    numpy itself cannot say so; the OpenBLAS of its wheels can. With another one it stays as it is.

    Yields:
        Nothing.
    """
    try:
        import numpy as np

        blas = ctypes.CDLL(np._core._multiarray_umath.__file__)  # type: ignore[attr-defined]  # and all it links
        limit, n_threads = blas.scipy_openblas_set_num_threads64_, blas.scipy_openblas_get_num_threads64_()
    except (AttributeError, OSError, TypeError):
        yield
        return
    limit(1)
    try:
        yield
    finally:
        limit(n_threads)


def torch_threads_of_the_machine() -> None:
    """Share torch's work out again, over the cores or over as many as OMP_NUM_THREADS says."""
    import torch

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS") or n_cores()))


def give_back_memory() -> None:
    """Return freed memory to the system; glibc keeps it, over a film of two hours more than a gigabyte."""
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (TypeError, OSError, AttributeError):  # another C library, another system
        return


def new_seed() -> int:
    """Draw a seed, small enough to type again.

    Returns:
        0 .. 2^31 - 1.
    """
    return secrets.randbelow(2**31)


def choose(name: str = AUTO) -> "torch.device":
    """Choose the computing device.

    Args:
        name: auto, cpu, cuda, cuda:N or mps.

    Returns:
        Torch's device.

    Raises:
        UsageError: the name is another.
        EnvironmentFault: the device is not there.
    """
    check_name(name)
    import torch

    if name == AUTO:
        name = "cuda" if torch.cuda.is_available() else "cpu"
    device = torch.device(name)
    if device.type == "cuda":
        is_there = (device.index or 0) < torch.cuda.device_count()
    else:
        is_there = device.type == "cpu" or torch.backends.mps.is_available()
    if not is_there:
        raise EnvironmentFault(f"device '{name}' is not there", "use --device cpu")
    return device


def check_name(name: str) -> None:
    """Check the name of a device.

    Args:
        name: as `choose` takes it.

    Raises:
        UsageError: the name is unknown.
    """
    if not isinstance(name, str) or not NAMES.fullmatch(name):
        raise UsageError(f"unknown device '{name}'", "use --device auto, cpu, cuda, cuda:1 or mps")


def check(name: str) -> None:
    """Check that a device is there, without loading torch where that is not needed to know.

    Args:
        name: as `choose` takes it.

    Raises:
        UsageError: the name is unknown.
        EnvironmentFault: the device is not there.
    """
    check_name(name)
    if name not in (AUTO, "cpu"):
        choose(name)


def free_memory_gb() -> float | None:
    """Ask how much memory can be had now.

    Returns:
        GB; None where the system does not report it (no /proc/meminfo).
    """
    try:
        with open("/proc/meminfo") as file:
            facts = dict(line.split(":", 1) for line in file)
        return int(facts["MemAvailable"].split()[0]) / 1e6
    except (OSError, KeyError, ValueError):
        return None

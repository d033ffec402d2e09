"""Which device computes, with how many threads, and from which seed."""

import ctypes
import os
import secrets

from dyvim_cli.errors import EnvironmentFault, UsageError


def n_cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def one_torch_thread() -> None:
    """Let torch compute in the calling thread alone.

    Stages run side by side instead: a step of the decoder is too small to be shared out, and the
    result does not depend on the number of cores. OpenMP keeps the number for every thread.
    """
    import torch

    torch.set_num_threads(1)


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
    """A seed nobody chose, small enough to type again."""
    return secrets.randbelow(2**31)


def choose(name: str = "auto"):
    """torch.device for auto, cpu, cuda, cuda:N or mps. Raises EnvironmentFault when it is not there."""
    import torch

    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise UsageError(f"unknown device '{name}'", "use --device auto, cpu, cuda or mps") from error
    missing = device.type == "cuda" and not torch.cuda.is_available()
    if missing or (device.type == "mps" and not torch.backends.mps.is_available()):
        raise EnvironmentFault(f"device '{name}' is not there", "use --device cpu")
    return device


def free_memory_gb() -> float | None:
    """Memory that can be had now, in GB; None where the system does not tell (no /proc/meminfo)."""
    try:
        with open("/proc/meminfo") as file:
            facts = dict(line.split(":", 1) for line in file)
        return int(facts["MemAvailable"].split()[0]) / 1e6
    except (OSError, KeyError, ValueError):
        return None

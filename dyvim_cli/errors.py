"""One error family: what went wrong, what to do about it, and the exit code it ends in."""

import errno
from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every verb; part of the public contract."""

    OK = 0
    BUG = 1
    USAGE = 2
    INPUT = 3
    WEIGHTS = 4
    OUTPUT = 5
    PARTIAL = 6
    ENVIRONMENT = 7
    INTERRUPTED = 130


class DyvimError(Exception):
    """A failure that a user can act on: one line that says what, one that says what to do."""

    exit_code = ExitCode.BUG

    def __init__(self, message: str, hint: str = ""):
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __reduce__(self):  # survives the way back from a worker process
        return type(self), (self.message, self.hint)


class UsageError(DyvimError):
    """The options or the configuration contradict themselves or cannot be read."""

    exit_code = ExitCode.USAGE


class InputError(DyvimError):
    """The film (or music) cannot be read, or holds nothing to work on."""

    exit_code = ExitCode.INPUT


class WeightsError(DyvimError):
    """Weights are missing, corrupt, or of another model."""

    exit_code = ExitCode.WEIGHTS


class OutputError(DyvimError):
    """The output exists already, or cannot be written."""

    exit_code = ExitCode.OUTPUT


class EnvironmentFault(DyvimError):
    """The machine lacks what the job needs: ffmpeg, a device, memory."""

    exit_code = ExitCode.ENVIRONMENT


EXTRAS = {
    "accelerate": "train", "cv2": "train", "skimage": "train", "matplotlib": "train",
    "opentimelineio": "edit",
}  # fmt: skip


def fault_of(error: Exception) -> DyvimError:
    """Our own mistake, said as a failure that can be reported; a full disk and a missing extra are not."""
    if isinstance(error, ModuleNotFoundError) and (error.name or "").split(".")[0] in EXTRAS:
        name = error.name.split(".")[0]
        return EnvironmentFault(f"{name} is not installed", f'pip install "dyvim[{EXTRAS[name]}]"')
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return disk_full(error.filename or "a file")
    return DyvimError(f"a fault in dyvim: {type(error).__name__}: {error}", "DYVIM_DEBUG=1 shows where")


def disk_full(what: object) -> EnvironmentFault:
    """No room for a file."""
    hint = "free some space; TMPDIR=... puts intermediate files elsewhere"
    return EnvironmentFault(f"cannot write {what}: the disk is full", hint)

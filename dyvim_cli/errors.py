"""Exceptions with a message, a remedy and an exit code."""

import errno
import shlex
import subprocess
import sys
from collections.abc import Iterable
from difflib import get_close_matches
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

    # survives the way back from a worker process
    def __reduce__(self) -> tuple[type["DyvimError"], tuple[str, str]]:
        return type(self), (self.message, self.hint)


class UsageError(DyvimError, ValueError):
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


def quoted(word: object) -> str:
    """Quote a path or a name for a command within a hint, which people paste into this system's shell.

    Args:
        word: the path or name.

    Returns:
        The word itself where the shell takes it as it is.
    """
    return subprocess.list2cmdline([str(word)]) if sys.platform == "win32" else shlex.quote(str(word))


def closest(word: str, known: Iterable[str]) -> str | None:
    """Find the known word that is closest to a misspelt one, ignoring case.

    Args:
        word: as it was typed.
        known: words that exist.

    Returns:
        None where none is near.
    """
    by_case = {each.lower(): each for each in known}
    found = get_close_matches(word.lower(), by_case, n=1, cutoff=0.6)
    return by_case[found[0]] if found else None


def one_of(word: str, known: Iterable[str]) -> str:
    """Write a hint that names the closest word and all allowed ones.

    Args:
        word: as it was typed.
        known: words that exist.

    Returns:
        One line.
    """
    known = list(known)
    meant = closest(word, known)
    return (f"{meant}? " if meant else "") + f"one of: {', '.join(known)}"


# module -> the extra that brings it
EXTRAS = {
    "accelerate": "train", "cv2": "train", "skimage": "train", "matplotlib": "train",
    "mir_eval": "evaluate", "pyloudnorm": "evaluate", "scenedetect": "evaluate",
    "ray": "ray", "opentimelineio": "edit",
}  # fmt: skip
LONGEST_SAID = 200  # characters of such a path
# no room on the disk or in the user's quota, or none for so large a file
FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG}
# a device that fails or has gone, too many open files or processes
BROKEN = {
    errno.EIO, errno.ENXIO, errno.ENODEV, errno.EMFILE, errno.ENFILE, errno.EAGAIN,
    getattr(errno, "ESTALE", errno.EIO),
}  # fmt: skip
# a path that no file can have
NO_PATH = {errno.ENAMETOOLONG, errno.ELOOP}
REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS}  # the system does not let us
# messages of libraries that give no errno: safetensors, torch, libsndfile, the dynamic linker
TOO_LARGE = ("File too large", "os error 27")
SAYS_FULL = ("No space left on device", "os error 28", "os error 122", "Disk quota exceeded", *TOO_LARGE)
SAYS_NO_MEMORY = (
    "annot allocate memory", "can't allocate memory", "out of memory", "not enough memory", "bad_alloc",
    "os error 12)", "failed to map segment", "can't start new thread",
)  # fmt: skip


def fault_of(error: BaseException) -> DyvimError:
    """Turn any exception into a failure that can be reported.

    A full disk, missing memory, a failing device and a missing extra are the machine's (exit code 7);
    what is left is a fault in dyvim (1).

    Args:
        error: the exception.

    Returns:
        The failure, not raised.
    """
    if isinstance(error, DyvimError):
        return error
    if isinstance(error, ModuleNotFoundError) and (name := (error.name or "").split(".")[0]) in EXTRAS:
        return EnvironmentFault(f"{name} is not installed", f'pip install "dyvim[{EXTRAS[name]}]"')
    if isinstance(error, OSError) and error.errno in NO_PATH:
        return InputError(f"{str(error.filename)[:LONGEST_SAID]}: {error.strerror}", "check the path")
    return _fault_of_machine(error) or DyvimError(
        f"a fault in dyvim: {type(error).__name__}: {error}", "DYVIM_DEBUG=1 shows where"
    )


def cannot_write(path: object, error: Exception) -> DyvimError:
    """Turn an exception while writing into a failure: the machine's on a full disk, else the output's.

    Args:
        path: what could not be written.
        error: the exception.

    Returns:
        The failure, not raised.
    """
    number, reason = getattr(error, "errno", None), getattr(error, "strerror", None) or str(error)
    if number not in REFUSED and (fault := _fault_of_machine(error)):
        return disk_full(path, str(error)) if _is_full(error) else fault
    return OutputError(f"cannot write {path}: {reason}", "close programs that use it, or name another place")


def disk_full(what: object, reason: str = "") -> EnvironmentFault:
    """Make the failure for a file without room on its disk.

    Args:
        what: the file, as the message names it.
        reason: what the system said, where it is known; one that speaks of too large a file gets a message of
            its own.

    Returns:
        The failure, not raised.
    """
    if any(words in reason for words in TOO_LARGE):
        return EnvironmentFault(f"cannot write {what}: the disk takes no file so large", "name another disk")
    hint = "free some space; TMPDIR=... puts intermediate files elsewhere"
    return EnvironmentFault(f"cannot write {what}: the disk is full", hint)


def no_memory() -> EnvironmentFault:
    """Make the failure for missing memory.

    Returns:
        The failure, not raised.
    """
    hint = "close other programs, use fewer --jobs, or score a part: --start, --end"
    return EnvironmentFault("out of memory", hint)


def _fault_of_machine(error: BaseException) -> EnvironmentFault | None:
    """The machine's shortage (disk, memory) that caused an error, if one did."""
    number = error.errno if isinstance(error, OSError) else None
    if isinstance(error, MemoryError) or number == errno.ENOMEM or _says(error, SAYS_NO_MEMORY):
        return no_memory()
    if _is_full(error):
        return disk_full(getattr(error, "filename", None) or "a file", str(error))
    if isinstance(error, OSError) and number in BROKEN | REFUSED:
        what = f"{error.filename}: " if error.filename else ""
        return EnvironmentFault(f"{what}{error.strerror}", "see that it is there and may be used")
    return None


def _is_full(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in FULL or _says(error, SAYS_FULL)


def _says(error: BaseException, words: tuple[str, ...]) -> bool:
    """Check a library's message for words; errors with an errno, whose text names files, are left out."""
    return getattr(error, "errno", None) is None and any(word in str(error) for word in words)

"""End an ffmpeg process that makes no progress.

Signs of life are output and (on Linux) a part of a file that was not reached before:
ffmpeg may read an hour of film before it has anything to say. Time counts only while output is waited for.
"""

import os
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from dyvim_cli.errors import InputError

LOOK_EVERY_S = 0.5
STILL_LIMIT_S = 120.0  # without a sign: a disk that wakes up, a network that stammers
STILL_LIMIT_BUSY_S = 15.0  # processor time without a sign of progress: ffmpeg goes round in circles
SLOWEST_BYTES_S = 100_000  # read without a sign where the system does not report ffmpeg's position
BLOCK_BYTES = 1 << 15  # bytes of a file that ffmpeg reads at once
Reached = TypeVar("Reached")


class Watchdog:
    """Kills a process that makes no progress while it is waited for.

    `n_bytes` is the size of what it reads, which counts where its places in files cannot be seen.
    """

    def __init__(self, process: subprocess.Popen[bytes], n_bytes: int = 0):
        self.process, self.has_bitten = process, False
        self._ended, self._waiting = threading.Event(), threading.Event()
        self._reached: set[tuple[str, int]] = set()
        self._still_s, self._busy_from_s = 0.0, 0.0
        self._limit_s = STILL_LIMIT_S + (0 if _places(process.pid) else n_bytes / SLOWEST_BYTES_S)
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def __enter__(self) -> "Watchdog":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def wait_for(self, output: Callable[[], Reached]) -> Reached:
        """Wait for output, which counts as waiting for the process.

        Args:
            output: blocks until the process says something or is ended.

        Returns:
            What it returns.
        """
        self._waiting.set()
        try:
            return output()
        finally:
            self._waiting.clear()

    def sign_of_life(self) -> None:
        """Report a sign of progress."""
        self._still_s, self._busy_from_s = 0.0, processor_time_s(self.process.pid)

    def _watch(self) -> None:
        while not self._ended.wait(LOOK_EVERY_S):
            self._still_s += LOOK_EVERY_S  # by looks, not by the clock: both may have been put to sleep
            if not self._waiting.is_set() or self._has_read_on():
                self.sign_of_life()
            elif self._is_stuck():
                self.has_bitten = True
                return self.process.kill()

    def _has_read_on(self) -> bool:
        """Check whether ffmpeg has read on in a file since the last check."""
        places = _places(self.process.pid)
        is_new = not places <= self._reached
        self._reached |= places
        return is_new

    def _is_stuck(self) -> bool:
        busy_s = processor_time_s(self.process.pid) - self._busy_from_s
        return self._still_s >= self._limit_s or busy_s >= STILL_LIMIT_BUSY_S

    def failure(self, what: str) -> InputError:
        """Make the error for a process that was ended, which blames the file that it read.

        Args:
            what: opens the message.

        Returns:
            The error, not raised.
        """
        return InputError(f"{what}: ffmpeg got no further and was ended", "see that the film plays elsewhere")


def _places(pid: int) -> set[tuple[str, int]]:
    """(descriptor, block) of a process's positions in its files; empty if the system has none."""
    found = set()
    for entry in _entries(Path(f"/proc/{pid}/fdinfo")):
        position = next((line for line in _text(entry).splitlines() if line.startswith("pos:")), "pos: 0")
        found.add((entry.name, int(position.split()[1]) // BLOCK_BYTES))
    return found


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def processor_time_s(pid: int) -> float:
    """Read how much processor time a process has used.

    Args:
        pid: its id.

    Returns:
        Seconds; 0 where the system does not report it.
    """
    fields = _text(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") if len(fields) > 12 else 0.0

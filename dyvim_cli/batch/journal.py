"""Append-only journal of a batch: one JSON object per line, kept beside the outputs.

A line is on the disk before the film it speaks of gets its final name. A kill at any byte tears at most
the last line; a torn line is passed over when it is read and closed before the next is written.
Paths are kept relative to the journal, so that the folder may move.
"""

import json
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from dyvim_cli.errors import FULL, OutputError, cannot_write, disk_full

NAME = "dyvim-batch.jsonl"
PATHS = ("input", "output")
KNOWN = {*PATHS, "fingerprint"}  # without them a line is of another program, or of a version long ago


class Journal:
    """An open journal; `films` holds the last line of every output, by absolute path."""

    def __init__(self, path: Path, handle: int, films: dict[Path, dict[str, Any]]):
        self.path, self.films = path, films
        self._handle = handle

    def append(self, record: dict[str, Any]) -> None:
        """Write one line, whole and on the disk when this returns.

        Args:
            record: JSON values; absolute paths, which are written relative to the journal.

        Raises:
            OutputError: the journal cannot be written.
            EnvironmentFault: the disk is full.
        """
        left = memoryview(_line(_moved(record, self._relative)))
        try:
            while left:
                left = left[os.write(self._handle, left) :]
            os.fsync(self._handle)
        except OSError as error:
            raise cannot_write(f"the journal {self.path}", error) from error
        if "output" in record and "status" in record:
            self.films[Path(record["output"])] = record

    def _relative(self, path: str) -> str:
        with suppress(ValueError):  # another drive
            return Path(os.path.relpath(path, self.path.parent)).as_posix()
        return path


def _line(record: dict[str, Any]) -> bytes:
    """A record as a line: readable, but where a file's name is not UTF-8."""
    try:
        return json.dumps(record, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(record).encode() + b"\n"


def now() -> str:
    """The time of a record.

    Returns:
        Local time with its zone, as 2024-05-01T12:00:00+0200.
    """
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")


def read(path: Path) -> dict[Path, dict[str, Any]]:
    """Read a journal; lines that are torn are passed over.

    Args:
        path: of the journal; a missing one is empty.

    Returns:
        Absolute path of an output -> its last record.
    """
    films: dict[Path, dict[str, Any]] = {}
    for record in _lines(path):
        if record.get("status") in ("done", "failed") and record.keys() >= KNOWN:
            record = _moved(record, lambda name: os.path.normpath(path.absolute().parent / name))
            films[Path(record["output"])] = record
    return films


@contextmanager
def open_journal(path: Path) -> Iterator[Journal]:
    """Open a journal to append to, by one batch at a time.

    Args:
        path: of the journal; made where it is missing.

    Yields:
        The journal, locked until the context ends.

    Raises:
        OutputError: it cannot be written, is no journal, or another batch is writing it.
    """
    path = path.absolute()
    missing = [folder for folder in path.parents if not folder.exists()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
    except OSError as error:
        if error.errno in FULL:
            raise disk_full(f"the journal {path}") from error
        raise OutputError(
            f"{path}: no journal can be kept there ({error.strerror})", "use --journal"
        ) from error
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OutputError(f"{path}: no journal can be kept there (it is no file)", "use --journal FILE")
        if not _locked(handle):
            reason = f"{path}: another batch is writing this journal"
            raise OutputError(reason, "wait for it, or give this one its own: --journal FILE")
        size = os.fstat(handle).st_size
        if size and _byte_at(handle, 0) not in b"{\n":  # such as a film, to which nothing is appended
            raise OutputError(f"{path} is no record of a batch", "name another file: --journal batch.jsonl")
        if size and _byte_at(handle, size - 1) != b"\n":
            os.write(handle, b"\n")  # close the line that a kill tore
        yield Journal(path, handle, read(path))
    finally:
        with suppress(OSError):  # nothing is on record: neither the file nor its new folders are wanted
            if os.fstat(handle).st_size == 0 and stat.S_ISREG(os.fstat(handle).st_mode):
                path.unlink()
                for folder in missing:
                    folder.rmdir()
        os.close(handle)  # and with it goes the lock


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        for line in file:
            with suppress(ValueError):  # torn, or not ours
                if isinstance(record := json.loads(line), dict):
                    yield record


def _moved(record: dict[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    return record | {name: change(record[name]) for name in PATHS if record.get(name)}


def _byte_at(handle: int, position: int) -> bytes:
    os.lseek(handle, position, os.SEEK_SET)
    return os.read(handle, 1)


def _locked(handle: int) -> bool:
    """Take the lock that dies with this process, SIGKILL included; False when another has it."""
    try:
        import fcntl
    except ImportError:
        import msvcrt

        os.lseek(handle, 1 << 40, os.SEEK_SET)  # far behind the end: what is locked cannot be read
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        except OSError:
            return False
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        pass
    return True

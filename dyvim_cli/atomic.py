"""Write files atomically: to a temporary name, synced to disk, then renamed.

    with written(path) as part:
        part.write_bytes(...)

The part lies beside `path` under a hidden name that ends in .part, so ffmpeg needs -f. It is locked while
its writer lives, so that remains of a killed run are recognised and removed when
the same path is written again.
"""

import json
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from dyvim_cli.errors import FULL, cannot_write

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

# letters of the path's name in the part's name: in UTF-8 at most 160 of the 255 bytes allowed
STEM_LETTERS = 40
PART_NAME = re.compile(r"\..*\.dyvim-[0-9a-f]{12}\.part", re.DOTALL)
OLD_S = 86400.0  # older parts are abandoned, where files cannot be locked


class Pending(NamedTuple):
    """A finished file that waits for others; `lock` is its open, locked file."""

    part: Path
    path: Path
    lock: BinaryIO


PendingFiles = list[Pending]


@contextmanager
def written(path: Path, *, group: PendingFiles | None = None) -> Iterator[Path]:
    """Give a temporary file beside `path` to write to; on success it is `path` at once.

    On any exception, Ctrl-C included, it is removed and `path` stays as it was.

    Args:
        path: the file to write; its folder must exist.
        group: a list from `together`; the file appears with the others.

    Yields:
        Path of the temporary file.

    Raises:
        OutputError: the file cannot be written.
        EnvironmentFault: the disk is full.
    """
    path = Path(path)
    remove_leftovers(path)
    part, lock = _new_part(path)
    try:
        yield part
        _to_disk(part)
        if group is None:
            lock.close()
            part.replace(path)
        else:
            group.append(Pending(part, path, lock))
    except BaseException as error:
        _drop(part, lock)
        if isinstance(error, OSError) and (error.errno in FULL or str(error.filename) == str(part)):
            raise cannot_write(path, error) from error
        raise


@contextmanager
def together() -> Iterator[PendingFiles]:
    """Collect files of `written`, which appear all at once at the end, or none on any exception.

    Yields:
        The list to be given to `written` as `group`.

    Raises:
        OutputError: a file cannot get its name.
    """
    whole: PendingFiles = []
    try:
        yield whole
        for part, path, lock in whole:
            lock.close()
            try:
                part.replace(path)
            except OSError as error:
                raise cannot_write(path, error) from error
    except BaseException:
        for part, _, lock in whole:
            _drop(part, lock)
        raise


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file, whole or not at all.

    Args:
        path: of the file; its folder must exist.
        data: its contents.

    Raises:
        OutputError: it cannot be written.
        EnvironmentFault: the disk is full.
    """
    with written(path) as part:
        part.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write a text file as UTF-8, whole or not at all.

    Args:
        path: of the file; its folder must exist.
        text: its contents.

    Raises:
        OutputError: it cannot be written.
        EnvironmentFault: the disk is full.
    """
    write_bytes(path, text.encode("utf-8", "backslashreplace"))  # file names may be no UTF-8


def write_json(path: Path, value: object, indent: int | None = 2) -> None:
    """Write a JSON file, whole or not at all.

    Args:
        path: of the file; its folder must exist.
        value: plain values.
        indent: spaces a level; None = one line.

    Raises:
        OutputError: it cannot be written.
        EnvironmentFault: the disk is full.
    """
    write_text(path, json.dumps(value, indent=indent) + "\n")


def remove_leftovers(path: Path) -> None:
    """Remove the parts of a file that killed runs left behind.

    Args:
        path: of the file itself.
    """
    _remove_unused(path.absolute().parent, _prefix(path))


def remove_abandoned_parts(folder: Path) -> None:
    """Remove all parts in a folder, of whichever files, that killed runs left behind.

    Args:
        folder: which may be missing.
    """
    _remove_unused(folder, "")


def _remove_unused(folder: Path, prefix: str) -> None:
    """Remove the parts in a folder whose names begin so and that no living process writes."""
    with suppress(OSError):
        for part in folder.iterdir():
            if PART_NAME.fullmatch(part.name) and part.name.startswith(prefix) and not _is_in_use(part):
                part.unlink(missing_ok=True)


def locked(path: Path) -> BinaryIO | None:
    """Open a file and lock it until it is closed or its process dies.

    Args:
        path: of an existing file.

    Returns:
        The open file; None when another process has it.

    Raises:
        OSError: the file cannot be opened, or files cannot be locked.
    """
    file = open(path, "rb+")  # noqa: SIM115 (the caller closes it)
    try:
        _lock(file)
    except BlockingIOError:
        file.close()
        return None
    except OSError:
        file.close()
        raise
    return file


def share(path: Path) -> None:
    """Let others read a file as the umask says: temporary files, and those of safetensors, are private.

    Args:
        path: of the file.
    """
    umask = os.umask(0)
    os.umask(umask)
    path.chmod(0o666 & ~umask)


def _prefix(path: Path) -> str:
    return f".{path.stem[:STEM_LETTERS]}.dyvim-"


def _lock(file: BinaryIO) -> None:
    """Lock an open file, or raise: BlockingIOError when another process has it."""
    if fcntl is None:
        raise OSError("files cannot be locked here")
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _new_part(path: Path) -> tuple[Path, BinaryIO]:
    """A new, empty part of `path`, and its open, locked file."""
    part = path.absolute().with_name(f"{_prefix(path)}{secrets.token_hex(6)}.part")
    try:
        file = open(part, "xb+")  # noqa: SIM115 (it stays open while the part is written)
    except OSError as error:
        raise cannot_write(path, error) from error
    with suppress(OSError):  # a file system without locks
        _lock(file)
    return part, file


def _to_disk(part: Path) -> None:
    """Wait until a finished file is on the disk: some file systems say only now that there is no room."""
    with open(part, "rb+") as file:
        os.fsync(file.fileno())
    share(part)


def _drop(part: Path, lock: BinaryIO) -> None:
    """Close and remove a part."""
    lock.close()
    with suppress(OSError):
        part.unlink()


def _is_in_use(part: Path) -> bool:
    """Check whether a running process writes a part; by its age where files cannot be locked."""
    try:
        file = locked(part)
    except OSError:
        with suppress(OSError):
            return time.time() - part.stat().st_mtime < OLD_S
        return True
    if file is None:
        return True
    file.close()
    return False

"""Temporary folders, removed afterwards; those of a killed run are removed by the next one.

A folder holds a file that is locked while its owner lives: one with an unlocked file was left by a kill.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from dyvim_cli.atomic import locked
from dyvim_cli.errors import EnvironmentFault, cannot_write

PREFIX, LOCK = "dyvim-", ".dyvim-lock"
NAME = re.compile(r"dyvim-[a-z0-9_-]*[a-z0-9_]{8}")


@contextmanager
def scratch_folder(prefix: str = PREFIX) -> Iterator[Path]:
    """Give a new folder in TMPDIR; it is removed afterwards, whatever happens.

    Args:
        prefix: how its name begins; it must begin with PREFIX.

    Yields:
        The folder.

    Raises:
        EnvironmentFault: no folder for temporary files can be written to, or its disk is full.
    """
    remove_abandoned()
    try:
        folder = tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True)
    except FileNotFoundError as error:  # tempfile's word for: none of the places takes a file
        hint = "free some space, or name a folder: TMPDIR=..."
        raise EnvironmentFault("no folder for temporary files can be written to", hint) from error
    except OSError as error:
        raise cannot_write(f"to {tempfile.gettempdir()}", error) from error
    lock = _locked_for_us(Path(folder.name))
    try:
        yield Path(folder.name)
    finally:
        if lock is not None:
            lock.close()
        try:
            folder.cleanup()
        except KeyboardInterrupt:  # in the midst of it
            folder.cleanup()
            raise


def _locked_for_us(folder: Path) -> BinaryIO | None:
    """The folder's open, locked file; None on a file system without locks."""
    with suppress(OSError):
        unlocked = folder / (LOCK + ".new")
        unlocked.touch()
        if lock := locked(unlocked):
            unlocked.replace(folder / LOCK)  # never seen without its lock
        return lock
    return None


def remove_abandoned() -> tuple[int, int]:
    """Remove the folders that killed runs of this user left in TMPDIR.

    Returns:
        (folders, bytes).
    """
    removed, freed = 0, 0
    for folder in _ours():
        with suppress(OSError):
            lock = locked(folder / LOCK)
            if lock is None:
                continue
            with lock:
                freed += sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
                shutil.rmtree(folder, ignore_errors=True)
            removed += 1
    return removed, freed


def _ours() -> Iterator[Path]:
    """Folders in TMPDIR that dyvim made as this user, known by their names and content."""
    with suppress(OSError), os.scandir(tempfile.gettempdir()) as found:
        for entry in found:
            if not NAME.fullmatch(entry.name) or not entry.is_dir(follow_symlinks=False):
                continue
            is_own = not hasattr(os, "getuid") or entry.stat(follow_symlinks=False).st_uid == os.getuid()
            if is_own and os.path.isfile(os.path.join(entry.path, LOCK)):
                yield Path(entry.path)

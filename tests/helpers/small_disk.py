"""Small disks that fill up, for tests that need a real one."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(place: Path, kilobytes: int, n_files: int = 0) -> Iterator[Path]:
    """A disk of this size for so many files (0: any number), mounted at `place`.

    The test is skipped where no disk may be mounted.
    """
    place.mkdir()
    if shutil.which("mount") is None or not hasattr(os, "getuid") or os.getuid() != 0:
        pytest.skip("no disk can be mounted here")
    mount = [
        "mount",
        "-t",
        "tmpfs",
        "-o",
        f"size={kilobytes}k" + (f",nr_inodes={1 + n_files}" if n_files else ""),
        "tmpfs",
        str(place),
    ]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def fill(folder: Path, leave_kilobytes: int = 0) -> None:
    """Fill a small disk up to a given rest."""
    free = shutil.disk_usage(folder).free - 1024 * leave_kilobytes
    (folder / "filling").write_bytes(bytes(max(0, free)))

"""Files appear whole or not at all, and what a kill leaves behind goes at the next write."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers.small_disk import fill, small_disk

from dyvim_cli import atomic, scratch
from dyvim_cli.errors import EnvironmentFault, OutputError

POSIX = pytest.mark.skipif(os.name == "nt", reason="files cannot be locked so")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_has_its_name_once_it_is_whole(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with atomic.written(path) as part:
        part.write_text("new")
        assert path.read_text() == "old" and part.parent == tmp_path and part.name.startswith(".")
    assert path.read_text() == "new" and names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt])
def test_a_write_that_fails_leaves_all_as_it_was(tmp_path, fault):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(fault), atomic.written(path) as part:
        part.write_text("half")
        raise fault
    assert path.read_text() == "old" and names(tmp_path) == ["a.txt"]


def test_a_failure_of_the_disk_names_the_file_and_a_folder_that_is_missing_is_the_outputs_fault(tmp_path):
    with pytest.raises(EnvironmentFault, match="a.txt: the disk is full"), atomic.written(tmp_path / "a.txt"):
        raise OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(OutputError, match="a.txt"):
        atomic.write_text(tmp_path / "none" / "a.txt", "")
    with pytest.raises(ValueError, match="mine"), atomic.written(tmp_path / "a.txt"):
        raise ValueError("mine")
    assert names(tmp_path) == []


def test_texts_take_names_that_are_no_utf8(tmp_path):
    atomic.write_text(tmp_path / "a.txt", "a\udcff")
    assert (tmp_path / "a.txt").read_bytes() == b"a\\udcff"


def test_a_full_disk_keeps_the_old_file(tmp_path):
    with small_disk(tmp_path / "disk", 200) as disk:
        atomic.write_text(disk / "a.txt", "old")
        fill(disk, leave_kilobytes=20)
        with pytest.raises(EnvironmentFault, match="full"):
            atomic.write_bytes(disk / "a.txt", bytes(100_000))
        assert (disk / "a.txt").read_text() == "old" and names(disk) == ["a.txt", "filling"]


KILLED = """
import os, signal, sys, time
from pathlib import Path
from dyvim_cli import atomic, scratch
with scratch.scratch_folder() as folder, atomic.written(Path(sys.argv[1])) as part:
    part.write_text("half"); (folder / "music.wav").write_text("half")
    print(part.name, folder, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def writer(tmp_path):
    """A process that is in the midst of writing `tmp_path`/a.txt, its part and its folder in TMPDIR."""
    (tmp_path / "tmp").mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path / "a.txt")],
        stdout=subprocess.PIPE, text=True, env=os.environ | {"TMPDIR": str(tmp_path / "tmp")},
    )  # fmt: skip
    part, folder = process.stdout.readline().split()
    yield process, tmp_path / part, Path(folder)
    process.kill()
    process.wait()


@POSIX
def test_what_a_kill_left_goes_at_the_next_write_and_nothing_that_is_in_use(writer, tmp_path, monkeypatch):
    process, part, folder = writer
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    foreign = [tmp_path / ".a.b.part", tmp_path / ".a.mp4.part", tmp_path / ".b.dyvim-0123456789ab.part"]
    own = tmp_path / "tmp" / "dyvim-mywork1"  # looks like ours, and is not
    own.mkdir(), [path.touch() for path in foreign]
    atomic.write_text(tmp_path / "a.txt", "new")
    assert scratch.remove_abandoned() == (0, 0)
    assert part.exists() and folder.exists()  # its writer lives
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert part.exists() and folder.exists()
    atomic.write_text(tmp_path / "a.txt", "newer")
    assert not part.exists() and all(path.exists() for path in foreign)
    with scratch.scratch_folder():
        assert not folder.exists()
    assert names(tmp_path / "tmp") == ["dyvim-mywork1"]


@POSIX
def test_cache_clean_removes_what_kills_left(writer, tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from dyvim_cli.cli.main import app

    process, _, folder = writer
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    monkeypatch.setenv("DYVIM_CACHE", str(tmp_path / "cache"))
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = CliRunner().invoke(app, ["cache", "clean"])
    assert done.exit_code == 0 and not folder.exists() and "1 folders" in done.stderr


def test_parts_are_judged_by_age_where_files_cannot_be_locked(tmp_path, monkeypatch):
    monkeypatch.setattr(atomic, "fcntl", None)
    old, new = (tmp_path / f".a.dyvim-{letter * 12}.part" for letter in "ab")
    for part, age_s in ((old, 2 * 86400), (new, 60)):
        part.touch()
        os.utime(part, (time.time() - age_s,) * 2)
    atomic.write_text(tmp_path / "a.txt", "")
    assert names(tmp_path) == [new.name, "a.txt"]


def test_no_place_for_temporary_files_is_the_machines_fault(monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr(
        "tempfile._get_default_tempdir", lambda: (_ for _ in ()).throw(FileNotFoundError(2, "no usable"))
    )
    with pytest.raises(EnvironmentFault, match="temporary"), scratch.scratch_folder():
        pass

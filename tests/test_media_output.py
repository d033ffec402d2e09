"""Output: names, and nothing half-written, whatever happens."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from helpers.media_films import make_film

from dyvim_cli.atomic import together
from dyvim_cli.errors import ExitCode, InputError, OutputError, UsageError
from dyvim_cli.media import ffmpeg as runner
from dyvim_cli.media.mux import mux
from dyvim_cli.media.output import check_folder, check_output, commit, film_extension, output_path
from dyvim_cli.media.probe import probe
from dyvim_cli.options import Loudness


def test_default_name_stands_beside_the_film(tmp_path):
    film = tmp_path / "clip.one.mp4"
    assert output_path(film, "h264") == tmp_path / "clip.one.dyvim.mp4"
    assert output_path(film, "h264", tmp_path) == tmp_path / "clip.one.dyvim.mp4"
    assert output_path(film, "h264", f"{tmp_path}/new/") == tmp_path / "new" / "clip.one.dyvim.mp4"


def test_names_stay_as_long_as_a_file_system_takes(tmp_path):
    for stem in ("n" * 250, "\u00fc" * 125):
        path = output_path(tmp_path / f"{stem}.mp4", "h264")
        assert 253 <= len(os.fsencode(path.name)) <= 255 and path.name.endswith(".dyvim.mp4")
        with commit(path) as part:
            part.write_bytes(b"x")
        with pytest.raises(OutputError, match="too long"):
            check_output(tmp_path / f"{stem}123456.mp4")


def test_an_option_is_no_file(tmp_path, monkeypatch):
    """`--midi --overwrite` means a forgotten name, not a file that is called so."""
    monkeypatch.chdir(tmp_path)
    for check in (check_output, check_folder):
        with pytest.raises(UsageError, match="--overwrite is in the place"):
            check(Path("--overwrite"))
        check(tmp_path / "--overwrite")


def test_templates_and_missing_extensions(tmp_path):
    film = tmp_path / "clip.MOV"
    path = output_path(film, "h264", "{stem}-{style}-{seed}", style="jazz", seed=7)
    assert path.name == "clip-jazz-7.mov"
    assert output_path(film, "h264", "a.mkv").name == "a.mkv"
    assert output_path(film, "h264", "take 1.5").name == "take 1.5.mov"
    for wrong in ("{nothing}.mp4", "{.mp4", "song.wav", "song.mp3", "-", os.devnull):
        with pytest.raises(UsageError):
            output_path(film, "h264", wrong)


@pytest.mark.parametrize(
    ("name", "codec", "expected"),
    [
        ("a.mp4", "h264", ".mp4"), ("a.MKV", "av1", ".mkv"), ("a.webm", "vp9", ".webm"),
        ("a.avi", "mpeg4", ".avi"), ("a.m2ts", "h264", ".m2ts"), ("a.gif", "gif", ".mp4"),
        ("a.flv", "h264", ".mp4"), ("a.wmv", "wmv3", ".mkv"), ("a", "h264", ".mp4"),
        ("a.mov", "av1", ".mp4"), ("a.mp4", "vp8", ".mkv"), ("a.mov", "", ".mov"),
    ],
)  # fmt: skip
def test_containers_are_kept_or_replaced_by_one_that_fits(name, codec, expected):
    assert film_extension(name, codec) == expected


def test_commit_writes_whole_or_not_at_all(tmp_path):
    path = tmp_path / "out.mp4"
    with commit(path) as part:
        assert part.parent == tmp_path and part.name.startswith(".") and part.suffix == ".part"
        part.write_bytes(b"film")
        assert not path.exists()
    assert path.read_bytes() == b"film"
    assert path.stat().st_mode & 0o777 == 0o666 & ~_umask()
    for trouble in (ValueError, KeyboardInterrupt):
        with pytest.raises(trouble), commit(path, overwrite=True) as part:
            part.write_bytes(b"half")
            raise trouble
    assert path.read_bytes() == b"film" and [p.name for p in tmp_path.iterdir()] == ["out.mp4"]


def test_files_of_a_group_appear_together_or_not_at_all(tmp_path):
    def write_both(trouble=None):
        with together() as group:
            for name in ("a", "b"):
                with commit(tmp_path / name, group=group) as part:
                    part.write_bytes(b"whole")
                assert not (tmp_path / name).exists()
            if trouble:
                raise trouble

    with pytest.raises(KeyboardInterrupt):
        write_both(KeyboardInterrupt)
    assert not list(tmp_path.iterdir())
    write_both()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b"]


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_what_must_not_be_written(tmp_path):
    film = tmp_path / "in.mp4"
    film.write_bytes(b"film")
    linked, soft = tmp_path / "linked.mp4", tmp_path / "soft.mp4"
    os.link(film, linked)
    soft.symlink_to(film)
    for path in (film, linked, soft):
        with pytest.raises(OutputError, match="input itself"):
            check_output(path, inputs=(film,), overwrite=True)
    with pytest.raises(OutputError, match="exists already") as caught:
        check_output(film)
    assert "--overwrite" in caught.value.hint and caught.value.exit_code == ExitCode.OUTPUT
    with pytest.raises(OutputError, match="does not exist"):
        check_output(tmp_path / "no" / "out.mp4")
    with pytest.raises(OutputError, match="is a folder"):
        check_output(tmp_path, overwrite=True)


@pytest.mark.skipif(sys.platform == "win32" or os.getuid() == 0, reason="root may write anywhere")
def test_folders_that_are_not_writable(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="not writable"):
        check_output(tmp_path / "out.mp4")


def test_a_folder_is_tried_and_left_as_it_was(tmp_path, monkeypatch):
    """Several processes may ask for one folder at once: made and removed it would be missed by the others."""
    made, mkdir = [], os.mkdir
    monkeypatch.setattr(os, "mkdir", lambda path, *mode: (made.append(Path(path)), mkdir(path, *mode))[1])
    check_folder(tmp_path / "new" / "deep")
    assert len(made) == 1 and made[0].parent == tmp_path and made[0].name != "new"
    assert not list(tmp_path.iterdir())
    (tmp_path / "file").touch()
    for bad, says in ((tmp_path / "file" / "x", "file is a file"), (tmp_path / ("x" * 300), "too long")):
        with pytest.raises(OutputError, match=says):
            check_folder(bad)


MUX_FOREVER = """
import sys, numpy as np
from dyvim_cli.cli.interrupts import raise_interrupts
from dyvim_cli.media.probe import probe
from dyvim_cli.media import mux_writing as module
from dyvim_cli.media.mux import mux
import signal
raise_interrupts()
signal.signal(signal.SIGINT, signal.default_int_handler)  # though what started the tests may ignore it
film = probe(sys.argv[1])
# -re makes ffmpeg take as long as the film plays
run = module.run
module.run = lambda args, *rest, **named: run([args[0], "-re", *args[1:]], *rest, **named)
mux(film, (np.zeros((48000, 2), np.float32), 48000), sys.argv[2], keep_audio="drop")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_killed_mux_leaves_nothing(tmp_path, how):
    film = make_film(tmp_path, ".mp4", sound=None, seconds=30)
    out = tmp_path / "results"
    out.mkdir()
    call = [sys.executable, "-c", MUX_FOREVER, film, out / "o.mp4"]
    job = subprocess.Popen(call, stderr=subprocess.DEVNULL)
    while not any(p.stat().st_size for p in out.iterdir()) and job.poll() is None:
        time.sleep(0.05)  # until ffmpeg writes
    job.send_signal(how)
    assert job.wait() != 0
    assert not list(out.iterdir())


def test_ffmpegs_own_reason_is_told(tmp_path):
    import ffmpeg

    words = tmp_path / "words.mp4"
    words.write_text("no film")
    output = ffmpeg.output(ffmpeg.input(runner.file_url(words)), "-", f="null")
    with pytest.raises(OutputError, match="cannot try: .*Invalid data found") as caught:
        runner.run(runner.command(output), "cannot try", error=OutputError)
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("gone", "when"), [("film", "mix level"), ("folder", "mix level"), ("folder", "mux")]
)
def test_a_disk_that_is_pulled_out_meanwhile_is_said_as_what_it_is(tmp_path, gone, when):
    film = make_film(tmp_path, ".mp4", seconds=1)
    info, out = probe(film), tmp_path / "out"
    out.mkdir()

    class PullsOut:
        """Takes the film or the folder away when the film is about to be written, or has been."""

        def update(self, stage: str, done: float, total: float) -> None:
            if stage == when and (when == "mix level" or done >= total):
                return (
                    film.unlink(missing_ok=True) if gone == "film" else shutil.rmtree(out, ignore_errors=True)
                )

    music = (np.full((48_000, 2), 0.1, np.float32), 48_000)
    with pytest.raises(InputError if gone == "film" else OutputError, match="has gone") as raised:
        mux(info, music, out / "o.mp4", keep_audio="drop", loudness=Loudness(-14.0), progress=PullsOut())
    assert "disk" in raised.value.hint

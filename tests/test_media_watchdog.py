"""An ffmpeg without progress is ended; a slow one, or one whose output is not read, is not."""

import os
import sys
import time

import ffmpeg
import pytest
from conftest import run_ffmpeg

from dyvim_cli.errors import EnvironmentFault, InputError, OutputError
from dyvim_cli.media import programs, watchdog
from dyvim_cli.media.ffmpeg import command, file_url, run, stream
from dyvim_cli.media.programs import find_ffmpeg

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-ins are shell scripts")


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(watchdog, "LOOK_EVERY_S", 0.1)
    monkeypatch.setattr(watchdog, "STILL_LIMIT_S", 2.0)
    monkeypatch.setattr(watchdog, "STILL_LIMIT_BUSY_S", 1.0)


def stand_in(folder, script: str) -> str:
    """A program that does something else than ffmpeg."""
    path = folder / "ffmpeg"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize("script", ["exec sleep 600", "exec 1>&-; exec sleep 600"])
def test_an_ffmpeg_that_waits_for_ever_is_ended(tmp_path, script):
    with pytest.raises(InputError, match="cannot read x: ffmpeg got no further"):
        list(stream([stand_in(tmp_path, script)], "cannot read x"))


@pytest.mark.skipif(sys.platform != "linux", reason="processor time is not seen here")
def test_an_ffmpeg_that_goes_round_in_circles_is_ended_by_its_own_time(tmp_path, monkeypatch):
    monkeypatch.setattr(watchdog, "STILL_LIMIT_S", 600.0)
    with pytest.raises(InputError, match="got no further"):
        list(stream([stand_in(tmp_path, "while :; do :; done")], "cannot read x"))


def test_reports_that_say_the_same_again_are_no_progress(tmp_path):
    script = "while :; do echo out_time_us=5; echo progress=continue; sleep 0.2; done"
    with pytest.raises(InputError, match="got no further"):
        run([stand_in(tmp_path, script)], "cannot write x", error=OutputError)


def test_reports_that_get_on_are_progress(tmp_path):
    script = "for i in 1 2 3 4 5 6 7 8; do echo out_time_us=$i; sleep 0.5; done"
    heard = []
    run([stand_in(tmp_path, script)], "cannot read x", on_time=heard.append)
    assert heard[-1] == pytest.approx(8e-6)


def test_nobody_is_blamed_for_a_reader_that_takes_its_time(tmp_path):
    chunks = stream([stand_in(tmp_path, "yes | head -c 4000000")], "cannot read x", chunk_bytes=4096)
    first = next(chunks)
    time.sleep(4)
    assert len(first) + sum(map(len, chunks)) == 4_000_000


@pytest.mark.skipif(sys.platform != "linux", reason="places in files are not seen here")
def test_reading_on_without_a_word_is_progress(tmp_path):
    film = tmp_path / "film.mkv"
    run_ffmpeg("-f", "lavfi", "-i", "testsrc2=s=320x180:r=10:d=6", "-c:v", "rawvideo", str(film))
    picture = ffmpeg.input(file_url(film), re=None)["v"].filter("trim", start=5.5)
    assert b"".join(stream(command(ffmpeg.output(picture, "pipe:1", f="rawvideo")), "cannot read"))


@pytest.mark.parametrize("script", ["exit 0", "echo hello", "exec sleep 600", "exit 3"])
def test_what_is_no_ffmpeg_is_not_run(tmp_path, monkeypatch, script):
    monkeypatch.setattr(programs, "ANSWER_LIMIT_S", 2.0)
    monkeypatch.setenv("DYVIM_FFMPEG", stand_in(tmp_path, script))
    with pytest.raises(EnvironmentFault) as caught:
        find_ffmpeg()
    assert str(tmp_path / "ffmpeg") in caught.value.message and "DYVIM_FFMPEG" in caught.value.hint

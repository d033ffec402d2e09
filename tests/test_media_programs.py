"""Choice of ffmpeg: by environment, path and package; refused when it is too old or missing."""

import os
import stat
import sys

import ffmpeg
import pytest
from conftest import dyvim

from dyvim_cli.errors import EnvironmentFault, ExitCode
from dyvim_cli.media import programs
from dyvim_cli.media.ffmpeg import command

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the programs are shell scripts")


def program(folder, version: str, libavutil: str):
    """A program that says it is an ffmpeg of some age."""
    path = folder / "ffmpeg"
    path.write_text(f"#!/bin/sh\necho 'ffmpeg version {version} Copyright'\necho 'libavutil {libavutil}'\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_ffmpeg_is_found_by_environment_then_path_then_package(tmp_path, monkeypatch):
    own = program(tmp_path, "5.1.9", "57. 28.100 / 57. 28.100")
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("DYVIM_FFMPEG", raising=False)
    bundled = programs.find_ffmpeg()
    assert os.path.isfile(bundled) and programs.newer_ffmpeg() is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert programs.find_ffmpeg() == str(own)
    assert programs.newer_ffmpeg() == bundled
    monkeypatch.setenv("DYVIM_FFMPEG", bundled)
    assert programs.find_ffmpeg() == bundled
    monkeypatch.setenv("DYVIM_FFMPEG", str(tmp_path / "none"))
    with pytest.raises(EnvironmentFault, match="DYVIM_FFMPEG"):
        programs.find_ffmpeg()


def test_what_is_older_than_5_1_is_refused_with_the_way_out(tmp_path, monkeypatch):
    monkeypatch.delenv("DYVIM_FFMPEG", raising=False)  # `make test-media FFMPEG=bundled` sets it
    old = program(tmp_path, "4.4.2-0ubuntu0.22.04.1", "56. 70.100 / 56. 70.100")
    done = dyvim("doctor", DYVIM_FFMPEG=str(old), PATH="")
    assert done.returncode == ExitCode.ENVIRONMENT
    assert f"FAIL  ffmpeg: ffmpeg 4.4.2-0ubuntu0.22.04.1 at {old} is older than 5.1" in done.stdout
    assert "-> unset DYVIM_FFMPEG\n" in done.stdout
    on_path = dyvim("doctor", PATH=str(tmp_path))
    assert f"-> export DYVIM_FFMPEG={programs.bundled_ffmpeg()}\n" in on_path.stdout


def test_doctor_names_the_version_and_what_helps_out(tmp_path):
    here = program(tmp_path, "5.1.9-0+deb12u1", "57. 28.100 / 57. 28.100")
    said = dyvim("doctor", DYVIM_FFMPEG=str(here)).stdout
    newer = programs.ffmpeg_version(programs.bundled_ffmpeg())
    assert f"ok    ffmpeg: ffmpeg 5.1.9-0+deb12u1 at {here}; {newer} for what it cannot\n" in said


def test_what_does_not_answer_as_ffmpeg_is_none(tmp_path, monkeypatch):
    silent = tmp_path / "ffmpeg"
    silent.write_text("#!/bin/sh\n")
    silent.chmod(0o755)
    monkeypatch.setenv("DYVIM_FFMPEG", str(silent))
    with pytest.raises(EnvironmentFault, match="does not answer as ffmpeg"):
        programs.find_ffmpeg()


def test_small_numbers_are_written_as_decimals():
    silence = ffmpeg.input("anullsrc", f="lavfi", t=2.5e-5)
    faded = silence.filter("afade", start_time=1 - 0.9999999999999998, duration=1e-3)
    graph = command(ffmpeg.output(faded, "file:take 1e-5.wav", ss=3e-7))
    text = " ".join(graph)
    assert "start_time=0.000000000" in text and "-t 0.000025000" in text and "-ss 0.000000300" in text
    assert graph[-1] == "file:take 1e-5.wav"

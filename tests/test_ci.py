"""Continuous integration runs the whole suite, then the media tests with another ffmpeg."""

import shutil
import subprocess
import sys

import pytest
from conftest import ROOT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
NEEDED = ("bash", "dirname", "timeout", "env")


@pytest.fixture
def machine(tmp_path):
    """Run .ci/run on a machine that has these programs alone: (exit code, what was run, what was said)."""
    programs, log = tmp_path / "bin", tmp_path / "log"
    programs.mkdir()

    def put(name: str, script: str) -> None:
        (programs / name).write_text(f'#!/bin/sh\necho "{name} $*" >> {log}\n{script}\n')
        (programs / name).chmod(0o755)

    def run(**others: str) -> tuple[int, list[str], str]:
        for name in NEEDED:
            (programs / name).symlink_to(shutil.which(name))
        there = {"make": "", "chromium": "", "espeak-ng": "", "id": "echo 0"} | others
        for name, script in there.items():
            put(name.replace("_", "-"), script)
        environment = {"PATH": str(programs), "HOME": str(tmp_path), "DYVIM_FFMPEG": "/of/the/developer"}
        done = subprocess.run([ROOT / ".ci" / "run"], env=environment, capture_output=True, text=True)
        return done.returncode, log.read_text().splitlines(), done.stderr

    place, make_runnable = programs / "ffmpeg", f"{shutil.which('chmod')} +x"
    run.installs = f'case "$*" in *install*ffmpeg) : > {place}; {make_runnable} {place};; esac'
    return run


def test_without_ffmpeg_the_second_pass_is_with_the_systems(machine):
    code, ran, said = machine(apt_get=machine.installs)
    made = [line for line in ran if line.startswith(("make", "apt-get"))]
    assert (code, said) == (0, "")
    assert made[0] == "make test" and made[-1] == "make test-media"
    assert [" update" in made[1], made[2].endswith("ffmpeg"), len(made)] == [True, True, 4]


def test_with_an_ffmpeg_the_second_pass_is_with_the_bundled_one(machine):
    code, ran, said = machine(ffmpeg="")
    assert (code, said) == (0, "")
    assert [line for line in ran if line.startswith("make")] == [
        "make test",
        "make test-media FFMPEG=bundled",
    ]


@pytest.mark.parametrize("others", [{"apt_get": "exit 100"}, {}, {"apt_get": "", "id": "echo 1000"}])
def test_what_apt_cannot_bring_is_said(machine, others):
    code, ran, said = machine(**others)
    assert code == 0 and [line for line in ran if line.startswith("make")] == ["make test"]
    assert said.splitlines()[-1].startswith("SKIPPED: the media tests with the system's ffmpeg")


def test_a_test_that_fails_fails_the_run(machine):
    code, ran, _ = machine(make="exit 2", ffmpeg="")
    assert code == 2 and "make test-media FFMPEG=bundled" not in ran

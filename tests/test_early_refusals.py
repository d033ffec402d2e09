"""Faults that make a run impossible are reported before any work: an old ffmpeg, a missing CLIP."""

import json
import os
import stat
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT, dyvim
from helpers.media_films import make_film

from dyvim_cli.errors import ExitCode
from dyvim_cli.media.programs import bundled_ffmpeg
from dyvim_cli.media.sound import write_audio

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the program is a shell script")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with a film of two seconds, music, and an ffmpeg that is too old."""
    folder = tmp_path_factory.mktemp("made")
    make_film(folder, ".mp4", seconds=2)
    write_audio(folder / "music.wav", np.zeros((48_000, 2), np.float32), 48_000)
    program = folder / "ffmpeg"
    program.write_text("#!/bin/sh\necho 'ffmpeg version 4.3.1 Copyright'\necho 'libavutil      56. 51.100'\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return folder


def refused(done, code: ExitCode) -> tuple[str, str]:
    """The two lines of an error, which must be all that was said."""
    assert done.returncode == code and done.stdout == "", done.stderr
    what, way_out = done.stderr.splitlines()
    assert what.startswith("error: ") and way_out.startswith("try: ")
    return what, way_out


def test_doctor_refuses_an_old_ffmpeg_with_the_way_out(made):
    done = dyvim("doctor", PATH=str(made))
    assert done.returncode == ExitCode.ENVIRONMENT
    assert f"FAIL  ffmpeg: ffmpeg 4.3.1 at {made / 'ffmpeg'} is older than 5.1" in done.stdout
    assert f" -> export DYVIM_FFMPEG={bundled_ffmpeg()}\n" in done.stdout


@pytest.mark.parametrize("verb", ["score", "mux", "extract-frames", "generate", "batch"])
def test_an_old_ffmpeg_is_refused_before_any_work(made, tmp_path, verb):
    film, output = made / "film.mp4", tmp_path / ("music.mp3" if verb == "generate" else "out")
    music = [made / "music.wav"] if verb == "mux" else []
    done = dyvim(verb, film, *music, "-o", output, PATH=str(made))
    what, way_out = refused(done, ExitCode.ENVIRONMENT)
    assert "ffmpeg 4.3.1" in what and "older than 5.1" in what
    assert way_out == f"try: export DYVIM_FFMPEG={bundled_ffmpeg()}"
    assert list(tmp_path.iterdir()) == []


def no_clip(folder, kind: str):
    """A folder that is no CLIP, and why."""
    place = folder / "clip"
    if kind == "missing":
        return place, "no such folder"
    if kind == "file":
        place.touch()
        return place, "a file, not a folder"
    place.mkdir()
    if kind == "empty":
        return place, "holds no model"
    (place / "config.json").write_text(json.dumps({"model_type": "bert" if kind == "other" else "clip"}))
    return place, "of the kind bert" if kind == "other" else "holds no weights"


@pytest.mark.parametrize(
    ("verb", "kind"),
    [
        ("score", "missing"),
        ("batch", "empty"),
        ("generate", "other"),
        ("extract-features", "bare"),
        ("plan", "file"),
    ],
)
def test_a_clip_that_is_not_there_is_said_before_any_work(made, tmp_path, verb, kind):
    place, reason = no_clip(tmp_path, kind)
    there = set(tmp_path.rglob("*"))
    output = (
        [] if verb == "extract-features" else ["-o", tmp_path / ("m.wav" if verb == "generate" else "out")]
    )
    done = dyvim(verb, made / "film.mp4", *output, DYVIM_CLIP=str(place))
    what, way_out = refused(done, ExitCode.WEIGHTS)
    assert what.startswith(f"error: DYVIM_CLIP={place}: ") and reason in what
    assert "DYVIM_CLIP=clip" in way_out and set(tmp_path.rglob("*")) == there


@pytest.fixture
def misfit(tmp_path):
    """Environment with a torchvision of another torch, as pip pairs them from two indexes."""
    (tmp_path / "torchvision").mkdir()
    (tmp_path / "torchvision" / "__init__.py").write_text(
        "raise RuntimeError('operator torchvision::nms does not exist')\n"
    )
    return {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}


def test_a_torchvision_of_another_torch_is_said_by_doctor(misfit):
    done = dyvim("doctor", **misfit)
    assert done.returncode == ExitCode.ENVIRONMENT, done.stderr
    said = done.stdout + done.stderr
    assert "torchvision does not work with torch" in said and "torchvision::nms" in said
    assert "pip install --force-reinstall torch torchvision" in said


def test_a_torchvision_of_another_torch_keeps_no_film_from_its_music(made, tmp_path, misfit):
    done = dyvim("score", made / "film.mp4", "-o", tmp_path / "out.mp4", "--no-cache", **misfit)
    assert done.returncode == ExitCode.OK, done.stderr
    assert (tmp_path / "out.mp4").exists()


def test_the_first_frame_is_decoded_before_torch_and_the_composer_are_loaded(made):
    program = (
        "import sys; from pathlib import Path; from dyvim_cli import pipeline, watching\n"
        "from dyvim_cli.media import decode\n"
        "scale, scaled = decode._Scaler.__call__, []\n"
        "decode._Scaler.__call__ = lambda *frame: scaled.append(frame) or scale(*frame)\n"
        "def begun():\n"
        "    assert scaled\n"
        "    late = {'torch', 'scipy', 'dyvim_cli.model.compose.score', 'dyvim_cli.vision.analysis'}\n"
        "    assert not late & set(sys.modules), late & set(sys.modules)\n"
        "    print('begun')\n"
        "watching.features_of(Path(sys.argv[1]), use_cache=False, begun=begun)"
    )
    command = [sys.executable, "-c", program, str(made / "film.mp4")]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == "begun\n"


def test_evaluate_names_the_extra_before_it_looks_at_the_film(made, monkeypatch, capsys):
    from dyvim_cli import evaluate
    from dyvim_cli.cli.main import app
    from dyvim_cli.errors import EnvironmentFault

    monkeypatch.setitem(sys.modules, "mir_eval", None)
    monkeypatch.setattr(
        "dyvim_cli.evaluation.judge.judge_film.visual_events", lambda film: pytest.fail("seen")
    )
    film = str(made / "film.mp4")
    for call in (lambda: app(["evaluate", film], standalone_mode=False), lambda: evaluate(film)):
        with pytest.raises(EnvironmentFault, match="mir_eval") as raised:
            call()
        assert raised.value.hint == 'pip install "dyvim[evaluate]"'
    assert capsys.readouterr() == ("", "")

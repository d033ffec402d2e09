"""Loss and sync over alpha of the audio-token path: `dyvim train alpha --backbone`, on a random MusicGen."""

import json

import numpy as np
import pytest
from conftest import FRACTAL, LIFE, MOVING, cut_film
from helpers.musicgen_tiny import extended
from typer.testing import CliRunner

from dyvim_cli.cli.main import app
from dyvim_cli.errors import UsageError
from dyvim_cli.evaluation.judge.audio_events import audio_events, read_sound
from dyvim_cli.evaluation.judge.sync import compare
from dyvim_cli.evaluation.judge.visual_events import visual_events
from dyvim_cli.model.conditioning.token_dynamics import TokenDynamics
from dyvim_cli.model.musicgen.adapter import save_adapter
from dyvim_cli.model.musicgen.loading import load_audio_model
from dyvim_cli.training.figures.findings import ALPHAS

pytest.importorskip("matplotlib")
PICTURES = 1280  # what the embedded image encoder says of a key frame


def dyvim(*arguments):
    return CliRunner().invoke(app, [*map(str, arguments)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """pairs/ of two films, film.mp4 to judge on, two adapters of the debug model: trained/, untrained/."""
    folder = tmp_path_factory.mktemp("alpha")
    (folder / "films").mkdir()
    for name, source in (("a", MOVING), ("b", LIFE)):
        cut_film(folder / "films" / f"{name}.mp4", source, seconds=1.2, audio="sine=frequency=330")
    done = dyvim("train", "prepare", folder / "films", "-o", folder / "pairs", "--backbone", "debug")
    assert done.exit_code == 0, (done.output, done.exception)
    cut_film(folder / "film.mp4", MOVING, FRACTAL, seconds=1.0)
    for name in ("trained", "untrained"):
        model = extended(
            load_audio_model("debug").musicgen, TokenDynamics.width, PICTURES, trained=name == "trained"
        )
        save_adapter(model, folder / name)
    return folder


def alpha(folder, *options):
    return dyvim("train", "alpha", folder / "pairs", "--backbone", "debug", "-o", folder / "out", *options)


def test_sync_over_alpha_is_that_of_the_films_that_score_makes(folder):
    done = alpha(folder, "--tuned", folder / "trained", "--film", folder / "film.mp4")
    assert done.exit_code == 0, (done.output, done.exception)
    assert {f.name for f in (folder / "out").iterdir()} == {
        f"{figure}.{kind}" for figure in ("alpha", "sync") for kind in ("txt", "json", "png")
    }
    losses, sync = (json.loads((folder / "out" / f"{name}.json").read_text()) for name in ("alpha", "sync"))
    assert [row["alpha"] for row in losses["alphas"]] == sync["alphas"] == list(ALPHAS)
    assert np.ptp([row["true"] for row in losses["alphas"]]) > 0.01
    assert "does not see" not in done.stderr
    found = {take["alpha"]: take["sync"] for take in sync["takes"]}
    assert found[0.0] != found[0.25] != found[1.0]
    picture = visual_events(folder / "film.mp4")
    for at in (0.25, 1.0):
        music = folder / f"{at}.wav"
        scored = dyvim(
            "generate", folder / "film.mp4", "-o", music, "--model", "debug", "--adapter", folder / "trained",
            "--alpha", at, "--seed", 0, "--candidates", 1,
        )  # fmt: skip
        assert scored.exit_code == 0, (scored.output, scored.exception)
        own = compare(picture, audio_events(*read_sound(music)), 0)
        assert found[at]["n_onsets"] == own.n_onsets > 0
        assert found[at]["motion_loudness"]["raw"] == pytest.approx(own.motion_loudness.raw, abs=0.02)


def test_films_are_not_judged_without_an_adapter_and_an_untrained_one_is_said(folder):
    refused = alpha(folder, "--film", folder / "film.mp4", "-o", folder / "none")
    assert isinstance(refused.exception, UsageError) and refused.exception.exit_code == 2
    assert "adapter" in refused.exception.message and "--tuned" in refused.exception.hint
    assert not (folder / "none").exists()
    done = alpha(folder, "--tuned", folder / "untrained", "--film", folder / "film.mp4")
    assert done.exit_code == 0 and "does not see the motion" in done.stderr

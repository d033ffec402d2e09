"""A score decoder of one's own, as a training leaves it, composes in place of the shipped one."""

import json
import shutil

import pytest
import torch
from conftest import FRACTAL, MOVING, cut_film
from typer.testing import CliRunner

from dyvim_cli import weights
from dyvim_cli.batch.fingerprint import weights_digest
from dyvim_cli.cli.main import app
from dyvim_cli.errors import UsageError, WeightsError
from dyvim_cli.model.score.checkpoint import load_decoder, save_decoder


@pytest.fixture(scope="module")
def short_film(tmp_path_factory):
    return cut_film(tmp_path_factory.mktemp("short") / "short.mp4", MOVING, FRACTAL, seconds=1.5)


def generated(film, out, *options):
    """Run `dyvim generate` for MIDI and music beside `out`."""
    ask = ["generate", film, "-o", out.with_suffix(".wav"), "--midi", out.with_suffix(".mid"), "--json"]
    done = CliRunner().invoke(app, [*map(str, ask), "--seed", "4", "--candidates", "1", *map(str, options)])
    return done


def test_a_trainings_folder_composes(short_film, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    shutil.copy(weights.embedded(weights.DECODER), run / "decoder.safetensors")
    for name, options in {"shipped": (), "same": ("--model", run)}.items():
        done = generated(short_film, tmp_path / name, *options)
        assert done.exit_code == 0, (done.output, done.exception)
    assert (tmp_path / "same.mid").read_bytes() == (tmp_path / "shipped.mid").read_bytes()
    assert json.loads(done.stdout)["model"] == str(run / "decoder.safetensors")
    learned = load_decoder(run / "decoder.safetensors")
    learned.head.weight = torch.nn.Parameter(learned.head.weight.flip(1))
    before = weights_digest(str(run / "decoder.safetensors"), None, None)
    save_decoder(learned, run / "decoder.safetensors")
    weights_digest.cache_clear()
    assert weights_digest(str(run / "decoder.safetensors"), None, None) != before
    generated(short_film, tmp_path / "other", "--model", run / "decoder.safetensors")
    assert (tmp_path / "other.mid").read_bytes() != (tmp_path / "shipped.mid").read_bytes()


def test_a_torn_one_or_words_for_it_are_refused(short_film, tmp_path):
    torn = tmp_path / "decoder.safetensors"
    torn.write_bytes(weights.embedded(weights.DECODER).read_bytes()[:-10])
    done = generated(short_film, tmp_path / "out", "--model", tmp_path)
    assert isinstance(done.exception, WeightsError) and "dyvim train" in done.exception.hint
    assert str(torn) in done.exception.message and not (tmp_path / "out.mid").exists()
    done = generated(short_film, tmp_path / "out", "--model", tmp_path, "--prompt", "calm")
    assert isinstance(done.exception, UsageError)
    gone = generated(short_film, tmp_path / "out", "--model", tmp_path / "gone.safetensors")
    assert isinstance(gone.exception, WeightsError)

"""A decoder trained from nothing on the tokens of the published EnCodecs: prepared, trained, heard."""

import json

import numpy as np
import pytest
import torch
from conftest import FRACTAL, MOVING, cut_film
from encodec import EncodecModel
from typer.testing import CliRunner

from dyvim_cli.cli.main import app
from dyvim_cli.errors import InputError, UsageError, WeightsError
from dyvim_cli.media.probe import probe
from dyvim_cli.media.sound_reading import read_audio
from dyvim_cli.model.musicgen import scratch
from dyvim_cli.model.musicgen.codec import ENCODEC_FILES
from dyvim_cli.training.films.film_pairs import load_films
from dyvim_cli.training.tasks import audio as tuning

KINDS = {"encodec_24khz": (24, 8, 75.0), "encodec_48khz": (48, 5, 151.5)}  # kHz, streams, frames a second


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    cut_film(folder / "a.mp4", MOVING, FRACTAL, seconds=0.6, audio="sine=frequency=330")
    cut_film(folder / "b.mp4", FRACTAL, seconds=1.0, audio="sine=frequency=220")
    return folder


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Files of random weights under the published names, put there by hand."""
    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    makers = {24: EncodecModel.encodec_model_24khz, 48: EncodecModel.encodec_model_48khz}
    for khz, make in makers.items():
        (folder / f"encodec-{khz}khz").mkdir()
        model = make(pretrained=False)
        with torch.no_grad():  # codewords among the encoder's outputs, else every sound gets the same one
            heard = model.encoder(torch.randn(1, model.channels, 32_000))[0].T
            for layer in model.quantizer.vq.layers:
                layer._codebook.embed.copy_(heard[torch.randint(len(heard), (1024,))])
        torch.save(model.state_dict(), folder / f"encodec-{khz}khz" / ENCODEC_FILES[khz])
    return folder


@pytest.fixture
def small(monkeypatch, weights):
    """A decoder of a few thousand weights, and the weights' folder."""
    monkeypatch.setenv("DYVIM_WEIGHTS_DIR", str(weights))
    monkeypatch.setenv("DYVIM_OFFLINE", "1")
    monkeypatch.setattr(scratch, "HIDDEN", 32)
    monkeypatch.setattr(scratch, "N_LAYERS", 2)


def command(*words):
    """Run the command line in this process; returns what it prints."""
    done = CliRunner().invoke(app, [str(word) for word in words])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.parametrize("name", KINDS)
def test_films_are_prepared_a_decoder_learns_and_scores(name, films, small, tmp_path):
    khz, n_streams, rate_hz = KINDS[name]
    pairs, out = tmp_path / "pairs", tmp_path / "own"
    facts = json.loads(command("train", "prepare", films, "-o", pairs, "--codec", name))
    assert facts["films"] == 2 and facts["failures"] == {}
    training, held_out, facts = load_films(pairs)
    assert facts["sample_rate"] == 1000 * khz and facts["cardinalities"][0] == 1024
    for film in training + held_out:
        streams, n_frames = film.codes.shape
        assert streams == n_streams and n_frames >= film.duration_s * rate_hz - 2
        assert len(np.unique(film.codes[0])) > 3  # its sound, not one token
    ask = ("--backbone", "scratch", "--updates", 2, "--batch-size", 1)
    learned = json.loads(command("train", "tune", pairs, "-o", out, *ask))
    assert learned["updates"] == 2 and learned["strategy"] == "full"
    changed = torch.nn.ModuleList([tuning.open_backbone(str(out / "backbone")).musicgen])
    assert changed[0].n_codebooks == n_streams
    film = tmp_path / "scored.mp4"
    model = ("--model", out / "backbone", "--adapter", out, "--candidates", 1)
    command("score", films / "a.mp4", "-o", film, *model, "--prompt", "calm piano", "--keep-audio", "drop")
    samples, rate = read_audio(film, 48_000)
    assert abs(len(samples) / rate - probe(film).duration_s) < 0.1 and np.abs(samples).max() > 1e-3


def test_films_of_one_codec_are_not_learned_from_with_another(films, small, tmp_path):
    own, other = tmp_path / "own", tmp_path / "debug"
    command("train", "prepare", films, "-o", own, "--codec", "encodec_24khz")
    with pytest.raises(InputError, match="another codec"):
        tuning.learner(own, "debug")
    command("train", "prepare", films, "-o", other, "--backbone", "debug")
    with pytest.raises(InputError, match="own codec"):
        command("train", "tune", other, "-o", tmp_path / "run", "--backbone", "scratch", "--updates", 1)
    with pytest.raises(UsageError, match="--strategy lora"):
        command("train", "tune", own, "-o", own, "--backbone", "scratch", "--strategy", "lora")


def test_a_codec_that_is_not_here_says_how_to_get_it(films, tmp_path, monkeypatch):
    monkeypatch.setenv("DYVIM_WEIGHTS_DIR", str(tmp_path))
    monkeypatch.setenv("DYVIM_OFFLINE", "1")
    with pytest.raises(WeightsError) as error:
        command("train", "prepare", films, "-o", tmp_path / "pairs", "--codec", "encodec_48khz")
    assert "dyvim weights pull encodec-48khz" in error.value.hint
    (tmp_path / scratch.CODEC_FILE).write_text('{"codec": "mp3"}')
    with pytest.raises(WeightsError, match="names no codec"):
        scratch.codec_of_checkpoint(tmp_path)

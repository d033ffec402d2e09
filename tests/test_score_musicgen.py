"""The audio-token path as a user goes it, on a random MusicGen that is made on the spot."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import FRACTAL, MOVING, cut_film
from helpers.musicgen_tiny import extended
from typer.testing import CliRunner

from dyvim_cli.cli.main import app
from dyvim_cli.errors import UsageError, WeightsError
from dyvim_cli.media.sound_reading import read_audio
from dyvim_cli.model.conditioning.token_dynamics import TokenDynamics
from dyvim_cli.model.musicgen.adapter import load_adapter, save_adapter
from dyvim_cli.model.musicgen.debug import write_debug_checkpoint
from dyvim_cli.model.musicgen.loading import open_checkpoint
from dyvim_cli.model.score.checkpoint import load_tensors, save_tensors

PICTURES = 1280  # what the embedded image encoder says of a key frame


def dyvim(*arguments):
    return CliRunner().invoke(app, [*map(str, arguments)])


def succeed(*arguments):
    done = dyvim(*arguments)
    assert done.exit_code == 0, (done.output, done.exception)
    return done


@pytest.fixture(scope="module")
def short_film(tmp_path_factory) -> Path:
    """3 seconds, one cut in the middle."""
    return cut_film(tmp_path_factory.mktemp("short") / "short.mp4", MOVING, FRACTAL, seconds=1.5)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Path:
    return write_debug_checkpoint(tmp_path_factory.mktemp("checkpoint"), stereo=True, seed=3)


@pytest.fixture(scope="module")
def adapter(checkpoint, tmp_path_factory) -> Path:
    """A trained (random) adapter of the checkpoint."""
    model = open_checkpoint(checkpoint, "tiny", "cpu").musicgen
    folder = tmp_path_factory.mktemp("adapter")
    save_adapter(extended(model, TokenDynamics.width, PICTURES), folder, {"steps": 7})
    return folder


@pytest.fixture(scope="module")
def scored(short_film, tmp_path_factory):
    folder = tmp_path_factory.mktemp("scored")
    done = succeed(
        "score", short_film, "-o", folder / "out.mp4", "--model", "debug", "--seed", 5, "--json",
        "--candidates", 2, "--music", folder / "music.wav",
    )  # fmt: skip
    return json.loads(done.stdout), folder, done


def test_musicgen_as_it_comes_scores_a_film_and_says_so(scored, short_film):
    facts, folder, done = scored
    assert (folder / "out.mp4").is_file()
    samples, rate = read_audio(folder / "music.wav")
    assert abs(len(samples) / rate - facts["duration_s"]) < 0.001 and 3 <= facts["duration_s"] < 3.1
    assert np.abs(samples).max() > 0.05
    assert "does not see the motion" in done.stderr and "random" in done.stderr
    assert any("does not see the motion" in warning for warning in facts["warnings"])
    assert facts["model"] == "debug" and facts["key"] is None
    assert "BPM" in facts["prompt"] and facts["style"] in facts["prompt"]
    assert facts["take"] in (0, 1)
    assert abs(facts["speed"] - 1) <= 0.04 + 1e-6 and abs(facts["music_start_s"] - 0.75) <= 0.75
    cut = next(hit for hit in facts["hits"] if hit["kind"] == "cut")
    assert abs(cut["film_s"] - 1.5) < 0.03


def test_same_seed_same_sound_another_seed_another(scored, short_film, tmp_path):
    _, folder, _ = scored
    ask = ("generate", short_film, "--model", "debug", "--candidates", 2)
    succeed(*ask, "--seed", 5, "-o", tmp_path / "same.wav")
    other = succeed(*ask, "--seed", 6, "--tempo", 60, "--json", "-o", tmp_path / "other.wav")
    assert 42 < json.loads(other.stdout)["tempo_bpm"] < 85  # in doubt, the tempo that was requested
    same, _ = read_audio(tmp_path / "same.wav")
    first, _ = read_audio(folder / "music.wav")
    assert np.array_equal(same, first)
    assert not np.array_equal(read_audio(tmp_path / "other.wav")[0], first)


def test_a_folder_with_an_adapter_follows_the_film(short_film, checkpoint, adapter, tmp_path):
    ask = ("generate", short_film, "--model", checkpoint, "--adapter", adapter, "--seed", 1, "--json")
    ask = (*ask, "--candidates", 1, "--prompt", "calm piano", "--guidance", 1)
    done = succeed(*ask, "--alpha", 1, "-o", tmp_path / "moved.wav")
    facts = json.loads(done.stdout)
    assert facts["prompt"] == "calm piano" and facts["speed"] == 1 and facts["music_start_s"] == 0
    assert "does not see" not in done.stderr
    succeed(*ask, "--alpha", 0, "-o", tmp_path / "still.wav")
    moved, still = (read_audio(tmp_path / name)[0] for name in ("moved.wav", "still.wav"))
    assert not np.array_equal(moved, still)
    assert np.abs(moved[:, 0] - moved[:, 1]).max() > 0.01  # stereo


def test_an_adapter_of_another_backbone_is_refused(checkpoint, adapter, short_film, tmp_path):
    ask = ("generate", short_film, "-o", tmp_path / "m.wav", "--adapter", adapter, "--model", "debug")
    done = dyvim(*ask)  # mono
    assert isinstance(done.exception, WeightsError) and done.exception.exit_code == 4
    assert "another backbone" in done.exception.message and "--model" in done.exception.hint
    tensors, facts = load_tensors(adapter / "adapter.safetensors")
    (tmp_path / "old").mkdir()
    save_tensors(tensors, tmp_path / "old" / "adapter.safetensors", facts | {"motion_encoder": "another"})
    with pytest.raises(WeightsError, match="another motion encoder"):
        load_adapter(open_checkpoint(checkpoint, "tiny").musicgen, tmp_path / "old")
    narrow = json.dumps(json.loads(facts["config"]) | {"d_dynamics": 88})
    save_tensors(tensors, tmp_path / "old" / "adapter.safetensors", facts | {"config": narrow})
    with pytest.raises(WeightsError, match="88 numbers a token"):
        load_adapter(open_checkpoint(checkpoint, "tiny").musicgen, tmp_path / "old")
    sister = write_debug_checkpoint(tmp_path / "sister", stereo=True, seed=4)
    with pytest.raises(WeightsError, match="other weights of this backbone's shape"):
        load_adapter(open_checkpoint(sister, "tiny").musicgen, adapter)
    half = open_checkpoint(checkpoint, "tiny").musicgen
    half.backbone.bfloat16()
    load_adapter(half, adapter)  # the same, as a GPU holds it
    (tmp_path / "torn").mkdir()
    torn = tmp_path / "torn" / "adapter.safetensors"
    torn.write_bytes((adapter / "adapter.safetensors").read_bytes()[:-50])
    with pytest.raises(WeightsError, match="torn"):
        load_adapter(open_checkpoint(checkpoint, "tiny").musicgen, tmp_path / "torn")


def test_half_precision_leaves_the_codec_as_it_is_in_the_file(checkpoint, monkeypatch):
    from dyvim_cli.model.musicgen import loading

    whole = open_checkpoint(checkpoint, "tiny")
    monkeypatch.setattr(loading, "_precision", lambda where: torch.bfloat16)  # as on a GPU
    half, learns = open_checkpoint(checkpoint, "tiny"), open_checkpoint(checkpoint, "tiny", is_single=True)
    assert half.musicgen.weight.dtype == torch.bfloat16 and learns.musicgen.weight.dtype == torch.float32
    assert torch.equal(learns.musicgen.weight, whole.musicgen.weight)
    for name, weight in half.codec.model.state_dict().items():
        assert torch.equal(weight, whole.codec.model.state_dict()[name])
    assert half.codec.model is half.musicgen.backbone.audio_encoder


def test_an_adapter_is_small_and_comes_back_as_it_was(checkpoint, adapter):
    model = open_checkpoint(checkpoint, "tiny").musicgen
    assert load_adapter(model, adapter) == {"steps": 7}
    first = {name: value.clone() for name, value in model.adapter.state_dict().items()}
    backbone = sum(p.numel() for p in model.backbone.parameters())
    assert set(first) == {"extension.weight", "extension.gate", "pictures.weight"}
    again = extended(open_checkpoint(checkpoint, "tiny").musicgen, TokenDynamics.width, PICTURES)
    assert all(torch.equal(first[name], value) for name, value in again.adapter.state_dict().items())
    assert sum(value.numel() for value in first.values()) < backbone


@pytest.mark.parametrize(
    "damage",
    ["missing", "truncated", "no weights", "another model", "no words", "torn words", "a layer short"],
)
def test_a_damaged_checkpoint_ends_in_4_and_never_in_random_weights(damage, checkpoint, short_film, tmp_path):
    import shutil

    from safetensors.torch import load_file, save_file

    folder = tmp_path / "model"
    shutil.copytree(checkpoint, folder)
    weights = folder / "model.safetensors"
    if damage == "missing":
        folder = tmp_path / "empty"
        folder.mkdir()
    elif damage == "truncated":
        weights.write_bytes(weights.read_bytes()[:-1000])
    elif damage == "no weights":
        weights.unlink()
    elif damage == "another model":
        (folder / "config.json").write_text('{"model_type": "bert"}')
    elif damage == "no words":
        (folder / "tokenizer.json").unlink()
    elif damage == "torn words":
        (folder / "tokenizer.json").write_bytes((folder / "tokenizer.json").read_bytes()[:200])
    else:
        tensors = load_file(weights)
        tensors.pop("decoder.model.decoder.layers.1.fc1.weight")
        save_file(tensors, weights, {"format": "pt"})
    done = dyvim("generate", short_film, "-o", tmp_path / "m.wav", "--model", folder)
    assert isinstance(done.exception, WeightsError), done.exception
    assert done.exception.exit_code == 4 and str(folder) in done.exception.message and done.exception.hint
    assert not (tmp_path / "m.wav").exists()


def test_a_checkpoint_without_a_tokenizer_plays_without_words(checkpoint, short_film, tmp_path):
    """As save_pretrained leaves it when only the model was saved."""
    import shutil

    shutil.copytree(checkpoint, tmp_path / "model", ignore=shutil.ignore_patterns("tokenizer*"))
    ask = ("generate", short_film, "-o", tmp_path / "m.wav", "--model", tmp_path / "model", "--candidates", 1)
    done = dyvim(*ask)
    assert isinstance(done.exception, WeightsError) and '--prompt ""' in done.exception.hint
    succeed(*ask, "--prompt", "")
    assert (tmp_path / "m.wav").is_file()


def test_an_adapter_that_is_gone_or_torn_ends_in_4_with_what_mends_it(short_film, tmp_path):
    for folder in (tmp_path / "torn", tmp_path / "gone"):
        folder.mkdir()
        (tmp_path / "torn" / "adapter.safetensors").write_bytes(b"x" * 300)
        ask = ("generate", short_film, "-o", tmp_path / "m.wav", "--model", "debug")
        done = dyvim(*ask, "--adapter", folder)
        assert isinstance(done.exception, WeightsError), done.exception
        assert str(folder) in done.exception.message and "dyvim train tune" in done.exception.hint
    assert not (tmp_path / "m.wav").exists()


def test_weights_that_are_not_here_end_in_4_with_the_command_that_pulls_them(short_film, tmp_path):
    ask = ("score", short_film, "--model", "musicgen-small", "--offline", "--weights-dir", tmp_path)
    done = dyvim(*ask)
    assert isinstance(done.exception, WeightsError) and done.exception.exit_code == 4
    assert done.exception.hint == f"dyvim weights pull musicgen-small --weights-dir {tmp_path}"


def test_a_pulled_model_scores_and_its_licence_is_said_at_use(checkpoint, short_film, tmp_path, monkeypatch):
    from helpers.weights_server import serve

    files = {path.name: path.read_bytes() for path in checkpoint.iterdir()}
    with serve(files) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        ask = ("generate", short_film, "--model", "musicgen-stereo-small", "--weights-dir", tmp_path)
        done = succeed(*ask, "--candidates", 1, "--guidance", 1, "-o", tmp_path / "m.wav", "--seed", 1)
    assert "CC-BY-NC-4.0" in done.stderr and (tmp_path / "m.wav").is_file()
    weights = tmp_path / "musicgen-stereo-small" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-10])
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    done = dyvim(*ask, "-o", tmp_path / "again.wav")  # would mend it, but nobody answers
    assert isinstance(done.exception, WeightsError) and done.exception.exit_code == 4
    done = dyvim(*ask, "--offline", "-o", tmp_path / "again.wav")
    assert isinstance(done.exception, WeightsError)
    assert done.exception.hint.startswith("dyvim weights pull musicgen-stereo-small")


@pytest.mark.parametrize(
    "options",
    [
        ("--model", "musicgen-tiny"),
        ("--prompt", "calm"),
        ("--model", "debug", "--midi", "a.mid"),
        ("--model", "debug", "--stems", "stems"),
    ],
)
def test_what_does_not_go_together_is_a_usage_error(options, short_film, tmp_path):
    done = dyvim("generate", short_film, "-o", tmp_path / "m.wav", *options)
    assert isinstance(done.exception, UsageError) and done.exception.exit_code == 2


def test_a_batch_may_use_musicgen(short_film, tmp_path):
    from pathlib import PurePosixPath

    from dyvim_cli.batch.selection import SelectedFilm
    from dyvim_cli.batch.staging import make_folders
    from dyvim_cli.batch.tasks import task_of
    from dyvim_cli.batch.work import score_watched, watch_film
    from dyvim_cli.options import ComposeOptions, Delivery

    options = ComposeOptions(model="debug", candidates=1, guidance=1.0)
    film = SelectedFilm(short_film, PurePosixPath(short_film.name))
    delivery = Delivery(output=str(tmp_path / "out.mp4"))
    task = task_of(film, options, delivery)
    assert task.settings != task_of(film, ComposeOptions(), delivery).settings  # another model
    make_folders(task.delivery)
    outcome = score_watched(watch_film(task), None)
    assert outcome.is_done and outcome.record["model"] == "debug"
    ask = ("batch", short_film, "-o", tmp_path / "b.mp4", "--model", "musicgen-small", "--offline")
    missing = dyvim(*ask, "--weights-dir", tmp_path)  # said before the night begins
    assert isinstance(missing.exception, WeightsError), (missing.output, missing.exception)

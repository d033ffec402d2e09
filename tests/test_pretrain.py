"""Pre-training learns and continues; its baseline is a true n-gram."""

import json
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from conftest import steady_clock

from dyvim_cli.errors import InputError, OutputError, WeightsError
from dyvim_cli.model.score.checkpoint import load_decoder, load_tensors, save_tensors
from dyvim_cli.model.score.decoder import Decoder
from dyvim_cli.music.symbols import tokens
from dyvim_cli.training.arranger import library
from dyvim_cli.training.data.batches import Sampler
from dyvim_cli.training.data.shards import split
from dyvim_cli.training.figures.held_out import decoder_table, held_out_table
from dyvim_cli.training.figures.ngram import NGram
from dyvim_cli.training.learn import pretrain as pretrain_module
from dyvim_cli.training.learn.pretrain import PretrainSettings, _update, pretrain, score_config
from dyvim_cli.training.learn.same_run import read_log

SETTINGS = PretrainSettings(minutes=0.15, n_steps=64, batch_size=2)


@pytest.fixture(scope="module")
def pieces():
    return library.arrange_pieces(12, seed=4)


@pytest.fixture(autouse=True)
def fifth_of_a_second_an_update(monkeypatch):
    monkeypatch.setattr(pretrain_module, "time", SimpleNamespace(monotonic=steady_clock(0.2)))


def test_an_ngram_by_hand():
    model = NGram([np.array([1, 2, 1, 2, 1, 3])], cardinality=4, order=0)
    # place 0 saw token 1 once: (1 + 1 * 1/4) / (1 + 1); place 1 saw token 2
    assert np.exp(-model.losses(np.array([1, 3]))) == pytest.approx([0.625, 0.125])
    bigram = NGram([np.tile([1, 2, 2], 32)], cardinality=4, order=2)
    assert bigram.losses(np.tile([1, 2, 2], 16)).mean() < 0.5
    assert np.isnan(bigram.losses(np.array([tokens.UNKNOWN]))[0])


def test_an_ngram_sums_to_one():
    rng = np.random.default_rng(0)
    model = NGram([rng.integers(0, 5, 400)], cardinality=5, order=3)
    past = rng.integers(0, 5, 20)
    last = [np.exp(-model.losses(np.append(past, token))[-1]) for token in range(5)]
    assert sum(last) == pytest.approx(1.0)


def test_training_learns_saves_and_goes_on(pieces, tmp_path):
    run = tmp_path / "run"
    pretrain(pieces[:10], pieces[10:], run, SETTINGS)
    first = load_decoder(run / "decoder.safetensors")
    assert float(first.extension.weight.abs().max()) > 0  # the dynamics are being learned
    done = read_log(run / "log.jsonl")[-1]["step"]
    pretrain(pieces[:10], pieces[10:], run, replace(SETTINGS, minutes=0.2))
    again = load_decoder(run / "decoder.safetensors")
    assert read_log(run / "log.jsonl")[-1]["step"] > done > 0
    assert not np.array_equal(first.head.bias.detach(), again.head.bias.detach())
    untrained = [np.log(stream.cardinality) for stream in tokens.STREAMS]
    table = held_out_table(again, pieces[:10], pieces[10:], n_batches=1)
    with_curves = table["arranged"]["with curves"]
    assert set(with_curves) == {stream.name for stream in tokens.STREAMS}
    assert np.mean(list(with_curves.values())) < 0.8 * np.mean(untrained)
    assert json.dumps(table)
    with pytest.raises(OutputError, match="another run"):
        pretrain(pieces[:10], pieces[10:], run, replace(SETTINGS, seed=1))


def test_with_the_curves_and_without_are_judged_on_the_same_music(pieces):
    untrained = Decoder(replace(score_config(), n_layers=1)).eval()  # whose extension adds nothing yet
    views = decoder_table(untrained, pieces, n_batches=2, n_steps=64, batch_size=2)["arranged"]
    assert views["with curves"] == views["without"]


def test_the_log_says_from_the_first_minute_how_held_out_music_fares(pieces, tmp_path):
    pytest.importorskip("matplotlib")
    pretrain(pieces[:10], pieces[10:], tmp_path, replace(SETTINGS, minutes=0.05))
    records = read_log(tmp_path / "log.jsonl")
    judged = [record["held_out"]["arranged"] for record in records if "held_out" in record]
    assert len(judged) == 2 and all(set(one) == {"with curves", "without"} for one in judged)
    learned = [np.mean(list(one["with curves"].values())) for one in judged]
    assert learned[1] < learned[0] - 0.1
    (ngram,) = (record["ngram"]["arranged"]["n-gram"] for record in records if "ngram" in record)
    assert set(ngram) == set(judged[0]["without"]) and all(np.isfinite(list(ngram.values())))
    assert [record["step"] for record in records if "loss" in record][0] == 1
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("moment", ["first held-out look", "an update", "saving"])
def test_a_run_that_is_killed_at_any_moment_goes_on(pieces, tmp_path, monkeypatch, moment):
    """Killed: nothing is tidied up behind it, the state as it was last written is all there is."""
    whole = pretrain_module._update
    n = {"update": 0}

    def die(*args, **kwargs):
        raise SystemExit

    def update(*args):
        n["update"] += 1
        return die() if moment == "an update" and n["update"] == 5 else whole(*args)

    with monkeypatch.context() as patch:
        patch.setattr(pretrain_module, "SAVE_EVERY_S", 0.0)
        patch.setattr(pretrain_module, "_update", update)
        if moment == "first held-out look":
            patch.setattr(pretrain_module, "decoder_table", die)
        elif moment == "saving":
            patch.setattr(pretrain_module, "save_decoder", die)  # the state is there, the decoder not yet
        save, saved = pretrain_module._Run.save, []

        def save_but_once_dead(run):  # what `finally` would write, a killed process does not
            if not saved or not isinstance(sys.exc_info()[1], SystemExit):
                saved.append(run.step)
                save(run)

        patch.setattr(pretrain_module._Run, "save", save_but_once_dead)
        with pytest.raises(SystemExit):
            pretrain(pieces[:10], pieces[10:], tmp_path, SETTINGS)
    expected = {"first held-out look": 0, "an update": 4, "saving": 0}[moment]
    kept = json.loads(load_tensors(tmp_path / "state.safetensors")[1]["clock"])["step"]
    assert kept == expected
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write('{"step": 900, "minutes": 1, "loss": 1}\n{"step": 90')  # never saved; half a line
    pretrain(pieces[:10], pieces[10:], tmp_path, replace(SETTINGS, minutes=0.05))
    steps = [record["step"] for record in read_log(tmp_path / "log.jsonl")]
    assert steps == sorted(steps) and kept < steps[-1] < 900
    load_decoder(tmp_path / "decoder.safetensors")


def test_music_of_which_none_can_be_held_out_and_weights_that_are_none(pieces, tmp_path):
    with pytest.raises(InputError, match="held out"):
        pretrain(pieces[:1], [], tmp_path / "run", SETTINGS)
    torch.save({}, tmp_path / "no.safetensors")
    with pytest.raises(WeightsError):
        pretrain(pieces[:10], pieces[10:], tmp_path / "run", SETTINGS, tmp_path / "no.safetensors")
    save_tensors({"tokens": torch.zeros(2)}, tmp_path / "shard.safetensors", {})
    with pytest.raises(WeightsError, match="not a decoder"):
        pretrain(pieces[:10], pieces[10:], tmp_path / "run", SETTINGS, tmp_path / "shard.safetensors")
    assert [len(side) for side in split(pieces[:1])] == [1, 0]
    few = [replace(pieces[0], name=f"midi/{i}") for i in range(5)]
    assert [len(side) for side in split(few)] == [4, 1] == [len(side) for side in split(few[::-1])]


def test_half_precision_learns_as_single_does(pieces):
    """One update from the same weights on the same crops: a like loss, a like step."""
    batch = Sampler(pieces[:10], 64, 2, seed=0).draw(alpha=1.0)
    found, weights = {}, {}
    for is_bf16 in (False, True):
        torch.manual_seed(0)
        model = Decoder(replace(score_config(), dropout=0.0))
        optimiser = torch.optim.SGD(model.parameters(), lr=1.0)
        found[is_bf16] = _update(model, optimiser, batch, 1.0, is_bf16)
        weights[is_bf16] = model.head.bias.detach()
    assert found[True] != found[False] and found[True] == pytest.approx(found[False], rel=0.01)
    assert weights[True].dtype == torch.float32
    assert torch.nn.functional.cosine_similarity(weights[True], weights[False], dim=0) > 0.99

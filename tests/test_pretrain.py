"""Pre-training learns and goes on; its baseline is a true n-gram."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from dyvim_cli.model.checkpoint import load_decoder
from dyvim_cli.model.decoder import Decoder
from dyvim_cli.music import tokens
from dyvim_cli.training.arranger import library
from dyvim_cli.training.batches import Sampler
from dyvim_cli.training.held_out import held_out_table
from dyvim_cli.training.ngram import NGram
from dyvim_cli.training.pretrain import PretrainSettings, _update, pretrain, score_config

SETTINGS = PretrainSettings(minutes=0.15, n_steps=64, batch_size=2)


@pytest.fixture(scope="module")
def pieces():
    return library.compose(12, seed=4)


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
    pretrain(pieces[:10], pieces[10:], tmp_path / "run", SETTINGS)
    first = load_decoder(tmp_path / "run" / "decoder.safetensors")
    assert float(first.extension.weight.abs().max()) > 0  # the dynamics are being learned
    state = (tmp_path / "run" / "optimiser.safetensors").read_bytes()
    longer = PretrainSettings(minutes=0.2, n_steps=64, batch_size=2)
    pretrain(pieces[:10], pieces[10:], tmp_path / "run", longer)
    again = load_decoder(tmp_path / "run" / "decoder.safetensors")
    assert (tmp_path / "run" / "optimiser.safetensors").read_bytes() != state
    assert not np.array_equal(first.head.bias.detach(), again.head.bias.detach())
    untrained = [np.log(stream.cardinality) for stream in tokens.STREAMS]
    table = held_out_table(again, pieces[:10], pieces[10:], n_batches=1)
    with_curves = table["arranged"]["with curves"]
    assert set(with_curves) == {stream.name for stream in tokens.STREAMS}
    assert np.mean(list(with_curves.values())) < 0.8 * np.mean(untrained)
    assert json.dumps(table)


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

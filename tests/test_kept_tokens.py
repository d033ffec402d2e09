"""The decoder's tokens are kept and reused for the same piece only."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.imagined_films import film as imagined

from dyvim_cli.composer import compose, load_embedded
from dyvim_cli.model.score import sampling
from dyvim_cli.options import ComposeOptions
from dyvim_cli.progress import Silent

OPTIONS = ComposeOptions(style="pop", seed=4, candidates=1)


@pytest.fixture
def drawn(monkeypatch, tmp_path) -> list[int]:
    """The seeds that the decoder was sampled with."""
    monkeypatch.setenv("DYVIM_CACHE", str(tmp_path))
    whole, seeds = sampling.sample_pieces, []

    def sample(model, conditions, plan, settings, progress=None):
        seeds.append(settings.seed)
        return whole(model, conditions, plan, settings, progress)

    monkeypatch.setattr(sampling, "sample_pieces", sample)
    return seeds


def test_other_instruments_cost_no_decoding_and_other_notes_do(drawn):
    film, decoder = imagined(1, 2.5), load_embedded()

    def score(options: ComposeOptions):
        return compose(film, options, decoder, Silent(), keeps_tokens=True)

    first, again = score(OPTIONS), score(replace(OPTIONS, orchestrate="jazz", mute=("arp",)))
    assert len(drawn) == 1 and np.array_equal(first.tokens, again.tokens) and again.style == "jazz"
    assert first.stems == score(OPTIONS).stems and len(drawn) == 1
    for changed in ({"seed": 5}, {"alpha": 0.6}, {"temperature": 0.8}, {"style": "rock"}, {"candidates": 2}):
        score(replace(OPTIONS, **changed))
    assert len(drawn) == 6
    compose(film, OPTIONS, decoder, Silent())
    assert len(drawn) == 7
    other = load_embedded()
    with np.errstate(all="ignore"):
        other.head.bias.data[0] += 1.0
    compose(film, OPTIONS, other, Silent(), keeps_tokens=True)
    assert len(drawn) == 8

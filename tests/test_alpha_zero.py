"""At alpha 0 the picture has no influence: films that differ only in what happens get the same piece."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.imagined_films import film

from dyvim_cli.composer import load_embedded
from dyvim_cli.model.compose.score import write_score
from dyvim_cli.model.score import ranking
from dyvim_cli.options import ComposeOptions

WISHES = ComposeOptions(style="pop", seed=3, candidates=2)


@pytest.fixture(scope="module")
def decoder():
    return load_embedded()


def test_films_that_differ_in_what_happens_get_one_piece_at_alpha_0_and_two_at_1(decoder):
    films = film(1), film(2)
    ignoring = [write_score(one, replace(WISHES, alpha=0.0), decoder) for one in films]
    assert np.array_equal(ignoring[0].tokens, ignoring[1].tokens)
    assert np.array_equal(ignoring[0].tempo_map.step_times_s, ignoring[1].tempo_map.step_times_s)
    assert ignoring[0].stems == ignoring[1].stems and ignoring[0].sections == ignoring[1].sections
    following = [write_score(one, replace(WISHES, alpha=1.0), decoder) for one in films]
    assert not np.array_equal(following[0].tokens, following[1].tokens)


def test_the_gate_asks_nothing_of_the_picture_at_alpha_0(decoder, monkeypatch):
    """A take with a silent bar is a worse one, whether the film moves there or not."""
    asked = []
    judge = ranking.rate_take

    def listen(piece, hit, energy):
        asked.append(energy)
        return judge(piece, hit, energy)

    monkeypatch.setattr(ranking, "rate_take", listen)
    for seed in (1, 2):
        write_score(film(seed), replace(WISHES, alpha=0.0, candidates=1), decoder)
    assert np.array_equal(*asked)

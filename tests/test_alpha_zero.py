"""At alpha 0 the picture has no say: films that differ in nothing but what happens in them get one piece."""

from dataclasses import replace

import numpy as np
import pytest

from dyvim_cli.composer import load_embedded
from dyvim_cli.model.compose.score import write_score
from dyvim_cli.model.score import ranking
from dyvim_cli.options import ComposeOptions
from dyvim_cli.types import STYLES, FilmFeatures

WISHES = ComposeOptions(style="pop", seed=3, candidates=2)


@pytest.fixture(scope="module")
def decoder():
    return load_embedded()


def film(seed: int, duration_s=10.0) -> FilmFeatures:
    """Events, cuts, scenes and motion by chance; length, frames and mood are the same for every seed."""
    rng = np.random.default_rng(seed)
    times = np.arange(0, duration_s, 0.08)
    events = np.sort(rng.uniform(0.5, duration_s - 0.5, 9))
    return FilmFeatures(
        duration_s=duration_s, times_s=times,
        dynamics=rng.normal(size=(len(times), 64)).astype(np.float32),
        energy=rng.uniform(0, 0.5, len(times)).astype(np.float32), novelty=np.zeros(len(times), np.float32),
        event_times_s=events, event_weights=rng.uniform(0.3, 1, 9).astype(np.float32),
        event_kinds=rng.integers(0, 2, 9).astype(np.int8),
        scene_starts_s=np.array([0.0, events[4]]), scene_moods=np.tile([0.2, 0.3], (2, 1)).astype(np.float32),
        scene_labels=np.arange(2, dtype=np.int16), key_times_s=np.array([1.0]),
        key_features=np.zeros((1, 12), np.float32),
        style_scores=np.full(len(STYLES), 1 / len(STYLES), np.float32),
    )  # fmt: skip


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

"""Each stage of a piece draws numbers of its own, so that fixing one decision leaves the others alone."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import scipy.stats  # noqa: F401 - draws as it is imported
from helpers.imagined_films import film

from dyvim_cli.composer import load_embedded
from dyvim_cli.desk.directions import directions, fitted_grid
from dyvim_cli.model.compose.character import choose_character, fit_grid, with_own_seed
from dyvim_cli.model.compose.decide import decide
from dyvim_cli.model.compose.score import write_score
from dyvim_cli.options import ComposeOptions
from dyvim_cli.seeds import STAGES, generator_of, seed_of
from dyvim_cli.types import Key

OPTIONS = ComposeOptions(style="pop", seed=4, candidates=1)


def test_stages_are_the_children_of_the_pieces_sequence():
    children = np.random.SeedSequence(7).spawn(len(STAGES))
    firsts = [np.random.default_rng(child).random() for child in children]
    assert firsts == [generator_of(7, stage).random() for stage in STAGES]


def test_no_two_stages_pieces_or_variants_share_a_seed():
    drawn = [seed_of(seed, stage) for seed in range(50) for stage in STAGES]
    drawn += [seed_of(seed, "reroll", variant) for seed in range(50) for variant in range(20)]
    assert len(set(drawn)) == len(drawn)


def test_no_generator_of_a_piece_is_begun_twice(monkeypatch):
    """A piece with two bands, one of a style whose patterns are drawn."""
    seen, begun, make = film(1, 6.0), [], np.random.default_rng
    plan = decide(seen, OPTIONS)
    sections = (plan.sections[0], replace(plan.sections[0], at_s=3.0, style="bossa nova"))

    def listed(seed: np.random.SeedSequence | list[int]):
        is_child = isinstance(seed, np.random.SeedSequence)
        begun.append(str((seed.entropy, seed.spawn_key) if is_child else seed))
        return make(seed)

    monkeypatch.setattr("numpy.random.default_rng", listed)
    write_score(seen, replace(OPTIONS, plan=replace(plan, sections=sections)), load_embedded())
    assert len(begun) > 20 and len(set(begun)) == len(begun)


@pytest.mark.parametrize("key", [None, Key(0, is_minor=True)])
def test_a_style_and_a_key_that_are_asked_for_move_no_other_draw(key):
    seen = film(1)
    free = with_own_seed(seen, ComposeOptions(seed=4))
    found = choose_character(seen, free)
    asked = choose_character(seen, replace(free, style=found.style, key=key))
    assert asked == replace(found, key=key or found.key)


def test_tempi_differ_from_seed_to_seed_and_follow_no_other_draw():
    """At alpha 0 no event asks for a tempo: chance alone tells pieces apart."""
    seen, tempi, priors = film(1, 61.0), [], []
    for seed in range(24):
        own = with_own_seed(seen, ComposeOptions(style="pop", seed=seed, alpha=0.0))
        character = choose_character(seen, own)
        priors.append(character.tempo_prior[0])
        tempi.append(fit_grid(seen, character, own).bpm)
    assert len({round(bpm, 1) for bpm in tempi}) >= 12
    lean = np.log(np.array(tempi) / priors)
    assert abs(np.corrcoef(lean, np.log(priors))[0, 1]) < 0.6  # 1 where both begin with one number


@pytest.mark.parametrize("style", [None, "jazz"])
def test_takes_differ_in_tempo_key_and_seed(style):
    for number in range(4):
        seen = film(number, 8.0)
        takes = directions(seen, ComposeOptions(style=style, seed=number), 4)
        tempi = [fitted_grid(seen, take).bpm for take in takes]
        assert all(abs(np.log(one / other)) > 0.03 for one, other in combinations(tempi, 2))
        keys = {choose_character(seen, with_own_seed(seen, take)).key for take in takes}
        assert len({take.seed for take in takes}) == 4 and len(keys) >= 2


def test_variants_of_a_reroll_and_the_piece_are_three_draws():
    seen = film(1, 8.0)
    whole = write_score(seen, OPTIONS, load_embedded())
    rerolled = [replace(OPTIONS, reroll_bars=(2, 2, variant)) for variant in (0, 1)]
    again = [write_score(seen, options, load_embedded()) for options in rerolled]
    pieces = [each.tokens[:, 16:32] for each in (whole, *again)]
    assert all((one != other).any() for one, other in combinations(pieces, 2))
    assert all((each.tokens[:, 32:] == whole.tokens[:, 32:]).all() for each in again)

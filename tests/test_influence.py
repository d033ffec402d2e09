"""alpha means more of the film at each step of the knob, and one record says so."""

import math

import pytest

from dyvim_cli.influence import influence_of


def test_alpha_zero_gives_the_film_no_say():
    none = influence_of(0.0)
    assert not none.follows
    assert none.timing == none.rubato == none.decoder == none.energy == 0


def test_alpha_one_answers_every_event_in_full():
    full = influence_of(1.0)
    assert full.lightest_event == full.lightest_rubato == full.lightest_late == 0
    assert full.timing == full.decoder == full.energy == 1
    assert full.rubato == influence_of(0.5).rubato  # moved further, the drums stumble


def test_every_share_grows_with_alpha():
    steps = [influence_of(alpha) for alpha in (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)]
    for name in ("timing", "rubato", "decoder", "energy"):
        shares = [getattr(one, name) for one in steps]
        assert shares == sorted(shares), name
    for name in ("lightest_event", "lightest_rubato", "lightest_late"):
        weights = [getattr(one, name) for one in steps]
        assert weights == sorted(weights, reverse=True), name


def test_a_quarter_meets_the_cuts_and_hardly_shows_it():
    quarter, half, full = (influence_of(alpha) for alpha in (0.25, 0.5, 1.0))
    assert quarter.timing == half.timing == 1
    assert quarter.lightest_event > half.lightest_event > full.lightest_event
    assert quarter.energy < half.energy < full.energy


@pytest.mark.parametrize("alpha", [-0.1, math.nan, math.inf])
def test_what_is_no_alpha_is_refused(alpha):
    with pytest.raises(ValueError, match="alpha"):
        influence_of(alpha)

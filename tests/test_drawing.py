"""Tokens are drawn from the likeliest ones, in proportion, and by the seed."""

import numpy as np

from dyvim_cli.model.score.drawing import AHEAD, Race, draw

LIKELY = np.array([0.05, 0.5, 0.15, 0.3])  # the least likely one is outside .9
N_DRAWS = 4000


def drawn(race: Race, top_p: float) -> np.ndarray:
    """Shares [4] of the tokens in N_DRAWS draws."""
    logits = np.tile(np.log(LIKELY).astype(np.float32) + 7, (2, N_DRAWS // 2, 1))
    return np.bincount(draw(logits, top_p, next(race)).ravel(), minlength=4) / N_DRAWS


def race(seed: int) -> Race:
    return Race(seed, (2, N_DRAWS // 2, 6))  # the noise may be wider than the logits


def test_tokens_come_in_proportion_and_none_from_the_tail():
    np.testing.assert_allclose(drawn(race(1), 1.0), LIKELY, atol=0.03)
    np.testing.assert_allclose(drawn(race(1), 0.9), LIKELY * [0, 1, 1, 1] / 0.95, atol=0.03)
    assert drawn(race(1), 0.1).tolist() == [0, 1, 0, 0]


def test_every_position_has_noise_of_its_own_and_a_seed_the_same_again():
    races = Race(3, (1, 2, 3)), Race(3, (1, 2, 3)), Race(4, (1, 2, 3))
    first, again, other = (np.stack([next(each) for _ in range(2 * AHEAD + 1)]) for each in races)
    assert np.array_equal(first, again) and not np.isin(first, other).any()
    assert len(np.unique(first)) == first.size and (first > 0).all()

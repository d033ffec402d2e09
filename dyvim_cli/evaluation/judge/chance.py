"""Chance level of a sync measure: the same music shifted around the film by random amounts.

With x a measure and c its mean over the shifts, excess = (x - c) / (1 - c): 0 is chance, 1 is
perfect. The excess is unbiased and right for means over many films, but a film with ten events
easily lies 0.2 beside 0 by luck alone. `beyond_chance` therefore draws the difference d = x - c
in to d - (2.5 s)^2 / d, and to 0 where |d| < 2.5 s, with s the spread over the shifts (the
non-negative garrote, Breiman 1995): luck counts for nothing, a clear effect stays unchanged.
"""

from dataclasses import dataclass

import numpy as np

SHIFTS = 400
LUCK = 2.5  # spreads; 99 of 100 shifts lie nearer to chance than this
CLEAR_S = 0.4  # a shift smaller than this would be the music itself


@dataclass(frozen=True)
class Corrected:
    """A measure whose best is 1, and what chance makes of it; all 0 when nothing can be measured."""

    raw: float = 0.0
    chance: float = 0.0  # mean over the shifts
    spread: float = 0.0  # standard deviation over the shifts
    excess: float = 0.0  # (raw - chance) / (1 - chance)
    beyond_chance: float = 0.0  # the excess less what luck explains, -1..1


def draw_shifts(duration_s: float, seed: int, n: int = SHIFTS) -> np.ndarray:
    """Draw the time shifts of the music that the chance level is measured with.

    Args:
        duration_s: of the film.
        seed: of the random places.
        n: number of shifts, one drawn from each of n equal parts of the film.

    Returns:
        [n + 1] seconds: 0 first, then the shifts in ascending order.
    """
    clear_s = min(CLEAR_S, duration_s / 8)
    parts = (np.arange(n) + np.random.default_rng(seed).random(n)) / n
    return np.concatenate([[0.0], clear_s + parts * (duration_s - 2 * clear_s)])


def correct(values: np.ndarray) -> Corrected:
    """Correct a measure by its own values on shifted music.

    Args:
        values: [n + 1] the measure on the music as it is (first), then on each shift.

    Returns:
        Raw value, chance level and both corrections; see the module's text for their formulas.
    """
    raw, chance, spread = float(values[0]), float(values[1:].mean()), float(values[1:].std())
    difference, room = raw - chance, 1.0 - chance
    if room < 1e-9:  # music that cannot miss has nothing to show
        return Corrected(raw, chance, spread)
    luck = LUCK * spread + 1e-9
    return Corrected(raw, chance, spread, difference / room, _drawn_in(difference, luck, room))


def _drawn_in(difference: float, luck: float, room: float) -> float:
    """The non-negative garrote of the difference, as a share of what the best reaches."""
    best = room - luck**2 / room
    if abs(difference) <= luck or best <= 0:
        return 0.0
    return float(np.clip((difference - luck**2 / difference) / best, -1.0, 1.0))

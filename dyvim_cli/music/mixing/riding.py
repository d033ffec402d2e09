"""Ride the mix at the film's accents: a short breath before each, and a lift that fades after its attack.

What still rings when an accent comes masks its attack: from loud to loud, loudness rises little. A mixing
engineer pulls the fader back for the last moment before a hit, and pushes it for the hit itself. Both grow
with the weight of the event, so that the heaviest are heard as the heaviest. On ten edited films (one seed,
three takes) at alpha 0.5 the cuts met went from .91 to .99 and the events from .76 to .89, at alpha 1 from .91 to
.99 and from .79 to .92, and the pulse from .56 to .55 and from .52 to .51; no hole appeared.
"""

from collections.abc import Callable

import numpy as np

from dyvim_cli.music.performance.humanize import ACCENT_LEVEL
from dyvim_cli.music.symbols.tokens import STREAM_INDEX
from dyvim_cli.types import SAMPLE_RATE, Score

BREATH_DB, LIFT_DB = 8.0, 2.5  # before and at the accent of an event of weight 1
BREATH_S = 0.055  # shorter than the shortest rest that is heard as one: the groove goes on
DOWN_S, UP_S = 0.028, 0.006  # how long the fader takes to the breath's depth, and back up to the attack
LIFT_DECAY_S = 0.12  # the lift falls by a factor of e in this time
LIFT_S = 0.6  # by then it is below .02 dB
LIGHTEST = 0.35  # events that weigh less are not ridden


def accent_rides(score: Score) -> Callable[[int, int], np.ndarray]:
    """Gain of the whole mix around the accents of the film's events.

    Args:
        score: with its hits; only steps that are accented count.

    Returns:
        ride(first, n): [n] float32 factors of the frames from `first` on.
    """
    times_s, weights = _ridden(score)

    def ride(first: int, n: int) -> np.ndarray:
        gain_db = np.zeros(n)
        for at_s, weight in zip(times_s.tolist(), weights.tolist(), strict=True):
            start = max(0, round((at_s - BREATH_S) * SAMPLE_RATE) - first)
            end = min(n, round((at_s + LIFT_S) * SAMPLE_RATE) - first)
            if start < end:
                gain_db[start:end] += weight * _course_db(np.arange(first + start, first + end), at_s)
        return (10 ** (gain_db / 20)).astype(np.float32)

    return ride


def _ridden(score: Score) -> tuple[np.ndarray, np.ndarray]:
    """Times [A] in seconds and weights [A] of the events whose steps are accented and last."""
    tempo_map, levels = score.tempo_map, score.tokens[STREAM_INDEX["level"]]
    n_steps = min(len(levels), tempo_map.n_steps)
    heaviest: dict[int, float] = {}
    for hit in tempo_map.hits:
        if hit.weight >= LIGHTEST and hit.step < n_steps:
            heaviest[hit.step] = max(hit.weight, heaviest.get(hit.step, 0.0))
    steps = [s for s in sorted(heaviest) if levels[s] >= ACCENT_LEVEL and tempo_map.played[s]]
    return tempo_map.step_times_s[steps], np.array([heaviest[step] for step in steps])


def _course_db(frames: np.ndarray, at_s: float) -> np.ndarray:
    """[n] gain in dB of an event of weight 1 at `at_s` seconds, on these frames."""
    after_s = frames / SAMPLE_RATE - at_s
    breath = np.interp(
        after_s, (-BREATH_S, DOWN_S - BREATH_S, -UP_S, 0.0), (0.0, -BREATH_DB, -BREATH_DB, LIFT_DB)
    )
    return np.where(after_s < 0, breath, LIFT_DB * np.exp(-after_s / LIFT_DECAY_S))

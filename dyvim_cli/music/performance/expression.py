"""Apply slow swells and fades to all players, following the level stream.

A velocity is fixed when a note starts, so a chord that rings on into a calm scene would stay as loud as
the scene it came from. Players of strings and winds, and a mixer's faders, follow the course of the music;
here that course is the decoder's level stream averaged over about a bar. Single events do not move it: an
accent is louder because it is played harder and by more players, and nothing around it is pulled down.
"""

from collections.abc import Callable

import numpy as np

from dyvim_cli.filters import gains_of, gaussian_mean
from dyvim_cli.music.performance.humanize import ACCENT_LEVEL, DEFAULT_LEVEL
from dyvim_cli.music.symbols.tokens import STREAM_INDEX, UNKNOWN
from dyvim_cli.types import SAMPLE_RATE, STEPS_PER_BAR, Score

# Gain in dB at level 0 and at the highest level that is no accent. Velocities and the number of players
# make a calm scene 6 dB softer by themselves; with this the level of an edited film ranges over 7 to 8 dB.
SOFTEST_DB, FULLEST_DB = -2.5, 0.0
FULL_LEVEL = ACCENT_LEVEL - 1
SPREAD_STEPS = STEPS_PER_BAR / 4  # standard deviation of the average: most of its weight is within a bar


def course_db(levels: np.ndarray) -> np.ndarray:
    """Average the level stream slowly and turn it into a gain.

    Args:
        levels: [S] level tokens; accents are replaced by their neighbours' level.

    Returns:
        [S] gain in dB, SOFTEST_DB..FULLEST_DB, at the middle of each step.
    """
    known = np.where(levels == UNKNOWN, DEFAULT_LEVEL, levels).astype(float)
    steady = np.flatnonzero(known < ACCENT_LEVEL)
    if not len(steady):
        return np.full(len(levels), FULLEST_DB)
    course = np.interp(np.arange(len(known)), steady, known[steady]) / FULL_LEVEL
    return SOFTEST_DB + (FULLEST_DB - SOFTEST_DB) * gaussian_mean(course, SPREAD_STEPS)


def expression_gain(score: Score) -> Callable[[int, int], np.ndarray]:
    """Gain of the whole band over time.

    Args:
        score: its level stream counts.

    Returns:
        gain(first, n): [n] float32 factors of the frames from `first` on, straight lines in dB between steps.
    """
    played = np.flatnonzero(score.tempo_map.played)
    levels = score.tokens[STREAM_INDEX["level"]][played]
    if not len(levels):
        return lambda first, n: np.ones(n, np.float32)
    times_s = score.tempo_map.step_times_s[np.append(played, played[-1] + 1)]
    middles_s, gain_db = (times_s[:-1] + times_s[1:]) / 2, course_db(levels)

    def gain(first: int, n: int) -> np.ndarray:
        at_s = np.arange(first, first + n) / SAMPLE_RATE
        return gains_of(np.interp(at_s, middles_s, gain_db))

    return gain

"""Expression: the players swell and fade together between the notes, as the level stream says.

A velocity is settled when a note is struck, so a chord that rings through a calm would stay as loud as
the storm it came from. Players of strings and winds, and whoever rides the faders, follow the music's
course; here the course is the decoder's own level stream, smoothed over half a beat. What is
struck keeps its accent: accents are single steps, and the smoothing leaves them to the velocities.
"""

from collections.abc import Callable

import numpy as np

from dyvim_cli.music.feel import ACCENT_LEVEL, DEFAULT_LEVEL
from dyvim_cli.music.tokens import N_LEVELS, STREAM_INDEX, UNKNOWN
from dyvim_cli.music.tone import SAMPLE_RATE
from dyvim_cli.types import STEPS_PER_BEAT, Score

RANGE_DB = 20.0  # from level 0 to the loudest; with the velocities' own range, pianissimo to fortissimo
FULL_LEVEL = ACCENT_LEVEL - 1  # accents stand above the course; the course itself ends here
SMOOTH_STEPS = STEPS_PER_BEAT // 2  # more, and the loudness lags behind the motion
LEVELS = np.arange(N_LEVELS)


def expression_db(levels: np.ndarray) -> np.ndarray:
    """[S] gain in dB (-RANGE_DB..0) at each step's middle, from the level stream [S]."""
    known = np.where(levels == UNKNOWN, DEFAULT_LEVEL, levels)
    course = np.minimum(known, FULL_LEVEL) / FULL_LEVEL
    reach = np.arange(-2 * SMOOTH_STEPS, 2 * SMOOTH_STEPS + 1)
    kernel = np.exp(-0.5 * (reach / (SMOOTH_STEPS / 1.5)) ** 2)
    padded = np.pad(course, 2 * SMOOTH_STEPS, mode="edge")
    return RANGE_DB * (np.convolve(padded, kernel / kernel.sum(), mode="valid") - 1)


def ridden(score: Score) -> Callable[[int, int], np.ndarray]:
    """gain(first, n): [n] float32 factors of the frames from `first` on, straight lines in dB."""
    times_s = score.tempo_map.step_times_s
    levels = score.tokens[STREAM_INDEX["level"]][: len(times_s) - 1]
    if not len(levels):
        return lambda first, n: np.ones(n, np.float32)
    middles = (times_s[: len(levels)] + times_s[1 : len(levels) + 1]) / 2 * SAMPLE_RATE
    gain_db = expression_db(levels)

    def gain(first: int, n: int) -> np.ndarray:
        return (10 ** (np.interp(np.arange(first, first + n), middles, gain_db) / 20)).astype(np.float32)

    return gain

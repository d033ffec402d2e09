"""Expression: the players swell and fade together between the notes, as the level stream says.

A velocity is settled when a note is struck, so a chord that rings through a calm would stay as loud as
the storm it came from. Players of strings and winds, and whoever rides the faders, follow the music's
course; here the course is the decoder's own level stream, smoothed over half a beat. An accent is
played out of the course, however calm it is (sforzando), and falls back into it.
"""

from collections.abc import Callable

import numpy as np

from dyvim_cli.music.performance.humanize import ACCENT_LEVEL, DEFAULT_LEVEL, RISES_S
from dyvim_cli.music.symbols.tokens import STREAM_INDEX, UNKNOWN
from dyvim_cli.types import SAMPLE_RATE, STEPS_PER_BEAT, Score

# where the course runs, below the strongest accent: with the velocities' own range pianissimo to fortissimo,
# and room above it, so that accents stand out of a busy passage too. Down to -26 dB the loudness would follow
# the motion a little better (.67 for .62 in rank correlation), and a calm could not be heard on a laptop
SOFTEST_DB, FULLEST_DB = -18.0, -4.0
FULL_LEVEL = ACCENT_LEVEL - 1  # accents stand above the course; the course itself ends here
SMOOTH_STEPS = STEPS_PER_BEAT // 2  # more, and the loudness lags behind the motion
ACCENT_DB = {6: -3.0, 7: 0.0}  # where an accent of this level begins
FALL_DB_PER_STEP = 8.0  # back into the course within half a beat: longer, and events drown the motion
LEAD_S = 0.02  # the faders are up before the first instrument speaks


def course_db(levels: np.ndarray) -> np.ndarray:
    """[S] gain in dB (SOFTEST_DB..FULLEST_DB) at each step's middle, from the level stream [S]."""
    known = np.where(levels == UNKNOWN, DEFAULT_LEVEL, levels)
    course = np.minimum(known, FULL_LEVEL) / FULL_LEVEL
    reach = np.arange(-2 * SMOOTH_STEPS, 2 * SMOOTH_STEPS + 1)
    kernel = np.exp(-0.5 * (reach / (SMOOTH_STEPS / 1.5)) ** 2)
    padded = np.pad(course, 2 * SMOOTH_STEPS, mode="edge")
    course = np.convolve(padded, kernel / kernel.sum(), mode="valid")
    return SOFTEST_DB + (FULLEST_DB - SOFTEST_DB) * course


def accents_db(levels: np.ndarray) -> np.ndarray:
    """[S] gain in dB at each step's start of the accents as they fall; -inf before the first."""
    struck = np.array([ACCENT_DB.get(int(level), -np.inf) for level in levels])
    steps = np.arange(len(levels))
    return np.maximum.accumulate(struck + FALL_DB_PER_STEP * steps) - FALL_DB_PER_STEP * steps


def ridden(score: Score) -> Callable[[int, int], np.ndarray]:
    """gain(first, n): [n] float32 factors of the frames from `first` on, straight lines in dB."""
    played = np.flatnonzero(score.tempo_map.played)
    levels = score.tokens[STREAM_INDEX["level"]][played]
    if not len(levels):
        return lambda first, n: np.ones(n, np.float32)
    at_s, gain_db = _knots(levels, score.tempo_map.step_times_s[np.append(played, played[-1] + 1)])

    def gain(first: int, n: int) -> np.ndarray:
        times_s = np.arange(first, first + n) / SAMPLE_RATE + RISES_S  # as the players
        return (10 ** (np.interp(times_s, at_s, gain_db) / 20)).astype(np.float32)

    return gain


def _knots(levels: np.ndarray, times_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Times and gains in dB: course and falling accents at every step's start, and the rise to an accent."""
    middles = (times_s[:-1] + times_s[1:]) / 2
    course = np.interp(times_s[:-1], middles, course_db(levels))
    gain_db = np.maximum(course, accents_db(levels))
    before = np.append(SOFTEST_DB, gain_db[:-1])
    rising = np.flatnonzero((levels >= ACCENT_LEVEL) & (before < gain_db))
    at_s = np.concatenate([times_s[:-1], times_s[rising] - LEAD_S])
    at_s[rising] -= LEAD_S / 2  # up in half of the lead, so that the onset itself meets an open fader
    order = np.argsort(at_s, kind="stable")
    return at_s[order], np.concatenate([gain_db, before[rising]])[order]

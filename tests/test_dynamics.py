"""The level of the music follows the film's motion between the accents."""

import numpy as np

from dyvim_cli.music.form.dynamics import SOFTEST_LEVEL, follow_motion
from dyvim_cli.music.performance.humanize import ACCENT_LEVEL
from dyvim_cli.music.symbols import tokens
from dyvim_cli.types import STEPS_PER_BAR

LEVEL = tokens.STREAM_INDEX["level"]
BARS = 8
CALM_THEN_MOVING = np.repeat([0.0, 1.0], BARS // 2 * STEPS_PER_BAR)
CALM, MOVING = slice(0, 2 * STEPS_PER_BAR), slice(6 * STEPS_PER_BAR, None)


def even(level: int = 3) -> np.ndarray:
    piece = np.full((tokens.K, BARS * STEPS_PER_BAR), tokens.HOLD, dtype=np.int16)
    piece[LEVEL] = level
    return piece


def test_motion_is_louder_than_calm_and_the_notes_stay():
    moved = follow_motion(even(), CALM_THEN_MOVING, 1.0)
    assert (moved[LEVEL, CALM] < 3).all() and (moved[LEVEL, MOVING] > 3).all()
    others = [row for row in range(tokens.K) if row != LEVEL]
    assert (moved[others] == even()[others]).all()


def test_the_level_moves_by_degrees():
    assert np.abs(np.diff(follow_motion(even(), CALM_THEN_MOVING, 1.0)[LEVEL])).max() == 1


def test_accents_stay_and_nothing_becomes_one():
    piece = even(ACCENT_LEVEL - 1)
    piece[LEVEL, [5, 100]] = 7
    moved = follow_motion(piece, CALM_THEN_MOVING, 1.0)[LEVEL]
    assert moved[[5, 100]].tolist() == [7, 7]
    assert np.flatnonzero(moved >= ACCENT_LEVEL).tolist() == [5, 100]
    assert (follow_motion(even(1), CALM_THEN_MOVING, 1.0)[LEVEL] >= SOFTEST_LEVEL).all()


def test_a_film_without_a_say_and_a_steady_film_change_nothing():
    assert (follow_motion(even(), CALM_THEN_MOVING, 0.0) == even()).all()
    assert (follow_motion(even(), np.full(BARS * STEPS_PER_BAR, 0.7), 1.0) == even()).all()

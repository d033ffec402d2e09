"""Ducking: when the music goes down and comes back, and how far it goes down under a phrase."""

import numpy as np
import pytest

from dyvim_cli.media.ducking import depths_db, gain_curve, phrases
from dyvim_cli.media.loudness import LEVEL_RATE_HZ, mean_level_db
from dyvim_cli.types import OwnSound

WORDS_S = np.array([[3.0, 3.6], [4.1, 5.0], [6.9, 7.5], [14.0, 15.0]])  # the last one is a phrase of its own


def own_sound(levels_db: np.ndarray, speech_s: np.ndarray) -> OwnSound:
    loudness = np.array([-20.0, -6.0, -15.0])
    return OwnSound(len(levels_db) / LEVEL_RATE_HZ, levels_db, speech_s, np.zeros((0, 2)), loudness)


def curve_db(depths: tuple[float, float]) -> np.ndarray:
    own = own_sound(np.full(2000, -25.0, np.float32), WORDS_S)
    gain = gain_curve(own, np.array(depths), np.zeros((0, 2)), own.duration_s)
    return 20 * np.log10(gain)


def test_the_music_is_down_by_the_word_and_back_within_a_second_and_a_half():
    curve = curve_db((-12.0, -6.0))
    for (start, end), depth in zip(phrases(WORDS_S), (-12.0, -6.0), strict=True):
        first, last = round(start * LEVEL_RATE_HZ), round(end * LEVEL_RATE_HZ)
        begins = first - np.flatnonzero(curve[:first][::-1] > -0.01)[0]
        assert (first - begins) / LEVEL_RATE_HZ <= 0.15  # attack, before the word
        assert curve[first : last + 1] == pytest.approx(depth, abs=0.01)  # no pumping between the words
        after = curve[last:]
        leaves, back = np.flatnonzero(after > depth + 0.05)[0], np.flatnonzero(after > -0.05)[0]
        assert 0.6 <= (back - leaves) / LEVEL_RATE_HZ <= 1.2  # release
        assert (np.diff(after[: back + 1]) >= -1e-6).all()
    assert curve[1000:1350].max() > -0.01  # a pause of six seconds is the music's


def test_every_second_of_a_phrase_is_clear_of_the_music():
    times = np.arange(1000) / LEVEL_RATE_HZ
    voice = np.where(times < 5.0, -20.0, -27.0)  # a sentence that ends softly
    music = np.where((times > 5.0) & (times < 5.9), -22.0, -30.0)  # a chord on its last words
    speech = np.array([[2.0, 3.4], [3.7, 6.0]])
    (depth,) = depths_db(speech, voice, music)
    for second in np.arange(2.0, 5.01, 0.25):
        part = slice(round(second * LEVEL_RATE_HZ), round((second + 1) * LEVEL_RATE_HZ))
        assert mean_level_db(voice[part]) - mean_level_db(music[part] + depth) >= 11
    assert depth > -20  # and no further than that takes


def test_half_a_word_at_the_end_of_a_phrase_counts_no_second():
    levels = np.full(1000, -20.0)
    levels[560:] = -50.0  # the last tenth of a second is a breath
    assert depths_db(np.array([[2.0, 5.7]]), levels, np.full(1000, -30.0))[0] > -6

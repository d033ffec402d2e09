"""Leveling: a long quiet passage is lifted, a short one is left alone."""

import numpy as np
import pytest
from helpers.music_levels import measured_lufs

from dyvim_cli.hearing import metering
from dyvim_cli.music.mixing import loudness, mastering
from dyvim_cli.music.mixing.leveling import DEPTH_LU, MOST_DB, quiet_passage_gains

RATE = 48000


def noise(*passages: tuple[float, float]) -> np.ndarray:
    """[2, n] of passages of (seconds, dB against full scale)."""
    rng = np.random.default_rng(0)
    level = np.concatenate([np.full(round(RATE * s), 10 ** (db / 20)) for s, db in passages])
    return (rng.standard_normal((2, len(level))) * level).astype(np.float32)


def gains_db(sound: np.ndarray) -> np.ndarray:
    """[n / 100 ms] gain in dB."""
    meter = loudness.Meter()
    meter.feed(sound)
    gains = quiet_passage_gains(meter.powers)
    assert len(gains) == len(meter.powers)
    return 20 * np.log10(gains[metering.CELLS_A_HOP // 2 :: metering.CELLS_A_HOP])


def mastered(sound: np.ndarray, block: int) -> np.ndarray:
    blocks = (sound[:, i : i + block] for i in range(0, sound.shape[1], block))
    return np.concatenate(list(mastering.finished(blocks, loudness.Meter()))).T


def test_a_long_calm_is_lifted_up_to_its_edges_and_nothing_else():
    lift = gains_db(noise((8, -20), (6, -45), (8, -20)))
    assert lift[85:135] == pytest.approx(0.5 * (25 - DEPTH_LU), abs=0.7)
    assert np.abs(lift[:76]).max() < 0.01 and np.abs(lift[144:]).max() < 0.01


@pytest.mark.parametrize("seconds, db", [(2.5, -45), (6, -27)])
def test_what_is_short_or_not_so_deep_stays(seconds, db):
    assert gains_db(noise((8, -20), (seconds, db), (8, -20))).max() < 0.01


@pytest.mark.parametrize("sound", [noise((0.5, -20)), noise((2, -200))])
def test_next_to_nothing_is_left_alone(sound):
    assert (gains_db(sound) == 0).all()


def test_a_still_film_is_lifted_no_further_than_can_be_heard_as_a_calm():
    lift = gains_db(noise((8, -20), (6, -90)))
    assert lift.max() == pytest.approx(MOST_DB, abs=0.01)


def test_the_finished_sound_has_it_and_blocks_do_not_show():
    sound = noise((6, -20), (5, -50), (6, -20))
    whole, pieces = mastered(sound, sound.shape[1]), mastered(sound, RATE)
    assert np.abs(whole - pieces).max() < 1e-4
    calm, loud = (measured_lufs(whole[:, RATE * a : RATE * b]) for a, b in ((7, 10), (1, 5)))
    assert loud - calm == pytest.approx(30 - 0.5 * (30 - DEPTH_LU), abs=1.0)
    assert measured_lufs(whole) == pytest.approx(loudness.TARGET_LUFS, abs=0.1)

"""The pad makes room where it would cover the tune, and nowhere else; the stems show it."""

import numpy as np
import pytest

from dyvim_cli.music.mixing.mix import CLEAR_DB, MOST_YIELDED_DB, _yielder, mixed
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.types import SAMPLE_RATE

SECONDS = 6


def tone(hz: float, level_db: float, from_s: float = 0.0) -> np.ndarray:
    """[2, n] a sine that begins at from_s."""
    times_s = np.arange(SECONDS * SAMPLE_RATE) / SAMPLE_RATE
    sound = 10 ** (level_db / 20) * np.sin(2 * np.pi * hz * times_s) * (times_s >= from_s)
    return np.tile(sound, (2, 1)).astype(np.float32)


def yielded_db(tune: np.ndarray, pad: np.ndarray, at_s: float, n_blocks: int = 3) -> float:
    """How far the pad went down around a moment."""
    make_room, parts = _yielder(), (np.split(one, n_blocks, axis=1) for one in (tune, pad))
    made = [make_room({"melody": a, "pad": b})["pad"] for a, b in zip(*parts, strict=True)]
    around = slice(round((at_s - 0.1) * SAMPLE_RATE), round((at_s + 0.1) * SAMPLE_RATE))
    heard = np.concatenate(made, axis=1)[:, around]
    return float(10 * np.log10((pad[:, around] ** 2).mean() / (heard**2).mean()))


def test_a_pad_that_covers_the_tune_goes_down_and_one_that_does_not_stays():
    pad = tone(300, -20)
    assert yielded_db(tone(440, -30), pad, 5) == pytest.approx(MOST_YIELDED_DB, abs=0.1)
    assert yielded_db(tone(440, -20 + CLEAR_DB - 2), pad, 5) == pytest.approx(2, abs=0.3)
    assert yielded_db(tone(440, -10), pad, 5) == pytest.approx(0, abs=0.1)


def test_a_pad_stays_where_no_tune_plays():
    pad, late = tone(300, -20), tone(440, -30, from_s=3)
    assert yielded_db(np.zeros_like(pad), pad, 5) == 0
    assert yielded_db(late, pad, 2.8) == pytest.approx(0, abs=0.01)
    assert yielded_db(late, pad, 5.5) == pytest.approx(MOST_YIELDED_DB, abs=0.2)
    assert _yielder()({"pad": pad})["pad"] is pad


def test_blocks_leave_no_seam():
    tune, pad = tone(440, -28, from_s=1), tone(300, -20)
    found = []
    for n_blocks in (1, 6):
        make_room, parts = _yielder(), (np.split(one, n_blocks, axis=1) for one in (tune, pad))
        made = [make_room({"melody": a, "pad": b})["pad"] for a, b in zip(*parts, strict=True)]
        found.append(np.concatenate(made, axis=1))
    assert np.allclose(*found, atol=1e-6)


def test_stems_still_add_up_to_the_mix():
    stems = {"melody": iter([tone(440, -30)]), "pad": iter([tone(300, -20)])}
    ((mix, shares),) = mixed(stems, RECORDS["ambient"].palette, 80, lambda first, n: np.ones(n), True)
    assert np.abs(mix - sum(shares.values())).max() < 1e-3 * np.abs(mix).max()

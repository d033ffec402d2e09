"""The mix is ridden at the film's accents: a breath before each, a lift after its attack."""

from dataclasses import replace

import numpy as np
import pytest

from dyvim_cli.music.mixing.looping import around
from dyvim_cli.music.mixing.mastering import produce
from dyvim_cli.music.mixing.riding import (
    BREATH_DB,
    BREATH_POWER,
    BREATH_S,
    LIFT_DB,
    LIGHTEST,
    AccentRides,
)
from dyvim_cli.music.performance.humanize import ACCENT_LEVEL
from dyvim_cli.music.symbols import tokens
from dyvim_cli.music.timing.tempo_map import hit_table
from dyvim_cli.types import SAMPLE_RATE, Key, Note, Score, Stem, TempoMap

STEP_S, N_STEPS = 0.125, 64
LEVEL = tokens.STREAM_INDEX["level"]


def piece(hits: dict[int, float], accented: tuple[int, ...] = (16, 32)) -> Score:
    """A held organ note of 8 s; hits: step to weight."""
    grid = TempoMap(np.arange(N_STEPS + 1) * STEP_S, 120.0)
    times_s = np.array([step * STEP_S for step in hits])
    table = hit_table(grid, times_s, np.array(list(hits.values())), ["impact"] * len(hits))
    written = np.zeros((tokens.K, N_STEPS), dtype=np.int64)
    written[LEVEL] = 3
    written[LEVEL, list(accented)] = ACCENT_LEVEL
    stems = (Stem("pad", 16, False, (Note(0.0, 8.0, 60, 90),)),)
    return Score(stems, TempoMap(grid.step_times_s, 120.0, table), Key(0, False), "pop", written, ())


def noise(n_frames: int = 8 * SAMPLE_RATE) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.1, (2, n_frames)).astype(np.float32)


def gain_db(score: Score, mix: np.ndarray | None = None) -> np.ndarray:
    return 20 * np.log10(AccentRides(score).gain(noise() if mix is None else mix))


def at(curve: np.ndarray, time_s: float) -> float:
    return float(curve[round(time_s * SAMPLE_RATE)])


def test_the_heavier_event_gets_the_deeper_breath_and_the_higher_lift():
    curve = gain_db(piece({16: 1.0, 32: 0.5}))
    for at_s, weight in ((2.0, 1.0), (4.0, 0.5)):
        assert at(curve, at_s - 0.015) == pytest.approx(-BREATH_DB * weight**BREATH_POWER, abs=0.01)
        assert at(curve, at_s) == pytest.approx(LIFT_DB * weight, abs=0.05)
        assert at(curve, at_s - BREATH_S - 0.01) == at(curve, at_s + 0.7) == pytest.approx(0.0, abs=0.02)
    assert at(curve, 4.0 - 0.015) > -0.45 * BREATH_DB  # that of a light event is slight


def test_light_events_and_steps_that_are_not_accented_leave_the_fader_alone():
    assert not gain_db(piece({16: LIGHTEST - 0.01, 40: 1.0})).any()


def test_an_event_at_the_beginning_is_lifted_without_a_breath():
    curve = gain_db(piece({0: 1.0}, accented=(0,)))
    assert curve.min() >= 0 and at(curve, 0.0) == pytest.approx(LIFT_DB, abs=0.01)


def test_where_the_music_has_died_away_no_breath_makes_a_hole():
    mix = noise()
    mix[:, round(1.6 * SAMPLE_RATE) : 2 * SAMPLE_RATE] *= 0.1
    curve = gain_db(piece({16: 1.0, 32: 1.0}), mix)
    assert curve[: round(1.99 * SAMPLE_RATE)].min() > -0.1
    assert at(curve, 2.0) == pytest.approx(LIFT_DB, abs=0.01) and at(curve, 3.985) == pytest.approx(
        -BREATH_DB
    )


def test_blocks_are_parts_of_the_whole():
    score, mix = piece({16: 1.0, 32: 0.7}), noise()
    cuts = [0, 94_080, 96_000, 149_760, 8 * SAMPLE_RATE]  # of whole cells of 10 ms, as the mix's are
    rides = AccentRides(score)
    parts = [rides.gain(mix[:, first:end]) for first, end in zip(cuts, cuts[1:], strict=False)]
    assert np.allclose(np.concatenate(parts), AccentRides(score).gain(mix), atol=1e-6)


def test_the_sound_takes_a_breath_before_the_accent_and_its_stems_add_up():
    ridden, plain = piece({32: 0.7}), piece({})
    track, still = produce(ridden, 8.0, keep_stems=True), produce(plain, 8.0)
    before = slice(round(3.97 * SAMPLE_RATE), round(3.99 * SAMPLE_RATE))
    calm = slice(round(3.0 * SAMPLE_RATE), round(3.5 * SAMPLE_RATE))

    def dip_db(samples: np.ndarray) -> float:
        return float(20 * np.log10(samples[before].std() / samples[calm].std()))

    assert dip_db(track.samples) - dip_db(still.samples) == pytest.approx(
        -BREATH_DB * 0.7**BREATH_POWER, abs=1.5
    )
    assert np.allclose(sum(track.stems.values()), track.samples, atol=1e-4)


def test_a_loop_is_ridden_in_every_round():
    score, lead, total = around(replace(piece({16: 1.0}), extras={"loops": True}), 8 * SAMPLE_RATE)
    curve = gain_db(score, noise(total))
    assert at(curve, lead / SAMPLE_RATE + 2.0 - 0.015) == pytest.approx(-BREATH_DB, abs=0.1)
    assert at(curve, lead / SAMPLE_RATE - 6.0 - 0.015) == pytest.approx(-BREATH_DB, abs=0.1)

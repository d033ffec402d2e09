"""Rubato meets events beside the grid; expression makes held sound follow the level stream."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dyvim_cli.music.mixing.mastering import produce
from dyvim_cli.music.performance.expression import FULLEST_DB, SOFTEST_DB, course_db, expression_gain
from dyvim_cli.music.performance.humanize import ACCENT_LEVEL, LET_GO_DECAYS, Feel, articulation
from dyvim_cli.music.performance.perform import perform
from dyvim_cli.music.symbols import tokens
from dyvim_cli.music.timing.rubato import MOST_SQUEEZE, NEAR_ENOUGH_S, apply_rubato
from dyvim_cli.music.timing.tempo_map import fit_tempo_map, hit_table
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.stylebook.record import Part, Room
from dyvim_cli.types import Key, TempoMap

STEP_S = 0.14


def steady(event_times_s, weights=None, n_steps=96) -> TempoMap:
    """A grid of equal steps that has not heard of its events."""
    grid = TempoMap(np.arange(n_steps + 1) * STEP_S, 60 / (4 * STEP_S))
    times = np.array(event_times_s, float)
    weights = np.ones(len(times)) if weights is None else np.array(weights)
    return TempoMap(grid.step_times_s, grid.bpm, hit_table(grid, times, weights, ["impact"] * len(times)))


def test_events_between_the_steps_are_met():
    leaned = apply_rubato(steady([3.05, 6.36, 9.0]), strength=1)
    assert max(abs(hit.error_s) for hit in leaned.hits) <= NEAR_ENOUGH_S + 1e-9


def test_the_beat_wins_over_the_nearer_sixteenth():
    at_beat = 40 * STEP_S + 0.45 * STEP_S
    assert apply_rubato(steady([at_beat]), strength=1).hits[0].step == 40


def test_the_heavier_of_two_that_exclude_each_other_is_met():
    close = [20.5 * STEP_S, 21.1 * STEP_S]
    for weights, served in (([1.0, 0.3], 0), ([0.3, 1.0], 1)):
        hits = apply_rubato(steady(close, weights), strength=1).hits
        assert abs(hits[served].error_s) <= NEAR_ENOUGH_S + 1e-9


@given(st.lists(st.floats(0, 96 * STEP_S), max_size=40), st.floats(0, 1), st.randoms(use_true_random=False))
def test_steps_stay_in_order_and_the_ends_in_place(times, strength, random):
    tempo_map = steady(sorted(times), [random.uniform(0.1, 1) for _ in times])
    leaned = apply_rubato(tempo_map, strength)
    lengths = np.diff(leaned.step_times_s) / STEP_S
    assert leaned.step_times_s[0] == 0 and leaned.step_times_s[-1] == tempo_map.step_times_s[-1]
    assert lengths.min() >= 1 - MOST_SQUEEZE - 1e-9 and lengths.max() <= 1 + MOST_SQUEEZE + 1e-9
    if strength == 0:
        assert (leaned.step_times_s == tempo_map.step_times_s).all()


def test_half_the_strength_leans_half_as_far():
    event_s = 30.4 * STEP_S
    errors = [abs(apply_rubato(steady([event_s]), s).hits[0].error_s) for s in (0, 0.25, 0.5, 1)]
    assert errors[0] > errors[1] > errors[2] > errors[3]
    assert errors[2] == pytest.approx((errors[0] + errors[3]) / 2)


def test_drums_that_keep_time_do_not_stumble_with_a_moved_step():
    leaned = apply_rubato(steady([30.4 * STEP_S]), 1, reach_steps=1)
    moved = leaned.step_times_s != steady([]).step_times_s
    assert moved.sum() == 1 and moved[30]


def test_events_lighter_than_asked_move_no_step():
    light = steady([30.4 * STEP_S], [0.2])
    assert apply_rubato(light, 1, least_weight=0.3) is light


def test_what_the_tempo_map_has_met_stays_met():
    times, weights = np.array([2.0, 4.03, 7.9, 8.31, 11.0]), np.array([1.0, 0.5, 0.9, 0.6, 1.0])
    tempo_map = fit_tempo_map(14.0, times, weights, ["cut"] * 5)
    leaned = apply_rubato(tempo_map, 1)
    for before, after in zip(tempo_map.hits, leaned.hits, strict=True):
        assert abs(after.error_s) <= max(abs(before.error_s), NEAR_ENOUGH_S) + 1e-9


def test_expression_follows_the_levels_slowly():
    calm, storm = np.zeros(64, np.int16), np.full(64, 5, np.int16)
    gain_db = course_db(np.concatenate([calm, storm]))
    assert gain_db[:44] == pytest.approx(SOFTEST_DB, abs=0.01) and gain_db[-44:] == pytest.approx(
        FULLEST_DB, abs=0.01
    )
    assert (np.diff(gain_db) >= -1e-9).all()
    assert np.diff(gain_db).max() < 1  # dB a step: no fader falls or rises within a beat
    assert course_db(np.full(8, tokens.UNKNOWN)) == pytest.approx(course_db(np.full(8, 3)))


def test_an_accent_does_not_move_the_course():
    calm, accent = np.full(64, 2, np.int16), np.full(64, 2, np.int16)
    accent[[20, 32, 33]] = 7, 7, 6
    assert course_db(accent) == pytest.approx(course_db(calm))
    assert course_db(np.full(8, 7)) == pytest.approx(FULLEST_DB)


def test_the_gain_is_one_curve_however_it_is_cut_into_blocks():
    rows = tokens.empty(64)
    rows[tokens.STREAM_INDEX["level"]] = np.repeat([0, 5], 32)
    gain = expression_gain(perform(rows, steady([], n_steps=64), Key(0, False), "pop", 64 * STEP_S, 1))
    assert np.concatenate([gain(0, 500), gain(500, 500)]) == pytest.approx(gain(0, 1000))
    assert gain(0, 1)[0] == pytest.approx(10 ** (SOFTEST_DB / 20), rel=0.01)


@pytest.mark.parametrize("style", ["ambient", "cinematic"])
def test_a_chord_that_is_held_swells(style):
    rows = np.zeros((tokens.K, 96), np.int16)
    rows[tokens.STREAM_INDEX["level"]] = np.repeat([0, 5, 0], 32)
    rows[tokens.STREAM_INDEX["chord"]] = tokens.chord_token(0, "maj")
    pad = tokens.STREAM_INDEX["pad"]
    for start in range(0, 96, 48):  # onsets in the calm and in the middle of the swell
        rows[pad, start : start + 48] = tokens.HOLD
        rows[pad, start] = tokens.pitch_token(tokens.STREAMS[pad], 67)
    organ = {"pad": 16}  # it neither swells nor dies away by itself
    piece = perform(rows, steady([]), Key(0, False), style, 96 * STEP_S, 1, programs=organ)
    sound = produce(piece, 96 * STEP_S).samples[: 96 * 6720]
    gain = expression_gain(piece)(0, len(sound))
    level, course = ([np.sqrt((p**2).mean()) for p in np.array_split(x, 6)] for x in (sound, gain))
    assert level[2] / level[1] == pytest.approx(course[2] / course[1], rel=0.1)
    assert course[2] > 1.2 * course[1] and level[3] > 1.3 * level[5]


def test_staccato_is_for_short_notes():
    assert articulation(0.6, 2) == 0.6 and articulation(0.6, 16) == articulation(1.0, 2) == 1.0
    assert 0.6 < articulation(0.6, 8) < 1.0


def test_a_note_that_leads_into_a_hit_is_held_up_to_it():
    part = Part((0,), length=0.6)
    levels = np.full(32, 3)
    levels[16] = ACCENT_LEVEL
    row = np.zeros((tokens.K, 32), dtype=np.int16)
    row[tokens.STREAM_INDEX["level"]] = levels
    grid = TempoMap(np.arange(33) * 0.125, 120.0)
    feel = Feel(row, grid, RECORDS["pop"].palette, "pop", 4.0, seed=0)
    assert feel.span(12, 16, part, "bass")[1] == pytest.approx(2.0)
    start_s, end_s = feel.span(20, 24, part, "bass")
    assert end_s - start_s < 0.7 * 0.5


def test_the_accent_of_a_lighter_event_is_played_more_softly():
    row = np.zeros((tokens.K, 96), dtype=np.int16)
    row[tokens.STREAM_INDEX["level"]] = 3
    row[tokens.STREAM_INDEX["level"], [16, 32, 48]] = ACCENT_LEVEL
    grid = steady([16 * STEP_S, 32 * STEP_S, 64 * STEP_S], [1.0, 0.4, 0.4])
    feel = Feel(row, grid, RECORDS["pop"].palette, "pop", 96 * STEP_S, seed=0)
    plain = Feel(
        row, TempoMap(grid.step_times_s, grid.bpm), RECORDS["pop"].palette, "pop", 96 * STEP_S, seed=0
    )
    part = RECORDS["pop"].palette.parts["drums"]
    for strength in (
        lambda of, step: of.velocity(step, part, "bass"),
        lambda of, step: of.stroke(step, part, "kick"),
    ):
        heavy, light, unknown, unaccented = (strength(feel, step) for step in (16, 32, 48, 64))
        assert (heavy, unknown, unaccented) == tuple(strength(plain, step) for step in (16, 48, 64))
        assert 0.65 < light / strength(plain, 32) < 0.9 and light > unaccented


@pytest.mark.parametrize(("accent_step", "end_s"), [(4, 3.5), (30, 3.75)])
def test_the_last_chord_rings_up_to_a_hit_that_follows_it(accent_step, end_s):
    row = np.zeros((tokens.K, 32), dtype=np.int16)
    row[tokens.STREAM_INDEX["level"]] = 3
    row[tokens.STREAM_INDEX["level"], accent_step] = ACCENT_LEVEL
    grid = TempoMap(np.arange(33) * 0.125, 120.0)
    palette = replace(RECORDS["pop"].palette, room=Room(0.5 / LET_GO_DECAYS, 0.01))
    feel = Feel(row, grid, palette, "pop", 4.0, seed=0)
    assert feel.span(8, 32, Part((0,)), "pad")[1] == pytest.approx(end_s)

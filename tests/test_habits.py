"""Players keep their deviations where their notes are kept: in a new cut, under a moved hit."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.old_pieces import old_piece_of_eight_seconds

from dyvim_cli.desk.kept_pieces import _as_record, _from_record
from dyvim_cli.model.compose.carried import carried_habits
from dyvim_cli.music.performance.humanize import Habits
from dyvim_cli.music.performance.perform import perform
from dyvim_cli.music.symbols import tokens
from dyvim_cli.music.timing.relaid import NONE, relaid
from dyvim_cli.old_piece import FootageRun
from dyvim_cli.types import Key, TempoMap

N_STEPS, STEP_S, BAR = 96, 0.125, 16
FIRST = 3 * BAR  # an odd number: drummers alternate cymbals by bars


@pytest.fixture(scope="module")
def piece():
    return old_piece_of_eight_seconds()


def song(seed: int = 3) -> np.ndarray:
    """Six bars of a beat with ghost notes, over a bass in eighths."""
    rows, rng = np.zeros((tokens.K, N_STEPS), np.int16), np.random.default_rng(seed)
    rows[tokens.STREAM_INDEX["level"]] = 3
    drums, bass = tokens.STREAM_INDEX["drums"], tokens.STREAM_INDEX["bass"]
    for step in range(N_STEPS):
        names = ["hat"] + ["kick"] * (step % 8 == 0) + ["snare"] * (step % 8 == 4 or rng.random() < 0.2)
        rows[drums, step] = tokens.drum_token(names)
    rows[bass] = tokens.HOLD
    rows[bass, ::2] = tokens.FIRST_PITCH + rng.integers(3, 9, N_STEPS // 2)
    return rows


def played(rows: np.ndarray, times_s: np.ndarray, style: str, habits: Habits | None = None) -> dict:
    """Stem -> sorted (start, pitch, velocity)."""
    score = perform(rows, TempoMap(times_s, 120.0), Key(0, False), style, 30.0, 7, habits=habits)
    return {
        stem.name: np.array([(note.start_s, note.pitch, note.velocity) for note in stem.notes])
        for stem in score.stems
    }


@pytest.mark.parametrize("style", ["rock", "jazz", "lofi"])
def test_bars_that_move_keep_the_players_deviations(style):
    times_s, rows = np.arange(N_STEPS + 1) * STEP_S, song()
    kept = Habits(np.arange(FIRST, N_STEPS), np.full(N_STEPS - FIRST, STEP_S))
    whole = played(rows, times_s, style)
    late = played(rows[:, FIRST:], times_s[FIRST:] - times_s[FIRST], style, kept)
    strangers = played(rows[:, FIRST:], times_s[FIRST:] - times_s[FIRST], style)
    shift_s = times_s[FIRST]
    for name in ("drums", "bass"):
        before = whole[name][whole[name][:, 0] > shift_s + STEP_S / 2] - (shift_s, 0, 0)
        after, others = (each[name][each[name][:, 0] > STEP_S / 2] for each in (late, strangers))
        assert np.allclose(before, after, atol=1e-9)
        assert len(before) == len(others) and not np.allclose(before[:, 2], others[:, 2], atol=1e-9)


def test_a_step_that_leans_to_its_hit_moves_no_stroke_around_it():
    times_s, rows = np.arange(N_STEPS + 1) * STEP_S, song()
    leaned_s = times_s.copy()
    leaned_s[40] += 0.03
    kept = Habits(np.arange(N_STEPS), np.diff(times_s))
    before, after, yielding = (
        played(rows, at_s, "rock", habits)["drums"]
        for at_s, habits in ((times_s, None), (leaned_s, kept), (leaned_s, None))
    )
    moved = np.unique(np.rint(before[np.abs(before[:, 0] - after[:, 0]) > 1e-6, 0] / STEP_S))
    assert moved.tolist() == [40]
    assert np.unique(np.rint(before[np.abs(before[:, 0] - yielding[:, 0]) > 1e-6, 0] / STEP_S)).tolist() != [
        40
    ]


def test_a_new_cut_knows_whose_deviations_its_steps_have(piece):  # noqa: F811
    runs = (FootageRun(0, 2, 4.0), FootageRun(2, 4.0), FootageRun(4.0, 6.0, 0.0))
    grid = relaid(piece, runs, np.zeros(0))
    habits, is_old = carried_habits(piece, grid), grid.source != NONE
    assert np.array_equal(habits.steps[is_old], grid.source[is_old])
    assert (
        habits.steps[~is_old].min() >= len(piece.hit) and len(set(habits.steps[~is_old])) == (~is_old).sum()
    )
    assert np.allclose(habits.lengths_s[is_old], np.diff(piece.step_times_s)[grid.source[is_old]])
    # and a cut of that cut remembers it
    again = _from_record(_as_record(replace(piece, drawn_as=np.arange(len(piece.hit))[::-1])))
    assert np.array_equal(again.drawn_as, np.arange(len(piece.hit))[::-1])
    second = carried_habits(again, grid)
    assert np.array_equal(second.steps[is_old], again.drawn_as[grid.source[is_old]])
    assert _from_record(_as_record(piece)).drawn_as is None

"""Long chords of instruments that die away are played again on strong beats."""

import numpy as np
import pytest

from dyvim_cli.music.form.decay import AGAIN_AFTER_S, play_again
from dyvim_cli.music.symbols import tokens
from dyvim_cli.types import STEPS_PER_BAR, TempoMap

PAD, BASS = tokens.STREAM_INDEX["pad"], tokens.STREAM_INDEX["bass"]
CHORD = tokens.FIRST_PITCH + 5
BARS = 3


def held() -> np.ndarray:
    """A chord and a bass note that are held for two bars, and the last chord in the third."""
    piece = np.zeros((tokens.K, BARS * STEPS_PER_BAR), dtype=np.int16)
    piece[[PAD, BASS]] = tokens.HOLD
    for step in (0, 2 * STEPS_PER_BAR):
        piece[[PAD, BASS], step] = CHORD
    return piece


def at_bpm(bpm: float) -> TempoMap:
    steps = BARS * STEPS_PER_BAR
    return TempoMap(np.arange(steps + 1) * 15.0 / bpm, bpm)


def onsets(piece: np.ndarray, row: int) -> list[int]:
    return np.flatnonzero(piece[row] >= tokens.FIRST_PITCH).tolist()


def test_a_slow_chord_is_played_again_on_strong_beats_and_the_last_one_rings():
    piece, free = held(), np.ones_like(held(), dtype=bool)
    again = play_again(piece, free, at_bpm(72), "lofi", 2 * STEPS_PER_BAR)
    assert onsets(again, PAD) == [0, 8, 16, 24, 32]
    assert (again[PAD, onsets(again, PAD)] == CHORD).all()


def test_fast_music_is_divided_less_often():
    piece, free = held(), np.ones_like(held(), dtype=bool)
    again = play_again(piece, free, at_bpm(150), "lofi", 2 * STEPS_PER_BAR)
    steps = np.array(onsets(again, PAD))
    assert steps.tolist() == [0, 16, 32]
    assert (np.diff(steps) * 15 / 150 >= AGAIN_AFTER_S).all()


def test_instruments_that_sustain_are_left_alone():
    piece, free = held(), np.ones_like(held(), dtype=bool)
    again = play_again(piece, free, at_bpm(72), "orchestral", 2 * STEPS_PER_BAR)
    assert (again == piece).all()


@pytest.mark.parametrize("row", [PAD, BASS])
def test_nothing_is_added_where_it_may_not_begin(row):
    piece, allowed = held(), np.ones_like(held(), dtype=bool)
    allowed[row] = False
    again = play_again(piece, allowed, at_bpm(72), "lofi", 2 * STEPS_PER_BAR)
    assert onsets(again, row) == [0, 32]


def test_a_short_note_stays_whole():
    piece = held()
    piece[PAD, 8:32] = tokens.REST
    again = play_again(piece, np.ones_like(piece, dtype=bool), at_bpm(72), "lofi", 2 * STEPS_PER_BAR)
    assert onsets(again, PAD) == [0, 32]

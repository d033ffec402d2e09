"""How a piece ends: the last chord rings, and the tune closes where it was going."""

import numpy as np
import pytest

from dyvim_cli.music import tokens
from dyvim_cli.music.ending import LAST_CHORD_S, MELODY, choose_final_step, last_chord, settle
from dyvim_cli.music.feel import RING_SHARE
from dyvim_cli.types import TempoMap

STREAM = tokens.STREAMS[MELODY]


def closing_pitch(last: int, is_minor: bool = False) -> int:
    """What a tune whose last note before the end is a pitch closes on."""
    tempo_map = TempoMap(np.arange(65) * 0.125, 120.0)
    ending = last_chord(tempo_map, 48, np.array([51]), is_minor)
    piece = np.where(ending == tokens.UNKNOWN, 0, ending)
    piece[MELODY, 40] = tokens.pitch_token(STREAM, last)
    settled = settle(piece, 48, is_minor)
    assert np.array_equal(np.delete(settled, MELODY, 0), np.delete(piece, MELODY, 0))
    assert settled[MELODY, 51] == settled[MELODY, 48]  # struck again, it is the same note
    assert (np.delete(settled[MELODY, 49:], 2) == tokens.HOLD).all()
    return tokens.token_pitch(STREAM, settled[MELODY, 48])


@pytest.mark.parametrize(
    "last, closes",
    [(74, 72), (71, 72), (77, 76), (79, 76), (81, 84), (86, 84), (83, 84), (62, 60), (59, 60), (91, 88)],
)
def test_the_tune_closes_on_the_nearest_tonic_or_third(last, closes):
    assert closing_pitch(last) == closes


def test_a_minor_tune_closes_on_its_own_third_and_never_leaps():
    assert closing_pitch(77, is_minor=True) == 75
    for last in range(STREAM.low, STREAM.low + 37):
        assert abs(closing_pitch(last, True) - last) <= 5 and abs(closing_pitch(last) - last) <= 5


def test_without_a_tune_the_chord_stays_as_it_was():
    ending = last_chord(TempoMap(np.arange(65) * 0.125, 120.0), 48, np.array([], int), False)
    piece = np.where(ending == tokens.UNKNOWN, 0, ending)
    assert settle(piece, 48, False) is piece


@pytest.mark.parametrize("late_step", [60, 62, 58])
def test_a_late_event_does_not_take_the_last_chords_ring(late_step):
    """Heavy events in the film's last second draw the last chord to them, but not so near the end."""
    tempo_map = TempoMap(np.arange(65) * 0.125, 120.0)
    hits = np.zeros(64)
    hits[[late_step, 56]] = 1.0
    final = choose_final_step(tempo_map, hits)
    assert (64 - final) * 0.125 >= LAST_CHORD_S
    assert (1 - RING_SHARE) * LAST_CHORD_S >= 1.0  # so long it sounds before it is let go

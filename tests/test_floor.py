"""Short rests of the whole band are filled; planned rests stay."""

import numpy as np
import pytest

from dyvim_cli.music.form.floor import keep_floor
from dyvim_cli.music.symbols import tokens
from dyvim_cli.types import STEPS_PER_BAR

PAD, BASS, MELODY, DRUMS = (tokens.STREAM_INDEX[name] for name in ("pad", "bass", "melody", "drums"))
CHORD = tokens.pitch_token(tokens.STREAMS[PAD], 64)
ROOT = tokens.pitch_token(tokens.STREAMS[BASS], 36)
HAT = tokens.drum_token(["hat"])
REST_FROM, ACCENT = 12, 16  # the band stops a beat before the second bar


def band(stops_with=(PAD, BASS)) -> np.ndarray:
    """Two bars of chord, bass and drums that stop together a beat before the second bar."""
    piece = np.zeros((tokens.K, 2 * STEPS_PER_BAR), dtype=np.int16)
    piece[DRUMS, 0:REST_FROM:2] = piece[DRUMS, ACCENT::2] = HAT
    for row, token in ((PAD, CHORD), (BASS, ROOT)):
        ends = REST_FROM if row in stops_with else REST_FROM - 4
        piece[row, :ends] = piece[row, ACCENT:] = tokens.HOLD
        piece[row, [0, ACCENT]] = token
    return piece


def may(piece: np.ndarray) -> np.ndarray:
    return np.ones(piece.shape, dtype=bool)


def test_chord_and_bass_hold_through_the_rest_and_the_hat_goes_on():
    filled = keep_floor(band(), may(band()), may(band()), "pop")
    assert (filled[[PAD, BASS], REST_FROM:ACCENT] == tokens.HOLD).all()
    assert filled[DRUMS, REST_FROM:ACCENT].tolist() == [HAT, 0, HAT, 0]


def test_what_was_written_before_stays():
    piece, filled = band(), keep_floor(band(), may(band()), may(band()), "rock")
    elsewhere = np.r_[0:REST_FROM, ACCENT : piece.shape[1]]
    np.testing.assert_array_equal(filled[:, elsewhere], piece[:, elsewhere])


def test_a_style_without_a_beat_gets_no_hat():
    assert not keep_floor(band(), may(band()), may(band()), "ambient")[DRUMS, REST_FROM:ACCENT].any()


def test_drums_that_have_not_played_do_not_begin_in_a_rest():
    piece = band()
    piece[DRUMS, :ACCENT] = 0
    assert not keep_floor(piece, may(piece), may(piece), "pop")[DRUMS, :ACCENT].any()


@pytest.mark.parametrize("row", [PAD, BASS, DRUMS])
def test_an_excluded_part_stays_silent(row):
    allowed = may(band())
    allowed[row, REST_FROM:ACCENT] = False
    assert (keep_floor(band(), allowed, allowed, "pop")[row, REST_FROM:ACCENT] == 0).all()


def test_a_chord_is_struck_again_where_none_can_be_held():
    piece = band(stops_with=())
    piece[MELODY, : REST_FROM - 1] = tokens.HOLD  # the tune continues alone and then stops too
    piece[MELODY, 0] = tokens.FIRST_PITCH
    filled = keep_floor(piece, may(piece), may(piece), "pop")
    assert filled[PAD, REST_FROM - 1] == CHORD
    assert (filled[PAD, REST_FROM:ACCENT] == tokens.HOLD).all()


def with_a_tune_alone(piece: np.ndarray) -> np.ndarray:
    """The band with a tune of eighths that continues where chord and bass stop."""
    piece[MELODY, ::2], piece[MELODY, 1::2] = tokens.FIRST_PITCH, tokens.HOLD
    return piece


def test_the_bass_plays_on_under_a_tune_that_is_left_alone():
    piece = with_a_tune_alone(band())
    filled = keep_floor(piece, may(piece), may(piece), "playful")
    assert filled[BASS, REST_FROM] == ROOT
    assert (filled[BASS, REST_FROM + 1 : ACCENT] == tokens.HOLD).all()
    assert (filled[PAD] == piece[PAD]).all()


def test_the_bass_does_not_play_on_under_another_chord():
    piece = with_a_tune_alone(band())
    piece[tokens.STREAM_INDEX["chord"], REST_FROM:] = 5
    assert (keep_floor(piece, may(piece), may(piece), "playful")[BASS] == piece[BASS]).all()


@pytest.mark.parametrize("stops_with", [(PAD, BASS), ()])
def test_where_notes_may_not_begin_they_are_only_held_on(stops_with):
    piece = with_a_tune_alone(band(stops_with))
    free, barred = may(piece), may(piece)
    barred[:, REST_FROM - 4 : ACCENT] = False
    filled = keep_floor(piece, free, barred, "playful")
    rested = slice(REST_FROM - 4, ACCENT)
    onsets = filled[[PAD, BASS], rested] >= tokens.FIRST_PITCH
    assert not onsets.any() and (filled[DRUMS, rested] == piece[DRUMS, rested]).all()
    assert (filled[BASS, REST_FROM:ACCENT] == tokens.HOLD).all() or not stops_with


def test_an_excluded_bass_does_not_play_on():
    piece = with_a_tune_alone(band())
    allowed = may(piece)
    allowed[BASS] = False
    assert (keep_floor(piece, allowed, allowed, "playful")[BASS] == piece[BASS]).all()


@pytest.mark.parametrize("span", [(0, 8), (24, 32)])
def test_rests_at_the_beginning_and_at_the_end_are_left(span):
    piece = band()
    piece[:, span[0] : span[1]] = 0
    filled = keep_floor(piece, may(piece), may(piece), "pop")
    assert not filled[:, span[0] : span[1]].any()


def test_a_rest_of_more_than_a_bar_belongs_to_the_form():
    piece = np.hstack([band(), np.zeros((tokens.K, STEPS_PER_BAR + 1), np.int16), band()])
    filled = keep_floor(piece, may(piece), may(piece), "pop")
    assert not filled[:, 2 * STEPS_PER_BAR : 3 * STEPS_PER_BAR + 1].any()

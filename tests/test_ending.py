"""Endings: the last chord rings, and the melody closes on its goal."""

import numpy as np
import pytest

from dyvim_cli.music.form.ending import LAST_CHORD_S, MELODY, PAD, choose_final_step, last_chord, settle
from dyvim_cli.music.mixing.mastering import produce
from dyvim_cli.music.performance.humanize import RING_SHARE
from dyvim_cli.music.performance.perform import perform
from dyvim_cli.music.symbols import tokens
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.types import STYLES, Key, TempoMap

STREAM = tokens.STREAMS[MELODY]


def closing_pitch(last: int, is_minor: bool = False) -> int:
    """Closing pitch of a tune whose last note before the end is given."""
    tempo_map = TempoMap(np.arange(65) * 0.125, 120.0)
    ending = last_chord(tempo_map, 48, np.array([51]), is_minor)
    piece = np.where(ending == tokens.UNKNOWN, 0, ending)
    piece[MELODY, 40] = tokens.pitch_token(STREAM, last)
    settled = settle(piece, 48, is_minor)
    assert np.array_equal(np.delete(settled, MELODY, 0), np.delete(piece, MELODY, 0))
    assert settled[MELODY, 51] == settled[MELODY, 48]  # played again, it is the same note
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
    assert np.array_equal(settle(piece, 48, False), piece)


@pytest.mark.parametrize(
    "last, is_minor, closes",
    [(77, False, 76), (77, True, 75), (73, False, 72), (66, True, 67), (79, True, 79)],
)
def test_the_chords_close_on_the_nearest_tone_of_the_tonic(last, is_minor, closes):
    """A last chord an octave below the others would sound like another instrument."""
    ending = last_chord(TempoMap(np.arange(65) * 0.125, 120.0), 48, np.array([51]), is_minor)
    piece = np.where(ending == tokens.UNKNOWN, 0, ending)
    piece[PAD, 40] = tokens.pitch_token(tokens.STREAMS[PAD], last)
    struck = settle(piece, 48, is_minor)[PAD, [48, 51]]
    assert [tokens.token_pitch(tokens.STREAMS[PAD], token) for token in struck] == [closes, closes]


@pytest.mark.parametrize("weight, stops", [(0.9, True), (0.3, False)])
def test_the_music_stops_with_the_picture(weight, stops):
    """A heavy event takes the last chord wherever it falls; a light one leaves it on a strong beat."""
    hits = np.zeros(288)
    hits[266] = weight
    final = choose_final_step(TempoMap(np.arange(289) * 0.1047, 143.0), hits)
    assert (final == 266) == stops and (stops or final % 8 == 0)


@pytest.mark.parametrize("style", STYLES)
def test_the_last_chord_rings_to_the_end_of_the_film_and_not_beyond(style):
    """The last half second is neither empty, however dry the room, nor cut off."""
    tempo_map = TempoMap(np.arange(129) * 0.125, 120.0)
    ending = last_chord(tempo_map, 104, np.array([], int), False)
    piece = np.where(ending == tokens.UNKNOWN, 0, ending)
    piece[tokens.STREAM_INDEX["level"]] = 3
    piece[tokens.STREAM_INDEX["chord"]] = tokens.chord_token(0, "maj")
    score = perform(piece, tempo_map, Key(0, False), style, 16.0, 2)
    let_go = 16.0 - max(note.end_s for stem in score.stems for note in stem.notes)
    assert 0.2 < let_go < 1.05 and let_go <= 0.31 * RECORDS[style].palette.room.decay_s
    sound = (produce(score, 16.0).samples ** 2).mean(axis=1)

    def level_db(start_s, end_s):
        return 10 * np.log10(sound[round(48000 * start_s) : round(48000 * end_s)].mean() + 1e-12)

    assert level_db(15.5, 15.8) > level_db(14.0, 15.0) - 26
    assert level_db(15.97, 16.0) < level_db(14.0, 15.0) - 26


@pytest.mark.parametrize("late_step", [60, 62, 58])
def test_a_late_event_does_not_take_the_last_chords_ring(late_step):
    """Heavy events in the film's last second draw the last chord to them, but not so near the end."""
    tempo_map = TempoMap(np.arange(65) * 0.125, 120.0)
    hits = np.zeros(64)
    hits[[late_step, 56]] = 1.0
    final = choose_final_step(tempo_map, hits)
    assert (64 - final) * 0.125 >= LAST_CHORD_S
    assert (1 - RING_SHARE) * LAST_CHORD_S >= 1.0  # its sound before the release


def test_without_drums_the_chord_itself_answers_a_late_event():
    tempo_map, step = TempoMap(np.arange(65) * 0.125, 120.0), 56  # a second before the end
    for with_drums in (True, False):
        ending = last_chord(tempo_map, 40, np.array([step]), False, with_drums)
        assert (ending[PAD, step] >= tokens.FIRST_PITCH) != with_drums
        assert (ending[tokens.STREAM_INDEX["drums"], step] > 0) == with_drums

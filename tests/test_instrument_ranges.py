"""Notes stay within their instruments' ranges, and a melody keeps its contour when it is moved."""

import numpy as np
import pytest

from dyvim_cli.music.performance.instrument_ranges import COMPASS, GROWLS_BELOW, below, folded, in_compass
from dyvim_cli.music.performance.perform import perform
from dyvim_cli.music.symbols import tokens
from dyvim_cli.types import STYLES, Key, Note, TempoMap

SAX, VIOLIN, BELLS, BASS_GUITAR = 66, 40, 9, 33


def notes(*pitches: int) -> list[Note]:
    return [Note(0.5 * i, 0.5 * i + 0.4, pitch, 90) for i, pitch in enumerate(pitches)]


def pitches(name: str, program: int, *written: int) -> list[int]:
    return [note.pitch for note in in_compass(name, program, notes(*written))]


def test_a_tune_moves_as_a_whole_or_not_at_all():
    high = (74, 77, 79, 84, 81)
    assert pitches("melody", SAX, *high) == [pitch - 12 for pitch in high]
    assert pitches("melody", VIOLIN, *high) == list(high)
    assert pitches("melody", SAX, *[60] * 40, 79) == [*[60] * 40, 79]
    assert pitches("melody", SAX, *[70] * 8, 79, 80) == [*[70] * 8, 79, 80]  # a few do not move the rest


def test_basses_and_accents_are_folded_note_by_note():
    assert pitches("bass", BASS_GUITAR, 36, 30, 25, 23) == [36, 30, 37, 35]
    assert pitches("accent", BELLS, 36, 45, 80) == [72, 81, 80]


def test_an_octave_always_fits():
    for program, (low, high) in COMPASS.items():
        assert high - low >= 11, program
        assert all(low <= folded(pitch, low, high) <= high for pitch in range(128))


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("key", [Key(6, False), Key(7, True)])  # the farthest up, and down
def test_whatever_the_palette_draws_plays_what_it_can(style, key):
    rows = np.zeros((tokens.K, 64), dtype=np.int16)
    rows[tokens.STREAM_INDEX["level"], ::8] = 7
    rows[tokens.STREAM_INDEX["chord"]] = tokens.chord_token(0, "maj")
    for name, written in (("melody", (72, 76, 79, 84)), ("bass", (28, 31, 36, 43))):
        stream = tokens.STREAMS[tokens.STREAM_INDEX[name]]
        rows[tokens.STREAM_INDEX[name], ::16] = [tokens.pitch_token(stream, pitch) for pitch in written]
    for seed in range(8):
        score = perform(rows, TempoMap(np.arange(65) * 0.125, 120.0), key, style, 9.0, seed)
        for stem in score.stems:
            low, high = COMPASS.get(stem.program, (0, 127))
            outside = [note.pitch for note in stem.notes if not low <= note.pitch <= high]
            if stem.name in ("bass", "accent"):
                assert not outside, (stem.name, stem.program)
            elif stem.name == "melody":
                assert len(outside) <= 1, (stem.program, outside)


def test_chords_stay_below_a_tune_that_went_down_but_not_in_the_mud():
    assert [note.pitch for note in below(notes(60, 67, 72), 1)] == [48, 55, 60]
    assert [note.pitch for note in below(notes(60, 67, 72), 0)] == [60, 67, 72]
    assert [note.pitch for note in below(notes(GROWLS_BELOW + 11, 72), 1)] == [GROWLS_BELOW + 11, 72]


def test_a_saxophones_band_goes_down_with_it():
    rows = np.zeros((tokens.K, 64), dtype=np.int16)
    rows[tokens.STREAM_INDEX["level"]] = 3
    rows[tokens.STREAM_INDEX["chord"]] = tokens.chord_token(0, "maj")
    for name, written in (("melody", (79, 81, 84, 81)), ("pad", (76, 79, 76, 79))):
        stream = tokens.STREAMS[tokens.STREAM_INDEX[name]]
        rows[tokens.STREAM_INDEX[name], ::16] = [tokens.pitch_token(stream, pitch) for pitch in written]
    tops = {}
    for seed in range(12):
        score = perform(rows, TempoMap(np.arange(65) * 0.125, 120.0), Key(0, False), "jazz", 9.0, seed)
        stems = {stem.name: stem for stem in score.stems}
        tops[stems["melody"].program] = [
            max(note.pitch for note in stems[name].notes) for name in ("melody", "pad")
        ]
    assert tops[SAX] == [72, 67] and all(one == [84, 79] for program, one in tops.items() if program != SAX)

"""Preferences on top of the decoder's: music comes in with the film and does not fall silent for long."""

import numpy as np
import pytest
from conftest import FRACTAL, MOVING, cut_film

from dyvim_cli.model.compose.score import write_score
from dyvim_cli.model.score.musical_bias import BASS, COME_IN, LONGEST_SILENCE, MELODY, PAD, MusicalBias
from dyvim_cli.music.performance.humanize import ACCENT_LEVEL
from dyvim_cli.music.symbols import tokens
from dyvim_cli.options import ComposeOptions
from dyvim_cli.pipeline import features_of, load_embedded
from dyvim_cli.types import STEPS_PER_BAR

WIDTH = max(stream.cardinality for stream in tokens.STREAMS)


def asks_for_a_note(preferences: MusicalBias) -> bool:
    bias = preferences.bias(np.zeros((1, tokens.K, 200), dtype=np.int64), position=MELODY + 1)
    return bool((bias[0, [BASS, PAD], tokens.FIRST_PITCH] >= COME_IN).all())


def test_somebody_comes_in_at_once_and_after_every_long_silence():
    preferences = MusicalBias(1, WIDTH, None)
    rest, chord = (np.full((1, tokens.K), tokens.REST) for _ in range(2))
    chord[:, PAD] = tokens.FIRST_PITCH
    assert asks_for_a_note(preferences)
    preferences.advance(chord)
    asked = []
    for _ in range(LONGEST_SILENCE + 1):
        asked.append(asks_for_a_note(preferences))
        preferences.advance(rest)
    assert asked == [False] * LONGEST_SILENCE + [True]


def test_the_bass_comes_back_on_a_half_bar():
    preferences, empty = MusicalBias(1, WIDTH, None), np.zeros((1, tokens.K, 400), dtype=np.int64)
    row = np.full((1, tokens.K), tokens.REST)
    row[:, PAD] = tokens.HOLD  # somebody else sounds
    asked = []
    for step in range(3 * STEPS_PER_BAR):
        row[:, BASS] = tokens.HOLD if step < 3 else tokens.REST
        preferences.advance(row)
        bias = preferences.bias(empty, step + BASS)[0, BASS]
        asked.append(bool((bias[tokens.FIRST_PITCH :] >= COME_IN).all()))
    assert list(np.flatnonzero(asked)) == [24, 32, 40]


@pytest.mark.parametrize("alpha", [0.5, 1.0])
def test_a_short_film_is_not_left_waiting_for_its_music(tmp_path, alpha):
    features = features_of(cut_film(tmp_path / "short.mp4", MOVING, seconds=2))
    for seed in range(6):
        score = write_score(features, ComposeOptions(alpha=alpha, seed=seed, candidates=1), load_embedded())
        assert min(note.start_s for stem in score.stems for note in stem.notes) < 0.1


def test_a_film_that_simply_begins_gets_no_accent_for_it(tmp_path):
    """Motion is even from the first frame on: the first accent waits for an event."""
    features, model = features_of(cut_film(tmp_path / "even.mp4", FRACTAL, seconds=6)), load_embedded()
    assert (features.event_times_s > 0.1).all()
    for seed, style in enumerate(("acoustic", "rock", "orchestral", "pop")):
        options = ComposeOptions(alpha=1.0, seed=seed, candidates=1, style=style)
        level = write_score(features, options, model).tokens[tokens.STREAM_INDEX["level"]]
        assert level[:2].max() < ACCENT_LEVEL

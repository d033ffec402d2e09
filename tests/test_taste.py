"""Leanings on top of the decoder's: the music comes in with the film, and does not fall silent for long."""

import pytest
import torch
from conftest import MOVING, cut_film

from dyvim_cli.model.composition import Wishes, write_score
from dyvim_cli.model.taste import BASS, COME_IN, LONGEST_SILENCE, MELODY, PAD, Taste
from dyvim_cli.music import tokens
from dyvim_cli.pipeline import features_of, load_embedded

WIDTH = max(stream.cardinality for stream in tokens.STREAMS)


def asks_for_a_note(taste: Taste) -> bool:
    bias = taste.bias(torch.zeros(1, tokens.K, 200, dtype=torch.long), position=MELODY + 1)
    return bool((bias[0, [BASS, PAD], tokens.FIRST_PITCH] >= COME_IN).all())


def test_somebody_comes_in_at_once_and_after_every_long_silence():
    taste = Taste(1, WIDTH, None)
    rest, chord = (torch.full((1, tokens.K), tokens.REST) for _ in range(2))
    chord[:, PAD] = tokens.FIRST_PITCH
    assert asks_for_a_note(taste)
    taste.advance(chord)
    asked = []
    for _ in range(LONGEST_SILENCE + 1):
        asked.append(asks_for_a_note(taste))
        taste.advance(rest)
    assert asked == [False] * LONGEST_SILENCE + [True]


@pytest.mark.parametrize("alpha", [0.5, 1.0])
def test_a_short_film_is_not_left_waiting_for_its_music(tmp_path, alpha):
    features = features_of(cut_film(tmp_path / "short.mp4", MOVING, seconds=2))
    for seed in range(6):
        score = write_score(features, Wishes(alpha=alpha, seed=seed, candidates=1), load_embedded())
        assert min(note.start_s for stem in score.stems for note in stem.notes) < 0.1

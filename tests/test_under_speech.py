"""Music under a voice: no tune, few and soft notes; in the pauses as elsewhere."""

import numpy as np
import pytest
import torch

from benchmarks.imagined import imagined_film
from dyvim_cli.errors import UsageError
from dyvim_cli.model.compose.score import write_score
from dyvim_cli.music.form.under_speech import LEAD_S, LOUDEST_LEVEL, TAIL_S, speech_on_grid
from dyvim_cli.music.symbols import tokens
from dyvim_cli.options import ComposeOptions
from dyvim_cli.pipeline import load_embedded
from dyvim_cli.types import TempoMap

SPEECH_S = np.array([[4.0, 9.0]])


@pytest.fixture(scope="module")
def decoder():
    return load_embedded()


def composed(decoder, style: str, seed: int, **asked):
    film = imagined_film(np.random.default_rng(seed), 16.0, style)
    options = ComposeOptions(style=style, seed=seed, candidates=1, **asked)
    return write_score(film, options, decoder, speech_s=SPEECH_S)


def onsets_a_second(score, start_s: float, end_s: float) -> float:
    """Different moments at which something is struck, a second."""
    starts = {round(note.start_s / 0.03) for stem in score.stems for note in stem.notes
              if start_s <= note.start_s < end_s}  # fmt: skip
    return len(starts) / (end_s - start_s)


def test_speech_lies_on_the_grid_with_a_lead_and_a_tail():
    grid = TempoMap(np.arange(65) * 0.125, 120.0)
    under = speech_on_grid(grid, np.array([[2.0, 3.0]]))
    first, last = np.flatnonzero(under)[[0, -1]]
    assert grid.step_times_s[first + 1] > 2.0 - LEAD_S >= grid.step_times_s[first]
    assert grid.step_times_s[last] < 3.0 + TAIL_S <= grid.step_times_s[last + 1]
    assert under[first : last + 1].all()
    assert not speech_on_grid(grid, np.zeros((0, 2))).any()


@pytest.mark.parametrize("style", ["pop", "rock", "cinematic", "acoustic"])
def test_no_tune_and_half_the_onsets_under_a_voice(decoder, style):
    inside, outside = [], []
    for seed in range(3):
        score = composed(decoder, style, seed)
        for stem in score.stems:
            if stem.name in ("melody", "arp"):
                assert not any(4.2 < note.start_s < 9.0 for note in stem.notes), stem.name
        inside.append(onsets_a_second(score, 4.0, 9.0))
        outside.append(onsets_a_second(score, 0.0, 3.5))
        outside.append(onsets_a_second(score, 9.6, 14.0))
    assert np.mean(inside) <= 0.6 * np.mean(outside)


def test_levels_under_a_voice_are_soft_but_for_accents(decoder):
    score = composed(decoder, "pop", 1)
    under = speech_on_grid(score.tempo_map, SPEECH_S)[: score.tokens.shape[1]]
    level = score.tokens[tokens.STREAM_INDEX["level"]]
    assert np.mean(level[under] > LOUDEST_LEVEL) < 0.1


def test_the_same_is_written_where_that_is_asked_for(decoder):
    film = imagined_film(np.random.default_rng(1), 16.0, "pop")
    options = ComposeOptions(style="pop", seed=1, candidates=1, under_speech="same")
    told = write_score(film, options, decoder, speech_s=SPEECH_S)
    untold = write_score(film, options, decoder)
    assert np.array_equal(told.tokens, untold.tokens)
    assert not np.array_equal(told.tokens, composed(decoder, "pop", 1).tokens)


def test_what_is_no_way_of_writing_is_refused():
    with pytest.raises(UsageError, match="under_speech"):
        ComposeOptions(under_speech="loud")


def test_off_beats_of_bass_and_pad_are_ruled_out():
    from dyvim_cli.model.score.token_plan import BASS, TokenPlan

    free = np.full((tokens.K, 16), tokens.UNKNOWN, dtype=np.int64)
    plan = TokenPlan(free, np.full((tokens.K, 16), -1), False, under_speech=np.ones(16, dtype=bool))
    on_beat, off_beat = torch.zeros(1, tokens.K, 64), torch.zeros(1, tokens.K, 64)
    plan.constrain(on_beat, 4 + BASS)
    plan.constrain(off_beat, 6 + BASS)
    assert not on_beat[0, BASS].any() and (off_beat[0, BASS, tokens.FIRST_PITCH :] < -1e6).all()

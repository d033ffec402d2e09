"""Takes of a MusicGen without an adapter: their ranking and their alignment with the film."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import FRACTAL, MOVING, cut_film
from helpers.musicgen_tiny import extended

from dyvim_cli.model.compose import recording
from dyvim_cli.model.compose.audio_sound import recorded_blocks
from dyvim_cli.model.compose.recording import LEAD_S, TakeBeats, place_take, record
from dyvim_cli.model.conditioning.token_dynamics import TokenDynamics
from dyvim_cli.model.musicgen.loading import load_audio_model
from dyvim_cli.model.musicgen.sampling import AudioSettings, write_tokens
from dyvim_cli.music.timing.beats import Alignment
from dyvim_cli.options import ComposeOptions
from dyvim_cli.pipeline import features_of
from dyvim_cli.seeds import seed_of

WISHES = ComposeOptions(model="debug", seed=3, candidates=3)


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    """Of 3 seconds with a cut in the middle."""
    return features_of(cut_film(tmp_path_factory.mktemp("film") / "f.mp4", MOVING, FRACTAL, seconds=1.5))


@pytest.fixture(scope="module")
def model():
    return load_audio_model("debug")


def test_beats_move_to_the_events_but_for_alpha_0(features):
    heard = TakeBeats(np.arange(0.1, 5, 0.5), 120.0, np.ones(500))
    assert place_take(heard, features, LEAD_S, alpha=0.0, follows=False) == Alignment(LEAD_S, 1.0, 0.0)
    moved = place_take(heard, features, LEAD_S, alpha=1.0, follows=False)
    cut_s = moved.to_film(heard.beats_s) - 1.5
    assert moved.reward > 0 and np.abs(cut_s).min() < 0.03
    written = place_take(heard, features, 0.0, alpha=1.0, follows=True)  # to the film: it stays where it is
    assert (written.start_s, written.speed) == (0.0, 1.0)
    silence = replace(heard, envelope=np.zeros(500))  # its even beats would meet much, unheard
    assert place_take(silence, features, LEAD_S, alpha=1.0, follows=False).reward == 0


@pytest.mark.parametrize("best", [0, 1, 2])
def test_the_take_that_meets_the_film_best_is_kept(best, features, model, monkeypatch):
    rewards = iter(np.roll([0.9, 0.1, 0.5], best))
    monkeypatch.setattr(recording, "place_take", lambda *_: Alignment(LEAD_S, 1.0, float(next(rewards))))
    piece = record(features, WISHES, model)
    assert piece.take == best and piece.placing.reward == 0.9


def test_at_alpha_0_an_adapter_does_not_look_at_the_film(features):
    """Neither its motion nor its key frames: token for token what the backbone writes, whatever is shown."""
    model = load_audio_model("debug")
    extended(model.musicgen, TokenDynamics.width, features.key_features.shape[1])
    other = replace(features, key_features=-features.key_features, dynamics=-features.dynamics)
    takes = {
        alpha: [
            record(film, replace(WISHES, alpha=alpha, prompt="calm"), model).tokens
            for film in (features, other)
        ]
        for alpha in (0.0, 1.0)
    }
    assert np.array_equal(*takes[0.0]) and not np.array_equal(*takes[1.0])
    settings = AudioSettings(alpha=0.0, candidates=WISHES.candidates, seed=seed_of(WISHES.seed, "audio"))
    plain = write_tokens(
        load_audio_model("debug").musicgen, model.memory("calm"), takes[0.0][0].shape[1], settings
    )
    assert np.array_equal(takes[0.0][0], plain[0].numpy())


def test_a_take_is_heard_where_it_was_laid(features, model):
    piece = record(features, WISHES, model)

    def sound(start_s):
        laid = replace(piece, placing=Alignment(start_s, 1.0, 0.0))
        return np.concatenate(list(recorded_blocks(laid, model, 3.0)))[:, 0]

    at_once, later, rate = sound(0.2), sound(0.7), 48_000
    inside = slice(round(0.1 * rate), round(0.9 * rate))  # neither fade
    shifted = at_once[inside.start + rate // 2 : inside.stop + rate // 2]

    def unlike(there):  # random weights hum: only the rest of the sound counts
        return 1 - np.corrcoef(later[inside], there)[0, 1]

    assert unlike(shifted) < 0.1 * unlike(at_once[inside])

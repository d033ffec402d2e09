"""Inputs of the extension on audio tokens: by absolute time, whatever the film's frame rate."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from dyvim_cli.model.conditioning.decoder_inputs import D_DYNAMICS, D_MOTION, N_CURVES
from dyvim_cli.model.conditioning.token_dynamics import AROUND_S, TokenDynamics
from dyvim_cli.types import EVENT_KINDS, STYLES, FilmFeatures

RATE_HZ = 50.0
HIT, CUT = 0, 1  # columns, see conditioning.event_curves


@pytest.fixture(scope="module")
def film() -> FilmFeatures:
    """4 s analysed at uneven times; z_d equals the time; an impact at 1 s, a cut at 2.51 s."""
    times = np.cumsum(np.random.default_rng(0).uniform(0.03, 0.15, 60))
    times = times[times < 4.0]
    return FilmFeatures(
        duration_s=4.0, times_s=times, dynamics=np.repeat(times[:, None], D_MOTION, 1).astype(np.float32),
        energy=np.full(len(times), 0.1, np.float32), novelty=np.zeros(len(times), np.float32),
        event_times_s=np.array([1.0, 2.51]), event_weights=np.array([0.7, 1.0], np.float32),
        event_kinds=np.array([EVENT_KINDS.index("impact"), EVENT_KINDS.index("cut")], np.int8),
        scene_starts_s=np.zeros(1), scene_moods=np.zeros((1, 2), np.float32),
        scene_labels=np.zeros(1, np.int16), key_times_s=np.array([0.5, 30.0]),
        key_features=np.zeros((2, 8), np.float32), style_scores=np.full(len(STYLES), 0.1, np.float32),
    )  # fmt: skip


def test_a_token_is_told_of_its_own_time(film):
    dynamics = TokenDynamics(film, RATE_HZ)
    z = dynamics(0, 200).numpy()
    times = (np.arange(200) + 0.5) / RATE_HZ
    told = z[:, N_CURVES] * dynamics.spread[0] + dynamics.mean[0]
    expected = np.clip(times, film.times_s[0], film.times_s[-1])
    assert np.abs(told - expected).max() < 1e-3  # a frame is 0.02
    assert np.flatnonzero(z[:, HIT]).tolist() == [50, 125] and z[50, HIT] == pytest.approx(0.7)
    assert np.flatnonzero(z[:, CUT]).tolist() == [125]


def test_a_stretch_is_a_piece_of_the_whole_and_zero_outside_the_film(film):
    dynamics = TokenDynamics(film, RATE_HZ)
    whole = dynamics(0, 200)
    assert torch.equal(dynamics(37, 60), whole[37:97])
    around = dynamics(-3, 210)
    assert torch.equal(around[3:203], whole)
    assert not around[:3].any() and not around[203:].any()


def test_a_token_is_told_what_is_just_before_and_after_it(film):
    z = TokenDynamics(film, RATE_HZ)(0, 200)
    now = z[:, :D_DYNAMICS]
    assert z.shape[1] == TokenDynamics.width == len(AROUND_S) * D_DYNAMICS
    for i, at_s in enumerate(AROUND_S):
        frames, columns = torch.arange(10, 190), slice(i * D_DYNAMICS, (i + 1) * D_DYNAMICS)
        assert torch.equal(z[frames, columns], now[frames + round(at_s * RATE_HZ)])


def test_events_move_with_the_film_and_not_with_the_token_rate(film):
    later = replace(film, event_times_s=film.event_times_s + 0.2)
    moved, still = (TokenDynamics(f, RATE_HZ).curves[:, :2] for f in (later, film))
    assert np.array_equal(moved[10:], still[:-10])
    at_75 = TokenDynamics(film, 75.0).curves
    assert len(at_75) == 300 and np.flatnonzero(at_75[:, HIT]).tolist() == [75, 188]


def test_key_frames_are_seen_near_their_time_and_the_nearest_always(film):
    visible = TokenDynamics(film, RATE_HZ).visible(-2, 202)
    assert visible[:, 0].all() and not visible[:, 1].any()
    far = TokenDynamics(film, RATE_HZ).visible(round(20 * RATE_HZ), 1)
    assert far.tolist() == [[False, True]]

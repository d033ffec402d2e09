"""Optical flow: amount, place and time of motion, from every native frame."""

import numpy as np
import pytest
import torch
from helpers.vision_scenes import FPS, HEIGHT, WIDTH, ball, film, pan, texture, window

from dyvim_cli.vision import flow
from dyvim_cli.vision.analysis import analyse
from dyvim_cli.vision.events import find_events
from dyvim_cli.vision.impacts import velocity_change
from dyvim_cli.vision.signatures import signatures_of

FRAME_S = 1 / 30
NONE = np.zeros(0)


def watched(pictures, fps=FPS, **options) -> flow.Flow:
    stream = flow.FlowStream()
    for frame in film(pictures, fps=fps, **options):
        stream.add(frame.time_s, frame.pixels)
    return stream.finish()


@pytest.mark.parametrize("px", [0.1, 0.7, 3.0, 9.0])
def test_speed_is_right_whatever_the_frame_rate(px):
    seen = watched(pan(4, 12, px))
    assert seen.speeds[0] == 0.0
    assert np.median(seen.speeds[1:]) == pytest.approx(px * FPS / 160, rel=0.15, abs=0.008)
    slower = watched(pan(4, 12, px), fps=FPS / 2)
    np.testing.assert_allclose(slower.speeds, seen.speeds / 2, rtol=1e-4)


def test_light_alone_is_enough():
    stream = flow.FlowStream()
    for frame in film(pan(4, 12, 1.5)):
        stream.add(frame.time_s, signatures_of(frame.pixels[None]).greys[0])
    np.testing.assert_array_equal(stream.finish().velocities, watched(pan(4, 12, 1.5)).velocities)


def test_noise_and_flicker_are_not_motion():
    still = window(texture(5), 30)
    flicker = [still * (1 + 0.1 * np.sin(i)) for i in range(12)]
    moving = np.median(watched(pan(5, 12, 2.0)).speeds)
    assert np.median(watched([still] * 12, noise=4).speeds) < 0.1 * moving
    assert np.median(watched(flicker, noise=1).speeds) < 0.1 * moving


def test_velocities_tell_direction_and_place():
    picture = texture(6)
    left, right = [window(picture, 40 + 2 * i) for i in range(8)], pan(6, 8, 0, start=40)
    halves = [np.concatenate([a[:, :80], b[:, 80:]], axis=1) for a, b in zip(left, right, strict=True)]
    velocities = watched(halves).velocities
    assert velocities.shape == (8, 24, 2) and (velocities[0] == 0).all()
    mean = velocities[1:].mean(axis=0).reshape(*flow.REGIONS, 2)
    assert mean[:, :2, 0] == pytest.approx(-2 * FPS / 160, rel=0.15)  # the picture moves left
    assert np.abs(mean[:, -2:]).max() < 0.04 and np.abs(mean[..., 1]).max() < 0.04


def on_flat_ground() -> list[np.ndarray]:
    """A ball that bounces before one colour, as people do before a green screen."""
    x = np.linspace(30, 130, 48)
    places = np.stack([x, 20 + 40 * np.abs(np.sin(np.arange(48) / 5))], axis=1)
    return ball(places, ground=np.full((HEIGHT, WIDTH, 3), (30.0, 180.0, 60.0)))


@pytest.mark.parametrize(
    "scene", [on_flat_ground, lambda: pan(4, 48, 1.5), lambda: [texture(2)[:90, :160]] * 48]
)
def test_rounding_decides_no_event(scene, monkeypatch):
    """Noise of 1e-5 of white, far below a picture's 256 levels, moves no event and hardly a weight."""
    pictures = scene()
    plain = watched(pictures, noise=0)
    rng, exact = torch.Generator().manual_seed(0), flow.refined

    def shaken(current, others, *settings):
        noise = 1e-5 * torch.randn(len(current) + 1, *current.shape[1:], generator=rng)
        return exact(current + noise[:-1], others + noise[1:], *settings)

    monkeypatch.setattr(flow, "refined", shaken)
    noisy = watched(pictures, noise=0)
    assert np.abs(noisy.speeds - plain.speeds).max() < 0.002
    before, after = (find_events(seen, NONE, NONE) for seen in (plain, noisy))
    np.testing.assert_allclose(after.times_s, before.times_s, atol=0.01)
    np.testing.assert_allclose(after.weights, before.weights, atol=0.02)


@pytest.mark.parametrize("n", [1, 4, 5, 9])
def test_batches_do_not_show(n, monkeypatch):
    whole = watched(pan(7, n, 1.0))
    monkeypatch.setattr(flow, "BATCH", 4)
    parts = watched(pan(7, n, 1.0))
    assert len(whole.times_s) == len(whole.speeds) == len(whole.velocities) == n
    np.testing.assert_allclose(whole.speeds, parts.speeds, atol=1e-5)
    np.testing.assert_allclose(whole.velocities, parts.velocities, atol=1e-5)


@pytest.mark.parametrize("stop", [31, 40, 44])
def test_a_stop_is_found_to_the_frame(stop):
    picture = texture(5)
    places = 10 + np.minimum(np.arange(70), stop) * 1.5
    seen = watched([window(picture, x) for x in places], fps=30)
    found = find_events(seen, NONE, NONE)
    assert found.times_s == pytest.approx([stop * FRAME_S], abs=FRAME_S)


def test_the_pace_before_a_cut_does_not_count():
    velocities = np.zeros((20, 1, 2))
    velocities[:10, 0, 0] = 1.0  # one shot moves, the next stands still
    change = velocity_change(velocities, 3, np.array([0, 10]))
    assert change.max() == 0 and change.shape == (20,)
    assert velocity_change(velocities, 3, np.array([0])).argmax() == 9


def test_every_turn_of_a_ball_is_met_within_a_frame_and_a_half():
    steps = np.arange(150)
    xs = 30 + np.abs(((steps * 3.1) + 100) % 200 - 100)
    turns = np.flatnonzero(np.diff(np.sign(np.diff(xs)))) + 1
    seen = analyse(film(ball(np.stack([xs, np.full(150, 45.0)], axis=1)), fps=30), 5.0)
    gaps = np.abs(seen.event_times_s[:, None] - turns[None] * FRAME_S).min(axis=0)
    assert (gaps <= 1.5 * FRAME_S).all()
    assert len(seen.event_times_s) <= len(turns) + 1

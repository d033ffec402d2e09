"""Optical flow: amount, place and time of motion, from every native frame."""

import numpy as np
import pytest
from helpers.vision_scenes import FPS, ball, film, pan, texture, window

from dyvim_cli.vision import flow
from dyvim_cli.vision.analysis import analyse
from dyvim_cli.vision.events import find_events
from dyvim_cli.vision.impacts import velocity_change

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

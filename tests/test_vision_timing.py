"""Impacts are timed on the native frames."""

import numpy as np
import pytest
from vision_scenes import ball, film, pan, texture, window

from dyvim_cli.vision.analysis import analyse
from dyvim_cli.vision.timing import pace_change, timed
from dyvim_cli.vision.watch import Watch

FRAME_S = 1 / 30


def watched(pictures) -> Watch:
    watch = Watch()
    for frame in film(pictures, fps=30):
        watch.see(frame.time_s, frame.pixels)
    return watch


def test_region_velocities_tell_a_pan():
    velocities = watched(pan(1, 12, 1.0)).velocities
    assert velocities.shape == (12, 24, 2) and (velocities[0] == 0).all()
    assert np.median(velocities[2:, :, 0]) == pytest.approx(-30 / 160, rel=0.25)  # the picture moves left
    assert abs(np.median(velocities[2:, :, 1])) < 0.01
    assert np.abs(watched([window(texture(2), 10)] * 8).velocities).max() < 0.02


@pytest.mark.parametrize("stop", [31, 40, 44])
def test_a_stop_is_found_to_the_frame_from_a_rough_guess(stop):
    picture = texture(5)
    places = 10 + np.minimum(np.arange(70), stop) * 1.5
    watch = watched([window(picture, x) for x in places])
    times = np.array(watch.times_s)
    for guess in (-0.1, 0.0, 0.08):
        found = timed(np.array([times[stop] + guess]), times, watch.velocities, np.zeros(0))
        assert abs(found[0] - times[stop]) <= FRAME_S + 1e-9


def test_the_pace_before_a_cut_does_not_count():
    velocities = np.zeros((20, 1, 2))
    velocities[:10, 0, 0] = 1.0  # one shot moves, the next stands still
    change = pace_change(velocities, 3, np.array([0, 10]))
    assert change.max() == 0 and change.shape == (20,)
    assert pace_change(velocities, 3, np.array([0])).argmax() == 9


def test_every_turn_of_a_ball_is_met_within_a_frame_and_a_half():
    steps = np.arange(150)
    xs = 30 + np.abs(((steps * 3.1) + 100) % 200 - 100)
    turns = np.flatnonzero(np.diff(np.sign(np.diff(xs)))) + 1
    seen = analyse(film(ball(np.stack([xs, np.full(150, 45.0)], axis=1)), fps=30), 5.0)
    gaps = np.abs(seen.event_times_s[:, None] - turns[None] * FRAME_S).min(axis=0)
    assert (gaps <= 1.5 * FRAME_S).sum() >= len(turns) - 1
    assert len(seen.event_times_s) <= len(turns) + 1

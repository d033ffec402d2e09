"""Cuts to the frame, impacts and stops, and all that must not be taken for one."""

import numpy as np
import pytest
from vision_scenes import HEIGHT, WIDTH, film, pan, texture, window

from dyvim_cli.types import EVENT_KINDS
from dyvim_cli.vision import events
from dyvim_cli.vision.cuts import CUT_WEIGHTS, find_cuts
from dyvim_cli.vision.motion import Motion
from dyvim_cli.vision.watch import LAGS, Watch

NONE = np.zeros(0)


def cuts_of(frames) -> tuple[list[int], np.ndarray]:
    watch = Watch()
    for frame in frames:
        watch.see(frame.time_s, frame.pixels)
    cuts, cut_weights = find_cuts(watch.differences, watch.structures, watch.lights)
    return cuts.tolist(), cut_weights


def test_cuts_are_found_to_the_frame():
    shots = [pan(seed, n, px) for seed, n, px in ((1, 13, 0), (2, 30, 2), (3, 9, 0.5), (4, 25, 4))]
    cuts, cut_weights = cuts_of(film([frame for shot in shots for frame in shot]))
    assert cuts == [13, 43, 52]
    assert (cut_weights >= CUT_WEIGHTS[0]).all() and (cut_weights <= CUT_WEIGHTS[1]).all()


def flash():
    frames = pan(1, 40, 1.0)
    return frames[:20] + [0.3 * frame + 175 for frame in frames[20:22]] + frames[22:]


def spotlit():
    frames, (ys, xs) = pan(8, 40, 1.0), np.mgrid[:HEIGHT, :WIDTH]
    spot = 150 * np.exp(-((xs - 80) ** 2 + (ys - 45) ** 2) / 3200)[..., None]
    return frames[:20] + [frame + spot for frame in frames[20:24]] + frames[24:]


def blackout():
    frames = pan(1, 40, 1.0)
    return frames[:20] + [0 * frame + 2 for frame in frames[20:25]] + frames[25:]


def from_black():
    return [frame * min(1, max(0, i - 15) / 6) for i, frame in enumerate(pan(0, 40, 1.0))]


def to_white():
    return [255 - (255 - frame) * min(1, max(0, 25 - i) / 6) for i, frame in enumerate(pan(3, 40, 1.0))]


def shaken():
    rng, picture = np.random.default_rng(2), texture(2)
    return [window(picture, *rng.uniform(20, 32, 2)) for _ in range(40)]


def flicker():
    rng = np.random.default_rng(3)
    return [frame * gain for frame, gain in zip(pan(3, 40, 0.5), rng.uniform(0.6, 1.3, 40), strict=True)]


def lightning():
    return [frame * (1.0 if i < 20 else 1.35) for i, frame in enumerate(pan(4, 40, 0.5))]


def faded():
    one, two = pan(5, 40, 0.5), pan(6, 40, 0.5)
    shares = np.clip((np.arange(40) - 10) / 20, 0, 1)
    return [(1 - s) * a + s * b for s, a, b in zip(shares, one, two, strict=True)]


def whipped():
    picture = texture(7, width=1500)
    speed = np.concatenate([np.zeros(10), np.full(20, 40.0), np.zeros(10)])
    return [window(picture, 10 + x) for x in np.cumsum(speed)]


SCENES = [flash, spotlit, blackout, from_black, to_white, shaken, flicker, lightning, faded, whipped]


@pytest.mark.parametrize("scene", SCENES)
def test_no_cut(scene):
    assert cuts_of(film(scene()))[0] == []


@pytest.mark.parametrize("n", [3, 4, 5, 6])
def test_short_shots_between_two_pictures_are_no_flashes(n):
    one, two, three = pan(1, 60, 1.0), pan(2, 60, 1.0), pan(3, 20, 1.0)
    between = [(two, one)[k % 2][15 + k * n :][:n] for k in range(4)]
    shots = [one[:15], *between, three]
    cuts, _ = cuts_of(film([frame for shot in shots for frame in shot]))
    assert cuts == [15 + k * n for k in range(5)]


def test_cut_beside_a_flash_remains():
    frames = flash()
    assert cuts_of(film(frames[:30] + pan(9, 20, 1.0)))[0] == [30]


@pytest.mark.parametrize("n", range(8))
def test_shortest_films_have_no_cuts(n):
    watch = Watch()
    for frame in film(pan(1, n, 0)):
        watch.see(frame.time_s, frame.pixels)
    assert watch.differences.shape == (n, LAGS)
    assert len(find_cuts(watch.differences, watch.structures, watch.lights)[0]) == 0


def motion_of(velocity: np.ndarray, fps=12.5) -> Motion:
    """What the encoder would see of a picture that moves as a whole, [T + 1] from each frame to the next."""
    rng, n = np.random.default_rng(0), len(velocity) - 1
    both = np.stack([velocity[:-1], velocity[1:]], axis=1)
    regions = np.zeros((n, 2, 24, 2))
    regions[..., 0] = both[..., None]
    regions += rng.normal(0, 0.002, regions.shape)
    speeds = np.abs(both + rng.normal(0, 0.002, both.shape)).astype(np.float32)
    times, dynamics = np.arange(n) / fps, np.zeros((n, 4), np.float32)
    return Motion(times, dynamics, speeds[:, 0], speeds[:, 1], regions.astype(np.float32))


def events_of(motion: Motion, cuts=NONE):
    cuts = np.array(cuts, float)
    energy = events.energy_curve(motion, cuts)
    return events.find_events(motion, energy, cuts, np.full(len(cuts), 0.9, np.float32))


def kinds(found: events.Events) -> list[str]:
    return [EVENT_KINDS[kind] for kind in found.kinds]


def test_start_hit_and_stop():
    velocity = np.concatenate([np.zeros(40), np.full(40, 0.5), np.full(40, -0.5), np.zeros(40)])
    found = events_of(motion_of(velocity))
    assert found.times_s == pytest.approx([39 / 12.5, 79 / 12.5, 119 / 12.5], abs=0.08)
    assert kinds(found) == ["impact", "impact", "stop"]
    assert (found.weights > 0.3).all() and (found.weights <= 1).all()


@pytest.mark.parametrize("velocity", [np.zeros(120), np.full(120, 0.4), np.linspace(0.1, 0.5, 120)])
def test_rest_and_even_motion_are_no_events(velocity):
    assert len(events_of(motion_of(velocity)).times_s) == 0


def test_events_are_never_a_hail():
    rng = np.random.default_rng(5)
    found = events_of(motion_of(rng.choice([0.0, 1.0], 600)))
    assert len(found.times_s) <= 2.6 * 600 / 12.5
    assert np.diff(found.times_s).min() >= events.SPACING_S - 0.1


def test_nothing_is_found_in_a_cut_but_the_cut():
    velocity = np.concatenate([np.full(40, 0.2), [3.0], np.full(40, 0.2)])  # flow between two shots
    found = events_of(motion_of(velocity), cuts=[40 / 12.5])
    assert kinds(found) == ["cut"]
    assert found.times_s.tolist() == [40 / 12.5]


def test_energy_and_dynamics_bridge_cuts():
    velocity = np.concatenate([np.full(20, 0.2), [3.0], np.full(20, 0.2)])
    motion = motion_of(velocity)
    cut = np.array([20 / 12.5])
    assert events.energy_curve(motion, cut).max() < 0.25
    dynamics = np.zeros((40, 2), np.float32)
    dynamics[19:21] = 9.0
    assert events.bridge_cuts(dynamics, motion.times_s, cut).max() == 0.0

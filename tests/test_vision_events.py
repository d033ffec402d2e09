"""Cuts to the frame, impacts and stops, and all that must not be taken for one."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.vision_scenes import FPS, HEIGHT, WIDTH, film, pan, texture, window

from dyvim_cli.types import EVENT_KINDS
from dyvim_cli.vision import events, impacts
from dyvim_cli.vision.cuts import CUT_WEIGHTS, find_cuts
from dyvim_cli.vision.flow import Flow
from dyvim_cli.vision.frame_differences import LAGS, FrameDifferencer

NONE = np.zeros(0)


def cuts_of(frames) -> tuple[list[int], np.ndarray]:
    watch = FrameDifferencer()
    for frame in frames:
        watch.see(frame.pixels[None])
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


@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_film_begins_with_its_first_shot_not_with_a_stray_picture(n):
    assert cuts_of(film(pan(7, n, 0) + pan(8, 30, 1.0)))[0] == ([n] if n == 3 else [])


def test_cut_beside_a_flash_remains():
    frames = flash()
    assert cuts_of(film(frames[:30] + pan(9, 20, 1.0)))[0] == [30]


@pytest.mark.parametrize("n", range(8))
def test_shortest_films_have_no_cuts(n):
    watch = FrameDifferencer()
    for frame in film(pan(1, n, 0)):
        watch.see(frame.pixels[None])
    assert watch.differences.shape == (n, LAGS)
    assert len(find_cuts(watch.differences, watch.structures, watch.lights)[0]) == 0


def flow_of(velocity: np.ndarray, fps=FPS, seed=0) -> Flow:
    """Flow of a picture that moves as a whole, [N] into each frame."""
    rng, n = np.random.default_rng(seed), len(velocity)
    regions = rng.normal(0, 0.002, (n, 24, 2))
    regions[..., 0] += velocity[:, None]
    speeds = np.abs(velocity + rng.normal(0, 0.002, n))
    return Flow(np.arange(n) / fps, speeds.astype(np.float32), regions.astype(np.float32))


def events_of(flow: Flow, cuts=NONE):
    cuts = np.array(cuts, float)
    return events.find_events(flow, cuts, np.full(len(cuts), 0.9, np.float32))


def kinds(found: events.Events) -> list[str]:
    return [EVENT_KINDS[kind] for kind in found.kinds]


def test_start_hit_and_stop():
    velocity = np.concatenate([np.zeros(80), np.full(80, 0.5), np.full(80, -0.5), np.zeros(80)])
    found = events_of(flow_of(velocity))
    assert found.times_s == pytest.approx([79.5 / FPS, 159.5 / FPS, 239.5 / FPS], abs=0.5 / FPS)
    assert kinds(found) == ["impact", "impact", "stop"]
    assert (found.weights > 0.3).all() and (found.weights <= 1).all()


@pytest.mark.parametrize("seed", range(6))
def test_a_picture_that_jumps_once_is_met_at_the_jump(seed):
    # for a tenth of a second to either side, the change across the jump is the same but for noise
    velocity = np.zeros(120)
    velocity[60] = 0.6
    found = events_of(flow_of(velocity, seed=seed))
    assert found.times_s == pytest.approx([60 / FPS], abs=0.5 / FPS)


def test_a_burst_is_one_event_where_it_sets_in():
    burst = 0.8 * np.exp(-0.5 * ((np.arange(200) - 100) / 4) ** 2)
    found = events_of(flow_of(0.1 + burst))
    heaviest = found.times_s[found.weights.argmax()]
    assert 95 / FPS < heaviest < 97 / FPS and len(found.times_s) <= 3  # it rises most at 96


def test_a_long_surge_is_met_between_its_rise_and_its_height():
    after = np.arange(240) - 120
    wave = np.exp(-0.5 * (after / np.where(after < 0, 8, 16)) ** 2)
    found = events_of(flow_of(0.05 + 0.8 * wave))
    heaviest = found.times_s[found.weights.argmax()]
    assert 112 / FPS < heaviest < 119 / FPS  # it rises most at 112


def test_a_surge_that_breaks_off_is_met_where_it_does():
    # a hand that comes down for a third of a second and lands
    swing = np.concatenate([np.linspace(0, 1, 9) ** 2, np.zeros(120)])
    speed = 0.05 + 0.6 * np.concatenate([np.zeros(120), swing])
    found = events_of(flow_of(speed))
    heaviest = found.times_s[found.weights.argmax()]
    assert heaviest == pytest.approx(128.5 / FPS, abs=0.5 / FPS)


def test_a_swell_of_motion_weighs_less_than_a_surge_that_sets_in_or_breaks_off():
    speeds = 0.05 + 0.4 * np.exp(-0.5 * ((np.arange(200) - 100) / 6) ** 2)
    regions = np.random.default_rng(0).normal(0, 0.002, (200, 24, 2)).astype(np.float32)
    swell = Flow(np.arange(200) / FPS, speeds.astype(np.float32), regions)
    broken = regions.copy()
    broken[:101, :, 0] += 0.5  # all regions stop at the height
    times, contrast = impacts.find_impacts(swell, speeds, NONE)
    clear_times, clear = impacts.find_impacts(replace(swell, velocities=broken), speeds, NONE)
    assert abs(times[contrast.argmax()] - 4.0) < 0.25
    assert clear_times[clear.argmax()] == pytest.approx(100.5 / FPS, abs=0.5 / FPS)
    height = (speeds[100] - speeds[88]) / (0.5 * speeds[75:125].mean() + impacts.STILL)
    assert 0.3 * height < contrast.max() < 0.5 * height < clear.max()


def test_the_clearest_impact_of_a_quiet_take_weighs_most():
    times, contrast = np.array([2.0, 9.0, 15.0]), np.array([1.5, 0.75, 1.2])
    assert events.impact_weights(times, contrast, NONE) == pytest.approx([1, 0.5, 0.8])
    assert events.impact_weights(times, contrast, np.array([20.0])) == pytest.approx([0.5, 0.25, 0.4])
    apart = np.array([2.0, 9.0, 40.0])  # the clear one is long forgotten
    assert events.impact_weights(apart, contrast, NONE) == pytest.approx([1, 0.5, 1])


def test_what_is_doubtful_and_alone_remains_doubtful():
    times, contrast = np.array([2.0, 9.0]), np.array([0.4, 0.3])
    assert events.impact_weights(times, contrast, NONE) == pytest.approx([0.4, 0.3])
    assert len(events.impact_weights(NONE, NONE, NONE)) == 0


def test_motion_that_sets_in_to_stay_is_met_where_it_gains_most():
    # in a picture whose parts move in all directions the change of the regions' velocity says little
    n, rng = 300, np.random.default_rng(1)
    speed = 0.08 + 0.4 / (1 + np.exp(-(np.arange(n) - 150) / 1.5))
    regions = rng.normal(0, 0.02, (n, 24, 2)).astype(np.float32)
    found = events_of(Flow(np.arange(n) / FPS, speed.astype(np.float32), regions))
    assert len(found.times_s) == 1
    assert found.times_s[0] == pytest.approx(149.5 / FPS, abs=1.5 / FPS) and found.weights[0] > 0.1


def test_what_moves_beside_a_cut_is_left_to_the_cut():
    velocity = np.concatenate([np.full(80, 0.1), np.full(6, 0.1), np.full(80, 0.9)])
    beside = events_of(flow_of(velocity), cuts=[80 / FPS])
    assert kinds(beside) == ["cut"]
    apart = events_of(flow_of(np.insert(velocity, 80, [0.1] * 10)), cuts=[80 / FPS])
    assert kinds(apart) == ["cut", "impact"]


@pytest.mark.parametrize("velocity", [np.zeros(240), np.full(240, 0.4), np.linspace(0.1, 0.5, 240)])
def test_rest_and_even_motion_are_no_events(velocity):
    assert len(events_of(flow_of(velocity)).times_s) == 0


def test_events_are_never_a_hail():
    found = events_of(flow_of(np.random.default_rng(5).choice([0.0, 1.0], 1200)))
    assert np.diff(found.times_s).min() >= impacts.SPACING_S


def test_nothing_is_found_in_a_cut_but_the_cut():
    velocity = np.concatenate([np.full(80, 0.2), [3.0], np.full(80, 0.2)])  # flow between two shots
    found = events_of(flow_of(velocity), cuts=[80 / FPS])
    assert kinds(found) == ["cut"]
    assert found.times_s.tolist() == [80 / FPS]


def test_energy_is_the_mean_between_the_neighbours_within_the_shot():
    flow = flow_of(np.repeat([0.2, 0.6, 0.4], 10))
    flow.speeds[:] = np.repeat([0.2, 0.6, 0.4], 10)
    flow.speeds[[10, 20, 21]] = 3.0  # between shots; the third has one frame, the fourth nine
    cuts = np.array([10, 20, 21]) / FPS
    at = np.array([0, 3, 7, 9, 11, 15, 20, 23, 29])
    energy = events.energy_curve(flow, at / FPS, cuts)
    assert energy == pytest.approx([0.2, 0.2, 0.2, 0.2, 0.6, 0.6, 0.0, 0.4, 0.4])
    rising = flow_of(np.arange(30) / 100)
    rising.speeds[:] = np.arange(30) / 100
    assert events.energy_curve(rising, np.array([0, 4, 8]) / FPS, NONE) == pytest.approx(
        [0.025, 0.045, 0.065]
    )


def test_dynamics_bridge_cuts():
    dynamics = np.zeros((40, 2), np.float32)
    dynamics[19:21] = 9.0
    assert events.bridge_cuts(dynamics, np.arange(40) / 12.5, np.array([20 / 12.5])).max() == 0.0

"""The tempo follows the film's events, within its bounds."""

import numpy as np
import pytest

from dyvim_cli.music.timing.tempo_map import MAX_BPM, MIN_BPM, fit_tempo_map, hit_table
from dyvim_cli.types import STEPS_PER_BAR, STEPS_PER_BEAT, TempoMap


def _film(seed: int, duration_s: float):
    """Cuts every 2 to 6 s and an impact a second, as (times, weights, kinds), in no order."""
    rng = np.random.default_rng(seed)
    cuts = np.cumsum(rng.uniform(2, 6, int(duration_s)))
    cuts = cuts[cuts < duration_s]
    impacts = rng.uniform(0, duration_s, rng.poisson(duration_s))
    weights = np.concatenate([rng.uniform(0.7, 1, len(cuts)), rng.beta(2, 3, len(impacts))])
    return np.concatenate([cuts, impacts]), weights, ["cut"] * len(cuts) + ["impact"] * len(impacts)


def _deviations(tempo_map: TempoMap) -> np.ndarray:
    base_s = 60 / tempo_map.bpm / STEPS_PER_BEAT
    return np.diff(tempo_map.step_times_s) / base_s - 1


def _beat_share(tempo_map: TempoMap) -> float:
    """Share of the cuts' weight on beats, to the millisecond."""
    cuts = [hit for hit in tempo_map.hits if hit.kind == "cut"]
    met = [hit.weight for hit in cuts if hit.on_beat and abs(hit.error_s) < 1e-3]
    return sum(met) / sum(hit.weight for hit in cuts)


@pytest.mark.parametrize("seed", range(2, 6))
def test_planted_cuts_land_on_beats(seed):
    rng = np.random.default_rng(seed)
    cuts = np.array([4.0, 9.5, 15.0, 21.0]) + rng.uniform(-0.04, 0.04, 4)
    tempo_map = fit_tempo_map(25.0, cuts, np.ones(4), ["cut"] * 4, seed=seed)
    for hit in tempo_map.hits:
        assert abs(hit.error_s) < 1e-3 and hit.on_beat
        assert hit.music_time_s == pytest.approx(tempo_map.step_times_s[hit.step])


def test_cuts_far_apart_land_on_beats_and_often_on_downbeats():
    hits = []
    for seed in range(8):
        cuts = np.cumsum(np.random.default_rng(seed).uniform(4, 12, 4))
        hits += fit_tempo_map(cuts[-1] + 4.0, cuts, np.ones(4), ["cut"] * 4, seed=seed).hits
    assert np.mean([hit.on_beat for hit in hits]) > 0.9  # chance: 0.07
    assert np.mean([hit.on_downbeat for hit in hits]) > 0.4  # chance: 0.02


@pytest.mark.parametrize("max_drift", [0.02, 0.04, 0.08])
@pytest.mark.parametrize("duration_s", [1.0, 9.0, 47.3])
def test_the_drift_bound_holds(duration_s, max_drift):
    for seed in range(3):
        tempo_map = fit_tempo_map(duration_s, *_film(seed, duration_s), max_drift=max_drift, seed=seed)
        assert np.abs(_deviations(tempo_map)).max() <= max_drift + 1e-9
        bars_s = np.diff(tempo_map.step_times_s[::STEPS_PER_BAR])
        bar_s = 60 / tempo_map.bpm * 4
        assert np.abs(np.diff(bars_s)).max(initial=0) <= max_drift * bar_s * (1 + 1e-5)
        assert MIN_BPM <= tempo_map.bpm <= MAX_BPM


def test_most_cuts_are_met_and_wider_drift_meets_more():
    films = [(seed, _film(seed, 40.0)) for seed in range(5)]
    narrow, wide = (
        np.mean([_beat_share(fit_tempo_map(40.0, *film, max_drift=d, seed=s)) for s, film in films])
        for d in (0.04, 0.08)
    )
    assert narrow > 0.6 and wide > max(0.8, narrow + 0.05)


def test_strength_zero_ignores_the_film():
    one, other = (fit_tempo_map(20.0, *_film(seed, 20.0), strength=0.0, seed=5) for seed in (1, 2))
    np.testing.assert_array_equal(one.step_times_s, other.step_times_s)
    assert np.ptp(np.diff(one.step_times_s)) < 1e-9
    assert fit_tempo_map(20.0, [], [], [], strength=0.0, seed=6).bpm != one.bpm


def test_strength_scales_the_drift():
    shares = []
    for strength in (0.1, 0.4, 1.0):
        tempo_maps = [fit_tempo_map(30.0, *_film(seed, 30.0), strength=strength) for seed in range(4)]
        assert max(np.abs(_deviations(m)).max() for m in tempo_maps) <= 0.04 * strength + 1e-9
        shares.append(np.mean([_beat_share(m) for m in tempo_maps]))
    assert shares[0] < shares[1] < shares[2]


@pytest.mark.parametrize("duration_s", [0.04, 0.3, 1.0, 2.7, 12.34, 600.0])
@pytest.mark.parametrize("strength", [0.0, 1.0])
def test_the_grid_starts_with_the_film_and_reaches_its_end(duration_s, strength):
    tempo_map = fit_tempo_map(duration_s, [duration_s / 3], [1.0], ["cut"], strength=strength)
    steps_s = np.diff(tempo_map.step_times_s)
    assert tempo_map.step_times_s[0] == 0 and steps_s.min() > 0 and tempo_map.n_steps >= 1
    assert duration_s - tempo_map.step_times_s[-1] < steps_s[-1] * 1.05
    assert tempo_map.n_steps == 1 or tempo_map.step_times_s[-1] <= duration_s + 1e-6


def test_a_long_quiet_film_ends_with_a_half_bar():
    for seed in range(5):
        tempo_map = fit_tempo_map(61.7, [], [], [], seed=seed)
        assert tempo_map.n_steps % (STEPS_PER_BAR // 2) == 0
        assert tempo_map.step_times_s[-1] == pytest.approx(61.7)


@pytest.mark.parametrize(
    "times", [[0.0], [10.0], [5.0, 5.01, 5.02], [5.0, 5.0, 5.0], [0.0, 0.01, 9.99, 10.0], [10.02]]
)
def test_awkward_events(times):
    tempo_map = fit_tempo_map(10.0, times, np.ones(len(times)), ["cut"] * len(times))
    assert [hit.film_time_s for hit in tempo_map.hits] == times
    assert np.abs(_deviations(tempo_map)).max() <= 0.04 + 1e-9


def test_the_users_tempo_is_kept():
    tempo_map = fit_tempo_map(30.0, *_film(3, 30.0), bpm=97.0)
    assert tempo_map.bpm == pytest.approx(97.0)
    constant = fit_tempo_map(30.0, *_film(3, 30.0), bpm=97.0, strength=0.0)
    np.testing.assert_allclose(np.diff(constant.step_times_s), 60 / 97 / 4)


def test_same_seed_same_map_whatever_the_order_of_events():
    times, weights, kinds = _film(4, 25.0)
    order = np.random.default_rng(0).permutation(len(times))
    shuffled = times[order], weights[order], [kinds[i] for i in order]
    one, other = fit_tempo_map(25.0, times, weights, kinds), fit_tempo_map(25.0, *shuffled)
    np.testing.assert_array_equal(one.step_times_s, other.step_times_s)
    assert one.hits == other.hits


def test_hit_table_tells_where_events_fall():
    tempo_map = TempoMap(np.arange(33) * 0.125, 120.0)
    on_downbeat, on_beat, between = hit_table(tempo_map, [2.0, 0.51, 0.30], [1, 1, 1], ["cut"] * 3)
    assert (on_downbeat.step, on_downbeat.on_beat, on_downbeat.on_downbeat) == (16, True, True)
    assert (on_beat.step, on_beat.on_beat, on_beat.on_downbeat) == (4, True, False)
    assert on_beat.error_s == pytest.approx(-0.01)
    assert (between.step, between.on_beat) == (2, False)


@pytest.mark.parametrize(
    "change",
    [
        {"event_times_s": [np.nan]}, {"event_weights": [np.inf]}, {"duration_s": 0.0},
        {"duration_s": np.nan}, {"event_kinds": []}, {"bpm": 1.0}, {"strength": -0.1},
        {"strength": 1.1}, {"max_drift": 0.5},
        {"bpm_prior": (0.0, 0.3)},
    ],
)  # fmt: skip
def test_nonsense_is_refused(change):
    arguments = {"duration_s": 10.0, "event_times_s": [1.0], "event_weights": [1.0], "event_kinds": ["cut"]}
    with pytest.raises(ValueError):
        fit_tempo_map(**(arguments | change))

"""Fit the tempo map: a grid of sixteenths bent towards the film's events.

A picture's cuts sit on no grid, so the grid moves, as a film composer moves it: find the tempo
whose beats meet the heaviest events, then let the local tempo drift a few per cent so that they
meet exactly (hit points, as in "Find Tempo" of notation programs). What cannot be met is
dropped by weight. Bounds that always hold, with d = max_drift * strength:
every step lasts base * (1 +- d), and neighbouring bars differ by at most base bar * d.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from dyvim_cli.music.timing.anchors import Anchoring, Targets, choose_anchors, make_targets, rewards_of_tempi
from dyvim_cli.music.timing.step_times import extend_to_end, interpolate_step_times, rough_bars
from dyvim_cli.seeds import generator_of
from dyvim_cli.types import STEPS_PER_BAR, STEPS_PER_BEAT, Hit, TempoMap

MIN_BPM, MAX_BPM = 60.0, 180.0
HIT_TOLERANCE_S = 0.02  # sound within a frame of the picture reads as together
# factor of the event's own weight, by its kind
IMPORTANCE = {"cut": 1.0, "impact": 0.3, "stop": 0.2, "marked": 2.0}

_COARSE_RATIO, _FINE_RATIO = 1.03, 1.007  # spacing of the tempi tried
_PRIOR_WEIGHT = 0.04  # share of the reward that a tempo one std off the prior must win back
# events that the search looks at: on a long film the opening decides, all tempi fare alike
_SEARCH_EVENTS = 160
_EASES = (1.0, 0.7)  # tempo changes tried, in units of anchors.JUMP_LIMITS
_NO_ANCHORS = Anchoring(np.zeros(1), np.zeros(1, dtype=np.int64), np.zeros(1))


Tempo = TypeVar("Tempo", float, np.ndarray)  # one, or several


@dataclass(frozen=True)
class _Fit:
    """A finished grid."""

    step_times_s: np.ndarray  # [S + 1]
    bpm: float
    earned: float  # reward of the anchors that it meets


def fit_tempo_map(
    duration_s: float,
    event_times_s: np.ndarray,
    event_weights: np.ndarray,
    event_kinds: Sequence[str],
    *,
    bpm_prior: tuple[float, float] = (108.0, 0.35),
    bpm: float | None = None,
    strength: float = 1.0,
    max_drift: float = 0.04,
    seed: int = 0,
    whole_bars: bool = False,
) -> TempoMap:
    """Fit the grid to a film's events.

    The last step time is the film's end wherever the drift bound allows it, else the last whole step
    before it.

    Args:
        duration_s: of the film.
        event_times_s: [E] seconds, in any order.
        event_weights: [E] 0..1.
        event_kinds: [E] names of types.EVENT_KINDS.
        bpm_prior: centre in BPM and spread in octaves of the style.
        bpm: fixes the base tempo; None = the best of the prior.
        strength: 0..1 (influence.Influence.timing) scales the drift that the events may ask for; at 0 the
            grid ignores them: constant tempo, drawn from the prior by the seed.
        max_drift: 0..0.25, how far a step may differ from its usual length.
        seed: of the piece.
        whole_bars: the grid ends with a bar, and with the film.

    Returns:
        Step times, tempo and hit table.

    Raises:
        ValueError: it cannot be fitted to what was given.
    """
    times, weights, kinds = _checked_events(duration_s, event_times_s, event_weights, event_kinds)
    _check_options(bpm_prior, bpm, strength, max_drift)
    drift = max_drift * strength
    centre = _centre_of_take(bpm_prior, seed, duration_s) if bpm is None else float(bpm)
    if drift == 0:
        fit = _through_anchors(duration_s, _NO_ANCHORS, centre, drift)
    else:
        importance = weights * np.array([IMPORTANCE.get(kind, IMPORTANCE["stop"]) for kind in kinds])
        targets = make_targets(duration_s, np.clip(times, 0.0, duration_s), importance, whole_bars)
        tempi = np.array([centre]) if bpm else _search_tempi(targets, centre, bpm_prior[1], drift)
        fit = _best_fit(duration_s, targets, tempi, drift)
    tempo_map = TempoMap(fit.step_times_s, fit.bpm)
    if whole_bars:
        tempo_map = _in_whole_bars(tempo_map, duration_s)
    return replace(tempo_map, hits=hit_table(tempo_map, times, weights, kinds))


def _in_whole_bars(tempo_map: TempoMap, duration_s: float) -> TempoMap:
    """The grid, of which the nearest whole number of bars fills the film."""
    n_steps = max(1, round(tempo_map.n_steps / STEPS_PER_BAR)) * STEPS_PER_BAR
    places = np.linspace(0, tempo_map.n_steps, n_steps + 1)
    times_s = np.interp(places, np.arange(tempo_map.n_steps + 1), tempo_map.step_times_s)
    stretch = duration_s / times_s[-1]
    bpm = tempo_map.bpm * n_steps / tempo_map.n_steps / stretch
    return replace(tempo_map, step_times_s=times_s * stretch, bpm=bpm)


def hit_table(
    tempo_map: TempoMap, event_times_s: np.ndarray, event_weights: np.ndarray, event_kinds: Sequence[str]
) -> tuple[Hit, ...]:
    """Find where the grid puts each event: its nearest step, and whether that is a (down)beat.

    An event counts as on the beat only if the beat is within HIT_TOLERANCE_S of it.

    Args:
        tempo_map: the grid.
        event_times_s: [E] seconds.
        event_weights: [E] 0..1.
        event_kinds: [E] names of types.EVENT_KINDS.

    Returns:
        A hit for each event, in their order.
    """
    grid, times = tempo_map.step_times_s, np.asarray(event_times_s, dtype=np.float64)
    after = np.clip(np.searchsorted(grid, times), 1, len(grid) - 1)
    steps = after - (times - grid[after - 1] < grid[after] - times)
    met = np.abs(grid[steps] - times) <= HIT_TOLERANCE_S
    on_beat = met & (steps % STEPS_PER_BEAT == 0)
    on_downbeat = met & (steps % STEPS_PER_BAR == 0)
    columns = zip(times, event_weights, event_kinds, grid[steps], steps, on_beat, on_downbeat, strict=True)
    return tuple(
        Hit(float(film), float(weight), kind, float(music), int(step), bool(beat), bool(downbeat))
        for film, weight, kind, music, step, beat, downbeat in columns
    )


def _checked_events(
    duration_s: float, event_times_s: np.ndarray, event_weights: np.ndarray, event_kinds: Sequence[str]
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Events as sorted arrays; ValueError when they are not finite or not of one length."""
    times = np.asarray(event_times_s, dtype=np.float64).reshape(-1)
    weights = np.asarray(event_weights, dtype=np.float64).reshape(-1)
    kinds = list(event_kinds)
    if not (np.isfinite(duration_s) and duration_s > 0):
        raise ValueError(f"duration must be positive seconds, got {duration_s}")
    if not len(times) == len(weights) == len(kinds):
        raise ValueError(f"{len(times)} event times, {len(weights)} weights, {len(kinds)} kinds")
    if not (np.isfinite(times).all() and np.isfinite(weights).all()):
        raise ValueError("event times and weights must be finite")
    order = np.argsort(times, kind="stable")
    return times[order], np.clip(weights[order], 0.0, None), [kinds[i] for i in order]


def _check_options(
    bpm_prior: tuple[float, float], bpm: float | None, strength: float, max_drift: float
) -> None:
    if not (bpm_prior[0] > 0 and bpm_prior[1] > 0):
        raise ValueError(f"tempo prior must be positive, got {bpm_prior}")
    if bpm is not None and not 20 <= bpm <= 400:
        raise ValueError(f"tempo must be 20 to 400 BPM, got {bpm}")
    if not 0 <= strength <= 1:
        raise ValueError(f"strength must be 0 to 1, got {strength}")
    if not 0 <= max_drift < 0.25:
        raise ValueError(f"max_drift must be 0 to 0.25, got {max_drift}")


def _step_s(bpm: Tempo) -> Tempo:
    """Seconds that a sixteenth lasts at a tempo, or at each of several."""
    return 60.0 / (STEPS_PER_BEAT * bpm)


def _centre_of_take(bpm_prior: tuple[float, float], seed: int, duration_s: float) -> float:
    """This take's tempo from the prior, moved so little that the film ends on a half bar."""
    centre, octaves_std = bpm_prior
    drawn = centre * 2 ** (0.5 * octaves_std * generator_of(seed, "grid").standard_normal())
    drawn = float(np.clip(drawn, MIN_BPM, MAX_BPM))
    half_bars = duration_s / (_step_s(drawn) * STEPS_PER_BAR / 2)
    fitted = drawn * max(1, round(half_bars)) / half_bars
    return fitted if abs(fitted / drawn - 1) <= 0.04 else drawn


def _search_tempi(targets: Targets, centre: float, octaves_std: float, drift: float) -> np.ndarray:
    """The most promising base tempi, best first: coarse and then fine."""
    opening = slice(0, _SEARCH_EVENTS)
    view = Targets(targets.times_s[opening], targets.rewards[opening], targets.near_rewards[opening])
    coarse = _ranked(view, centre * _COARSE_RATIO ** np.arange(-40, 41), centre, octaves_std, drift)
    fine = (coarse[:2, None] * _FINE_RATIO ** np.arange(-2, 3)).ravel()
    n_promising = 1 if len(targets.times_s) > _SEARCH_EVENTS else 3
    return _ranked(view, fine, centre, octaves_std, drift)[:n_promising]


def _ranked(
    targets: Targets, tempi: np.ndarray, centre: float, octaves_std: float, drift: float
) -> np.ndarray:
    """Tempi of the usual range by share of the reward minus the prior's cost."""
    octaves = np.log2(tempi / centre) / octaves_std
    usable = (tempi >= MIN_BPM) & (tempi <= MAX_BPM) & (np.abs(octaves) <= 2)
    tempi, octaves = tempi[usable], octaves[usable]
    most = targets.rewards.max(axis=1).sum()
    score = rewards_of_tempi(targets, _step_s(tempi), drift) / most - _PRIOR_WEIGHT * octaves**2
    return tempi[np.argsort(-score, kind="stable")]


def _best_fit(duration_s: float, targets: Targets, tempi: np.ndarray, drift: float) -> _Fit:
    """Best fit over the tempi and over looser and tighter tempo changes."""
    fits = [
        _through_anchors(duration_s, anchoring, tempo, drift)
        for ease in _EASES
        for tempo, anchoring in zip(tempi, choose_anchors(targets, _step_s(tempi), drift, ease), strict=True)
    ]
    return max(fits, key=lambda fit: fit.earned)


def _through_anchors(duration_s: float, anchoring: Anchoring, bpm: float, drift: float) -> _Fit:
    """The grid through anchors; where two bars differ too much, the lightest one among them is dropped."""
    base_s, kept = _step_s(bpm), np.ones(len(anchoring.steps), dtype=bool)
    while True:
        anchors = anchoring.times_s[kept], anchoring.steps[kept]
        step_times = interpolate_step_times(
            *extend_to_end(*anchors, duration_s, base_s, drift), base_s, drift
        )
        n_kept = kept.sum()
        for start in rough_bars(step_times, base_s, drift) * STEPS_PER_BAR:
            between = (anchoring.steps > start) & (anchoring.steps < start + 2 * STEPS_PER_BAR)
            candidates = np.flatnonzero(kept & between)
            if len(candidates):
                kept[candidates[np.argmin(anchoring.earned[candidates])]] = False
        if kept.sum() == n_kept:  # smooth, or nothing is left that could be let go
            return _Fit(step_times, float(bpm), float(anchoring.earned[kept].sum()))

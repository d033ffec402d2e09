"""Detect visual events: cuts, impacts (sudden motion, collisions, bursts) and stops.

Letters: N native frames, T analysed frames.
"""

from dataclasses import dataclass

import numpy as np

from dyvim_cli.types import EVENT_KINDS
from dyvim_cli.vision.flow import Flow, shot_firsts
from dyvim_cli.vision.impacts import find_impacts

CUT, IMPACT, STOP = (EVENT_KINDS.index(kind) for kind in ("cut", "impact", "stop"))

FULL_CONTRAST = 3.0  # contrast of weight 1 where cuts are near or an impact is as clear
LEAST_CONTRAST = 1.0  # contrast of weight 1 where nothing clearer is near; lower ones remain doubtful
NEAR_S = 20.0  # span of a quiet take that is weighted by itself: its clearest impact counts most
STOP_SHARE = 0.3  # a stop: what moves afterwards, as a share of what moved before
STOP_WINDOW_S = 0.5


@dataclass(frozen=True)
class Events:
    """E events, ascending in time."""

    times_s: np.ndarray  # [E] float64
    weights: np.ndarray  # [E] float32 0..1
    kinds: np.ndarray  # [E] int8, index into EVENT_KINDS


def energy_curve(flow: Flow, times_s: np.ndarray, cut_times_s: np.ndarray) -> np.ndarray:
    """Average the flow between the analysed frames before and after each time.

    At cuts and ends only the side within the shot counts; a shot of one frame does not move.

    Args:
        flow: of every native frame.
        times_s: [T] of the analysed frames.
        cut_times_s: [C] of the cuts.

    Returns:
        [T] float32, picture widths a second.
    """
    sums = np.append(0.0, np.cumsum(flow.speeds, dtype=np.float64))
    firsts = shot_firsts(flow.times_s, cut_times_s)
    at = np.searchsorted(flow.times_s, times_s - 1e-6)
    shot = np.searchsorted(firsts, at, side="right") - 1
    low = np.maximum(np.append(at[:1], at[:-1]), firsts[shot])
    high = np.minimum(np.append(at[1:], at[-1:]), np.append(firsts[1:], len(flow.speeds))[shot] - 1)
    return ((sums[high + 1] - sums[low + 1]) / np.maximum(high - low, 1)).astype(np.float32)


def bridge_cuts(dynamics: np.ndarray, times_s: np.ndarray, cut_times_s: np.ndarray) -> np.ndarray:
    """Replace z_d of the frames next to a cut, which saw two shots, by their neighbours'.

    Args:
        dynamics: z_d [T, D].
        times_s: [T] of the analysed frames.
        cut_times_s: [C] of the cuts.

    Returns:
        [T, D].
    """
    bridged = dynamics.copy()
    for first in shot_firsts(times_s, cut_times_s)[1:]:
        bridged[first - 1] = dynamics[max(first - 2, 0)]
        bridged[first] = dynamics[min(first + 1, len(dynamics) - 1)]
    return bridged


def find_events(flow: Flow, cut_times_s: np.ndarray, cut_weights: np.ndarray) -> Events:
    """Find cuts, impacts and stops together.

    Args:
        flow: of every native frame.
        cut_times_s: [C] of the cuts.
        cut_weights: [C] 0..1.

    Returns:
        The events in order of time.
    """
    speeds = _bridged(flow, cut_times_s)
    impact_times, contrast = find_impacts(flow, speeds, cut_times_s)
    times = np.concatenate([cut_times_s, impact_times])
    weights = np.concatenate([cut_weights, impact_weights(impact_times, contrast, cut_times_s)])
    stops = np.array([_is_stop(flow.times_s, speeds, time_s) for time_s in impact_times], bool)
    kinds = np.concatenate([np.full(len(cut_times_s), CUT), np.where(stops, STOP, IMPACT)])
    order = np.argsort(times, kind="stable")
    return Events(times[order], weights[order].astype(np.float32), kinds[order].astype(np.int8))


def impact_weights(times_s: np.ndarray, contrast: np.ndarray, cut_times_s: np.ndarray) -> np.ndarray:
    """Weight impacts relative to the clearest one within NEAR_S.

    Args:
        times_s: [I] seconds, ascending.
        contrast: [I] how far they stand out.
        cut_times_s: [C] seconds; a cut is as clear as anything can be.

    Returns:
        weights [I], 0..1.
    """
    clearest = np.array([contrast[np.abs(times_s - at_s) <= NEAR_S].max() for at_s in times_s])
    has_cut = np.array([np.abs(cut_times_s - at_s).min(initial=np.inf) <= NEAR_S for at_s in times_s], bool)
    full = np.where(has_cut, FULL_CONTRAST, np.clip(clearest, LEAST_CONTRAST, FULL_CONTRAST))
    return np.clip(contrast / full, 0.0, 1.0)


def _bridged(flow: Flow, cut_times_s: np.ndarray) -> np.ndarray:
    """[N] speeds, those into each shot's first frame, which mean nothing, interpolated."""
    firsts = shot_firsts(flow.times_s, cut_times_s)
    frames = np.arange(len(flow.speeds))
    within = np.setdiff1d(frames, firsts)
    return np.interp(frames, within, flow.speeds[within]) if len(within) else np.zeros(len(frames))


def _is_stop(times_s: np.ndarray, speeds: np.ndarray, now_s: float) -> bool:
    """Check whether motion ends there and stays low."""
    before = speeds[(times_s < now_s) & (times_s >= now_s - STOP_WINDOW_S)]
    after = speeds[(times_s > now_s) & (times_s <= now_s + STOP_WINDOW_S)]
    return bool(len(before) and len(after) and after.mean() < STOP_SHARE * before.mean())

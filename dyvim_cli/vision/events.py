"""Visual events: what a composer would hit. Cuts, impacts (sudden motion, collisions) and stops."""

from dataclasses import dataclass

import numpy as np

from dyvim_cli.types import EVENT_KINDS
from dyvim_cli.vision.motion import Motion
from dyvim_cli.vision.timing import timed

CUT, IMPACT, STOP = (EVENT_KINDS.index(kind) for kind in ("cut", "impact", "stop"))

STILL = 0.012  # picture widths a second: what the codec and the sensor make of a picture at rest
WINDOW_S = 0.1  # velocity after against velocity before, each averaged over at least this long
ORDINARY_S = 2.0  # a change is measured against motion and changes around it, over this long
MOTION_SHARE, CHANGE_SHARE = 0.5, 1.2  # of the two in what is ordinary
LEAST_CONTRAST = 1.0  # changes below are part of what this passage does all the time
FULL_CONTRAST = 3.0  # of weight 1
SPACING_S = 0.35  # nearer impacts are one: two or so a second at the busiest
STOP_SHARE = 0.3  # a stop: what moves afterwards, as a share of what moved before
STOP_WINDOW_S = 0.5


@dataclass(frozen=True)
class Events:
    """E events, ascending in time."""

    times_s: np.ndarray  # [E] float64
    weights: np.ndarray  # [E] float32 0..1
    kinds: np.ndarray  # [E] int8, index into EVENT_KINDS


def energy_curve(motion: Motion, cut_times_s: np.ndarray) -> np.ndarray:
    """[T] mean flow, picture widths a second; at cuts and ends only the side within the shot counts."""
    before, after = motion.before.copy(), motion.after.copy()
    first = _first_frames(motion.times_s, cut_times_s)
    alone = first[np.isin(first + 1, first) | (first + 1 == len(before))]
    last = first - 1
    before[first] = after[first]
    after[last] = before[last]
    before[alone] = after[alone] = 0.0  # a shot of one frame does not move
    if len(before) > 1:
        before[0], after[-1] = after[0], before[-1]
    return ((before + after) / 2).astype(np.float32)


def bridge_cuts(dynamics: np.ndarray, times_s: np.ndarray, cut_times_s: np.ndarray) -> np.ndarray:
    """z_d [T, D] with the frames beside a cut, which saw two shots, replaced by their neighbours."""
    bridged = dynamics.copy()
    for first in _first_frames(times_s, cut_times_s):
        bridged[first - 1] = dynamics[max(first - 2, 0)]
        bridged[first] = dynamics[min(first + 1, len(dynamics) - 1)]
    return bridged


def find_events(
    motion: Motion, energy: np.ndarray, cut_times_s: np.ndarray, cut_weights: np.ndarray, frame_by_frame=None
) -> Events:
    """Cuts, impacts and stops together.

    frame_by_frame: (seconds [N], velocities [N, R, 2]) of the native frames, to time impacts with.
    """
    impact_times, contrast = find_impacts(motion, energy, cut_times_s)
    if frame_by_frame is not None:
        impact_times = timed(impact_times, *frame_by_frame, cut_times_s)
    times = np.concatenate([cut_times_s, impact_times])
    weights = np.concatenate([cut_weights, np.clip(contrast / FULL_CONTRAST, 0.0, 1.0)])
    stops = np.array([_is_stop(motion.times_s, energy, time_s) for time_s in impact_times], bool)
    kinds = np.concatenate([np.full(len(cut_times_s), CUT), np.where(stops, STOP, IMPACT)])
    order = np.argsort(times, kind="stable")
    return Events(times[order], weights[order].astype(np.float32), kinds[order].astype(np.int8))


def find_impacts(
    motion: Motion, energy: np.ndarray, cut_times_s: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(seconds, contrast) of sudden changes of velocity: starts, hits, reversals, stops.

    The visual beats of Davis and Agrawala (2018) are peaks of the flow's deceleration; here of its
    whole change, since a start calls for music as much as a hit does.
    """
    from scipy.signal import find_peaks  # half a second, which another thread may have spent by now

    from scipy.ndimage import median_filter, uniform_filter1d  # isort: skip (scipy.signal holds it)

    times = motion.times_s
    if len(times) < 4:
        return np.zeros(0), np.zeros(0)
    step_s = float(np.median(np.diff(times)))
    change = velocity_change(motion, cut_times_s)
    span = max(3, round(ORDINARY_S / step_s))
    ordinary = MOTION_SHARE * uniform_filter1d(energy.astype(float), span)
    ordinary += CHANGE_SHARE * median_filter(change, span)
    contrast = change / (ordinary + STILL)
    peaks, _ = find_peaks(contrast, height=LEAST_CONTRAST, distance=max(1, round(SPACING_S / step_s)))
    at = times[peaks] + _summit(contrast, peaks) * step_s
    if len(cut_times_s):  # a cut outweighs what moves at its side
        apart = np.abs(at[:, None] - cut_times_s[None]).min(axis=1) > SPACING_S / 2
        peaks, at = peaks[apart], at[apart]
    return at, contrast[peaks]


def velocity_change(motion: Motion, cut_times_s: np.ndarray) -> np.ndarray:
    """[T] mean over the regions of |velocity after - velocity before| each frame; 0 beside cuts."""
    times = motion.times_s
    flow = (motion.velocities[:-1, 1] + motion.velocities[1:, 0]) / 2  # [T - 1, R, 2] between the frames
    middle = (times[:-1] + times[1:]) / 2
    across = np.zeros(len(flow), bool)  # between two shots: no motion at all
    across[_first_frames(times, cut_times_s) - 1] = True
    change = np.zeros(len(times))
    for i in range(1, len(times) - 1):
        first = min(i - 1, np.searchsorted(middle, times[i] - WINDOW_S))
        last = max(i + 1, np.searchsorted(middle, times[i] + WINDOW_S))
        if not across[first:last].any():
            jump = flow[i:last].mean(axis=0) - flow[first:i].mean(axis=0)
            change[i] = np.linalg.norm(jump, axis=-1).mean()
    return change


def _summit(curve: np.ndarray, peaks: np.ndarray) -> np.ndarray:
    """Where between the samples a parabola through each peak has its top, -0.5..0.5 samples."""
    left, top, right = curve[peaks - 1], curve[peaks], curve[peaks + 1]
    bend = left - 2 * top + right
    return np.where(bend < 0, 0.5 * (left - right) / np.where(bend < 0, bend, -1.0), 0.0)


def _is_stop(times_s: np.ndarray, energy: np.ndarray, now_s: float) -> bool:
    """Whether motion ends then and stays low."""
    before = energy[(times_s < now_s) & (times_s >= now_s - STOP_WINDOW_S)]
    after = energy[(times_s > now_s) & (times_s <= now_s + STOP_WINDOW_S)]
    return bool(len(before) and len(after) and after.mean() < STOP_SHARE * before.mean())


def _first_frames(times_s: np.ndarray, cut_times_s: np.ndarray) -> np.ndarray:
    """Index of the first analysed frame at or after each cut (those that have frames on both sides)."""
    first = np.unique(np.searchsorted(times_s, cut_times_s - 1e-6))
    return first[(first > 0) & (first < len(times_s))]

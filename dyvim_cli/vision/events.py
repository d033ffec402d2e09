"""Visual events: what a composer would hit. Cuts, impacts (sudden motion, collisions, bursts) and stops.

Letters: N native frames, R regions, T analysed frames, I impacts.
"""

from dataclasses import dataclass

import numpy as np

from dyvim_cli.types import EVENT_KINDS
from dyvim_cli.vision.flow import Flow

CUT, IMPACT, STOP = (EVENT_KINDS.index(kind) for kind in ("cut", "impact", "stop"))

STILL = 0.012  # picture widths a second: what the codec and the sensor make of a picture at rest
WINDOW_S = 0.1  # velocity after against velocity before, each averaged over this long
ORDINARY_S = 2.0  # a change is measured against motion and changes around it, over this long
MOTION_SHARE, CHANGE_SHARE = 0.5, 1.2  # of the two in what is ordinary
LEAST_CHANGE = 1.0  # changes below are part of what this passage does all the time
SMOOTH_S = 0.05  # speed is smoothed over, before its peaks are looked for
SURGE_S = 1.0  # within which speed must have risen and fallen again
LEAST_SURGE = 0.4  # lower than for changes: such peaks are many, small and agreed on by all
SURGE_SHARE = 0.7  # a peak of speed weighs less than a change as clear: it is less sudden
FULL_CONTRAST = 3.0  # of weight 1
SPACING_S = 0.25  # nearer impacts are one
STOP_SHARE = 0.3  # a stop: what moves afterwards, as a share of what moved before
STOP_WINDOW_S = 0.5


@dataclass(frozen=True)
class Events:
    """E events, ascending in time."""

    times_s: np.ndarray  # [E] float64
    weights: np.ndarray  # [E] float32 0..1
    kinds: np.ndarray  # [E] int8, index into EVENT_KINDS


def energy_curve(flow: Flow, times_s: np.ndarray, cut_times_s: np.ndarray) -> np.ndarray:
    """[T] mean flow between the analysed frames before and after each of times_s [T], widths a second.

    At cuts and ends only the side within the shot counts; a shot of one frame does not move.
    """
    sums = np.append(0.0, np.cumsum(flow.speeds, dtype=np.float64))
    firsts = shot_firsts(flow.times_s, cut_times_s)
    at = np.searchsorted(flow.times_s, times_s - 1e-6)
    shot = np.searchsorted(firsts, at, side="right") - 1
    low = np.maximum(np.append(at[:1], at[:-1]), firsts[shot])
    high = np.minimum(np.append(at[1:], at[-1:]), np.append(firsts[1:], len(flow.speeds))[shot] - 1)
    return ((sums[high + 1] - sums[low + 1]) / np.maximum(high - low, 1)).astype(np.float32)


def bridge_cuts(dynamics: np.ndarray, times_s: np.ndarray, cut_times_s: np.ndarray) -> np.ndarray:
    """z_d [T, D] with the frames beside a cut, which saw two shots, replaced by their neighbours."""
    bridged = dynamics.copy()
    for first in shot_firsts(times_s, cut_times_s)[1:]:
        bridged[first - 1] = dynamics[max(first - 2, 0)]
        bridged[first] = dynamics[min(first + 1, len(dynamics) - 1)]
    return bridged


def find_events(flow: Flow, cut_times_s: np.ndarray, cut_weights: np.ndarray) -> Events:
    """Cuts, impacts and stops together."""
    speeds = _bridged(flow, cut_times_s)
    impact_times, contrast = find_impacts(flow, speeds, cut_times_s)
    times = np.concatenate([cut_times_s, impact_times])
    weights = np.concatenate([cut_weights, np.clip(contrast / FULL_CONTRAST, 0.0, 1.0)])
    stops = np.array([_is_stop(flow.times_s, speeds, time_s) for time_s in impact_times], bool)
    kinds = np.concatenate([np.full(len(cut_times_s), CUT), np.where(stops, STOP, IMPACT)])
    order = np.argsort(times, kind="stable")
    return Events(times[order], weights[order].astype(np.float32), kinds[order].astype(np.int8))


def find_impacts(flow: Flow, speeds: np.ndarray, cut_times_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(seconds, contrast) of sudden changes of velocity and of peaks of speed, the clearer of two neighbours.

    The visual beats of Davis and Agrawala (2018) are peaks of the flow's deceleration; here of its
    whole change, since a start calls for music as much as a hit does. Speeds [N]: bridged over cuts.
    """
    if len(speeds) < 4:
        return np.zeros(0), np.zeros(0)
    step_s = float(np.median(np.diff(flow.times_s)))
    changes, change_contrast = _changes(flow, speeds, cut_times_s, step_s)
    surges, surge_contrast = _surges(speeds, step_s)
    # a change is seen with the first picture that moves otherwise, motion lies between two pictures
    at = np.concatenate([flow.times_s[changes] + step_s / 2, flow.times_s[surges] - step_s / 2])
    return _clearest(at, np.append(change_contrast, SURGE_SHARE * surge_contrast), cut_times_s)


def _changes(flow: Flow, speeds: np.ndarray, cut_times_s: np.ndarray, step_s: float):
    """Frames after which the regions move otherwise than before, and how clearly."""
    from scipy.signal import find_peaks  # half a second, which another thread may have spent by now

    from scipy.ndimage import median_filter, uniform_filter1d  # isort: skip (scipy.signal holds it)

    reach, span = (max(1, round(WINDOW_S / step_s)), max(3, round(ORDINARY_S / step_s)))
    change = velocity_change(flow.velocities, reach, shot_firsts(flow.times_s, cut_times_s))
    ordinary = MOTION_SHARE * uniform_filter1d(speeds, span, mode="nearest")
    ordinary += CHANGE_SHARE * median_filter(change, span)
    contrast = change / (ordinary + STILL)
    peaks, _ = find_peaks(contrast, height=LEAST_CHANGE, distance=max(1, round(SPACING_S / step_s)))
    return peaks, contrast[peaks]


def _surges(speeds: np.ndarray, step_s: float):
    """Frames into which more moves than around them, and how clearly."""
    from scipy.signal import find_peaks

    from scipy.ndimage import gaussian_filter1d, uniform_filter1d  # isort: skip (scipy.signal holds it)

    span = max(3, round(ORDINARY_S / step_s))
    smooth = gaussian_filter1d(speeds, SMOOTH_S / step_s, mode="nearest")
    ordinary = MOTION_SHARE * uniform_filter1d(speeds, span, mode="nearest")
    within = max(3, round(SURGE_S / step_s))
    peaks, found = find_peaks(smooth, prominence=0.0, wlen=within, distance=max(1, round(SPACING_S / step_s)))
    contrast = found["prominences"] / (ordinary[peaks] + STILL)
    clear = contrast > LEAST_SURGE
    return peaks[clear], contrast[clear]


def _clearest(at_s: np.ndarray, contrast: np.ndarray, cut_times_s: np.ndarray):
    """The impacts that no clearer one is near to, ascending; a cut outweighs what moves beside it."""
    kept: list[int] = []
    for i in np.argsort(-contrast, kind="stable"):
        alone = np.abs(at_s[kept] - at_s[i]).min(initial=np.inf) >= SPACING_S
        if alone and np.abs(cut_times_s - at_s[i]).min(initial=np.inf) > SPACING_S / 2:
            kept.append(i)
    kept.sort(key=at_s.__getitem__)
    return at_s[kept], contrast[kept]


def velocity_change(velocities: np.ndarray, reach: int, firsts: np.ndarray) -> np.ndarray:
    """[N] mean over the regions of |velocity after each frame - velocity up to it|, within its shot.

    Velocities [N, R, 2] are averaged over `reach` frames to either side, fewer at a shot's ends;
    firsts: each shot's first frame.
    """
    n = len(velocities)
    sums = np.concatenate([np.zeros_like(velocities[:1]), np.cumsum(velocities, axis=0, dtype=np.float64)])
    frames = np.arange(n)
    shot = np.searchsorted(firsts, frames, side="right") - 1
    start = firsts[shot] + 1  # nothing moves into a shot's first frame
    end = np.append(firsts, n)[shot + 1]
    low, high = np.maximum(frames + 1 - reach, start), np.minimum(frames + 1 + reach, end)
    before, after = frames + 1 - low, high - frames - 1
    jump = (sums[high] - sums[frames + 1]) / np.maximum(after, 1)[:, None, None]
    jump -= (sums[frames + 1] - sums[np.minimum(low, n)]) / np.maximum(before, 1)[:, None, None]
    return np.where((before > 0) & (after > 0), np.linalg.norm(jump, axis=-1).mean(axis=1), 0.0)


def _bridged(flow: Flow, cut_times_s: np.ndarray) -> np.ndarray:
    """[N] speeds, those into each shot's first frame, which mean nothing, interpolated."""
    firsts = shot_firsts(flow.times_s, cut_times_s)
    frames = np.arange(len(flow.speeds))
    within = np.setdiff1d(frames, firsts)
    return np.interp(frames, within, flow.speeds[within]) if len(within) else np.zeros(len(frames))


def shot_firsts(times_s: np.ndarray, cut_times_s: np.ndarray) -> np.ndarray:
    """Index of every shot's first frame, 0 included."""
    firsts = np.unique(np.append(0, np.searchsorted(times_s, cut_times_s - 1e-6)))
    return firsts[firsts < len(times_s)]


def _is_stop(times_s: np.ndarray, speeds: np.ndarray, now_s: float) -> bool:
    """Whether motion ends then and stays low."""
    before = speeds[(times_s < now_s) & (times_s >= now_s - STOP_WINDOW_S)]
    after = speeds[(times_s > now_s) & (times_s <= now_s + STOP_WINDOW_S)]
    return bool(len(before) and len(after) and after.mean() < STOP_SHARE * before.mean())

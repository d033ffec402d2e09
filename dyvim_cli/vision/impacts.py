"""Detect impacts: sudden changes, peaks and onsets of motion.

Three views of the same curve, since people who hit pictures with music agree on none of them alone: a
collision has no peak, a wave has no edge, and motion that sets in may last.

Letters: N native frames, R regions, I impacts.
"""

import numpy as np

from dyvim_cli.filters import find_peaks, gaussian_mean, window_mean, window_median
from dyvim_cli.vision.flow import Flow, shot_firsts

Found = tuple[np.ndarray, np.ndarray]  # seconds [I], contrast [I]

STILL = 0.012  # picture widths a second: what the codec and the sensor make of a picture at rest
WINDOW_S = 0.1  # velocity after against velocity before, each averaged over this long
ORDINARY_S = 2.0  # a change is measured against motion and changes around it, over this long
MOTION_SHARE, CHANGE_SHARE = 0.5, 1.2  # weights of motion and of changes in what is ordinary
LEAST_CHANGE = 1.0  # changes below are part of what this passage does all the time
# contrast of the faintest change to which a surge is moved; below LEAST_CHANGE it is no event by itself
FAINT_CHANGE = 0.6
TOP_SHARE = 0.8  # a change lasts as long as it stays above this share of its height
SMOOTH_S = 0.05  # speed is smoothed over, before its peaks are searched for
SURGE_S = 1.0  # time within which speed must have risen and fallen again
LEAST_SURGE = 0.4  # lower than for changes: such peaks are many, small and agreed on by all
SURGE_SHARE = 0.7  # a peak of speed weighs less than a change as clear: it is less sudden
# A peak of speed without a clear change nearby swells and fades: the eye follows it, and no moment of it
# calls for a hit. Another detector saw an event within 80 ms of 15 of 154 such, and of 150 of 252 with one.
SWELL_SHARE = 0.4
# share of the way from a surge's peak back to its steepest rise, where the eye is by then
LEAN_TO_RISE = 1 / 3
LEAST_RISE = 0.5
RISE_SHARE = 0.25  # a rise weighs even less: most are the beginning of a surge, which counts by itself
SPACING_S = 0.25  # nearer impacts are one, and near a cut only the cut is seen


def find_impacts(flow: Flow, speeds: np.ndarray, cut_times_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find impacts; of neighbours the clearest counts.

    The visual beats of Davis and Agrawala (2018) are peaks of the flow's deceleration; here of its
    whole change, since a start calls for music as much as a hit does.

    Args:
        flow: of every native frame.
        speeds: [N] mean speed, bridged over cuts.
        cut_times_s: [C] of the cuts.

    Returns:
        (seconds [I], contrast [I]), ascending.
    """
    if len(speeds) < 4:
        return np.zeros(0), np.zeros(0)
    step_s = float(np.median(np.diff(flow.times_s)))
    gain = _gain(speeds, step_s)
    changes, seen_s = _changes(flow, speeds, cut_times_s, step_s)
    surges = _at_changes(_surges(flow.times_s, speeds, gain, step_s), changes, seen_s)
    rises = _rises(flow.times_s, speeds, gain, step_s)
    found = (_clear(seen_s, changes[1]), surges, rises)
    times_s, contrast = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return _clearest(times_s, contrast, cut_times_s)


def _changes(
    flow: Flow, speeds: np.ndarray, cut_times_s: np.ndarray, step_s: float
) -> tuple[Found, np.ndarray]:
    """Changes of the regions' motion, from FAINT_CHANGE on: (heights, contrasts) and when each is seen."""
    reach, span = _frames(WINDOW_S, step_s), _frames(ORDINARY_S, step_s, 3)
    change = velocity_change(flow.velocities, reach, shot_firsts(flow.times_s, cut_times_s))
    contrast = change / (_usual(speeds, step_s) + CHANGE_SHARE * window_median(change, span))
    peaks, _ = find_peaks(contrast, height=FAINT_CHANGE, distance=_frames(SPACING_S, step_s))
    middles = np.array([_middle_of_top(change, int(peak), 2 * reach) for peak in peaks])
    # seen with the first picture that moves otherwise
    seen_s = np.interp(middles, np.arange(len(change)), flow.times_s) + step_s / 2
    return (flow.times_s[peaks] + step_s / 2, contrast[peaks]), seen_s


def _middle_of_top(change: np.ndarray, peak: int, reach: int) -> float:
    """The middle of the frames around a peak on which the change stays about as high.

    A picture that jumps once is as much of a change on every frame of the window before and after it: which
    of them is the highest is left to noise.
    """
    is_below = change[max(0, peak - reach) : peak + reach + 1] < TOP_SHARE * change[peak]
    before = min(peak, reach)
    falls_before = np.flatnonzero(is_below[:before])
    falls_after = np.flatnonzero(is_below[before:])
    first = int(falls_before[-1]) + 1 if len(falls_before) else 0
    last = before + int(falls_after[0]) - 1 if len(falls_after) else len(is_below) - 1
    return peak - before + (first + last) / 2


def _surges(times_s: np.ndarray, speeds: np.ndarray, gain: np.ndarray, step_s: float) -> Found:
    """Times of peaks of the motion, and contrasts."""
    smooth = _smooth(speeds, step_s)
    within = _frames(SURGE_S, step_s, 3)
    peaks, rises = find_peaks(smooth, prominence=0.0, reach=within, distance=_frames(SPACING_S, step_s))
    contrast = rises / _usual(speeds, step_s)[peaks]
    clear = contrast > LEAST_SURGE
    rises = np.array([_rise_before(gain, peak, within // 2) for peak in peaks[clear]], int)
    at = peaks[clear] + LEAN_TO_RISE * (rises - peaks[clear])
    # motion is between two pictures
    return np.interp(at, np.arange(len(times_s)), times_s) - step_s / 2, contrast[clear]


def _rises(times_s: np.ndarray, speeds: np.ndarray, gain: np.ndarray, step_s: float) -> Found:
    """Times at which motion sets in or rises most, and contrasts."""
    contrast = gain / _usual(speeds, step_s)
    peaks, _ = find_peaks(contrast, height=LEAST_RISE, distance=_frames(SPACING_S, step_s))
    return times_s[peaks] - step_s / 2, RISE_SHARE * contrast[peaks]


def _clear(seen_s: np.ndarray, contrast: np.ndarray) -> Found:
    """The changes that are events by themselves."""
    return seen_s[contrast >= LEAST_CHANGE], contrast[contrast >= LEAST_CHANGE]


def _at_changes(surges: Found, changes: Found, seen_s: np.ndarray) -> Found:
    """The surges, moved to the clearest change within SPACING_S: where motion sets in, or a hand lands.

    Nothing happens at the very height of a movement: what is seen is where it begins or breaks off. Where it
    does neither clearly, it counts for less.
    """
    times_s, contrast = surges
    change_times_s, clearness = changes
    met_s, clearest = np.array(times_s, dtype=np.float64), np.zeros(len(times_s))
    for i, at_s in enumerate(times_s):
        near = np.flatnonzero(np.abs(change_times_s - at_s) <= SPACING_S)
        if len(near):
            met_s[i] = seen_s[near[clearness[near].argmax()]]
            clearest[i] = clearness[near].max()
    return met_s, contrast * np.where(clearest >= LEAST_CHANGE, SURGE_SHARE, SWELL_SHARE)


def _rise_before(gain: np.ndarray, peak: int, within: int) -> int:
    """The frame of the greatest gain up to a peak of speed."""
    first = max(0, peak - within)
    return first + int(gain[first : peak + 1].argmax())


def _gain(speeds: np.ndarray, step_s: float) -> np.ndarray:
    """[N] by how much speed grows over WINDOW_S around each frame; 0 where it falls."""
    reach = _frames(WINDOW_S / 2, step_s)
    padded = np.pad(_smooth(speeds, step_s), reach, mode="edge")
    return np.maximum(0.0, padded[2 * reach :] - padded[: -2 * reach])


def _smooth(speeds: np.ndarray, step_s: float) -> np.ndarray:
    return gaussian_mean(speeds, SMOOTH_S / step_s)


def _usual(speeds: np.ndarray, step_s: float) -> np.ndarray:
    """[N] speed that would not stand out: a share of the surrounding motion, and a minimum."""
    return MOTION_SHARE * window_mean(speeds, _frames(ORDINARY_S, step_s, 3)) + STILL


def _frames(span_s: float, step_s: float, least: int = 1) -> int:
    return max(least, round(span_s / step_s))


def _clearest(at_s: np.ndarray, contrast: np.ndarray, cut_times_s: np.ndarray) -> Found:
    """The impacts without a clearer one nearby, ascending; a cut outweighs motion next to it."""
    kept: list[int] = []
    for i in np.argsort(-contrast, kind="stable"):
        beside = np.abs(np.append(cut_times_s, at_s[kept]) - at_s[i]).min(initial=np.inf)
        if beside >= SPACING_S:
            kept.append(i)
    kept.sort(key=at_s.__getitem__)
    return at_s[kept], contrast[kept]


def velocity_change(velocities: np.ndarray, reach: int, firsts: np.ndarray) -> np.ndarray:
    """Measure how the regions' velocity changes at each frame, within its shot.

    Args:
        velocities: [N, R, 2] of the regions.
        reach: frames to either side over which they are averaged, fewer at a shot's ends.
        firsts: each shot's first frame.

    Returns:
        [N] mean over the regions of |velocity after the frame - velocity up to it|.
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

"""When exactly an impact happens: found on a dozen frames a second, timed on every native frame.

The eye takes 50 ms between hit and sound for a fault; the motion encoder sees frames that far apart.
"""

import numpy as np

REACH_S = 0.15  # within which an impact may be moved
PACE_S = 0.1  # pace after a frame against pace before it, each averaged over this long


def timed(
    at_s: np.ndarray, times_s: np.ndarray, velocities: np.ndarray, cut_times_s: np.ndarray
) -> np.ndarray:
    """Impacts at_s [I] (seconds) put where the native frames' motion changes most near them.

    times_s [N] and velocities [N, R, 2] are watch.Watch's, into each frame; motion across a cut is none.
    Half a frame is added: a change is seen with the first picture that moves otherwise.
    """
    if len(times_s) < 4:
        return at_s
    step_s = float(np.median(np.diff(times_s)))
    change = pace_change(velocities, max(1, round(PACE_S / step_s)), _firsts(times_s, cut_times_s))
    refined = at_s.copy()
    for i, time_s in enumerate(at_s):
        low, high = np.searchsorted(times_s, (time_s - REACH_S, time_s + REACH_S))
        near = np.exp(-0.5 * ((times_s[low:high] - time_s) / (REACH_S / 1.5)) ** 2)
        clearest = change[low:high] * near
        if clearest.max(initial=0.0) > 0:
            refined[i] = times_s[low + np.argmax(clearest)] + step_s / 2
    return refined


def pace_change(velocities: np.ndarray, reach: int, shot_firsts: np.ndarray) -> np.ndarray:
    """[N] mean over the regions of |velocity after each frame - velocity up to it|, within its shot.

    Velocities [N, R, 2] are averaged over `reach` frames to either side, fewer at a shot's ends.
    """
    n = len(velocities)
    sums = np.concatenate([np.zeros_like(velocities[:1]), np.cumsum(velocities, axis=0, dtype=np.float64)])
    frames = np.arange(n)
    shot = np.searchsorted(shot_firsts, frames, side="right") - 1
    start = shot_firsts[shot] + 1  # nothing moves into a shot's first frame
    end = np.append(shot_firsts, n)[shot + 1]
    low, high = np.maximum(frames + 1 - reach, start), np.minimum(frames + 1 + reach, end)
    before, after = frames + 1 - low, high - frames - 1
    jump = (sums[high] - sums[frames + 1]) / np.maximum(after, 1)[:, None, None]
    jump -= (sums[frames + 1] - sums[np.minimum(low, n)]) / np.maximum(before, 1)[:, None, None]
    return np.where((before > 0) & (after > 0), np.linalg.norm(jump, axis=-1).mean(axis=1), 0.0)


def _firsts(times_s: np.ndarray, cut_times_s: np.ndarray) -> np.ndarray:
    """Index of every shot's first frame, 0 included."""
    return np.unique(np.append(0, np.searchsorted(times_s, cut_times_s - 1e-6)))

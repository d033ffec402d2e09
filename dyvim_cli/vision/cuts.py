"""Detect hard cuts, exact to the native frame."""

import numpy as np

LEAST_DIFFERENCE = 0.15  # least of FrameDifferencer.differences; below it even a real cut hardly shows
LEAST_STRUCTURE = 0.12  # lightning changes all but this
OVER_NEIGHBOURS = 2.0  # a pan or a shaken camera differs as much before and after
GRADUAL_SHARE = 0.7  # share of the difference over three frames: a fade takes longer, a cut is over at once
RETURN_SHARE = 0.6  # share of the difference below which the old picture is back after a flash
UNRELATED = 0.8  # least of FrameDifferencer.structures; a change of light leaves some of the old picture
SHORTEST_SHOT = 3  # frames; a picture that comes back sooner was only flashed over
ONE_SIDED = 0.95  # share of FrameDifferencer.lights; a flash only lightens, another picture darkens too
NEIGHBOURS = 6  # frames on each side that say what is ordinary
CUT_WEIGHTS = (0.7, 1.0)


def find_cuts(
    differences: np.ndarray, structures: np.ndarray, lights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Find hard cuts.

    A cut stands out from its neighbourhood and from the frames beside it, in structure too, is done in one
    step, and is no flash, after which what was before comes back within K frames.

    Args:
        differences: [N, K] of FrameDifferencer.
        structures: [N] of FrameDifferencer.
        lights: [N] of FrameDifferencer.

    Returns:
        ([C] int first frame after each cut, [C] float32 its weight 0..1).
    """
    step = differences[:, 0]
    if len(step) < 2:
        return np.zeros(0, np.intp), np.zeros(0, np.float32)
    only_light = (lights > ONE_SIDED) & (structures < UNRELATED)
    is_cut = (
        (step > LEAST_DIFFERENCE)
        & (structures > LEAST_STRUCTURE)
        & (step > OVER_NEIGHBOURS * (_ordinary(step) + 0.05))
        & (step > _beside(step))  # something large that moves fast changes more than one step
        & (step > GRADUAL_SHARE * _over_three(differences))
        & (_nearest_return(differences, only_light) > RETURN_SHARE * step)
    )
    is_cut[:SHORTEST_SHOT] = False  # a stray picture at the head: the film begins, and its music with it
    cuts = np.flatnonzero(is_cut)
    low, high = CUT_WEIGHTS
    return cuts, np.clip(low + (high - low) * step[cuts], low, high).astype(np.float32)


def _around(step: np.ndarray, reach: int) -> np.ndarray:
    """[N, 2 * reach] the differences before and after each frame (NaN outside the film)."""
    padded = np.pad(step.astype(float), reach, constant_values=np.nan)
    padded[reach] = np.nan  # the first frame has nothing before it
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    return np.delete(windows, reach, axis=1)


def _ordinary(step: np.ndarray) -> np.ndarray:
    windows = _around(step, NEIGHBOURS)
    alone = np.isnan(windows).all(axis=1)  # a film of two frames
    return np.nanmedian(np.where(alone[:, None], 0.0, windows), axis=1)


def _beside(step: np.ndarray) -> np.ndarray:
    """[N] the differences one frame before and one after, together."""
    return np.nan_to_num(_around(step, 1)).sum(axis=1)


def _over_three(differences: np.ndarray) -> np.ndarray:
    """[N] the greater of the differences over three frames that begin, or end, with each step."""
    three = differences[:, 2]
    return np.maximum(three, np.append(three[2:], [0.0, 0.0]))


def _nearest_return(differences: np.ndarray, only_light: np.ndarray) -> np.ndarray:
    """[N] least difference across a step: frame before it to later ones, frame after to earlier ones.

    A picture that was away for SHORTEST_SHOT frames or more counts only if it went by light alone.
    """
    n, lags = differences.shape
    nearest = np.full(n, np.inf)
    for lag in range(1, min(lags, n)):  # the number of frames between the two pictures
        counts = only_light | (lag < SHORTEST_SHOT)
        later = np.where(counts[1 : n - lag], differences[lag + 1 :, lag], np.inf)
        nearest[1 : n - lag] = np.minimum(nearest[1 : n - lag], later)
        earlier = np.where(counts[lag + 1 :], differences[lag + 1 :, lag], np.inf)
        nearest[lag + 1 :] = np.minimum(nearest[lag + 1 :], earlier)
    return nearest

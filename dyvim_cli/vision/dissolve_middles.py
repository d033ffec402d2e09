"""Place the middle of a dissolve by the even rise that explains most of its course.

The pictures at both ends move on while they are mixed, and single frames say little of where the middle is.
The mean colours of twelve areas hardly mind motion: from before the dissolve until after it they follow one
ramp, and of all ramps near by that one is taken which explains most of how they change.

Letters: N native frames; A colours of areas; T frames looked at; R ramps.
"""

import numpy as np

from dyvim_cli.vision.blocks import block_means

ROWS, COLUMNS = 3, 4  # the areas of a thumbnail
N_COLOURS = ROWS * COLUMNS * 3  # A: red, green and blue of each, or what the thumbnail has instead
BEYOND = 6  # frames before and after the dissolve that are looked at
MOST_MOVE = 10  # frames by which a middle may move
SHORTEST, LONGEST = 0.75, 1.7  # halves that are tried, as shares of the one that was found
LEAST_HALF = 8  # frames: the middle of a shorter dissolve is known


def area_colours(thumbs: np.ndarray) -> np.ndarray:
    """Average the colours of 3 x 4 areas.

    Args:
        thumbs: thumbnails of n frames [n, 18, 32, 3] float32, 0..255.

    Returns:
        [n, A] uint8.
    """
    areas = block_means(thumbs, ROWS, COLUMNS)
    return np.round(areas).astype(np.uint8).reshape(len(thumbs), -1)


def middle_of(colours: np.ndarray, middle: int, half: int) -> int:
    """Find the middle of a dissolve anew.

    Args:
        colours: [N, A] area_colours of every frame of the film.
        middle: frame in the dissolve, roughly its middle.
        half: frames from there to either end, roughly.

    Returns:
        Frame of the middle.
    """
    if half < LEAST_HALF:
        return middle
    first, end = max(0, middle - half - BEYOND), min(len(colours), middle + half + BEYOND + 1)
    course = colours[first:end].astype(np.float32)
    course -= course.mean(axis=0)
    middles, halves = _grid(middle, half, first, end)
    ramps = np.clip((np.arange(first, end) - middles[:, None]) / (2 * halves[:, None]) + 0.5, 0, 1)
    ramps -= ramps.mean(axis=1, keepdims=True)
    ramps /= np.maximum(np.linalg.norm(ramps, axis=1, keepdims=True), 1e-6)
    explained = ((ramps @ course) ** 2).sum(axis=1)  # [R] of the course's squared change
    return round(float(middles[int(explained.argmax())]))


def _grid(middle: int, half: int, first: int, end: int) -> tuple[np.ndarray, np.ndarray]:
    """([R] middles in half frames, [R] halves) of the ramps that lie within [first, end) but for BEYOND."""
    halves = np.arange(int(SHORTEST * half), int(LONGEST * half) + 1)
    places = middle + np.arange(-2 * MOST_MOVE, 2 * MOST_MOVE + 1) / 2
    middles, lengths = (grid.ravel() for grid in np.meshgrid(places, halves, indexing="ij"))
    within = (middles - lengths >= first - BEYOND) & (middles + lengths <= end + BEYOND)
    within |= (middles == middle) & (lengths == half)
    return middles[within], lengths[within]

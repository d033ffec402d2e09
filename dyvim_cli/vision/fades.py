"""Find fades through a colour: a picture that goes, a plain one, and another picture that comes.

Letters: N native frames; B parts of a picture.
"""

import numpy as np

from dyvim_cli.vision.soft_cuts import SoftCut

PLAIN_CONTRAST = 2.0  # grey levels, standard deviation over the parts: nothing is to be seen
BLACK, WHITE = 40.0, 215.0  # grey levels, mean: a plain picture between them is a wall or a sky
SEEN_CONTRAST = 4.5  # grey levels of the pictures before and after
GOES_S = 1.0  # longest time in which a picture goes, or comes
LONGEST_S = 2.0  # longest plain picture of a fade: after a longer one the film restarts
GRADUAL = 0.65  # share of its contrast: a picture with more just before the plain one was cut off
LEAST_STRUCTURE = 0.3  # 1 - correlation: another picture comes
SAME_AFTER_S = 0.4  # time until the same picture returns: longer is a fade, shorter is a flash


def find_fades(parts: np.ndarray, step_s: float) -> list[SoftCut]:
    """Find fades in the light of a film.

    Args:
        parts: [N, B] grey levels of parts of the picture.
        step_s: from frame to frame.

    Returns:
        Middles and reach, ascending.
    """
    contrast, level = parts.std(axis=1), parts.mean(axis=1)
    plain = (contrast < PLAIN_CONTRAST) & ((level < BLACK) | (level > WHITE))
    edges = np.flatnonzero(np.diff(np.concatenate([[0], plain.astype(int), [0]])))
    runs = edges.reshape(-1, 2)  # first plain frame, first frame after
    found = (_fade(parts, contrast, int(first), int(end), step_s) for first, end in runs)
    return [fade for fade in found if fade is not None]


def _fade(parts: np.ndarray, contrast: np.ndarray, first: int, end: int, step_s: float) -> SoftCut | None:
    """The fade round the plain frames [first, end), if it is one."""
    n, reach = len(parts), max(2, round(GOES_S / step_s))
    if first == 0 or end == n or (end - first) * step_s > LONGEST_S:
        return None
    before = max(0, first - reach) + int(contrast[max(0, first - reach) : first].argmax())
    after = end + int(contrast[end : end + reach].argmax())
    seen = min(contrast[before], contrast[after]) > SEEN_CONTRAST
    gradual = contrast[first - 1] < GRADUAL * contrast[before] and contrast[end] < GRADUAL * contrast[after]
    if not (seen and gradual):
        return None
    other = 1 - float(np.corrcoef(parts[first - 1], parts[end])[0, 1]) > LEAST_STRUCTURE
    if not other and (end - first) * step_s < SAME_AFTER_S:
        return None
    return SoftCut((first + end) // 2, max(1, (after - before) // 2), 0.0)

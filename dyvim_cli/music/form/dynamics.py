"""Let the level of the music rise and fall with the film's motion, by degrees."""

import numpy as np

from dyvim_cli.filters import gaussian_mean
from dyvim_cli.music.performance.humanize import ACCENT_LEVEL
from dyvim_cli.music.symbols import tokens
from dyvim_cli.types import STEPS_PER_BAR

LEVEL = tokens.STREAM_INDEX["level"]
SPREAD_STEPS = STEPS_PER_BAR / 4  # standard deviation of the average: most of its weight is within a bar
REACH_LEVELS = 1.7  # levels between no motion and all there is
SOFTEST_LEVEL = 1


def follow_motion(piece: np.ndarray, energy: np.ndarray, share: float) -> np.ndarray:
    """Move the level tokens between accents with the motion.

    Args:
        piece: [K, S] score tokens.
        energy: [S] motion on the grid, 0..1.
        share: 0..1, how far the film's motion counts (Influence.energy).

    Returns:
        [K, S] tokens; accents and everything but the level stream stay.
    """
    if not len(energy) or not share:
        return piece
    slow = gaussian_mean(energy, SPREAD_STEPS)
    levels, moved = piece[LEVEL], piece.copy()
    wanted = np.rint(levels + share * REACH_LEVELS * (slow - slow.mean()))
    follows = (levels != tokens.UNKNOWN) & (levels < ACCENT_LEVEL)
    moved[LEVEL] = np.where(follows, np.clip(wanted, SOFTEST_LEVEL, ACCENT_LEVEL - 1), levels)
    return moved

"""Level out long quiet passages, as an engineer rides the fader.

The players follow the picture down to pianissimo, and under a long still picture the held notes die away: 30
LU and more below the rest of the piece, which no laptop plays and no film mixer would leave there.
"""

import numpy as np

from dyvim_cli.filters import following, window_mean
from dyvim_cli.hearing.metering import CELLS_A_HOP, hop_powers, integrated_lufs

CALM_HOPS = 30  # shortest quiet passage, in hops of 100 ms; shorter contrasts belong to the picture
DEPTH_LU = 9.0  # passages are left alone down to this level below the whole piece
SHARE, MOST_DB = 0.5, 12.0  # share of the excess depth that is lifted, and the largest lift
SMOOTH_HOPS = 3


def quiet_passage_gains(powers: np.ndarray) -> np.ndarray:
    """Find gains that lift long quiet passages of a mix.

    Args:
        powers: [cells] K-weighted, as a Meter keeps them.

    Returns:
        [cells] float32 linear, 1 or above.
    """
    loudness, hops = integrated_lufs(powers), hop_powers(powers) if len(powers) else powers
    if len(hops) < CALM_HOPS or not np.isfinite(loudness):
        return np.ones(len(powers), np.float32)
    means = np.convolve(hops, np.full(CALM_HOPS, 1 / CALM_HOPS))  # of the windows that end at each hop
    means[: CALM_HOPS - 1] = means[len(hops) :] = np.inf  # these are no whole ones
    # the quietest window around a hop: a quiet passage is lifted up to its very edges, as an event ends it
    quietest = following(np.minimum, means, CALM_HOPS)[: len(hops)]
    level = -0.691 + 10 * np.log10(np.maximum(quietest, 1e-30))
    lift_db = np.clip(SHARE * (loudness - DEPTH_LU - level), 0, MOST_DB)
    lift_db = window_mean(lift_db, SMOOTH_HOPS)
    at = (np.arange(len(powers)) + 0.5) / CELLS_A_HOP - 0.5
    gains = np.interp(at, np.arange(len(hops)), lift_db / 20)  # two hours are 86 MB: changed in place
    return np.power(10, gains, out=gains).astype(np.float32)

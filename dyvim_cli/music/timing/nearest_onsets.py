"""Find the note onset that an event of the film is heard with."""

from collections.abc import Sequence

import numpy as np

from dyvim_cli.music.performance.band_names import part_of
from dyvim_cli.types import Stem

REACH_S = 0.08  # a note further from the picture's event is not perceived as simultaneous
CLEAR_SHARE = 0.6  # share of the hardest velocity near by; softer notes do not make the accent
SWELLING = ("pad", "riser")  # parts whose notes grow out of nothing


def onsets_near(stems: Sequence[Stem], times_s: np.ndarray) -> list[float | None]:
    """Find the nearest note onset to each of the times, in seconds.

    Args:
        stems: the parts of a score.
        times_s: [E] seconds.

    Returns:
        [E] seconds; None where no note begins within REACH_S.
    """
    notes = [
        (n.start_s, n.velocity) for stem in stems if part_of(stem.name) not in SWELLING for n in stem.notes
    ]
    starts, velocities = np.array(sorted(notes), dtype=float).reshape(-1, 2).T
    return [_nearest(starts, velocities, time_s) for time_s in times_s]


def _nearest(starts: np.ndarray, velocities: np.ndarray, time_s: float) -> float | None:
    first, last = np.searchsorted(starts, [time_s - REACH_S, time_s + REACH_S])
    if first == last:
        return None
    near, hard = starts[first:last], velocities[first:last]
    near = near[hard >= CLEAR_SHARE * hard.max()]
    return float(near[np.abs(near - time_s).argmin()])

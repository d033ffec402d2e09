"""Reach a target loudness and limit peaks, in one pass over the sound.

A Meter listens while the mix is made. The mastering gain is found on its curves alone; the sound is then
changed just once.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from dyvim_cli.hearing.metering import CELL, PowersAndPeaks, integrated_lufs
from dyvim_cli.types import SAMPLE_RATE, TARGET_LUFS

# AAC added up to 1.4 dB to the sharpest accents of 15 pieces, and -1 dBTP is asked for; what brings music and
# film together limits what is above this, and so nothing of a mastered piece
CEILING_DBTP = -2.4
ATTACK_DB_PER_S, RELEASE_DB_PER_S = 1500.0, 80.0  # slopes of the limiter's gain
MAX_GAIN_DB = 60.0
ROUNDS = 12
TILTED_CELLS = 1 << 16


class Mastering(NamedTuple):
    """Gains that mastering applies to a mix, in dB."""

    gain_db: float  # gain of the whole
    most_limited_db: float  # largest reduction of a peak by the limiter


class Meter(PowersAndPeaks):
    """Listens to a mix, and shows the mastered sound afterwards."""

    curves: tuple[np.ndarray, np.ndarray] | None = None  # gains, where a mastering leaves them

    def __init__(self) -> None:
        super().__init__()
        self.mastering = Mastering(0.0, 0.0)

    @classmethod
    def recalled(cls, powers: np.ndarray, peaks: np.ndarray, mastering: Mastering) -> "Meter":
        """Make a meter that shows what another one heard.

        Args:
            powers: [cells].
            peaks: any number of them, the largest among them.
            mastering: what was done to the sound.

        Returns:
            The meter.
        """
        meter = cls()
        meter._powers, meter._peaks, meter.mastering = [powers], [peaks], mastering
        return meter

    def rescale(self, gains: np.ndarray) -> None:
        """Count every cell as if it were louder.

        Args:
            gains: [cells] linear.
        """
        squares = gains**2
        squares *= self.powers
        self._powers = [squares]
        self._peaks = [self.peaks * gains]


def limiter_curve_db(peaks: np.ndarray, gain_db: float) -> np.ndarray:
    """Find the reduction at each cell that keeps peaks under the ceiling.

    It glides down before a peak and back up after it, straight in dB: running maxima of straight
    lines. A cell needs what its neighbours need, so that the line between two cells is enough too.

    Args:
        peaks: [cells] true peaks, linear.
        gain_db: that the sound gets before.

    Returns:
        [cells] dB, at least 0.
    """
    needed = np.maximum(peaks, 1e-9)
    np.log10(needed, out=needed)
    needed *= 20
    needed += gain_db
    needed -= CEILING_DBTP
    np.maximum(needed, 0, out=needed)
    curve = needed.astype(np.float64)  # 90 MB for two hours, as what follows: changed in place
    np.maximum(curve[1:], needed[:-1], out=curve[1:])
    np.maximum(curve[:-1], needed[1:], out=curve[:-1])
    del needed
    _tilt(curve, -ATTACK_DB_PER_S)
    np.maximum.accumulate(curve[::-1], out=curve[::-1])
    _tilt(curve, ATTACK_DB_PER_S)
    _tilt(curve, RELEASE_DB_PER_S)
    np.maximum.accumulate(curve, out=curve)
    _tilt(curve, -RELEASE_DB_PER_S)
    return curve


def _tilt(curve: np.ndarray, db_per_s: float) -> None:
    """Add a straight line to a curve of cells, in place, piece by piece to save memory."""
    for start in range(0, len(curve), TILTED_CELLS):
        part = curve[start : start + TILTED_CELLS]
        part += db_per_s * (np.arange(start, start + len(part)) * (CELL / SAMPLE_RATE))


def mastering_gain_db(meter: Meter) -> float:
    """Find the gain that brings the mix to the target loudness after limiting.

    Args:
        meter: that heard the mix.

    Returns:
        dB, MAX_GAIN_DB at most; 0 for silence.
    """
    powers, peaks = meter.powers, meter.peaks
    gain_db = TARGET_LUFS - integrated_lufs(powers)
    if not np.isfinite(gain_db):
        return 0.0
    for _ in range(ROUNDS):
        course = limiter_curve_db(peaks, gain_db)
        np.subtract(gain_db, course, out=course)
        course /= 10
        np.power(10, course, out=course)
        course *= powers
        missing = TARGET_LUFS - integrated_lufs(course)
        del course  # before the next one is made
        gain_db = min(gain_db + missing, MAX_GAIN_DB)
        if abs(missing) < 0.02:
            break
    return gain_db


def mastered(blocks: Iterable[np.ndarray], meter: Meter) -> Iterator[np.ndarray]:
    """Master blocks; afterwards the meter shows the mastered sound.

    Args:
        blocks: [2, m] each, those that the meter heard.
        meter: that heard them all.

    Yields:
        [2, m] at the target loudness, their true peak under the ceiling.
    """
    yield from shaped(blocks, mastering_gains(meter))


def mastering_gains(meter: Meter) -> np.ndarray:
    """Find gains to the target loudness, with the true peak under the ceiling.

    Afterwards the meter shows the mastered sound, and what mastering did to it.

    Args:
        meter: that heard the mix.

    Returns:
        [cells] linear.
    """
    gain_db = mastering_gain_db(meter)
    gains = limiter_curve_db(meter.peaks, gain_db)
    meter.mastering = Mastering(gain_db, float(gains.max(initial=0.0)))
    np.subtract(gain_db, gains, out=gains)
    gains /= 20
    np.power(10, gains, out=gains)
    meter.rescale(gains)
    return gains


def shaped(blocks: Iterable[np.ndarray], gains: np.ndarray, start: int = 0) -> Iterator[np.ndarray]:
    """Apply gains with straight lines between the middles of the cells.

    Args:
        blocks: [2, m] each, consecutive.
        gains: [cells] linear.
        start: frame of the piece that the first block begins with.

    Yields:
        [2, m] each.
    """
    for block in blocks:
        n = block.shape[1]
        cells = (np.arange(start, start + n) + 0.5) / CELL - 0.5
        first = max(0, int(cells[0]) - 1)
        nearby = gains[first : int(cells[-1]) + 3]
        yield block * np.interp(cells - first, np.arange(len(nearby)), nearby).astype(np.float32)
        start += n

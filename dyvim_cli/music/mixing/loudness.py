"""Measure loudness and peaks (ITU-R BS.1770-4), reach a target and limit peaks, in one pass.

A Meter listens while the mix is made and keeps two small curves, K-weighted power and true peak of
every 32 frames. The mastering gain is found on these curves alone; the sound is then changed just once.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from dyvim_cli.filters import filter_by_sections, windowed_low_pass
from dyvim_cli.types import SAMPLE_RATE, TARGET_LUFS

CEILING_DBTP = -2.3  # AAC added up to 1.3 dB to the sharpest accents of 15 pieces, and -1 dBTP is asked for
GATE_LUFS, RELATIVE_GATE_LU = -70.0, -10.0
OVERSAMPLING, N_TAPS = 4, 49
REACH = N_TAPS // 2 // OVERSAMPLING  # frames to either side that a finer sample is made of
CELL = 32  # frames that share a power and a peak
CELLS_A_HOP, HOPS_A_BLOCK = 150, 4  # gating blocks of 400 ms start every 100 ms
K_WEIGHTING = np.array(  # BS.1770-4, tables 1 and 2: the head's shelf, then a high-pass, at 48 kHz
    [
        [1.53512485958697, -2.69169618940638, 1.19839281085285, 1.0, -1.69065929318241, 0.73248077421585],
        [1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621],
    ]
)
ATTACK_DB_PER_S, RELEASE_DB_PER_S = 1500.0, 80.0  # slopes of the limiter's gain
MAX_GAIN_DB = 60.0
ROUNDS = 12
TILTED_CELLS = 1 << 16
CELLS_AT_ONCE = 1024  # cells whose peaks are measured together: as many as the processor's cache holds


def _joined(pieces: list[np.ndarray]) -> np.ndarray:
    """The pieces as one array, which takes their place: two hours of them need not be there twice."""
    if len(pieces) != 1:
        pieces[:] = [np.concatenate(pieces) if pieces else np.zeros(0)]
    return pieces[0]


class Mastering(NamedTuple):
    """Gains that mastering applies to a mix, in dB."""

    gain_db: float  # gain of the whole
    most_limited_db: float  # largest reduction of a peak by the limiter


class Meter:
    """Listens to stereo blocks [2, n]; powers and peaks hold one value per cell of 32 frames."""

    curves: tuple[np.ndarray, np.ndarray] | None = None  # gains, where a mastering leaves them

    def __init__(self) -> None:
        self._powers: list[np.ndarray] = []
        self._peaks: list[np.ndarray] = []
        self.mastering = Mastering(0.0, 0.0)
        self._state, self._before = np.zeros((2, 2, 2)), np.zeros((2, N_TAPS), np.float32)

    def feed(self, block: np.ndarray) -> None:
        """Listen to the next block; all but the last must hold whole cells.

        Args:
            block: [2, n] float.
        """
        weighted, self._state = filter_by_sections(K_WEIGHTING, block, self._state)
        power = weighted[0] ** 2 + weighted[1] ** 2
        power = np.pad(power, (0, -len(power) % CELL))
        self._powers.append(power.reshape(-1, CELL).mean(axis=1))
        context = np.concatenate([self._before, block], axis=1)
        self._peaks.append(_cell_peaks(context))
        self._before = context[:, -N_TAPS:]

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

    @property
    def powers(self) -> np.ndarray:
        """K-weighted power of each cell, both channels together."""
        return _joined(self._powers)

    @property
    def peaks(self) -> np.ndarray:
        """True peak of each cell, linear."""
        return _joined(self._peaks)


def hop_powers(powers: np.ndarray) -> np.ndarray:
    """Average cell powers over 100 ms.

    Args:
        powers: [cells], at least one.

    Returns:
        [hops]; what is shorter than 100 ms gives one value.
    """
    n = len(powers) // CELLS_A_HOP
    return powers[: n * CELLS_A_HOP].reshape(n, -1).mean(axis=1) if n else powers.mean(keepdims=True)


def _cell_peaks(block: np.ndarray) -> np.ndarray:
    """Largest magnitude of each cell, between the samples too (BS.1770-4, annex 2).

    The first N_TAPS frames are the end of the block before; a peak of theirs that only shows with
    what follows counts for the first cell.
    """
    n_cells = -(-(block.shape[1] - N_TAPS) // CELL)
    first, n = (
        N_TAPS - CELL - REACH,
        (n_cells + 1) * CELL + 2 * REACH,
    )  # one cell more: the block before's last
    padded = np.zeros((2, n), np.float32)
    here = block[:, first : first + n]
    padded[:, : here.shape[1]] = here
    around = np.lib.stride_tricks.sliding_window_view(padded, CELL + 2 * REACH, axis=1)[:, ::CELL]
    peaks = np.zeros(n_cells + 1, np.float32)
    for start in range(0, n_cells + 1, CELLS_AT_ONCE):
        part = slice(start, start + CELLS_AT_ONCE)
        fine = np.ascontiguousarray(around[:, part]) @ _between()
        np.maximum(fine.max(axis=(0, 2)), -fine.min(axis=(0, 2)), out=peaks[part])
    peaks[1:2] = np.maximum(peaks[1:2], peaks[0])
    return peaks[1:]


@lru_cache(maxsize=1)
def _between() -> np.ndarray:
    """[CELL + 2 REACH, CELL x OVERSAMPLING] from a cell and its neighbourhood to its finer samples."""
    taps = windowed_low_pass(N_TAPS, 1 / OVERSAMPLING) * OVERSAMPLING
    frame, at = np.indices((CELL + 2 * REACH, CELL * OVERSAMPLING))
    tap = at + N_TAPS // 2 - OVERSAMPLING * (frame - REACH)
    return np.where((tap >= 0) & (tap < N_TAPS), taps[np.clip(tap, 0, N_TAPS - 1)], 0).astype(np.float32)


def momentary_lufs(powers: np.ndarray) -> np.ndarray:
    """Measure the loudness of the 400 ms around every 100 ms.

    Args:
        powers: [cells] K-weighted.

    Returns:
        [hops] LUFS, far below the gate for silence; empty without cells.
    """
    if not len(powers):
        return powers
    hops = hop_powers(powers)
    window = np.ones(min(HOPS_A_BLOCK, len(hops)))
    means = np.convolve(hops, window, "same") / np.convolve(np.ones(len(hops)), window, "same")
    return -0.691 + 10 * np.log10(np.maximum(means, 1e-30))


def integrated_lufs(powers: np.ndarray) -> float:
    """Measure the gated loudness (ITU-R BS.1770-4).

    Args:
        powers: [cells] K-weighted; less than 400 ms counts as one gating block.

    Returns:
        LUFS; -inf for silence.
    """
    if not len(powers):
        return -np.inf
    hops = hop_powers(powers)
    n = min(HOPS_A_BLOCK, len(hops))
    blocks = np.convolve(hops, np.ones(n) / n, mode="valid")
    blocks = blocks[blocks > 10 ** ((GATE_LUFS + 0.691) / 10)]
    if not len(blocks):
        return -np.inf
    blocks = blocks[blocks > blocks.mean() * 10 ** (RELATIVE_GATE_LU / 10)]
    return float(-0.691 + 10 * np.log10(blocks.mean()))


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


def true_peak_db(samples: np.ndarray) -> float:
    """Measure the true peak of a whole sound.

    Args:
        samples: [2, n].

    Returns:
        dBTP.
    """
    return float(20 * np.log10(_cell_peaks(np.pad(samples, ((0, 0), (N_TAPS, N_TAPS)))).max() + 1e-12))

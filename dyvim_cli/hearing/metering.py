"""Measure loudness and true peaks (ITU-R BS.1770-4) in one pass.

Two small curves are kept, K-weighted power and true peak of every 32 frames.
"""

from functools import lru_cache

import numpy as np

from dyvim_cli.filters import BlockFilter, windowed_low_pass

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
CELLS_AT_ONCE = 1024  # cells whose peaks are measured together: as many as the processor's cache holds


def _joined(pieces: list[np.ndarray]) -> np.ndarray:
    """The pieces as one array, which takes their place: two hours of them need not be there twice."""
    if len(pieces) != 1:
        pieces[:] = [np.concatenate(pieces) if pieces else np.zeros(0)]
    return pieces[0]


class PowersAndPeaks:
    """Listens to stereo blocks [2, n]; powers and peaks hold one value per cell of 32 frames."""

    def __init__(self) -> None:
        self._powers: list[np.ndarray] = []
        self._peaks: list[np.ndarray] = []
        self._weighted, self._before = BlockFilter(K_WEIGHTING), np.zeros((2, N_TAPS), np.float32)

    def feed(self, block: np.ndarray) -> None:
        """Listen to the next block; all but the last must hold whole cells.

        Args:
            block: [2, n] float.
        """
        weighted = self._weighted(block)
        weighted = np.pad(weighted, ((0, 0), (0, -block.shape[1] % CELL))).reshape(2, -1, CELL)
        self._powers.append(np.einsum("scn,scn->c", weighted, weighted).astype(np.float64) / CELL)
        context = np.concatenate([self._before, block], axis=1)
        self._peaks.append(cell_peaks(context))
        self._before = context[:, -N_TAPS:]

    @property
    def powers(self) -> np.ndarray:
        """K-weighted power of each cell, both channels together."""
        return _joined(self._powers)

    @property
    def peaks(self) -> np.ndarray:
        """True peak of each cell, linear."""
        return _joined(self._peaks)

    @property
    def true_peak_db(self) -> float:
        """True peak of all that was heard, dBTP; far below every sound for silence."""
        return float(20 * np.log10(self.peaks.max(initial=0.0) + 1e-12))


def hop_powers(powers: np.ndarray) -> np.ndarray:
    """Average cell powers over 100 ms.

    Args:
        powers: [cells], at least one.

    Returns:
        [hops]; what is shorter than 100 ms gives one value.
    """
    n = len(powers) // CELLS_A_HOP
    return powers[: n * CELLS_A_HOP].reshape(n, -1).mean(axis=1) if n else powers.mean(keepdims=True)


def cell_peaks(block: np.ndarray) -> np.ndarray:
    """Largest magnitude of each cell, between the samples too (BS.1770-4, annex 2).

    Args:
        block: [2, N_TAPS + n]; the first N_TAPS frames are the end of the block before. A peak of theirs that
            only shows with what follows counts for the first cell.

    Returns:
        [cells] float32 linear.
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
        for side in around:  # the finer samples [finer, cells]: largest down the columns, many at a time
            fine = _between() @ np.ascontiguousarray(side[part]).T
            for extreme in (fine.max(axis=0), -fine.min(axis=0)):
                np.maximum(peaks[part], extreme, out=peaks[part])
    peaks[1:2] = np.maximum(peaks[1:2], peaks[0])
    return peaks[1:]


@lru_cache(maxsize=1)
def _between() -> np.ndarray:
    """[CELL x OVERSAMPLING, CELL + 2 REACH] from a cell and its neighbourhood to its finer samples."""
    taps = windowed_low_pass(N_TAPS, 1 / OVERSAMPLING) * OVERSAMPLING
    at, frame = np.indices((CELL * OVERSAMPLING, CELL + 2 * REACH))
    tap = at + N_TAPS // 2 - OVERSAMPLING * (frame - REACH)
    return np.where((tap >= 0) & (tap < N_TAPS), taps[np.clip(tap, 0, N_TAPS - 1)], 0).astype(np.float32)


def lufs_of(powers: np.ndarray) -> np.ndarray:
    """Convert K-weighted powers to loudness.

    Args:
        powers: of any shape, both channels together.

    Returns:
        The same shape, LUFS; far below the gate for silence.
    """
    return -0.691 + 10 * np.log10(np.maximum(powers, 1e-30))


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
    return lufs_of(means)


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


def true_peak_db(samples: np.ndarray) -> float:
    """Measure the true peak of a whole sound.

    Args:
        samples: [2, n].

    Returns:
        dBTP.
    """
    return float(20 * np.log10(cell_peaks(np.pad(samples, ((0, 0), (N_TAPS, N_TAPS)))).max() + 1e-12))

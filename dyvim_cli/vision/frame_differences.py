"""Compare every native frame with those before it, by cheap measures.

The motion encoder sees a dozen frames a second; cuts must be known to the frame. Letters:
N native frames; K = LAGS frames back; n frames that are compared at a time.
"""

import numpy as np

from dyvim_cli.vision.rows import Rows
from dyvim_cli.vision.signatures import N_CONTENT, N_STRUCTURE, N_VALUES, Signatures, signatures_of

LAGS = 6  # a flash is over, and the old picture back, within this many frames


class FrameDifferencer:
    """Collects a few numbers a native frame; `see` all frames in order, then read the arrays."""

    def __init__(self) -> None:
        self._differences = Rows(np.float32, LAGS)
        self._structures, self._lights = Rows(np.float32), Rows(np.float32)
        self._recent = np.zeros((0, N_VALUES), np.float32)  # values of the last K frames

    def see(self, pictures: np.ndarray) -> Signatures:
        """Compare frames with those before them.

        Args:
            pictures: [n, H, W, 3] uint8, the next frames.

        Returns:
            The frames in the forms that are compared.
        """
        seen = signatures_of(pictures)
        n, known = len(pictures), len(self._recent)
        values = np.concatenate([self._recent, seen.values])
        differences = np.zeros((n, LAGS), np.float32)
        structures, lights = np.zeros(n, np.float32), np.zeros(n, np.float32)
        for lag in range(1, min(LAGS, known + n - 1) + 1):
            first = max(lag - known, 0)  # nothing is so far before the frames until this one
            gaps = values[known + first :] - values[known + first - lag : known + n - lag]
            if lag == 1:
                structures[first:], lights[first:] = structural_differences(gaps), one_sided(gaps)
            differences[first:, lag - 1] = differences_of(gaps)
        self._differences.extend(differences)
        self._structures.extend(structures)
        self._lights.extend(lights)
        self._recent = values[-LAGS:].copy()
        return seen

    @property
    def differences(self) -> np.ndarray:
        """[N, K] float32: difference to the frame 1, 2 .. K before; 0 where there is none."""
        return self._differences.array

    @property
    def structures(self) -> np.ndarray:
        """[N] float32 0..1: how unlike the frame before in structure, whatever the light does."""
        return self._structures.array

    @property
    def lights(self) -> np.ndarray:
        """[N] float32 0..1: how one-sided the change of light is; 1 = every part got lighter, or darker."""
        return self._lights.array


def differences_of(gaps: np.ndarray) -> np.ndarray:
    """Measure how far pictures differ.

    The geometric mean of three: content (motion and light change it too), structure (light does
    not change it) and colour histogram (motion does not): only a new picture changes them all.

    Args:
        gaps: [n, N_VALUES] values of Signatures less those of another picture; the sizes of these are left.

    Returns:
        [n] 0 (the same) .. about 1 (nothing in common).
    """
    of_structure = structural_differences(gaps)
    sizes = np.abs(gaps, out=gaps)
    of_content = sizes[:, :N_CONTENT].mean(axis=1) / 20.0  # of 255, mean over Y, Cb and Cr
    of_colours = np.minimum(1.0, sizes[:, N_CONTENT + N_STRUCTURE :].sum(axis=1) / 10.0)
    return np.cbrt(of_content * of_structure * of_colours)


def structural_differences(gaps: np.ndarray) -> np.ndarray:
    """Compare the light and dark of pictures.

    Args:
        gaps: [n, N_VALUES] as differences_of takes them.

    Returns:
        [n] 1 - correlation, 0..2; two pictures without structure do not differ.
    """
    structure = gaps[:, N_CONTENT : N_CONTENT + N_STRUCTURE]
    return 0.5 * np.einsum("nv,nv->n", structure, structure)


def one_sided(gaps: np.ndarray) -> np.ndarray:
    """Check whether light is only added or taken: a flash only adds some, another picture does both.

    Args:
        gaps: [n, N_VALUES] as differences_of takes them.

    Returns:
        [n] |sum| over sum of |change|, 0..1.
    """
    change = gaps[:, :N_CONTENT:3]
    return np.abs(change.sum(axis=1)) / (np.abs(change).sum(axis=1) + np.float32(1e-6))

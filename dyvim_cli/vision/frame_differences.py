"""Compare every native frame with those before it, by cheap measures.

The motion encoder sees a dozen frames a second; cuts must be known to the frame. Letters:
N native frames; K = LAGS frames back.
"""

import numpy as np
from PIL import Image

from dyvim_cli.vision.rows import Rows

LAGS = 6  # a flash is over, and the old picture back, within this many frames
THUMB = (32, 18)  # width, height: coarse enough that motion within a shot changes little
PARTS = (6, 8)  # rows, columns: what fades are found by
N_STRUCTURE = THUMB[0] * THUMB[1]  # values of the thumbnail's light
N_CONTENT = 3 * N_STRUCTURE
N_VALUES = N_CONTENT + N_STRUCTURE + 96  # all values, those of the histogram too
FLAT = 4.0  # grey levels: less contrast than this is no structure to compare


class FrameDifferencer:
    """Collects a few numbers a native frame; `see` each frame in order, then read the arrays."""

    def __init__(self) -> None:
        self._differences = Rows(np.float32, LAGS)
        self._structures, self._lights = Rows(np.float32), Rows(np.float32)
        self._last: FrameSignature | None = None
        self._recent = np.zeros((0, N_VALUES), np.float32)  # values of the last K frames, latest first

    def see(self, pixels: np.ndarray) -> "FrameSignature":
        """Compare a frame with those before it.

        Args:
            pixels: [H, W, 3] uint8.

        Returns:
            The frame in the forms that are compared.
        """
        look = FrameSignature(pixels)
        difference, values = np.zeros(LAGS, np.float32), look.values()
        difference[: len(self._recent)] = differences_of(values, self._recent)
        self._differences.append(difference)
        self._structures.append(look.structural_difference(self._last) if self._last else 0.0)
        self._lights.append(look.one_sided(self._last) if self._last else 0.0)
        self._last = look
        self._recent = np.concatenate([values[None], self._recent[: LAGS - 1]])
        return look

    @property
    def last_difference(self) -> float:
        """Difference of the latest frame from the one before it."""
        return float(self._differences.array[-1, 0])

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


class FrameSignature:
    """A frame in the forms that are compared."""

    def __init__(self, pixels: np.ndarray):
        picture = Image.fromarray(pixels)
        self.grey = np.asarray(picture.convert("L"))  # [H, W] uint8
        half = picture.reduce(2)  # averages sensor noise away
        self.fine = np.asarray(half.convert("L"))  # [h, w] uint8
        self.thumb = np.asarray(half.resize(THUMB, Image.Resampling.BOX).convert("YCbCr"), np.float32)
        luma = self.thumb[..., 0]
        centred = luma - luma.mean()
        self.structure = (centred / max(np.linalg.norm(centred), FLAT * luma.size**0.5)).ravel()
        self.histogram = _histogram(self.thumb)

    def parts(self) -> np.ndarray:
        """Average the light of 6 x 8 parts.

        Returns:
            [48] uint8, rows first.
        """
        high, wide = THUMB[1] // PARTS[0], THUMB[0] // PARTS[1]
        light = self.thumb[..., 0].reshape(PARTS[0], high, PARTS[1], wide).mean(axis=(1, 3))
        return light.ravel().astype(np.uint8)

    def structural_difference(self, other: "FrameSignature") -> float:
        """Compare the light and dark of two pictures.

        Args:
            other: another frame.

        Returns:
            1 - correlation, 0..2; two pictures without structure do not differ.
        """
        gap = self.structure - other.structure
        return 0.5 * float(gap @ gap)

    def one_sided(self, other: "FrameSignature") -> float:
        """Check whether light is only added or taken: a flash only adds some, another picture does both.

        Args:
            other: another frame.

        Returns:
            |sum| over sum of |change|, 0..1.
        """
        change = self.thumb[..., 0] - other.thumb[..., 0]
        return float(abs(change.sum()) / (np.abs(change).sum() + 1e-6))

    def values(self) -> np.ndarray:
        """List all that is compared from frame to frame.

        Returns:
            [N_VALUES] float32: thumbnail, structure, histogram.
        """
        return np.concatenate([self.thumb.ravel(), self.structure, self.histogram], dtype=np.float32)


def differences_of(values: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Compare a picture with others.

    The geometric mean of three: content (motion and light change it too), structure (light does
    not change it) and colour histogram (motion does not): only a new picture changes them all.

    Args:
        values: [N_VALUES] of FrameSignature.
        others: [M, N_VALUES] of other frames.

    Returns:
        [M] 0 (the same) .. about 1 (nothing in common).
    """
    gaps = others - values
    content, structure, histogram = np.split(gaps, (N_CONTENT, N_CONTENT + N_STRUCTURE), axis=1)
    of_content = np.abs(content).mean(axis=1) / 20.0  # of 255, mean over Y, Cb and Cr
    of_structure = 0.5 * np.einsum("mv,mv->m", structure, structure)
    of_colours = np.minimum(1.0, np.abs(histogram).sum(axis=1) / 10.0)
    return np.cbrt(of_content * of_structure * of_colours)


def _histogram(thumb: np.ndarray) -> np.ndarray:
    """[96]: cumulated histogram of Y (its distance is an earth mover's) and those of Cb and Cr."""
    bins = (thumb.reshape(-1, 3) / 8).astype(np.intp) + (0, 32, 64)
    shares = np.bincount(bins.ravel(), minlength=96) / len(bins)
    return np.concatenate([shares[:32].cumsum(), 2 * shares[32:]])

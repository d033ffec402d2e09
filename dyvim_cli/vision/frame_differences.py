"""Compare every native frame with those before it, by cheap measures.

The motion encoder sees a dozen frames a second; cuts must be known to the frame. Letters:
N native frames; K = LAGS frames back.
"""

from collections import deque

import numpy as np
from PIL import Image

LAGS = 6  # a flash is over, and the old picture back, within this many frames
THUMB = (32, 18)  # width, height: coarse enough that motion within a shot changes little
PARTS = (6, 8)  # rows, columns: what fades are found by
FLAT = 4.0  # grey levels: less contrast than this is no structure to compare


class FrameDifferencer:
    """Collects a few numbers a native frame; `see` each frame in order, then read the arrays."""

    def __init__(self) -> None:
        self._differences: list[np.ndarray] = []
        self._structures: list[float] = []
        self._lights: list[float] = []
        self._before: deque[FrameSignature] = deque(maxlen=LAGS)

    def see(self, pixels: np.ndarray) -> "FrameSignature":
        """Compare a frame with those before it.

        Args:
            pixels: [H, W, 3] uint8.

        Returns:
            The frame in the forms that are compared.
        """
        look = FrameSignature(pixels)
        difference = np.zeros(LAGS, np.float32)
        structure = light = 0.0
        for lag, other in enumerate(reversed(self._before)):
            difference[lag] = look.difference(other)
        if self._before:
            structure = look.structural_difference(self._before[-1])
            light = look.one_sided(self._before[-1])
        self._differences.append(difference)
        self._structures.append(structure)
        self._lights.append(light)
        self._before.append(look)
        return look

    @property
    def last_difference(self) -> float:
        """Difference of the latest frame from the one before it."""
        return float(self._differences[-1][0])

    @property
    def differences(self) -> np.ndarray:
        """[N, K] float32: difference to the frame 1, 2 .. K before; 0 where there is none."""
        return np.array(self._differences, np.float32).reshape(-1, LAGS)

    @property
    def structures(self) -> np.ndarray:
        """[N] float32 0..1: how unlike the frame before in structure, whatever the light does."""
        return np.array(self._structures, np.float32)

    @property
    def lights(self) -> np.ndarray:
        """[N] float32 0..1: how one-sided the change of light is; 1 = every part got lighter, or darker."""
        return np.array(self._lights, np.float32)


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

    def difference(self, other: "FrameSignature") -> float:
        """Compare two pictures.

        The geometric mean of three: content (motion and light change it too), structure (light does
        not change it) and colour histogram (motion does not): only a new picture changes them all.

        Args:
            other: another frame.

        Returns:
            0 (the same) .. about 1 (nothing in common).
        """
        content = np.abs(self.thumb - other.thumb).mean() / 20.0  # of 255, mean over Y, Cb and Cr
        histogram = np.abs(self.histogram - other.histogram).sum() / 10.0
        return float(np.cbrt(content * self.structural_difference(other) * min(1.0, histogram)))


def _histogram(thumb: np.ndarray) -> np.ndarray:
    """[96]: cumulated histogram of Y (its distance is an earth mover's) and those of Cb and Cr."""
    luma, blue, red = (
        np.bincount((thumb[..., c].ravel() / 8).astype(np.intp), minlength=32) / thumb[..., c].size
        for c in range(3)
    )
    return np.concatenate([luma.cumsum(), 2 * blue, 2 * red])

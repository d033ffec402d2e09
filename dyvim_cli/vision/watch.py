"""What every native frame tells at little cost: how it differs from the frames before it.

The motion encoder sees a dozen frames a second; cuts and hits must be known to the frame. Letters:
N native frames; K = LAGS frames back.
"""

from collections import deque

import numpy as np
from PIL import Image

LAGS = 6  # a flash is over, and the old picture back, within this many frames
THUMB = (32, 18)  # width, height: coarse enough that motion within a shot changes little
FLAT = 4.0  # grey levels: less contrast than this is no structure to compare
GRADIENT_NOISE = 4.0  # squared grey levels a pixel: slopes of this size are the sensor's or the codec's
REGIONS = (4, 6)  # rows, columns of a picture whose motion is told apart


class Watch:
    """Collects a few numbers a native frame; `see` each frame in order, then read the arrays."""

    def __init__(self):
        self.times_s: list[float] = []
        self._differences: list[np.ndarray] = []
        self._structures: list[float] = []
        self._lights: list[float] = []
        self._velocities: list[np.ndarray] = []
        self._before: deque[_Look] = deque(maxlen=LAGS)

    def see(self, time_s: float, pixels: np.ndarray) -> "_Look":
        """Compare a frame [H, W, 3] uint8 with those before it."""
        look = _Look(pixels)
        difference = np.zeros(LAGS, np.float32)
        structure, light, velocities = 0.0, 0.0, np.zeros((REGIONS[0] * REGIONS[1], 2), np.float32)
        for lag, other in enumerate(reversed(self._before)):
            difference[lag] = look.difference(other)
        if self._before:
            structure = look.structural_difference(self._before[-1])
            light = look.one_sided(self._before[-1])
            step_s = max(time_s - self.times_s[-1], 1e-3)
            velocities = region_velocities(self._before[-1].grey, look.grey) / step_s
        self.times_s.append(time_s)
        self._differences.append(difference)
        self._structures.append(structure)
        self._lights.append(light)
        self._velocities.append(velocities)
        self._before.append(look)
        return look

    @property
    def last_difference(self) -> float:
        """Of the latest frame to the one before it."""
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

    @property
    def velocities(self) -> np.ndarray:
        """[N, R, 2] float32: motion of each region into the frame, picture widths a second."""
        return np.array(self._velocities, np.float32).reshape(-1, REGIONS[0] * REGIONS[1], 2)


class _Look:
    """A frame in the forms that are compared."""

    def __init__(self, pixels: np.ndarray):
        half = Image.fromarray(pixels).reduce(2)  # averages sensor noise away
        self.grey = np.asarray(half.convert("L"), np.float32)
        self.thumb = np.asarray(half.resize(THUMB, Image.Resampling.BOX).convert("YCbCr"), np.float32)
        luma = self.thumb[..., 0]
        centred = luma - luma.mean()
        self.structure = (centred / max(np.linalg.norm(centred), FLAT * luma.size**0.5)).ravel()
        self.histogram = _histogram(self.thumb)

    def structural_difference(self, other: "_Look") -> float:
        """1 - correlation of the pictures' light and dark; two pictures without structure do not differ."""
        gap = self.structure - other.structure
        return 0.5 * float(gap @ gap)

    def one_sided(self, other: "_Look") -> float:
        """|sum| over sum of |change| of the light: a flash only adds some, another picture does both."""
        change = self.thumb[..., 0] - other.thumb[..., 0]
        return float(abs(change.sum()) / (np.abs(change).sum() + 1e-6))

    def difference(self, other: "_Look") -> float:
        """0 (the same) .. about 1 (nothing in common).

        The geometric mean of three: content (motion and light change it too), structure (light does
        not change it) and colour histogram (motion does not): only a new picture changes them all.
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


def region_velocities(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """[R, 2] (x, y) of each of the REGIONS between two grey pictures [h, w], picture widths a frame.

    One least-squares step of Lucas and Kanade (1981) a region; the median of dI/dt is light, not
    motion, and taken out. Too coarse to say how far, sharp enough to say when.
    """
    mean = (before + after) / 2
    dy = (mean[2:, 1:-1] - mean[:-2, 1:-1]) / 2
    dx = (mean[1:-1, 2:] - mean[1:-1, :-2]) / 2
    dt = (after - before)[1:-1, 1:-1]
    dt = dt - np.median(dt)
    products = np.stack([dx * dx, dy * dy, dx * dy, dx * dt, dy * dt])
    for axis, n in ((1, REGIONS[0]), (2, REGIONS[1])):
        edges = np.linspace(0, products.shape[axis], n, endpoint=False).astype(int)
        products = np.add.reduceat(products, edges, axis=axis)
    n_pixels = dt.size / (REGIONS[0] * REGIONS[1])
    xx, yy, xy, xt, yt = products.reshape(5, -1) / n_pixels
    xx, yy = xx + GRADIENT_NOISE, yy + GRADIENT_NOISE
    determinant = xx * yy - xy * xy
    velocity = np.stack([xy * yt - yy * xt, xy * xt - xx * yt], axis=1) / determinant[:, None]
    return (velocity / before.shape[1]).astype(np.float32)

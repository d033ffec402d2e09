"""Bring frames into the forms in which they are compared, some at a time.

Pillow takes as long to begin with a small picture as to work on it: frames lie one below the other in one
picture while rows do not mix, and side by side while columns do not. Letters: n frames of H x W pixels.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

THUMB = (32, 18)  # width, height: coarse enough that motion within a shot changes little
N_STRUCTURE = THUMB[0] * THUMB[1]  # values of the thumbnail's light
N_CONTENT = 3 * N_STRUCTURE
N_HISTOGRAM = 96
N_VALUES = N_CONTENT + N_STRUCTURE + N_HISTOGRAM
FLAT = 4.0  # grey levels: less contrast than this is no structure to compare


@dataclass(frozen=True)
class Signatures:
    """Frames in the forms that are compared."""

    greys: np.ndarray  # [n, H, W] uint8
    fine: np.ndarray  # [n, H / 2, W / 2] uint8, their light without the sensor's noise
    thumbs: np.ndarray  # [n, 18, 32, 3] float32, whole numbers: Y, Cb and Cr
    histograms: np.ndarray  # [n, 96]: cumulated of Y (its distance is an earth mover's), of Cb and of Cr
    values: np.ndarray  # [n, N_VALUES] float32: thumbnail, structure (its light at one contrast), histogram


def signatures_of(pictures: np.ndarray) -> Signatures:
    """Bring frames into the forms that are compared.

    Args:
        pictures: [n, H, W, 3] uint8.

    Returns:
        All forms.
    """
    n = len(pictures)
    column = _column(pictures)
    greys = np.asarray(column.convert("L")).reshape(pictures.shape[:3])
    if any(side % 2 for side in pictures.shape[1:3]):  # the last pixel stands for the one that is not there
        odd = [(0, side % 2) for side in pictures.shape[1:3]]
        column = _column(np.pad(pictures, [(0, 0), *odd, (0, 0)], mode="edge"))
    half = column.reduce(2)
    fine = np.asarray(half.convert("L")).reshape(n, -1, half.width)
    small = _thumbnails(np.asarray(half).reshape(n, -1, half.width, 3))
    thumbs, histograms = small.astype(np.float32), _histograms(small)
    values = [thumbs.reshape(n, -1), _structures(thumbs), histograms.astype(np.float32)]
    return Signatures(greys, fine, thumbs, histograms, np.concatenate(values, axis=1))


def _column(pictures: np.ndarray) -> Image.Image:
    """Pictures [n, h, w, 3] one below the other."""
    return Image.fromarray(np.ascontiguousarray(pictures).reshape(-1, *pictures.shape[2:]))


def _thumbnails(pictures: np.ndarray) -> np.ndarray:
    """[n, h, w, 3] RGB -> [n, 18, 32, 3] YCbCr, both uint8; first the side that Pillow shrinks first."""
    n, high, wide, _ = pictures.shape
    steps = [_narrowed, _lowered] if 2 * (wide - THUMB[0]) > high - THUMB[1] else [_lowered, _narrowed]
    for step in steps:
        pictures = step(pictures)
    return np.asarray(_column(pictures).convert("YCbCr")).reshape(n, THUMB[1], THUMB[0], 3)


def _narrowed(pictures: np.ndarray) -> np.ndarray:
    """[n, h, w, 3] -> [n, h, 32, 3]."""
    n, high = pictures.shape[:2]
    column = _column(pictures).resize((THUMB[0], n * high), Image.Resampling.BOX)
    return np.asarray(column).reshape(n, high, THUMB[0], 3)


def _lowered(pictures: np.ndarray) -> np.ndarray:
    """[n, h, w, 3] -> [n, 18, w, 3]."""
    n, high, wide, _ = pictures.shape
    row = Image.fromarray(np.ascontiguousarray(pictures.swapaxes(0, 1)).reshape(high, n * wide, 3))
    lower = np.asarray(row.resize((n * wide, THUMB[1]), Image.Resampling.BOX))
    return lower.reshape(THUMB[1], n, wide, 3).swapaxes(0, 1)


def _structures(thumbs: np.ndarray) -> np.ndarray:
    """[n, N_STRUCTURE] light of length 1 around its mean; what is flat is shorter."""
    luma = thumbs[..., 0].reshape(len(thumbs), -1)
    centred = luma - luma.mean(axis=1, keepdims=True)
    lengths = np.sqrt([row @ row for row in centred])[:, None]
    return centred / np.maximum(lengths, np.float32(FLAT * N_STRUCTURE**0.5))


def _histograms(small: np.ndarray) -> np.ndarray:
    n = len(small)
    places = np.arange(n)[:, None, None, None] * N_HISTOGRAM + (0, 32, 64)
    counts = np.bincount((places + small // 8).ravel(), minlength=n * N_HISTOGRAM)
    shares = counts.reshape(n, N_HISTOGRAM) / N_STRUCTURE
    return np.concatenate([shares[:, :32].cumsum(axis=1), 2 * shares[:, 32:]], axis=1)

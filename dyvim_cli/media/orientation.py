"""Read how a picture is turned and mirrored to be upright, from the matrix that phones write."""

import math
import struct
from typing import Any, NamedTuple

import numpy as np

MATRIX = "DISPLAYMATRIX"  # ffmpeg's side data of a frame: nine numbers, row by row
N_NUMBERS = 9


class Orientation(NamedTuple):
    """Turn and mirroring that make a picture upright, in this order."""

    rotation: int  # degrees counter-clockwise: 0, 90, 180 or 270
    is_mirrored: bool  # left and right are exchanged, as selfie cameras do


UPRIGHT = Orientation(0, False)


# Any: a frame of PyAV, whose own types differ between its versions
def orientation_of(frame: Any) -> Orientation:
    """Read a frame's orientation.

    Args:
        frame: decoded with PyAV.

    Returns:
        The nearest one in right angles; UPRIGHT where the film says nothing.
    """
    matrix = bytes(frame.side_data.get(MATRIX) or b"")
    if len(matrix) != 4 * N_NUMBERS:
        return UPRIGHT
    across, down, _, across_down, down_down = struct.unpack(f"={N_NUMBERS}i", matrix)[:5]
    is_mirrored = across * down_down < down * across_down  # its determinant is negative
    degrees = -math.degrees(math.atan2(down, -across if is_mirrored else across))
    return Orientation(round(degrees / 90) * 90 % 360, is_mirrored)


def upright(pixels: np.ndarray, orientation: Orientation) -> np.ndarray:
    """Turn and mirror a picture.

    Args:
        pixels: [H, W, ...] as they were decoded.
        orientation: of orientation_of.

    Returns:
        A view of the same pixels, H and W exchanged by quarter turns.
    """
    turned = np.rot90(pixels, orientation.rotation // 90)
    return turned[:, ::-1] if orientation.is_mirrored else turned

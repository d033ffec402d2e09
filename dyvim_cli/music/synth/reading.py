"""Read a sample at a pitch that may move: cubic interpolation, piece by piece.

The pieces are short enough for the processor's cache; cut anywhere, the sound is the same to the bit.
"""

import numpy as np

from dyvim_cli.music.synth.low_pass import HOP

PIECE = 8192  # frames that are read at a time
BEYOND = 4  # frames behind a position that interpolation may look at, and one more


def place(frame: int, ratio: float, cents: np.ndarray | None) -> int:
    """Find the frame of the sample at which a frame of sound is read.

    Args:
        frame: of the sound.
        ratio: frames of the sample a frame of sound.
        cents: [> frame / HOP] what moves the pitch; None for a steady one.

    Returns:
        The frame of the sample.
    """
    return int(frame * ratio if cents is None else positions(frame + 1, ratio, cents)[-1])


def positions(n_frames: int, ratio: float, cents: np.ndarray) -> np.ndarray:
    """Find where in the sample each frame is read.

    Args:
        n_frames: frames of sound.
        ratio: frames of the sample a frame of sound, where nothing moves the pitch.
        cents: [ceil(n_frames / HOP)] what moves it.

    Returns:
        [n_frames] float64, ascending from 0.
    """
    speeds = np.repeat(ratio * 2.0 ** (cents / 1200), HOP)[:n_frames]
    return np.concatenate([[0.0], np.cumsum(speeds)[:-1]])


def read(data: np.ndarray, n_frames: int, ratio: float, cents: np.ndarray | None = None) -> np.ndarray:
    """Read a sample as far as it goes.

    Args:
        data: [m] float32, frames of the sample.
        n_frames: frames of sound that are wanted.
        ratio: frames of the sample a frame of sound.
        cents: [ceil(n_frames / HOP)] what moves the pitch; None for a steady one.

    Returns:
        [<= n_frames] float32.
    """
    if len(data) < BEYOND:
        return np.zeros(1, np.float32)
    data, last = np.concatenate([data[:1], data]), len(data) - BEYOND + 1
    moved = None if cents is None else positions(n_frames, ratio, cents)
    within = np.ceil(last / ratio) if moved is None else np.searchsorted(moved, last)
    sound = np.empty(max(1, min(n_frames, int(within))), np.float32)
    for first in range(0, len(sound), PIECE):
        end = min(first + PIECE, len(sound))
        at = np.arange(first, end) * ratio if moved is None else moved[first:end]
        sound[first:end] = _interpolated(data, at + 1)
    return sound


def _interpolated(data: np.ndarray, position: np.ndarray) -> np.ndarray:
    """Four-point Hermite interpolation of data at ascending fractional positions (>= 1)."""
    index = position.astype(np.intp)
    x = (position - index).astype(np.float32)
    near = data[index[0] - 1 : index[-1] + 3]
    index -= index[0]
    before, here, after, beyond = near[:-3], near[1:-2], near[2:-1], near[3:]
    slope_here = 0.5 * (after - before)
    bend = here - after
    c3 = slope_here + 0.5 * (beyond - here) + 2 * bend
    c2 = -bend - slope_here - c3
    sound = c3.take(index)
    for power in (c2, slope_here, here):
        sound *= x
        sound += power.take(index)
    return sound

"""Read a sample at a pitch that may move: cubic interpolation, piece by piece.

The pieces are short enough for the processor's cache; cut anywhere, the sound is the same to the bit.
"""

import numpy as np

from dyvim_cli.music.synth.low_pass import HOP, STRETCH

PIECE = STRETCH * HOP  # frames that are read at a time
BEYOND = 4  # frames behind a position that interpolation may look at, and one more


class Course:
    """Reading positions of a tone's frames in its sample."""

    def __init__(self, ratio: float, cents: np.ndarray | None = None):
        """Lay out the course.

        Args:
            ratio: frames of the sample a frame of sound, where nothing moves the pitch.
            cents: [hops] what moves it, one value every HOP; None for a steady pitch.
        """
        self._speeds = np.array([ratio]) if cents is None else ratio * 2.0 ** (cents / 1200)
        self._starts = np.concatenate([[0.0], np.cumsum(self._speeds * HOP)[:-1]])

    def place(self, frame: int) -> float:
        """Find the frame of the sample at which a frame of sound is read.

        Args:
            frame: of the sound.

        Returns:
            Its fractional number.
        """
        hop = min(frame // HOP, len(self._starts) - 1)
        return float(self._starts[hop] + (frame - hop * HOP) * self._speeds[hop])

    def places(self, first: int, end: int) -> np.ndarray:
        """Find where a piece is read.

        Args:
            first: frame of the sound, a multiple of HOP.
            end: the frame behind the piece.

        Returns:
            [end - first] float64, ascending.
        """
        if len(self._starts) == 1:
            return np.arange(first, end) * self._speeds[0]
        hops = slice(first // HOP, -(-end // HOP))
        within = self._speeds[hops, None] * np.arange(HOP)
        within += self._starts[hops, None]
        return within.ravel()[: end - first]

    def n_before(self, place: float) -> int:
        """Count the frames of sound that are read before a place.

        Args:
            place: frame of the sample, above 0.

        Returns:
            The number of frames.
        """
        hop = int(np.searchsorted(self._starts, place)) - 1
        return hop * HOP + int(np.ceil((place - self._starts[hop]) / self._speeds[hop]))


class Reader:
    """Reads a sample along a course, from one piece to the next."""

    def __init__(self, data: np.ndarray, course: Course):
        """Prepare for reading.

        Args:
            data: [m] float32, frames of the sample.
            course: where each frame is read.
        """
        self._data, self._course = np.concatenate([data[:1], data]), course
        self.n_frames = 0 if len(data) < BEYOND else max(1, course.n_before(len(data) - BEYOND + 1))

    def read(self, first: int, end: int) -> np.ndarray:
        """Read a piece.

        Args:
            first: frame of the sound, a multiple of HOP.
            end: the frame behind the piece, n_frames at most.

        Returns:
            [end - first] float32.
        """
        return _interpolated(self._data, self._course.places(first, end) + 1)


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

"""Collect key-frame candidates while the film is read, in bounded memory."""

from dataclasses import dataclass

import numpy as np

CANDIDATES = 96  # kept at a time: 43 kB each at 160x90
EVERY_S = 0.5


@dataclass(frozen=True)
class Candidate:
    """A candidate for the key frame of its shot."""

    time_s: float
    shot: int
    pixels: np.ndarray  # [H, W, 3] uint8


class Candidates:
    """Keeps at most CANDIDATES frames: when full, the one nearest to another of its shot goes."""

    def __init__(self) -> None:
        self.kept: list[Candidate] = []

    def offer(self, time_s: float, shot: int, pixels: np.ndarray) -> None:
        """Consider a frame; takes one every half second, and one in every shot.

        Args:
            time_s: of the frame.
            shot: number of its shot.
            pixels: [H, W, 3] uint8.
        """
        last = self.kept[-1] if self.kept else None
        if last and last.shot == shot and time_s - last.time_s < EVERY_S:
            return
        self.kept.append(Candidate(time_s, shot, pixels))
        if len(self.kept) > CANDIDATES:
            del self.kept[_most_redundant(self.kept)]

    def nearest(self, times_s: np.ndarray) -> list[Candidate]:
        """Choose the frames nearest to some times, each once.

        Args:
            times_s: [M] of the key frames that are wanted.

        Returns:
            At most M frames, ascending.
        """
        known = np.array([frame.time_s for frame in self.kept])
        chosen = {int(np.argmin(np.abs(known - time_s))) for time_s in times_s}
        return [self.kept[i] for i in sorted(chosen)]


def _most_redundant(frames: list[Candidate]) -> int:
    """Index of the frame whose neighbours are nearest, frames of one shot before all others."""
    times = np.array([frame.time_s for frame in frames])
    shots = np.array([frame.shot for frame in frames])
    gaps = times[2:] - times[:-2]
    inside = (shots[1:-1] == shots[:-2]) | (shots[1:-1] == shots[2:])
    return 1 + int(np.argmin(gaps + np.where(inside, 0.0, times[-1])))

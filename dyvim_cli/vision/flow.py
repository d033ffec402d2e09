"""Measure motion at every native frame, as the source of energy and events.

The motion encoder sees a dozen frames a second and says what kind of motion there is. How much of it,
and when, is read off here: between native frames motion is small, which is where Lucas and Kanade are
right. Against DIS flow (Kroeger 2016) this ranks frames better than the encoder's own flow does.

Letters: N native frames; R = 4 x 6 regions.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from dyvim_cli.vision.lucas_kanade import CELL, refined, shrunk
from dyvim_cli.vision.rows import Rows

HALF = 2  # pixels averaged into one before all else: a finer level costs as much again, and changes no rank
LEVELS = ((4, 2), (2, 2), (1, 2))  # as lucas_kanade.LEVELS, of the halved picture
REGIONS = (4, 6)  # rows, columns: fine enough that parts that move apart do not cancel out
BATCH = 64  # frames; 32 take a fifteenth more time


@dataclass(frozen=True)
class Flow:
    """Optical flow into each frame from the one before (0 for the first); picture widths a second."""

    times_s: np.ndarray  # [N] float64
    speeds: np.ndarray  # [N] float32, mean over the picture
    velocities: np.ndarray  # [N, R, 2] float32, mean of each region, (x, y)


class FlowStream:
    """Feed every frame in order, then `finish`."""

    def __init__(self) -> None:
        self._times = Rows(np.float64)
        self._pending: list[np.ndarray] = []  # grey; the first was seen in the batch before
        self._speeds, self._velocities = Rows(np.float32), Rows(np.float32, REGIONS[0] * REGIONS[1], 2)
        self._speeds.append(0.0)  # nothing moves into the first frame
        self._velocities.append(np.zeros((REGIONS[0] * REGIONS[1], 2)))

    def add(self, time_s: float, pixels: np.ndarray) -> None:
        """Add a frame; it is cropped to whole CELL x CELL blocks.

        Args:
            time_s: of the frame.
            pixels: [H, W, 3] uint8, or its light [H, W].
        """
        height, width = (side // CELL * CELL for side in pixels.shape[:2])
        grey = pixels if pixels.ndim == 2 else np.asarray(Image.fromarray(pixels).convert("L"))
        self._times.append(time_s)
        self._pending.append(grey[:height, :width])
        if len(self._pending) > BATCH:
            self._run()

    def finish(self) -> Flow:
        """The whole film's flow. Needs one frame at least.

        Returns:
            The flow of all frames that were added.
        """
        if len(self._pending) > 1:
            self._run()
        return Flow(self._times.array, self._speeds.array, self._velocities.array)

    @torch.inference_mode()
    def _run(self) -> None:
        grey = torch.from_numpy(np.stack(self._pending))[:, None].float() / 255
        grey = shrunk(grey, HALF)
        flow, _, _ = refined(grey[:-1], grey[1:], LEVELS, CELL // HALF)
        steps_s = np.maximum(np.diff(self._times.array[-len(grey) :]), 1e-3)
        velocity = flow / (flow.shape[-1] * torch.from_numpy(steps_s).float()[:, None, None, None])
        speeds = velocity.square().sum(dim=1).sqrt()  # norm() takes ten times as long
        self._speeds.extend(speeds.mean((1, 2)).numpy())
        self._velocities.extend(F.adaptive_avg_pool2d(velocity, REGIONS).flatten(2).mT.contiguous().numpy())
        del self._pending[:-1]


def shot_firsts(times_s: np.ndarray, cut_times_s: np.ndarray) -> np.ndarray:
    """Find every shot's first frame.

    Args:
        times_s: [N] of the frames.
        cut_times_s: [C] of the cuts.

    Returns:
        [shots] int indices, 0 included.
    """
    firsts = np.unique(np.append(0, np.searchsorted(times_s, cut_times_s - 1e-6)))
    return firsts[firsts < len(times_s)]


def split_motion(flow: Flow, cut_times_s: np.ndarray) -> tuple[float, float]:
    """Split motion into the camera's (what all regions share) and the subject's (the rest).

    Args:
        flow: of every native frame.
        cut_times_s: [C] of the cuts; steps over them do not count.

    Returns:
        Mean speeds (camera, subject), picture widths a second.
    """
    within = np.setdiff1d(np.arange(len(flow.times_s)), shot_firsts(flow.times_s, cut_times_s))
    if not len(within):
        return 0.0, 0.0
    velocities = flow.velocities[within]
    shared = velocities.mean(axis=1, keepdims=True)
    speeds = (np.linalg.norm(part, axis=-1).mean() for part in (shared, velocities - shared))
    camera, subject = (float(speed) for speed in speeds)
    return camera, subject

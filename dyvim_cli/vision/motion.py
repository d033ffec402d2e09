"""Run the motion encoder along a film: z_d and flow statistics per analysed frame."""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from dyvim_cli.device import give_back_memory
from dyvim_cli.vision.motion_encoder import DYNAMICS_WIDTH, MotionEncoder, working_size
from dyvim_cli.vision.rows import Rows

TRIM_EVERY = 43  # batches; what was given back must be fetched again, which took a tenth of the time at 8
BATCH = 24  # frames; 16 take a thirtieth more time, 32 take 50 MB more


@dataclass(frozen=True)
class Motion:
    """Motion at T analysed frames; speeds in picture widths a second."""

    times_s: np.ndarray  # [T] float64
    dynamics: np.ndarray  # [T, D] float32, z_d
    before: np.ndarray  # [T] float32, mean speed from the frame before (0 for the first)
    after: np.ndarray  # [T] float32, mean speed to the frame after (0 for the last)


class MotionStream:
    """Feed frames in order; every frame's features are computed once.

    One batch is encoded by a thread while the caller gathers the next.
    """

    def __init__(self, encoder: MotionEncoder):
        self.encoder = encoder
        self._worker = ThreadPoolExecutor(1)
        self._running: Future[None] | None = None
        self._pending: list[tuple[float, np.ndarray]] = []
        self._tail: Tensor | None = None  # features of the last two frames
        self._times: list[float] = []
        self._dynamics, self._speeds = Rows(np.float32, DYNAMICS_WIDTH), Rows(np.float32, 2)
        self._n_batches = 0

    def add(self, time_s: float, pixels: np.ndarray) -> None:
        """Add a frame; the encoder runs when a batch is full.

        Args:
            time_s: of the frame.
            pixels: [H, W, 3] uint8.
        """
        self._pending.append((time_s, pixels))
        if len(self._pending) == BATCH:
            self._start(is_last=False)

    def finish(self) -> Motion:
        """Encode the remaining frames and return the whole film's motion. Needs one frame at least.

        Returns:
            Z_d and speeds of all frames that were added.
        """
        self._start(is_last=True).result()
        self._worker.shutdown()
        before, after = self._speeds.array.T.copy()
        before[0] = after[-1] = 0.0  # at the ends the neighbour is the frame itself
        return Motion(np.array(self._times), self._dynamics.array, before, after)

    def _start(self, is_last: bool) -> "Future[None]":
        """Hand the pending frames to the thread, when it has done those before."""
        if self._running is not None:
            self._running.result()
        batch, self._pending = self._pending, []
        self._running = self._worker.submit(self._run, batch, is_last)
        return self._running

    @torch.inference_mode()
    def _run(self, batch: list[tuple[float, np.ndarray]], is_last: bool) -> None:
        """Encode a batch; its last frame waits for its successor unless the film ends."""
        features = self._features(batch)
        if self._tail is None:
            features = torch.cat([features[:1], features])  # the first frame precedes itself
        else:
            features = torch.cat([self._tail, features])
        if is_last:
            features = torch.cat([features, features[-1:]])
        self._times += [time_s for time_s, _ in batch]
        self._tail = features[-2:]
        n = len(features) - 2
        if n > 0:
            flows, pooled = self.encoder(features[:-2], features[1:-1], features[2:])
            self._speeds.extend(self._speeds_of(flows[-1]))
            self._dynamics.extend(pooled.numpy())
            self._n_batches += 1
        if self._n_batches % TRIM_EVERY == 0:
            give_back_memory()

    def _features(self, batch: list[tuple[float, np.ndarray]]) -> Tensor:
        if not batch and self._tail is not None:
            return self._tail[:0]
        pixels = np.stack([pixels for _, pixels in batch])
        frames = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous()  # resized a quarter faster so
        size = working_size(*frames.shape[-2:])
        small = F.interpolate(frames.float() / 255, size, mode="bilinear", antialias=True)
        return self.encoder.features(small)

    def _speeds_of(self, flow: Tensor) -> np.ndarray:
        """Flow [n, 2, 2, h, w] in cells of the frames after those that are done -> speeds [n, 2]."""
        done = len(self._speeds)
        times = np.array(self._times[max(0, done - 1) : done + len(flow) + 1])
        if done == 0:
            times = np.append(times[0] - 1.0, times)
        if len(times) < len(flow) + 2:
            times = np.append(times, times[-1] + 1.0)
        step_s = torch.from_numpy(np.maximum(np.diff(times), 1e-3)).float()
        signed_s = torch.stack([-step_s[:-1], step_s[1:]], dim=1)  # the flow to the past runs backwards
        velocity = flow / (flow.shape[-1] * signed_s[..., None, None, None])
        return velocity.square().sum(dim=2).sqrt().mean((-1, -2)).numpy()  # norm() takes ten times as long

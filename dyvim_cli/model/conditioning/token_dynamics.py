"""Compute a film's dynamics z~ at the rate of audio tokens, for MusicGen's extension.

The same kinds of curves as on the grid of score tokens (conditioning.event_curves), with their
look-ahead in seconds, beside the motion encoder's z_d: as they are now, and a moment before and after. A
film is watched at some ten pictures a second; where between two of them an onset lies is part of both.
(Onset strength in 34 rendered films, read linearly: R^2 .12 from now alone, .31 with the moments around.)
N frames of the codec, T of the film, M key frames.
"""

import numpy as np
import torch

from dyvim_cli.model.conditioning.decoder_inputs import D_DYNAMICS, D_MOTION, event_curves
from dyvim_cli.model.conditioning.film_curves import CUT, ranked_energy, smooth
from dyvim_cli.types import FilmFeatures

SMOOTH_S = 0.5
GRID_STEP_S = 0.125  # a sixteenth at 120 BPM: event_curves counts in these
AROUND_S = (0.0, -0.08, -0.04, 0.04, 0.08)  # now first
SEES_KEY_S = 8.0  # how far from now a key frame is looked at


class TokenDynamics:
    """z~ of any stretch of frames; holds the event curves of the film, works out the rest on demand."""

    width = len(AROUND_S) * D_DYNAMICS

    def __init__(self, features: FilmFeatures, frame_rate_hz: float, n_frames: int | None = None):
        self.features, self.frame_rate_hz = features, frame_rate_hz
        self.n_frames = n_frames or int(np.ceil(features.duration_s * frame_rate_hz))
        self.curves = self._curves()
        z = features.dynamics[:, :D_MOTION].astype(np.float64)
        self.mean, self.spread = z.mean(axis=0), z.std(axis=0) + 1e-3

    def _curves(self) -> np.ndarray:
        """[N, N_CURVES] float32."""
        features, rate = self.features, self.frame_rate_hz
        hit, cut = np.zeros(self.n_frames), np.zeros(self.n_frames)
        frames = np.minimum((features.event_times_s * rate).astype(int), self.n_frames - 1)
        np.maximum.at(hit, frames, features.event_weights)
        cut[frames[features.event_kinds == CUT]] = 1.0
        times = (np.arange(self.n_frames) + 0.5) / rate
        energy = np.interp(times, features.times_s, features.energy.astype(np.float64))
        energy = ranked_energy(smooth(energy, max(1, round(SMOOTH_S * rate))))
        return event_curves(hit, cut, energy, steps_a_sixteenth=GRID_STEP_S * rate)

    def __call__(self, first: int, n: int) -> torch.Tensor:
        """z~ [n, width] float32 of frames first .. first + n, zeros outside the film."""
        moments = [round(at_s * self.frame_rate_hz) for at_s in AROUND_S]
        reach = max(moments)
        conditions = self._conditions_at(first - reach, n + 2 * reach)
        around = np.concatenate([conditions[reach + at : reach + at + n] for at in moments], axis=1)
        frames = np.arange(first, first + n)
        around[(frames < 0) | (frames >= self.n_frames)] = 0
        return torch.from_numpy(around)

    def _conditions_at(self, first: int, n: int) -> np.ndarray:
        """[n, D_DYNAMICS] float32: curves and z_d of frames first .. first + n."""
        out = np.zeros((n, D_DYNAMICS), dtype=np.float32)
        low, high = max(first, 0), min(first + n, self.n_frames)
        if high > low:
            times = (np.arange(low, high) + 0.5) / self.frame_rate_hz
            rows = out[low - first : high - first]
            n_curves = self.curves.shape[1]
            rows[:, :n_curves] = self.curves[low:high]
            rows[:, n_curves:] = self._motion(times)
        return out

    def _motion(self, times_s: np.ndarray) -> np.ndarray:
        """z_d [n, D_MOTION] interpolated to the tokens' times, standardised over the film."""
        around = self.features.times_s
        after = np.clip(np.searchsorted(around, times_s), 1, max(len(around) - 1, 1))
        before = after - 1
        after = np.minimum(after, len(around) - 1)
        gap = np.maximum(around[after] - around[before], 1e-9)
        share = np.clip((times_s - around[before]) / gap, 0, 1)[:, None]
        z = self.features.dynamics[:, :D_MOTION]
        z = (1 - share) * z[before] + share * z[after]
        return np.clip((z - self.mean) / self.spread, -4, 4)

    def visible(self, first: int, n: int) -> torch.Tensor:
        """Find the key frames near each frame's time, the nearest one always.

        Args:
            first: number of the first frame (of the codec).
            n: number of frames.

        Returns:
            [n, M] bool.
        """
        times = (np.arange(first, first + n) + 0.5) / self.frame_rate_hz
        distance = np.abs(times[:, None] - self.features.key_times_s)
        near = distance <= np.maximum(SEES_KEY_S, distance.min(axis=1, keepdims=True))
        return torch.from_numpy(near)

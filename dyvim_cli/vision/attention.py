"""Map the dynamics encoder's attention and the origin of z_d over the frame.

Two maps. Attention: the self-attention within the frame that z_d is pooled from; a weight alone says
little of a cell whose value is nothing new: what counts is weight times value (Kobayashi et al. 2020,
"Attention is not only a weight"). Dynamics: how far each cell's share of z_d is from what it would be
had nothing moved. Letters: H, W frame; h, w the encoder's cells, N = h w of them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from dyvim_cli.vision.analysis import FrameLike, sample_frames
from dyvim_cli.vision.motion_encoder import MotionEncoder, working_size


@dataclass(frozen=True)
class Moment:
    """One frame and the encoder's attention, dynamics and flow."""

    time_s: float
    pixels: np.ndarray  # [H, W, 3] uint8
    attention: np.ndarray  # [h, w] how far a cell moves the pooled attention; 1 = the mean of all cells
    dynamics: np.ndarray  # [h, w] how far motion moves a cell's share of z_d; 1 = the mean of all cells
    speed: np.ndarray  # [h, w] picture widths between two analysed frames
    flow: np.ndarray  # [2, h, w] cells, (x, y), to the following analysed frame

    def on_motion(self, name: str) -> float:
        """Compare a map on the fastest quarter of the cells with the rest.

        Args:
            name: attention or dynamics.

        Returns:
            Ratio of the means; 1 = motion makes no difference.
        """
        by_speed = getattr(self, name).ravel()[self.speed.ravel().argsort(kind="stable")]
        first = 3 * len(by_speed) // 4
        return float(by_speed[first:].mean() / max(by_speed[:first].mean(), 1e-9))

    def correlation(self, name: str) -> float:
        """Correlate a map with the speed over the cells, by ranks.

        Args:
            name: attention or dynamics.

        Returns:
            -1..1; 0 where nothing moves.
        """
        ranks = [x.ravel().argsort().argsort() for x in (getattr(self, name), self.speed)]
        return float(np.corrcoef(ranks[0], ranks[1])[0, 1]) if self.speed.std() > 0 else 0.0


def triplets_at(frames: Iterable[FrameLike], times_s: Sequence[float]) -> list[tuple[float, np.ndarray]]:
    """Find the analysed frames nearest to some moments, with their neighbours.

    Args:
        frames: every native frame in order.
        times_s: of the moments.

    Returns:
        (time in seconds, [3, H, W, 3] uint8) in order.
    """
    found: list[tuple[float, np.ndarray]] = []
    recent: list[FrameLike] = []
    wanted = sorted(times_s)
    for frame in (frame for frame, is_analysed in sample_frames(frames) if is_analysed):
        recent = [*recent[-2:], frame]
        while len(recent) == 3 and len(found) < len(wanted) and recent[1].time_s >= wanted[len(found)] - 0.05:
            found.append((recent[1].time_s, np.stack([f.pixels for f in recent])))
    return found


@torch.inference_mode()
def look(encoder: MotionEncoder, triplets: Sequence[tuple[float, np.ndarray]]) -> list[Moment]:
    """Map attention, dynamics and speed at each moment.

    Args:
        encoder: of the dynamics.
        triplets: (time in seconds, frames [3, H, W, 3] uint8).

    Returns:
        One moment a triplet.
    """
    heard: list[tuple[torch.Tensor, torch.Tensor]] = []
    hook = encoder.attention.register_forward_hook(lambda layer, given, out: heard.append((given[0], out)))
    try:
        return [_moment(encoder, time_s, frames, heard) for time_s, frames in triplets]
    finally:
        hook.remove()


def _moment(
    encoder: MotionEncoder,
    time_s: float,
    frames: np.ndarray,
    heard: list[tuple[torch.Tensor, torch.Tensor]],
) -> Moment:
    pictures = torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 255
    size = working_size(*pictures.shape[-2:])
    features = encoder.features(F.interpolate(pictures, size, mode="bilinear", antialias=True))
    encoder(features[1:2], features[1:2], features[1:2])  # nothing moves
    flows, _ = encoder(features[:1], features[1:2], features[2:])
    (_, still), (tokens, moved) = heard
    heard.clear()
    height, width = flows[-1].shape[-2:]
    maps = [_contributions(encoder, tokens), (moved - still)[0].norm(dim=-1)]
    attention, dynamics = ((m / m.mean().clamp_min(1e-9)).view(height, width).numpy() for m in maps)
    flow = flows[-1][0]  # to the previous frame, to the following one
    speed = flow.norm(dim=1).mean(dim=0) / width
    return Moment(time_s, frames[1], attention, dynamics, speed.numpy(), flow[1].numpy())


def _contributions(encoder: MotionEncoder, tokens: torch.Tensor) -> torch.Tensor:
    """[N] length of what each cell of [1, N, D] adds to the frame's mean attention output.

    Weights sum to one, so that only a value's distance from the mean value moves the output.
    """
    layer = encoder.attention
    attention, normed = layer.self_attn, layer.norm1(tokens)
    _, weights = attention(normed, normed, normed, need_weights=True, average_attn_weights=False)
    values = F.linear(normed, *(p.chunk(3)[2] for p in (attention.in_proj_weight, attention.in_proj_bias)))
    values = values - values.mean(dim=1, keepdim=True)
    share = weights[0].mean(dim=1)  # [heads, N]: mean over the cells that ask
    by_head = values[0].unflatten(-1, (len(share), -1)) * share.T[..., None]
    return F.linear(by_head.flatten(1), attention.out_proj.weight).norm(dim=-1)

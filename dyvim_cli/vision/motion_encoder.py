"""The dynamics encoder: motion between a frame and its two neighbours.

DyViM's encoder (arXiv 2504.07594) in small: features at 1/8 resolution, computed once a frame;
correlation with both neighbours at several levels; a first guess of the two flows (lucas_kanade)
and its refinement (RAFT, arXiv 2003.12039; both directions together as in VideoFlow, arXiv 2303.08340);
fused motion features z_m; self-attention within the frame; average pool to z_d.

Two shapes: TEACHER learns optical flow, and SHIPPED, which takes half its time, learns to say what TEACHER
says (training/tasks/motion_pupil.py).

Letters: B frames of a batch; H, W working picture; h, w = H / 8, W / 8; F feature channels.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from dyvim_cli.errors import WeightsError
from dyvim_cli.vision.cell_attention import CellAttention, per_cell
from dyvim_cli.vision.correlation import CorrelationPyramid
from dyvim_cli.vision.flow_blocks import (
    ConvGRU,
    ConvNormReLU,
    FeatureEncoder,
    FlowHead,
    FlowMotion,
    make_coords_grid,
)
from dyvim_cli.vision.lucas_kanade import CELL, N_EVIDENCE, lucas_kanade

DYNAMICS_WIDTH = 64  # D of types.FilmFeatures.dynamics
STRIDE = CELL  # picture pixels a cell of the feature map
LEVELS = 3  # levels of correlation, each half as fine as the one before
HIDDEN, CONTEXT, MOTION = 64, 32, 48  # channels
LUMA = (0.299, 0.587, 0.114)  # Rec. 601
WORKING_AREA_PX = 128 * 72  # the picture that the encoder sees, whatever its shape
MIN_SIDE_PX = STRIDE * 2**LEVELS  # shortest side that leaves the correlation pyramid its third level


@dataclass(frozen=True)
class EncoderShape:
    """Sizes of an encoder's layers, by which it is exact and slow, or fast."""

    strides: tuple[int, int, int, int]  # as flow_blocks.FeatureEncoder's, px
    match: int  # channels of the features that are compared
    radius: int  # cells; correlation reaches radius * STRIDE * 2 ** (LEVELS - 1) px
    iterations: int  # refinements of the flow
    guess: tuple[tuple[int, int], ...]  # levels of lucas_kanade, the first guess


TEACHER = EncoderShape((2, 1, 2, 2), match=96, radius=3, iterations=2, guess=((8, 2), (4, 2), (2, 2), (1, 1)))
SHIPPED = EncoderShape((4, 1, 2, 1), match=64, radius=2, iterations=1, guess=((8, 1), (4, 1), (2, 2)))


def working_size(height: int, width: int) -> tuple[int, int]:
    """Choose the size at which a picture is encoded: about WORKING_AREA_PX, its shape kept.

    Args:
        height: of the picture, px.
        width: of the picture, px.

    Returns:
        (H, W), multiples of 8.
    """
    scale = (WORKING_AREA_PX / (height * width)) ** 0.5
    sides = (max(MIN_SIDE_PX, STRIDE * round(side * scale / STRIDE)) for side in (height, width))
    high, wide = sides
    return high, wide


class MotionEncoder(nn.Module):
    """Frames -> flows to both neighbours and pooled motion features z_d.

    Args:
        shape: of the layers.
    """

    def __init__(self, shape: EncoderShape = SHIPPED) -> None:
        super().__init__()
        self.shape = shape
        # batch norms, since instance norms lift sensor noise on an empty picture to the strength of texture
        self.encoder = FeatureEncoder((32, 32, 64, 128, shape.match + HIDDEN + CONTEXT), shape.strides)
        self.flow_motion = FlowMotion(LEVELS * (2 * shape.radius + 1) ** 2, 64, (16, 16), MOTION)
        self.update = ConvGRU(CONTEXT + 2 * (MOTION + N_EVIDENCE), HIDDEN)
        self.to_previous = FlowHead(HIDDEN, 32)
        self.to_next = FlowHead(HIDDEN, 32)
        self.trust = nn.Conv2d(HIDDEN, 2, kernel_size=1)  # logit: how much of each flow so far stays
        for head in (self.to_previous.conv2, self.to_next.conv2, self.trust):
            nn.init.zeros_(head.weight)  # refinement begins by leaving the first guess alone
            nn.init.zeros_(cast(Tensor, head.bias))
        nn.init.constant_(cast(Tensor, self.trust.bias), 3.0)
        self.to_tokens = nn.Linear(HIDDEN + 4 + 2, DYNAMICS_WIDTH)  # z_m, both flows, place in the picture
        self.attention = CellAttention(DYNAMICS_WIDTH, 4, 2 * DYNAMICS_WIDTH)

    def features(self, frames: Tensor) -> Tensor:
        """Compute the features of frames, once a frame.

        The grey picture travels with them, folded into the channels, for the first guess.

        Args:
            frames: [B, 3, H, W], 0..1, of `working_size`.

        Returns:
            [B, F, h, w].
        """
        grey = (frames * frames.new_tensor(LUMA).view(1, 3, 1, 1)).sum(dim=1, keepdim=True)
        return torch.cat([self.encoder(frames * 2 - 1), nn.functional.pixel_unshuffle(grey, STRIDE)], dim=1)

    def forward(self, previous: Tensor, current: Tensor, following: Tensor) -> tuple[list[Tensor], Tensor]:
        """Compute flows and z_d from the features of three consecutive frames.

        Args:
            previous: [B, F, h, w].
            current: [B, F, h, w].
            following: [B, F, h, w].

        Returns:
            (flows, z_d [B, DYNAMICS_WIDTH]). Flows are a list (the first guess, then one an iteration, the
            last is the best) of [B, 2, 2, h, w]: direction (to the previous, to the following frame), (x, y),
            in cells of STRIDE px.
        """
        match, hidden, context, grey = self._split(current)
        before, after = self._split(previous), self._split(following)
        other, other_grey = (torch.cat([before[i], after[i]]) for i in (0, -1))  # [2 B, ...]: both directions
        flow, evidence = lucas_kanade(_picture(grey), _picture(other_grey), self.shape.guess)
        correlation = CorrelationPyramid(match.repeat(2, 1, 1, 1), other, LEVELS, self.shape.radius)
        grid = make_coords_grid(len(match), *match.shape[-2:]).to(match.device)
        context = _channels_last(torch.cat([context.relu(), *evidence.chunk(2)], dim=1))
        hidden = _channels_last(hidden.tanh())
        flows = [_by_picture(flow)]
        for _ in range(self.shape.iterations):
            flow = flow.detach()  # as RAFT: an iteration answers for its own step only
            near = correlation.around(grid.repeat(2, 1, 1, 1) + flow)
            motion = self.flow_motion(_channels_last(flow), near).chunk(2)
            hidden = self.update(hidden, torch.cat([context, *motion], dim=1))
            step = torch.cat([self.to_previous(hidden), self.to_next(hidden)])
            trust = self.trust(hidden).sigmoid().transpose(0, 1).reshape(-1, 1, *flow.shape[-2:])
            flow = trust * flow + step
            flows.append(_by_picture(flow))
        return flows, self._pool(hidden, flows[-1], grid)

    def _pool(self, hidden: Tensor, flow: Tensor, grid: Tensor) -> Tensor:
        """z_m [B, HIDDEN, h, w] and flows -> z_d [B, D] by self-attention within the frame."""
        height, width = hidden.shape[-2:]
        place = grid / grid.new_tensor([width, height]).view(1, 2, 1, 1) - 0.5
        compressed = flow.sign() * flow.abs().log1p()  # a whip pan must not drown the rest
        tokens = _channels_last(torch.cat([hidden, compressed.flatten(1, 2), place], dim=1))
        tokens = per_cell(tokens.flatten(2).mT, self.to_tokens.weight, self.to_tokens.bias)  # [B, h * w, D]
        return self.attention(tokens).mean(dim=1)

    def _split(self, features: Tensor) -> tuple[Tensor, ...]:
        """Split features: for matching, initial hidden state, context, folded grey picture."""
        return features.split((self.shape.match, HIDDEN, CONTEXT, STRIDE**2), dim=1)


def _by_picture(flow: Tensor) -> Tensor:
    """[2 * B, 2, h, w], one direction after the other -> [B, 2, 2, h, w]."""
    return torch.stack(flow.chunk(2), dim=1)


def _channels_last(features: Tensor) -> Tensor:
    """The same features, laid out in memory as the convolutions take them: else each would do so anew."""
    return features.contiguous(memory_format=torch.channels_last)


def _picture(folded: Tensor) -> Tensor:
    return nn.functional.pixel_shuffle(folded, STRIDE)


def load(path: Path, shape: EncoderShape = SHIPPED) -> MotionEncoder:
    """Load a trained encoder, ready to run.

    Args:
        path: of its weights.
        shape: that it was trained in.

    Returns:
        The encoder in evaluation mode.

    Raises:
        WeightsError: the file is of another model.
    """
    model = MotionEncoder(shape)
    try:
        model.load_state_dict({name: value.float() for name, value in load_file(path).items()})
    except (OSError, SafetensorError, RuntimeError) as error:
        raise WeightsError(f"{path}: not weights of the motion encoder", "dyvim doctor") from error
    # channels last: the convolutions of the pictures take half the time
    return _folded(model.eval()).to(memory_format=torch.channels_last)


def _folded(model: MotionEncoder) -> MotionEncoder:
    """Fold batch norms into the convolutions before them: the same numbers, less work."""
    for layer in model.modules():
        if not isinstance(layer, ConvNormReLU) or len(layer) == 1:
            continue
        convolution, norm = layer[0], layer[1]
        if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            layer[0] = fuse_conv_bn_eval(convolution, norm)
            layer[1] = nn.Identity()
    return model

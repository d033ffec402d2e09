"""Draw tokens from logits: nucleus sampling, with noise of a seed's own."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import torch

AHEAD = 16  # positions whose noise is drawn at a time


class Race:
    """Noise for the draws of a piece, position by position: the same seed gives the same.

    In an exponential race the smallest noise / weight wins with a probability proportional to its weight.
    """

    def __init__(self, seed: int, shape: tuple[int, ...]):
        """shape: of the logits of a position."""
        self.generator = torch.Generator().manual_seed(seed)
        self.shape = shape
        self.ahead: Iterator[np.ndarray] = iter(())

    def __next__(self) -> np.ndarray:
        """1 / noise [*shape] float32 of the next position."""
        noise = next(self.ahead, None)
        if noise is None:
            uniform = torch.rand(AHEAD, *self.shape, generator=self.generator).clamp_min(1e-12)
            self.ahead = iter(uniform.log_().neg_().reciprocal_().numpy())
            noise = next(self.ahead)
        return noise


def draw(logits: np.ndarray, top_p: float, speed: np.ndarray) -> np.ndarray:
    """Draw from the likeliest tokens that together have a probability of top_p (Holtzman et al. 2020).

    Args:
        logits: [N, k, width] float32.
        top_p: 0..1.
        speed: [N, k, >= width] of Race, for the tokens from the likeliest on.

    Returns:
        [N, k] int64 tokens.
    """
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    order = np.argsort(-weights, axis=-1, kind="stable")  # equals in the same order on every machine
    ordered = _taken(weights, order)
    total = ordered.cumsum(axis=-1)
    beyond = total - ordered >= top_p * total[..., -1:]
    ordered[beyond] = 0.0
    ordered *= speed[..., : ordered.shape[-1]]
    return _taken(order, ordered.argmax(axis=-1)[..., None])[..., 0]


def _taken(values: np.ndarray, index: np.ndarray) -> np.ndarray:
    """The values [N, k, width] at indices [N, k, m] of the last axis; numpy's own takes twice as long."""
    pieces, rows = _places(*values.shape[:2])
    return values[pieces, rows, index]


@lru_cache(maxsize=64)
def _places(n_pieces: int, n_streams: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices [N, 1, 1] of pieces and [1, k, 1] of their streams."""
    return np.arange(n_pieces)[:, None, None], np.arange(n_streams)[None, :, None]

"""Run the decoder one position at a time: Decoder.forward rearranged for sampling.

Nearly all the time of a step goes into reading the weights, for a handful of rows each: they are laid
out once as oneDNN likes them (half the time), and what follows one product is one call. Shape letters
as in decoder.py; B rows are written side by side.
"""

from collections.abc import Callable
from typing import cast

import torch
from torch import nn
from torch.nn import functional as F

from dyvim_cli.model.score.decoder import Block, Decoder, rotary_angles, rotate

Product = Callable[[torch.Tensor], torch.Tensor]  # [B, n] -> [B, m]


class KVCache:
    """Keys and values of the last positions, for one layer; room for two windows, moved when full."""

    def __init__(self, n_rows: int, n_heads: int, window: int, d_head: int):
        self.keys_values = torch.empty(2, n_rows, n_heads, 2 * window, d_head)
        self.window = window
        self.end = 0

    def append(self, keys: torch.Tensor, values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Add one position.

        Args:
            keys: [B, H, d / H].
            values: [B, H, d / H].

        Returns:
            Keys and values [B, H, <= window, d / H] of the window that ends with it.
        """
        if self.end == self.keys_values.shape[3]:
            keep = self.window - 1
            self.keys_values[:, :, :, :keep] = self.keys_values[:, :, :, -keep:].clone()
            self.end = keep
        self.keys_values[0, :, :, self.end] = keys
        self.keys_values[1, :, :, self.end] = values
        self.end += 1
        window = self.keys_values[:, :, :, max(0, self.end - self.window) : self.end]
        return window[0], window[1]


def product(weight: torch.Tensor, bias: torch.Tensor | None, n_rows: int, then: str = "none") -> Product:
    """Prepare x -> x W^T + b for a fixed number of rows.

    Args:
        weight: [m, n].
        bias: [m]; None = none.
        n_rows: rows of x, for which oneDNN lays the weights out.
        then: "gelu" or "none", applied to the result.

    Returns:
        A function from [n_rows, n] to [n_rows, m].
    """
    try:
        packed = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), n_rows)
        linear = torch.ops.mkldnn._linear_pointwise
        linear(weight.new_zeros(n_rows, weight.shape[1]), packed, bias, then, [], "none")
        return lambda x: linear(x, packed, bias, then, [], "none")
    except (AttributeError, NotImplementedError, RuntimeError):  # no oneDNN in this torch, or not its CPU
        after = F.gelu if then == "gelu" else (lambda x: x)
        return lambda x: after(F.linear(x, weight, bias))


class _Layer:
    """One block of the decoder with its key-value cache."""

    def __init__(self, block: Block, model: Decoder, n_rows: int):
        own, cross, config = block.self_attention, block.cross_attention, model.config
        self.n_heads = config.n_heads
        self.cache = KVCache(n_rows, config.n_heads, config.window, config.d_model // config.n_heads)
        self.norms = block.self_norm, block.cross_norm, block.ff_norm
        self.query_key_value = product(torch.cat([own.query.weight, own.key_value.weight]), None, n_rows)
        self.out = product(own.out.weight, None, n_rows)
        widen, narrow = cast(nn.Linear, block.ff[0]), cast(nn.Linear, block.ff[2])
        self.widen = product(widen.weight, widen.bias, n_rows, then="gelu")
        self.narrow = product(narrow.weight, narrow.bias, n_rows)
        if cross is not None:
            self.cross_query, self.cross_out = (
                product(part.weight, None, n_rows) for part in (cross.query, cross.out)
            )

    def __call__(
        self,
        x: torch.Tensor,
        angles: tuple[torch.Tensor, torch.Tensor],
        memory: tuple[torch.Tensor, torch.Tensor] | None,
    ) -> torch.Tensor:
        """[B, d] -> [B, d]; memory: keys and values [B, H, M, d / H] to look at, or None."""
        self_norm, cross_norm, ff_norm = self.norms
        mixed = self.query_key_value(self_norm(x)).unflatten(1, (3, self.n_heads, -1))
        query, key = rotate(mixed[:, :2], angles).unbind(1)
        x = x + self.out(_attend(query, *self.cache.append(key, mixed[:, 2])))
        if cross_norm is not None and memory is not None:
            query = self.cross_query(cross_norm(x)).unflatten(1, (self.n_heads, -1))
            x = x + self.cross_out(_attend(query, *memory))
        return x + self.narrow(self.widen(ff_norm(x)))


def _attend(query: torch.Tensor, keys: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """The values [B, H, n, d / H] weighted for one query [B, H, d / H], as [B, d]."""
    return F.scaled_dot_product_attention(query[:, :, None], keys, values).flatten(1)


class Stepper:
    """Follows n_rows sequences; each call adds one position to all of them."""

    def __init__(self, model: Decoder, semantics: torch.Tensor, n_rows: int):
        """semantics: the vectors [M, d_semantics] that the cross-attention may be let look at."""
        self.model, self.n_rows, self.position = model, n_rows, 0
        self.layers = [_Layer(cast(Block, block), model, n_rows) for block in model.blocks]
        self.head = product(model.head.weight, model.head.bias, n_rows)
        self.memory = model.memory(semantics[None].expand(n_rows, -1, -1))
        self.visible = self.memory

    def look_at(self, seen: torch.Tensor) -> None:
        """Show the cross-attention only some of the semantic vectors from now on.

        Args:
            seen: [M] bool.
        """
        self.visible = [pair and (pair[0][:, :, seen], pair[1][:, :, seen]) for pair in self.memory]

    def step(self, tokens: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        """Add one position.

        Args:
            tokens: [B, K] before it.
            condition: [B, d] or [d], extension + place.

        Returns:
            [B, sum of cardinalities] logits of the tokens that follow.
        """
        model = self.model
        x = model.embedding(tokens + model.offsets).sum(dim=1) + condition
        where = torch.tensor([self.position])
        angles = rotary_angles(where, model.config.d_model // model.config.n_heads)
        for layer, memory in zip(self.layers, self.visible, strict=True):
            x = layer(x, angles, memory)
        self.position += 1
        return self.head(model.norm(x))

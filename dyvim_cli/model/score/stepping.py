"""Run the decoder one position at a time: Decoder.forward rearranged for sampling.

Nearly all the time of a step goes into reading weights and what was written before, the rest into calls: what
follows one product is one call, and what does not depend on the notes is worked out before. Shape letters as
in decoder.py; B rows are written side by side, W positions are looked back at.
"""

from collections.abc import Callable
from typing import cast

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from dyvim_cli.model.score.decoder import Attention, Block, Decoder, rotary_angles
from dyvim_cli.model.score.products import product

TURNS_AHEAD = 512  # positions whose rotations are worked out at a time: .4 MB


class KVCache:
    """Keys and values of the last positions, for one layer: a ring, since attention knows no order.

    numpy multiplies a row by a matrix in two thirds of the time that torch takes, where the matrix lies in
    memory as its result does: keys are columns, values rows.
    """

    def __init__(self, n_rows: int, n_heads: int, window: int, d_head: int):
        self.keys = np.zeros((n_rows, n_heads, d_head, window), np.float32)
        self.values = np.zeros((n_rows, n_heads, window, d_head), np.float32)
        self.window, self.n_written = window, 0

    def append(self, keys: np.ndarray, values: np.ndarray) -> None:
        """Add one position, in place of the one a window before.

        Args:
            keys: [B, H, d / H].
            values: [B, H, d / H].
        """
        place = self.n_written % self.window
        self.keys[..., place], self.values[..., place, :] = keys, values
        self.n_written += 1

    def seen(self, queries: np.ndarray) -> np.ndarray:
        """Look at the window that ends with the last position.

        Args:
            queries: [B, H, d / H].

        Returns:
            [B, H, 1, d / H] values, as the keys attract it.
        """
        n = min(self.n_written, self.window)
        likeness = torch.from_numpy(queries[..., None, :] @ self.keys[..., :n]).softmax(-1)
        return likeness.numpy() @ self.values[..., :n, :]


class Turns:
    """Rotary position embedding of queries and keys, as products with complex numbers.

    Queries are divided by the root of their width as well; values are left as they are.
    """

    def __init__(self, d_head: int):
        self.d_head, self.first = d_head, 0
        self.ahead = self._from(0)

    def at(self, position: int) -> torch.Tensor:
        """Give the factors of one position.

        Args:
            position: 0 or more, not before the one asked for last.

        Returns:
            [3, 1, d_head / 2] complex64: of queries, keys and values.
        """
        if position >= self.first + TURNS_AHEAD:
            self.first = position
            self.ahead = self._from(position)
        return self.ahead[position - self.first]

    def _from(self, first: int) -> torch.Tensor:
        """The factors [TURNS_AHEAD, 3, 1, d_head / 2] from a position on."""
        turns = torch.complex(*rotary_angles(torch.arange(first, first + TURNS_AHEAD), self.d_head))
        return torch.stack([turns * self.d_head**-0.5, turns, torch.ones_like(turns)], dim=1)[:, :, None]


def paired(weight: torch.Tensor, n_heads: int) -> torch.Tensor:
    """Put side by side what rotation mixes: the first half of each head's numbers and the second.

    Args:
        weight: [d, n] of queries or keys.
        n_heads: H.

    Returns:
        [d, n]; products of queries and keys are the same.
    """
    return weight.unflatten(0, (n_heads, 2, -1)).transpose(1, 2).flatten(0, 2)


class _Look:
    """Cross-attention to a few vectors that are the same for all rows: two small products.

    Each row is multiplied by itself: a product of several adds in an order that depends on their number.
    """

    def __init__(self, attention: Attention, norm: nn.LayerNorm, n_rows: int, n_heads: int):
        self.attention, self.norm, self.n_rows, self.n_heads = attention, _norm(norm), n_rows, n_heads
        self.towards = self.brings = torch.empty(0)

    def at(self, source: torch.Tensor) -> None:
        """Look at vectors [M, d] from now on."""
        attention = self.attention
        keys, values = (part[0] for part in attention.keys_values(source[None]))  # [H, M, d / H]
        query = attention.query.weight.unflatten(0, (self.n_heads, -1))
        out = attention.out.weight.unflatten(1, (self.n_heads, -1)).permute(1, 2, 0)
        towards = (keys @ query * keys.shape[-1] ** -0.5).flatten(0, 1).T.contiguous()
        self.towards = towards.expand(self.n_rows, -1, -1)  # [B, d, H M]
        self.brings = (values @ out).flatten(0, 1).expand(self.n_rows, -1, -1)  # [B, H M, d]

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """[B, d] -> [B, d]: x and what is seen."""
        likeness = torch.bmm(self.norm(x)[:, None], self.towards).unflatten(2, (self.n_heads, -1))
        return torch.baddbmm(x[:, None], likeness.softmax(-1).flatten(2), self.brings)[:, 0]


class _Layer:
    """One block of the decoder with its key-value cache."""

    def __init__(self, block: Block, model: Decoder, n_rows: int):
        own, n_heads, d = block.self_attention, model.config.n_heads, model.config.d_model
        self.shape = n_rows, 3, n_heads, d // n_heads // 2, 2  # of queries, keys and values, paired
        self.cache = KVCache(n_rows, n_heads, model.config.window, d // n_heads)
        self.self_norm, self.ff_norm = _norm(block.self_norm), _norm(block.ff_norm)
        keys, values = own.key_value.weight.chunk(2)
        mixed = torch.cat([paired(own.query.weight, n_heads), paired(keys, n_heads), values])
        self.query_key_value = product(mixed, None, n_rows)
        self.out = product(own.out.weight, None, n_rows)
        widen, narrow = cast(nn.Linear, block.ff[0]), cast(nn.Linear, block.ff[2])
        self.widen = product(widen.weight, widen.bias, n_rows)
        self.narrow = product(narrow.weight, narrow.bias, n_rows)
        self.look = None
        if block.cross_attention is not None and block.cross_norm is not None:
            self.look = _Look(block.cross_attention, block.cross_norm, n_rows, n_heads)

    def __call__(self, x: torch.Tensor, turns: torch.Tensor) -> torch.Tensor:
        """[B, d] -> [B, d]; turns: [3, 1, d / H / 2] complex, of the position."""
        mixed = torch.view_as_complex(self.query_key_value(self.self_norm(x)).view(self.shape))
        queries, keys, values = torch.view_as_real(mixed * turns).flatten(3).transpose(0, 1).numpy()
        self.cache.append(keys, values)
        x = x + self.out(torch.from_numpy(self.cache.seen(queries)).view(x.shape))
        if self.look is not None:
            x = self.look(x)
        return x + self.narrow(F.gelu(self.widen(self.ff_norm(x))))


def _norm(norm: nn.LayerNorm) -> Callable[[torch.Tensor], torch.Tensor]:
    """The layer norm without the calls of a module."""
    shape, weight, bias, eps = norm.normalized_shape, norm.weight, norm.bias, norm.eps
    return lambda x: torch.layer_norm(x, shape, weight, bias, eps, False)


class Stepper:
    """Follows n_rows sequences; each call adds one position to all of them."""

    def __init__(self, model: Decoder, semantics: torch.Tensor, n_rows: int):
        """semantics: the vectors [M, d_semantics] that the cross-attention may be let look at."""
        self.position = 0
        self.layers = [_Layer(cast(Block, block), model, n_rows) for block in model.blocks]
        self.turns = Turns(model.config.d_model // model.config.n_heads)
        self.embedding, self.offsets, self.norm = model.embedding.weight, model.offsets, _norm(model.norm)
        self.head = product(model.head.weight, model.head.bias, n_rows)
        self.memory = model.semantics(semantics)
        self.look_at(torch.ones(len(semantics), dtype=torch.bool))

    def look_at(self, seen: torch.Tensor) -> None:
        """Show the cross-attention only some of the semantic vectors from now on.

        Args:
            seen: [M] bool.
        """
        for layer in self.layers:
            if layer.look is not None:
                layer.look.at(self.memory[seen])

    def step(self, tokens: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        """Add one position.

        Args:
            tokens: [N, K] before it, N = B or less.
            condition: [B / N, 1, d], [B, d] or [d], extension + place.

        Returns:
            [B, sum of cardinalities] logits of the tokens that follow.
        """
        turns = self.turns.at(self.position)
        x = torch.embedding(self.embedding, tokens + self.offsets).sum(dim=1) + condition
        x = x.flatten(0, -2)
        for layer in self.layers:
            x = layer(x, turns)
        self.position += 1
        return self.head(self.norm(x))

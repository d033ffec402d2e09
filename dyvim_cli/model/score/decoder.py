"""The score decoder: a pre-norm transformer over K token streams, with the dynamics extension.

One class for both token systems (score tokens and EnCodec's): h_s = sum_k E_k(q_{s,k}) +
extension_s + place_s, causal self-attention (all of the past or a sliding window of it),
cross-attention to semantic vectors, one head a stream. Shape letters: B batch, P positions (of the
delayed sequence), K streams, V largest cardinality, M semantic vectors, d width, H heads.
"""

from dataclasses import asdict, dataclass
from typing import Any, cast

import torch
from torch import nn
from torch.nn import functional as F

from dyvim_cli.stylebook import STYLES


@dataclass(frozen=True)
class DecoderConfig:
    """The sizes of a decoder; saved beside its weights."""

    cardinalities: tuple[int, ...]  # tokens of each stream; one more is added for "nothing here"
    d_model: int = 256
    n_layers: int = 6
    n_heads: int = 4
    d_ff: int = 1024
    cross_every: int = 2  # every how many layers look at the semantic vectors
    d_semantics: int = 16
    styles: tuple[str, ...] = STYLES  # the first inputs of the semantic vectors, in this order
    d_dynamics: int = 88  # event curves and z_d, see model/conditioning/decoder_inputs.py
    untrained: tuple[str, ...] = ()  # those of them that it knows as copies of their nearest ones alone
    place_sizes: tuple[int, ...] = ()  # cardinalities of the per-position form conditions
    d_activity: int = 14  # two flags a stream: plays here, known to play
    window: int = 256  # positions a layer looks back
    dropout: float = 0.0

    @property
    def n_streams(self) -> int:
        """K."""
        return len(self.cardinalities)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON.

        Returns:
            Field -> value.
        """
        return asdict(self)


def rotary_angles(positions: torch.Tensor, d_head: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Compute the angles of rotary position embedding (Su et al. 2021).

    Args:
        positions: [P] int.
        d_head: width of a head, even.

    Returns:
        Cosines and sines [P, d_head / 2] float32.
    """
    rates = 10000.0 ** (-torch.arange(0, d_head, 2, device=positions.device) / d_head)
    angles = positions[:, None].double() * rates[None].double()  # double: hours have many steps
    return angles.cos().float(), angles.sin().float()


def rotate(x: torch.Tensor, angles: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    """Turn the halves of queries or keys by their positions' angles.

    Args:
        x: [B, H, P, d_head].
        angles: cosines and sines [P, d_head / 2].

    Returns:
        The shape of x.
    """
    first, second = x.chunk(2, dim=-1)
    cos, sin = (a.to(x.dtype) for a in angles)
    return torch.cat([first * cos - second * sin, first * sin + second * cos], dim=-1)


class Attention(nn.Module):
    """Multi-head attention; queries from x, keys and values from x or from the semantic vectors."""

    def __init__(self, d_model: int, n_heads: int):
        super().__init__()
        self.n_heads = n_heads
        self.query = nn.Linear(d_model, d_model, bias=False)
        self.key_value = nn.Linear(d_model, 2 * d_model, bias=False)
        self.out = nn.Linear(d_model, d_model, bias=False)

    def heads(self, x: torch.Tensor) -> torch.Tensor:
        """Split a width into heads.

        Args:
            x: [B, P, d].

        Returns:
            [B, H, P, d / H].
        """
        return x.unflatten(-1, (self.n_heads, -1)).transpose(1, 2)

    def keys_values(self, source: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Project a source to keys and values.

        Args:
            source: [B, M, d].

        Returns:
            Two tensors [B, H, M, d / H].
        """
        keys, values = self.key_value(source).chunk(2, dim=-1)
        return self.heads(keys), self.heads(values)

    def attend(
        self,
        query: torch.Tensor,
        keys: torch.Tensor,
        values: torch.Tensor,
        mask: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Weight the values by the queries' likeness to the keys.

        Args:
            query: [B, H, P, d / H].
            keys: [B, H, M, d / H].
            values: [B, H, M, d / H].
            mask: broadcastable to [B, H, P, M] bool, True = may look; None = all.

        Returns:
            [B, P, d].
        """
        mixed = F.scaled_dot_product_attention(query, keys, values, attn_mask=mask)
        return self.out(mixed.transpose(1, 2).flatten(2))


class Block(nn.Module):
    """x + self-attention, x + cross-attention (where the layer has it), x + feed-forward."""

    def __init__(self, config: DecoderConfig, has_cross: bool):
        super().__init__()
        d = config.d_model
        self.self_norm, self.self_attention = nn.LayerNorm(d), Attention(d, config.n_heads)
        self.cross_attention = Attention(d, config.n_heads) if has_cross else None
        self.cross_norm = nn.LayerNorm(d) if has_cross else None
        self.ff_norm = nn.LayerNorm(d)
        self.ff = nn.Sequential(nn.Linear(d, config.d_ff), nn.GELU(), nn.Linear(config.d_ff, d))
        self.dropout = nn.Dropout(config.dropout)

    def forward(
        self,
        x: torch.Tensor,
        angles: tuple[torch.Tensor, torch.Tensor],
        self_mask: torch.Tensor,
        memory: tuple[torch.Tensor, torch.Tensor] | None,
        memory_mask: torch.Tensor | None,
    ) -> torch.Tensor:
        """Apply one layer.

        Args:
            x: [B, P, d].
            angles: cosines and sines [P, d_head / 2] of the positions.
            self_mask: [P, P] bool, True = may look.
            memory: this layer's keys and values [B, H, M, d / H] of the semantic vectors; None where it has
                none.
            memory_mask: [B, 1, P, M] bool, True = may look; None = all.

        Returns:
            [B, P, d].
        """
        attention, normed = self.self_attention, self.self_norm(x)
        query = rotate(attention.heads(attention.query(normed)), angles)
        keys, values = attention.keys_values(normed)
        keys = rotate(keys, angles)
        x = x + self.dropout(attention.attend(query, keys, values, self_mask))
        if self.cross_attention is not None and self.cross_norm is not None and memory is not None:
            cross = self.cross_attention
            query = cross.heads(cross.query(self.cross_norm(x)))
            x = x + self.dropout(cross.attend(query, *memory, memory_mask))
        return x + self.dropout(self.ff(self.ff_norm(x)))


class Extension(nn.Module):
    """The dynamics extension of every music token.

    extension_p = alpha * gate * sum_k W_k z~_{p - k}: at position p stream k is at step p - k
    (delay pattern), so each stream's token is extended by the dynamics of its own time. W is
    zero-initialised: an untrained extension, like alpha = 0, leaves the decoder as it was.
    alpha scales the dynamics term that is added to every music token; 0 = the picture's motion has no
    say; 1 = as strong as in training.
    """

    def __init__(self, d_dynamics: int, d_model: int, n_streams: int):
        super().__init__()
        self.n_streams = n_streams
        self.weight = nn.Parameter(torch.zeros(n_streams, d_dynamics, d_model))
        self.gate = nn.Parameter(torch.ones(()))

    def forward(self, dynamics: torch.Tensor, alpha: torch.Tensor) -> torch.Tensor:
        """Compute the dynamics term.

        Args:
            dynamics: z~ [B, S, D] at absolute steps.
            alpha: [B] scale.

        Returns:
            [B, S + K - 1, d].
        """
        batch, n_steps, _ = dynamics.shape
        total = dynamics.new_zeros(batch, n_steps + self.n_streams - 1, self.weight.shape[-1])
        for k, weight in enumerate(self.weight):
            total[:, k : k + n_steps] += dynamics @ weight
        return alpha[:, None, None] * self.gate * total


def token_layout(config: DecoderConfig) -> tuple[torch.Tensor, torch.Tensor]:
    """Compute the layout of all streams' tokens in one embedding table.

    Args:
        config: its cardinalities count.

    Returns:
        Per stream [K]: the token that says "nothing here", and where its rows begin.
    """
    pad = torch.tensor(config.cardinalities, device="cpu")
    return pad, (pad + 1).cumsum(0) - pad - 1


class Decoder(nn.Module):
    """Conditions and past tokens in, logits of the next tokens out."""

    pad: torch.Tensor  # [K] int64, the token that says "nothing here"
    offsets: torch.Tensor  # [K] int64, where each stream's rows begin in the one table

    def __init__(self, config: DecoderConfig):
        super().__init__()
        self.config = config
        d = config.d_model
        pad, offsets = token_layout(config)
        self.register_buffer("pad", pad, persistent=False)
        self.register_buffer("offsets", offsets, persistent=False)
        self.embedding = nn.Embedding(sum(config.cardinalities) + config.n_streams, d)
        self.place = nn.ModuleList(nn.Embedding(size, d) for size in config.place_sizes)
        self.activity = nn.Linear(config.d_activity, d, bias=False)
        self.extension = Extension(config.d_dynamics, d, config.n_streams)
        self.semantics = nn.Linear(config.d_semantics, d)
        self.blocks = nn.ModuleList(
            Block(config, has_cross=i % config.cross_every == config.cross_every - 1)
            for i in range(config.n_layers)
        )
        self.norm = nn.LayerNorm(d)
        self.head = nn.Linear(d, sum(config.cardinalities))
        self.apply(_initialise)

    def embed_tokens(self, tokens: torch.Tensor) -> torch.Tensor:
        """Sum the streams' embeddings.

        Args:
            tokens: [B, K, P] delayed; pad[k] = nothing here.

        Returns:
            [B, P, d].
        """
        return self.embedding(tokens.transpose(1, 2) + self.offsets).sum(dim=2)

    def embed_place(self, place: torch.Tensor, activity: torch.Tensor) -> torch.Tensor:
        """Embed the form conditions.

        Args:
            place: [B, P, n_places] int64.
            activity: [B, P, 2K] float, plays and known.

        Returns:
            [B, P, d].
        """
        total = self.activity(activity)
        for i, table in enumerate(self.place):
            total = total + table(place[..., i])
        return total

    def memory(self, semantics: torch.Tensor) -> list[tuple[torch.Tensor, torch.Tensor] | None]:
        """Project the semantic vectors for every layer's cross-attention.

        Args:
            semantics: [B, M, d_semantics].

        Returns:
            One pair of keys and values a layer; None for layers that do not look.
        """
        x = self.semantics(semantics)
        attentions = (cast(Block, block).cross_attention for block in self.blocks)
        return [attention.keys_values(x) if attention else None for attention in attentions]

    def forward(
        self,
        inputs: torch.Tensor,
        conditions: torch.Tensor,
        semantics: torch.Tensor,
        memory_mask: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Compute the logits of a whole sequence.

        Args:
            inputs: [B, K, P] the delayed tokens before each position.
            conditions: [B, P, d] extension + place.
            semantics: [B, M, d_semantics].
            memory_mask: [B, 1, P, M] bool, True = may look; None = all.

        Returns:
            [B, P, sum of cardinalities].
        """
        x = self.embed_tokens(inputs) + conditions
        positions = torch.arange(x.shape[1], device=x.device)
        angles = rotary_angles(positions, self.config.d_model // self.config.n_heads)
        distance = positions[:, None] - positions[None]
        mask = (distance >= 0) & (distance < self.config.window)
        for block, memory in zip(self.blocks, self.memory(semantics), strict=True):
            x = block(x, angles, mask, memory, memory_mask)
        return self.head(self.norm(x))

    def split(self, logits: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Split logits by stream.

        Args:
            logits: [..., sum of cardinalities].

        Returns:
            K tensors [..., cardinality].
        """
        return logits.split(list(self.config.cardinalities), dim=-1)


def _initialise(module: nn.Module) -> None:
    """Draw normal weights of deviation 0.02, as GPT-2's."""
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=0.02)
        if isinstance(module, nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)

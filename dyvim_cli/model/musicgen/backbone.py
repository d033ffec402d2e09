"""MusicGen with DyViM's dynamics extension: a pre-trained decoder conditioned on the film's motion.

The transformer is transformers' own; an Adapter adds the new modules: the dynamics term
added to every token (model/decoder.Extension, the same class as for score tokens) and key frames as
a second source of the cross-attention. Untrained, both change nothing, to the last bit.

Letters: B rows; K codebooks; D distinct delays (K, or K / 2 in stereo); P positions of the delayed
sequence; N frames (of EnCodec, 50 a second); V tokens per codebook; S text tokens; M key frames; d width.
Position p predicts, for a codebook of delay k, the token of frame p - k; its input are the tokens
of position p - 1 (at position 0 the start token).
"""

import inspect
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dyvim_cli.model.score.decoder import Extension

if TYPE_CHECKING:
    from transformers import EncoderDecoderCache


@dataclass(frozen=True)
class AdapterConfig:
    """The sizes of an adapter; saved beside its weights."""

    d_dynamics: int  # width of z~, see model/conditioning/token_dynamics.py
    d_model: int
    n_delays: int  # D
    d_pictures: int = 0  # width of the key frames' embeddings; 0 = the adapter does not look at them

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON.

        Returns:
            Field -> value.
        """
        return asdict(self)


class Adapter(nn.Module):
    """The new modules, megabytes beside the backbone's gigabytes."""

    def __init__(self, config: AdapterConfig):
        super().__init__()
        self.config = config
        self.extension = Extension(config.d_dynamics, config.d_model, config.n_delays)
        self.pictures = (
            nn.Linear(config.d_pictures, config.d_model, bias=False) if config.d_pictures else None
        )
        if self.pictures is not None:
            nn.init.zeros_(self.pictures.weight)  # values of zero add nothing to the cross-attention


@dataclass(frozen=True)
class Memory:
    """Encoded prompt: the text encoder's states, in the decoder's width."""

    states: Tensor  # [B, S, d]
    mask: Tensor  # [B, S] int64, 1 = a word

    def silenced(self) -> "Memory":
        """Make a memory of the same shape without a word: the other half of a guidance batch.

        Returns:
            States and mask of zeros.
        """
        return Memory(torch.zeros_like(self.states), torch.zeros_like(self.mask))

    def __add__(self, other: "Memory") -> "Memory":
        return Memory(torch.cat([self.states, other.states]), torch.cat([self.mask, other.mask]))

    def repeated(self, n: int) -> "Memory":
        """Repeat each row, in a block.

        Args:
            n: how often.

        Returns:
            B * n rows.
        """
        return Memory(self.states.repeat_interleave(n, 0), self.mask.repeat_interleave(n, 0))


@dataclass(frozen=True)
class Pictures:
    """Keys and values of key frames for a stretch of positions."""

    keys_values: list[tuple[Tensor, Tensor]]  # a layer: [B, heads, M, d / heads] each
    visible: Tensor  # [P, M] bool, by absolute time: windows see the same frames as the whole

    def at(self, first: int, n: int) -> "Pictures":
        """Cut the part for some positions out of the stretch.

        Args:
            first: first position.
            n: number of positions.

        Returns:
            The same keys and values, visible to those positions.
        """
        return Pictures(self.keys_values, self.visible[first : first + n])


class MusicGen(nn.Module):
    """A backbone (MusicgenForConditionalGeneration, or its melody sister) and, perhaps, an adapter."""

    # Any: two classes of transformers without a common base that has these attributes
    backbone: Any
    adapter: Adapter | None

    def __init__(self, backbone: Any, adapter: Adapter | None = None):
        super().__init__()
        self.backbone, self.adapter = backbone, adapter
        config = backbone.config.decoder
        self.n_codebooks, self.n_tokens = config.num_codebooks, config.vocab_size
        self.start, self.d_model = config.pad_token_id, config.hidden_size
        self.is_stereo = config.audio_channels == 2
        # stereo codebooks come in pairs, left and right, that share a delay
        self.delays = tuple(k // 2 if self.is_stereo else k for k in range(self.n_codebooks))
        self.has_cross_attention = backbone.config.model_type == "musicgen"  # melody puts the text in front
        # transformers 5 came to call it cache
        names = inspect.signature(type(backbone.decoder).forward).parameters
        self._cache_name = "cache" if "cache" in names else "past_key_values"
        self._pictures: Pictures | None = None
        if self.has_cross_attention:
            core = backbone.decoder.model.decoder
            core.embed_positions = _Positions(core.embed_positions)
            for index, layer in enumerate(core.layers):
                layer.encoder_attn.register_forward_hook(_look(self, index), with_kwargs=True)

    @property
    def n_delays(self) -> int:
        """D."""
        return self.delays[-1] + 1

    @property
    def weight(self) -> Tensor:
        """Any weight of the decoder: its device and type are the model's."""
        return self.backbone.decoder.lm_heads[0].weight

    def new_adapter(self, d_dynamics: int, d_pictures: int = 0) -> Adapter:
        """Make an untrained adapter of this backbone's sizes; it changes nothing yet.

        Args:
            d_dynamics: width of z~.
            d_pictures: width of the key frames' embeddings; 0 = it does not look at them.

        Returns:
            The adapter; the model does not use it before it is assigned.
        """
        return Adapter(AdapterConfig(d_dynamics, self.d_model, self.n_delays, d_pictures))

    def memory(self, input_ids: Tensor | None, attention_mask: Tensor | None = None, rows: int = 1) -> Memory:
        """Encode a prompt for the cross-attention.

        Args:
            input_ids: [B, S] text tokens; None = no words.
            attention_mask: [B, S] int64, 1 = a word; None = all are.
            rows: B where there are no words.

        Returns:
            States and mask, behind a silent melody for MusicGen-melody.
        """
        backbone = self.backbone
        if input_ids is None:
            weight = self.weight
            states = torch.zeros(rows, 1, self.d_model, dtype=weight.dtype, device=weight.device)
            words = Memory(states, torch.zeros(rows, 1, dtype=torch.long, device=weight.device))
        else:
            mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
            states = backbone.text_encoder(input_ids=input_ids, attention_mask=mask)[0]
            if hasattr(backbone, "enc_to_dec_proj"):
                states = backbone.enc_to_dec_proj(states)
            words = Memory(states * mask[..., None], mask)
        return words if self.has_cross_attention else self._behind_silent_melody(words)

    def _behind_silent_melody(self, words: Memory) -> Memory:
        """MusicGen-melody's prefix: chroma of nothing (the first class of each frame), then the words."""
        config = self.backbone.config
        chroma = words.states.new_zeros(len(words.states), config.chroma_length, config.num_chroma)
        chroma[..., 0] = 1
        if hasattr(self.backbone, "audio_enc_to_dec_proj"):
            chroma = self.backbone.audio_enc_to_dec_proj(chroma)
        states = torch.cat([chroma, words.states], dim=1)
        return Memory(states, torch.ones(states.shape[:2], dtype=torch.long, device=states.device))

    def without_words(self, memory: Memory) -> Memory:
        """Make the unconditional memory of the same shape, for guidance.

        Args:
            memory: of a prompt.

        Returns:
            The same without words; MusicGen-melody keeps its melody prefix.
        """
        if self.has_cross_attention:
            return memory.silenced()
        n_words = memory.states.shape[1] - self.backbone.config.chroma_length
        states = memory.states.clone()
        states[:, -n_words:] = 0
        return Memory(states, memory.mask)

    def extend(self, dynamics: Tensor, alpha: Tensor) -> Tensor:
        """Compute the dynamics term of positions first .. first + P.

        Only absolute time enters: where a window begins does not matter.

        Args:
            dynamics: z~ [B, D - 1 + P, d_dynamics] of frames first - (D - 1) .. first + P, zeros outside the
                film.
            alpha: [B] scales the term.

        Returns:
            [B, P, d].

        Raises:
            ValueError: the model has no adapter.
        """
        if self.adapter is None:
            raise ValueError("the model has no adapter")
        lead = self.n_delays - 1
        term = self.adapter.extension(dynamics, alpha)
        return term[:, lead : dynamics.shape[1]].to(self.weight.dtype)

    def look(self, embeddings: Tensor, visible: Tensor) -> Pictures | None:
        """Read key frames as a second source of every layer's cross-attention.

        Read with the layer's own projections, as IP-Adapter's decoupled attention (arXiv 2308.06721).

        Args:
            embeddings: [B, M, d_pictures] of key frames.
            visible: [P, M] bool, which positions see which.

        Returns:
            Keys and values of every layer; None when the adapter or the backbone cannot look.
        """
        if self.adapter is None or self.adapter.pictures is None or not self.has_cross_attention:
            return None
        states = self.adapter.pictures(embeddings).to(self.weight.dtype)
        attentions = [layer.encoder_attn for layer in self.backbone.decoder.model.decoder.layers]
        pairs = [(_heads(a.k_proj(states), a), _heads(a.v_proj(states), a)) for a in attentions]
        return Pictures(pairs, visible)

    def new_cache(self) -> "EncoderDecoderCache":
        """Make an empty key-value cache, of self- and cross-attention apart.

        Returns:
            A cache of transformers, for `forward`.
        """
        from transformers import DynamicCache, EncoderDecoderCache

        return EncoderDecoderCache(DynamicCache(), DynamicCache())

    def forward(
        self,
        tokens: Tensor,
        memory: Memory,
        extension: Tensor | None = None,
        pictures: Pictures | None = None,
        cache: "EncoderDecoderCache | None" = None,
    ) -> Tensor:
        """Compute the logits of the tokens that follow.

        Args:
            tokens: [B, K, P] delayed inputs.
            memory: the prompt's states.
            extension: [B, P, d] dynamics term; None = none.
            pictures: key frames of these P positions; None = none.
            cache: with one, the P positions follow those that it holds.

        Returns:
            [B, K, P, V].
        """
        decoder = self.backbone.decoder
        tables = enumerate(decoder.get_input_embeddings())
        embedded = cast(Tensor, sum(table(tokens[:, k]) for k, table in tables))
        if extension is not None:
            embedded = embedded + extension
        is_first = cache is None or cache.get_seq_length() == 0
        cross_attention: dict[str, Tensor | None]
        cross_attention = {"encoder_hidden_states": memory.states, "encoder_attention_mask": memory.mask}
        if not self.has_cross_attention:  # the prefix is read once; then the cache holds it
            cross_attention = {"encoder_hidden_states": memory.states if is_first else None}
        self._pictures = pictures
        try:
            out = decoder(
                inputs_embeds=embedded,
                use_cache=cache is not None,
                **cross_attention,
                **{self._cache_name: cache},
            )
        finally:
            self._pictures = None
        logits = out.logits[:, -tokens.shape[-1] :]
        return logits.unflatten(0, (-1, self.n_codebooks))


class _Positions(nn.Module):
    """transformers' position table, which takes embeddings [B, P, d] for one position: given the right P."""

    def __init__(self, table: nn.Module):
        super().__init__()
        self.table = table

    def forward(self, inputs: Tensor, past: int = 0) -> Tensor:
        """[P, d] of positions past .. past + P; inputs are embeddings cut to [B, P, 1], or ids [B, K, P]."""
        if inputs.is_floating_point():
            inputs = inputs.transpose(1, 2)
        return self.table(inputs, past)


def _heads(x: Tensor, attention: nn.Module) -> Tensor:
    """[B, M, d] -> [B, heads, M, d / heads]."""
    return x.unflatten(-1, (attention.num_heads, -1)).transpose(1, 2)


def _look(model: MusicGen, index: int) -> Callable[..., tuple[Any, ...] | None]:
    """Make a forward hook of a layer's cross-attention that adds attention to the key frames."""

    # Any: what a layer of transformers takes and gives differs between its versions
    def add(
        attention: Any, args: tuple[Any, ...], kwargs: dict[str, Any], output: tuple[Any, ...]
    ) -> tuple[Any, ...] | None:
        pictures = model._pictures
        if pictures is None:
            return None
        hidden = args[0] if args else kwargs["hidden_states"]
        keys, values = pictures.keys_values[index]
        query = _heads(attention.q_proj(hidden), attention)
        seen = F.scaled_dot_product_attention(query, keys, values, attn_mask=pictures.visible)
        return output[0] + attention.out_proj(seen.transpose(1, 2).flatten(2)), *output[1:]

    return add


def delayed(tokens: Tensor, delays: tuple[int, ...], fill: int) -> Tensor:
    """Shift each codebook by its delay.

    Args:
        tokens: [..., K, N] by frame.
        delays: K delays, ascending.
        fill: token where the shift leaves a gap.

    Returns:
        [..., K, N + D - 1] by position.
    """
    n_frames = tokens.shape[-1]
    shape = (*tokens.shape[:-1], n_frames + delays[-1])
    out = tokens.new_full(shape, fill)
    for k, delay in enumerate(delays):
        out[..., k, delay : delay + n_frames] = tokens[..., k, :]
    return out


def undelayed(tokens: Tensor, delays: tuple[int, ...]) -> Tensor:
    """Undo the shift.

    Args:
        tokens: [..., K, P] by position.
        delays: K delays, ascending.

    Returns:
        [..., K, P - (D - 1)], the frames that are complete.
    """
    n_frames = tokens.shape[-1] - delays[-1]
    return torch.stack([tokens[..., k, d : d + n_frames] for k, d in enumerate(delays)], dim=-2)

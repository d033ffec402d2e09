"""Audio codecs behind one interface: sound <-> tokens [K, N].

EncodecCodec is transformers' EnCodec as MusicGen uses it (32 kHz; in stereo two mono halves);
SegmentCodec is the `encodec` package's 24 kHz and 48 kHz models, for decoders trained from scratch.
Letters: K streams, N frames, C channels, n samples.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from dyvim_cli.errors import WeightsError, quoted

BLOCK_S, CONTEXT_S, FADE_S = 10.0, 1.0, 0.04
ENCODEC_FILES = {24: "encodec_24khz-d7cc33bc.th", 48: "encodec_48khz-7e698e3e.th"}
LOUDEST_DB, N_LEVELS = 4.0, 64  # a segment's volume as a token, 1 dB apart


class Codec(Protocol):
    """Token interface of an audio codec."""

    sample_rate: int
    channels: int
    cardinalities: tuple[int, ...]  # tokens of each of the K streams

    def encode(self, samples: Tensor) -> Tensor:
        """Turn sound into tokens.

        Args:
            samples: [C, n] float, -1..1, at sample_rate.

        Returns:
            [K, N] int64.
        """

    def decode(self, tokens: Tensor) -> Tensor:
        """Turn tokens into sound.

        Args:
            tokens: [K, N] int64.

        Returns:
            [C, n] float, n = sample_of(N) at least.
        """

    def sample_of(self, frame: int) -> int:
        """Find the sample at which a frame begins.

        Args:
            frame: number of the frame.

        Returns:
            Number of the sample.
        """

    @property
    def frame_rate_hz(self) -> float:
        """Frames a second."""

    @property
    def block(self) -> int:
        """Frames that cannot be taken apart: decoding may begin at multiples of it."""


class EncodecCodec:
    """transformers' EncodecModel without segments (MusicGen's); stereo as two codes of one channel."""

    def __init__(self, model: Any, n_codebooks: int, is_stereo: bool = False):  # transformers' EncodecModel
        self.model, self.is_stereo = model, is_stereo
        self.sample_rate, self.channels = model.config.sampling_rate, 2 if is_stereo else 1
        self.cardinalities = (model.config.codebook_size,) * n_codebooks
        self.hop = int(np.prod(model.config.upsampling_ratios))
        self.block = 1

    @property
    def frame_rate_hz(self) -> float:
        """Frames a second."""
        return self.sample_rate / self.hop

    def sample_of(self, frame: int) -> int:
        """Find the sample at which a frame begins.

        Args:
            frame: number of the frame.

        Returns:
            Number of the sample.
        """
        return frame * self.hop

    @torch.inference_mode()
    def encode(self, samples: Tensor) -> Tensor:
        """Turn sound into tokens; left and right take turns in stereo, as MusicGen has them.

        Args:
            samples: [C, n] float, -1..1, at sample_rate.

        Returns:
            [K, N] int64.
        """
        weight = next(self.model.parameters())
        signal = samples.to(weight)[:, None]
        bandwidth = self.model.config.target_bandwidths[-1]  # transformers' default is the poorest
        codes = self.model.encode(signal, bandwidth=bandwidth).audio_codes[0]  # [C, K / C, N]
        codes = codes[:, : len(self.cardinalities) // self.channels]
        return codes.transpose(0, 1).flatten(0, 1)

    @torch.inference_mode()
    def decode(self, tokens: Tensor) -> Tensor:
        """Turn tokens into sound.

        Args:
            tokens: [K, N] int64.

        Returns:
            [C, N * hop] float32.
        """
        codes = tokens.unflatten(0, (-1, self.channels)).transpose(0, 1)  # [C, K / C, N]
        codes = codes.to(next(self.model.parameters()).device)
        return self.model.decode(codes[None], [None]).audio_values[:, 0].float()


class SegmentCodec:
    """The `encodec` package's codecs: 24 kHz mono in one go, 48 kHz stereo in segments of a second.

    The 48 kHz model normalises each segment; its volume is a stream of its own (the last one), so that
    tokens alone hold the sound.
    """

    def __init__(self, model: Any, bandwidth_kbps: float = 6.0):  # encodec's EncodecModel, without types
        model.set_target_bandwidth(bandwidth_kbps)
        self.model, self.sample_rate, self.channels = model.eval(), model.sample_rate, model.channels
        self.hop = int(np.prod(model.encoder.ratios))
        n_codebooks = model.quantizer.get_num_quantizers_for_bandwidth(model.frame_rate, bandwidth_kbps)
        self.cardinalities = (model.quantizer.bins,) * n_codebooks
        if model.normalize:
            self.cardinalities += (N_LEVELS,)
        self.block = model.segment_length // self.hop if model.segment else 1

    def to(self, device: torch.device) -> "SegmentCodec":
        """Move the weights to a device.

        Args:
            device: where the codec is to run.

        Returns:
            The same codec.
        """
        self.model.to(device)
        return self

    @property
    def _weight(self) -> Tensor:
        """Any weight: its device and type are the model's."""
        return next(self.model.parameters())

    @property
    def frame_rate_hz(self) -> float:
        """Frames a second, in the long run (segments overlap by a hundredth)."""
        return self.sample_rate * self.block / (self.model.segment_stride or self.block * self.hop)

    def sample_of(self, frame: int) -> int:
        """Find the sample at which a frame begins.

        Args:
            frame: number of the frame, counted over all segments.

        Returns:
            Number of the sample; segments overlap by a hundredth.
        """
        segment, rest = divmod(frame, self.block)
        return segment * (self.model.segment_stride or self.hop) + rest * self.hop

    @torch.inference_mode()
    def encode(self, samples: Tensor) -> Tensor:
        """Turn sound into tokens, in whole segments (the last one padded with silence).

        Args:
            samples: [C, n] float, -1..1, at sample_rate.

        Returns:
            [K, N] int64.
        """
        samples = samples.to(self._weight)
        if self.model.segment:
            n_segments = -(-samples.shape[-1] // self.model.segment_stride)
            wanted = (n_segments - 1) * self.model.segment_stride + self.model.segment_length
            samples = torch.nn.functional.pad(samples, (0, max(0, wanted - samples.shape[-1])))
            samples = samples[:, :wanted]
            parts = [
                self.model._encode_frame(samples[None, :, a : a + self.model.segment_length])
                for a in range(0, n_segments * self.model.segment_stride, self.model.segment_stride)
            ]
        else:
            parts = self.model.encode(samples[None])
        return torch.cat([self._with_level(codes[0], scale) for codes, scale in parts], dim=-1)

    def _with_level(self, codes: Tensor, scale: Tensor | None) -> Tensor:
        """The codes [K', N], and below them the segment's volume."""
        if scale is None:
            return codes
        decibels = 20 * scale.clamp_min(1e-6).log10()
        level = (LOUDEST_DB - decibels).round().long().clamp(0, N_LEVELS - 1)
        return torch.cat([codes, level.expand(1, codes.shape[-1]).to(codes)])

    @torch.inference_mode()
    def decode(self, tokens: Tensor) -> Tensor:
        """Turn tokens into sound; a token beyond its stream's last counts as the last.

        Args:
            tokens: [K, N] int64, whole segments.

        Returns:
            [C, n] float.
        """
        last = torch.tensor(self.cardinalities, device=tokens.device)[:, None] - 1
        tokens = torch.minimum(tokens, last).to(self._weight.device)
        parts = tokens.split(self.block, dim=-1) if self.model.segment else (tokens,)
        return self.model.decode([self._without_level(part) for part in parts])[0]

    def _without_level(self, tokens: Tensor) -> tuple[Tensor, Tensor | None]:
        """(codes [1, K', N], scale [1, 1]): a drawn volume may waver within a segment: its median."""
        if not self.model.normalize:
            return tokens[None], None
        decibels = LOUDEST_DB - tokens[-1].float().median()
        return tokens[None, :-1], (10 ** (decibels / 20)).view(1, 1)


def encodec_codec(sample_rate_khz: int, folder: Path, bandwidth_kbps: float = 6.0) -> SegmentCodec:
    """Open the package's codec with the published weights.

    Args:
        sample_rate_khz: 24 or 48.
        folder: where the weights are.
        bandwidth_kbps: kilobits a second, which sets the number of streams.

    Returns:
        The codec.

    Raises:
        WeightsError: the weights are missing or damaged.
    """
    from encodec.model import EncodecModel

    path = folder / ENCODEC_FILES[sample_rate_khz]
    make = EncodecModel.encodec_model_24khz if sample_rate_khz == 24 else EncodecModel.encodec_model_48khz
    model = make(pretrained=False)
    try:
        # weights_only: a published pickle, of which nothing but tensors is taken
        model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:  # torch raises half a dozen kinds for damaged files
        name = f"encodec-{sample_rate_khz}khz"
        raise WeightsError(
            f"{path}: not weights of {name} ({error})", f"dyvim weights pull {quoted(name)}"
        ) from error
    return SegmentCodec(model, bandwidth_kbps)


def decoded_blocks(codec: Codec, tokens: Tensor, block_s: float = BLOCK_S) -> Iterator[Tensor]:
    """Decode tokens block after block: memory is that of one block.

    Each block is decoded with a second of context on either side and faded into the next one where both
    know their surroundings, so that no seam is heard.

    Args:
        codec: of these tokens.
        tokens: [K, N] int64.
        block_s: seconds of a block.

    Yields:
        [C, n] float; n differs from block to block.
    """
    step = _whole(codec, block_s)
    context = _whole(codec, CONTEXT_S)
    fade = round(FADE_S * codec.sample_rate)
    n_frames, tail = tokens.shape[-1], None
    for first in range(0, n_frames, step):
        end = min(first + step, n_frames)
        low, high = max(0, first - context), min(n_frames, end + context)
        sound = codec.decode(tokens[:, low:high])
        skip, length = (
            codec.sample_of(first) - codec.sample_of(low),
            codec.sample_of(end) - codec.sample_of(first),
        )
        if end == n_frames:
            length = sound.shape[-1] - skip
        body = sound[:, skip : skip + length].clone()
        if tail is not None:
            n = min(fade, tail.shape[-1], length)
            up = torch.linspace(0, 1, n, device=body.device)
            body[:, :n] = tail[:, :n] * (1 - up) + body[:, :n] * up
        tail = sound[:, skip + length : skip + length + fade]
        yield body


def _whole(codec: Codec, seconds: float) -> int:
    """Frames of so many seconds, whole blocks."""
    frames = seconds * codec.sample_rate * codec.block / max(1, codec.sample_of(codec.block))
    return max(1, round(frames / codec.block)) * codec.block

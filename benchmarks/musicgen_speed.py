"""Time the shipped decoder and one of musicgen-small's size, in seconds per second of music.

Random weights compute as long as trained ones. Each is used as dyvim uses it: guided, several takes side by
side. Seconds by the clock, and of the processor: those hardly depend on what else the machine does.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dyvim_cli.device import torch_threads_of_the_machine
from dyvim_cli.model.musicgen.debug import as_parts
from dyvim_cli.model.musicgen.loading import hush
from dyvim_cli.options import ComposeOptions

STEPS, WARM_UP = 16, 2
CONTEXT = 750  # positions: what a step of a 30 s window looks back at in the mean
CODEC_S = 2.0


@dataclass(frozen=True)
class Seconds:
    """Seconds by the clock, and of all the processor's cores."""

    clock: float
    processor: float

    @classmethod
    def of(cls, work: Callable[[], object], shares: float = 1.0) -> "Seconds":
        """Measure the cost of some work.

        Args:
            work: function to call.
            shares: divisor of the cost.

        Returns:
            The cost of one share.
        """
        began = time.monotonic(), time.process_time()
        work()
        return cls((time.monotonic() - began[0]) / shares, (time.process_time() - began[1]) / shares)

    def __add__(self, other: "Seconds") -> "Seconds":
        return Seconds(self.clock + other.clock, self.processor + other.processor)

    def __mul__(self, factor: float) -> "Seconds":
        return Seconds(self.clock * factor, self.processor * factor)

    def over(self, other: "Seconds") -> dict[str, float]:
        """Divide by another cost.

        Args:
            other: the divisor.

        Returns:
            Ratios by clock and by processor.
        """
        return {
            "by_clock": round(self.clock / other.clock, 1),
            "by_processor": round(self.processor / other.processor, 1),
        }

    def rounded(self) -> dict[str, float]:
        """Round to milliseconds, for JSON.

        Returns:
            Seconds by clock and by processor.
        """
        return {"clock": round(self.clock, 3), "processor": round(self.processor, 3)}


def compare_decoders(film: Path) -> dict:
    """Time both decoders: seconds per second of music, and the ratio of their speeds.

    Args:
        film: path of a film.

    Returns:
        Figures for JSON.
    """
    embedded, musicgen = measure_embedded(film), measure_musicgen()
    return {
        "embedded_s_per_s": {name: seconds.rounded() for name, seconds in embedded.items()},
        "musicgen_small_s_per_s": {name: seconds.rounded() for name, seconds in musicgen.items()},
        "takes": ComposeOptions().candidates,
        "embedded_composes_times_faster": musicgen["compose"].over(embedded["compose"]),
        "with_sound_times_faster": sum_of(musicgen).over(sum_of(embedded)),
    }


def sum_of(stages: dict[str, Seconds]) -> Seconds:
    """Add composing and rendering.

    Args:
        stages: cost of each.

    Returns:
        Their sum.
    """
    return stages["compose"] + stages["sound"]


def measure_embedded(film: Path) -> dict[str, Seconds]:
    """Time the shipped decoder on a film, by stage; the second of two runs counts.

    Args:
        film: path.

    Returns:
        Cost a second of music of "compose" and "sound".
    """
    from dyvim_cli.composer import compose, load_embedded, sound_blocks
    from dyvim_cli.pipeline import features_of
    from dyvim_cli.progress import Silent

    features, model, options, pieces = features_of(film), load_embedded(), ComposeOptions(seed=1), []
    for _ in range(2):
        write = Seconds.of(
            lambda: pieces.append(compose(features, options, model, Silent())), features.duration_s
        )
        blocks = sound_blocks(pieces[-1], model, features.duration_s, Silent(), None, None)
        sound = Seconds.of(lambda blocks=blocks: sum(len(block) for block in blocks), features.duration_s)
    return {"compose": write, "sound": sound}


def measure_musicgen() -> dict[str, Seconds]:
    """Time a decoder of musicgen-small's size: sampling tokens, and decoding them.

    Returns:
        Cost a second of music of "compose" and "sound".
    """
    import torch

    from dyvim_cli.model.musicgen.backbone import MusicGen
    from dyvim_cli.model.musicgen.codec import EncodecCodec
    from dyvim_cli.model.musicgen.sampling import AudioSettings

    torch_threads_of_the_machine()
    backbone = random_small()
    model, codec = MusicGen(backbone), EncodecCodec(backbone.audio_encoder, 4)
    settings = AudioSettings(candidates=ComposeOptions().candidates)
    write = step(model, settings) * codec.frame_rate_hz
    tokens = torch.randint(0, model.n_tokens, (4, round(CODEC_S * codec.frame_rate_hz)))
    # every take is decoded once to be judged, the best one again to be delivered
    decode = Seconds.of(lambda: codec.decode(tokens), CODEC_S) * (settings.candidates + 1)
    return {"compose": write, "sound": decode}


def step(model, settings) -> Seconds:
    """Time one step of all takes, guided, in the middle of a window.

    Args:
        model: MusicGen.
        settings: of sampling.

    Returns:
        Cost of a step.
    """
    import torch

    from dyvim_cli.model.musicgen.backbone import Memory
    from dyvim_cli.model.musicgen.sampling import draw_tokens

    rows = 2 * settings.candidates
    memory = Memory(torch.randn(rows, 20, model.d_model), torch.ones(rows, 20, dtype=torch.long))
    cache, config = model.new_cache(), model.backbone.config.decoder
    shape = (rows, config.num_attention_heads, CONTEXT, model.d_model // config.num_attention_heads)
    for layer in range(config.num_hidden_layers):
        cache.self_attention_cache.update(torch.randn(shape), torch.randn(shape), layer)
    generator = torch.Generator()

    def steps(n: int) -> None:
        tokens = torch.zeros(rows, model.n_codebooks, 1, dtype=torch.long)
        for _ in range(n):
            conditioned, unconditioned = model(tokens, memory, None, None, cache)[:, :, -1].chunk(2)
            drawn = draw_tokens(
                unconditioned + (conditioned - unconditioned) * settings.guidance, settings, generator
            )
            tokens = drawn.repeat(2, 1)[..., None]

    with torch.inference_mode():
        steps(WARM_UP)
        return Seconds.of(lambda: steps(STEPS), STEPS)


def random_small():
    """Build a MusicGen with the decoder and the codec of musicgen-small; its text encoder is tiny and idle.

    Returns:
        transformers' model with random weights.
    """
    import transformers
    from transformers import (
        EncodecConfig,
        MusicgenConfig,
        MusicgenDecoderConfig,
        MusicgenForConditionalGeneration,
        T5Config,
    )

    hush(transformers)
    text = T5Config(vocab_size=32, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2)
    audio = EncodecConfig(
        sampling_rate=32_000, upsampling_ratios=[8, 5, 4, 4], codebook_size=2048, codebook_dim=128,
        use_causal_conv=False, target_bandwidths=[2.2],
    )  # fmt: skip
    config = MusicgenConfig(**as_parts(text, audio, MusicgenDecoderConfig()))
    return MusicgenForConditionalGeneration(config).eval().requires_grad_(False)

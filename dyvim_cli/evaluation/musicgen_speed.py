"""Seconds that a decoder of musicgen-small's size takes for a second of music on this machine.

Random weights compute as long as trained ones. Used as dyvim uses it: guided, several takes side by side.
"""

import time

from dyvim_cli.device import torch_threads_of_the_machine
from dyvim_cli.model.composition import Wishes
from dyvim_cli.model.loading import hush
from dyvim_cli.model.musicgen_debug import as_parts

STEPS, WARM_UP = 16, 2
CONTEXT = 750  # positions: what a step of a 30 s window looks back at in the mean
CODEC_S = 2.0


def measure() -> dict:
    """Seconds a second of music: writing tokens, decoding them, and both."""
    import torch

    from dyvim_cli.model.audio_sampling import AudioSettings
    from dyvim_cli.model.codec import EncodecCodec
    from dyvim_cli.model.musicgen import MusicGen

    torch_threads_of_the_machine()
    backbone = random_small()
    model, codec = MusicGen(backbone), EncodecCodec(backbone.audio_encoder, 4)
    settings = AudioSettings(candidates=Wishes().candidates)
    per_step = step_s(model, settings)
    tokens = torch.randint(0, model.n_tokens, (4, round(CODEC_S * codec.frame_rate_hz)))
    began = time.monotonic()
    codec.decode(tokens)
    # every take is decoded once to be judged, the best one again to be delivered
    decode = (time.monotonic() - began) / CODEC_S * (settings.candidates + 1)
    write = per_step * codec.frame_rate_hz
    return {
        "model": "musicgen-small's size, random",
        "takes": settings.candidates,
        "tokens_s_per_s": round(write, 2),
        "codec_s_per_s": round(decode, 2),
        "s_per_s": round(write + decode, 2),
    }


def step_s(model, settings) -> float:
    """Seconds of one step of all takes, guided, in the middle of a window."""
    import torch

    from dyvim_cli.model.audio_sampling import draw
    from dyvim_cli.model.musicgen import Memory

    rows = 2 * settings.candidates
    memory = Memory(torch.randn(rows, 20, model.d_model), torch.ones(rows, 20, dtype=torch.long))
    cache, config = model.new_cache(), model.backbone.config.decoder
    shape = (rows, config.num_attention_heads, CONTEXT, model.d_model // config.num_attention_heads)
    for layer in range(config.num_hidden_layers):
        cache.self_attention_cache.update(torch.randn(shape), torch.randn(shape), layer)
    tokens, generator = torch.zeros(rows, model.n_codebooks, 1, dtype=torch.long), torch.Generator()
    with torch.inference_mode():
        for step in range(WARM_UP + STEPS):
            if step == WARM_UP:
                began = time.monotonic()
            told, untold = model(tokens, memory, None, None, cache)[:, :, -1].chunk(2)
            drawn = draw(untold + (told - untold) * settings.guidance, settings, generator)
            tokens = drawn.repeat(2, 1)[..., None]
    return (time.monotonic() - began) / STEPS


def random_small():
    """A MusicGen with the decoder and the codec of musicgen-small; the text encoder is tiny and idle."""
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

"""Seconds that a decoder of musicgen-small's size takes for a second of music on this machine.

Random weights compute as long as trained ones. Used as dyvim uses it: guided, several takes side by side.
"""

import time

from dyvim_cli.device import torch_threads_of_the_machine
from dyvim_cli.model.composition import Wishes
from dyvim_cli.model.loading import hush

STEPS, WARM_UP = 24, 4  # of 50 a second: enough for a mean, since every step reads all weights
CODEC_S = 2.0


def measure() -> dict:
    """Seconds a second of music: writing tokens, decoding them, and both."""
    import torch

    from dyvim_cli.model.audio_sampling import AudioSettings, write_tokens
    from dyvim_cli.model.codec import EncodecCodec
    from dyvim_cli.model.musicgen import Memory, MusicGen

    torch_threads_of_the_machine()
    backbone = random_small()
    model, codec = MusicGen(backbone), EncodecCodec(backbone.audio_encoder, 4)
    memory = Memory(torch.randn(1, 20, model.d_model), torch.ones(1, 20, dtype=torch.long))
    settings = AudioSettings(candidates=Wishes().candidates)
    write_tokens(model, memory, WARM_UP, settings)
    began = time.monotonic()
    write_tokens(model, memory, STEPS, settings)
    per_step = (time.monotonic() - began) / (STEPS + model.delays[-1])
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
    config = MusicgenConfig(text_encoder=text, audio_encoder=audio, decoder=MusicgenDecoderConfig())
    return MusicgenForConditionalGeneration(config).eval().requires_grad_(False)

"""Make a MusicGen of a few thousand random weights, to run the whole command line in tests.

It has the real classes, files and rates (32 kHz, 50 frames a second), and makes noise, not music.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedTokenizerFast

WORDS = (
    "a the of with and for in film score music track tense calm bright dark slow fast drums strings "
    "piano guitar synth orchestra cinematic orchestral ambient lofi pop electronic acoustic jazz rock "
    "playful happy sad warm epic BPM , . 0 1 2 3 4 5 6 7 8 9"
)
HIDDEN, N_TOKENS = 32, 64


@dataclass(frozen=True)
class Size:
    """Sizes of a decoder and its codec; spread of the weights as transformers' initializer_factor."""

    hidden: int = HIDDEN
    n_layers: int = 2
    n_tokens: int = N_TOKENS
    spread: float = 0.3
    n_codebooks: int = 0  # 0 = MusicGen's: 4, or 8 in stereo


TINY = Size()


def write_debug_checkpoint(
    folder: Path, *, stereo: bool = False, melody: bool = False, seed: int = 0, size: Size = TINY
) -> Path:
    """Write a random checkpoint in transformers' format; the same weights every time.

    Args:
        folder: made where it is missing.
        stereo: eight codebooks instead of four.
        melody: a MusicGen-melody instead of a MusicGen.
        seed: of the weights.
        size: of decoder and codec.

    Returns:
        The folder.
    """
    tokenizer = _tokenizer()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = _random_model(len(tokenizer), stereo, melody, size)
    settings = model.generation_config
    settings.decoder_start_token_id = settings.pad_token_id = settings.bos_token_id = size.n_tokens
    settings.do_sample, settings.guidance_scale, settings.max_length = True, 3.0, 1500
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _random_model(n_words: int, stereo: bool, melody: bool, size: Size) -> Any:  # of two classes
    """A MusicGen (or MusicGen-melody) with a text encoder, a codec and a decoder of these sizes."""
    import transformers

    t: Any = transformers  # its configurations declare other parameters in each version

    text = t.T5Config(
        vocab_size=n_words, d_model=24, d_kv=8, d_ff=32, num_layers=1, num_heads=3, use_cache=False
    )
    audio = t.EncodecConfig(
        sampling_rate=32_000, upsampling_ratios=[8, 5, 4, 4], num_filters=4, hidden_size=16,
        codebook_size=size.n_tokens, codebook_dim=16, num_lstm_layers=1, use_causal_conv=False,
        target_bandwidths=[50 * math.log2(size.n_tokens) * 4 / 1000],
    )  # fmt: skip
    sizes = dict(
        vocab_size=size.n_tokens, hidden_size=size.hidden, ffn_dim=2 * size.hidden,
        num_hidden_layers=size.n_layers, num_attention_heads=4,
        num_codebooks=size.n_codebooks or (8 if stereo else 4), audio_channels=2 if stereo else 1,
        pad_token_id=size.n_tokens, bos_token_id=size.n_tokens, initializer_factor=size.spread,
    )  # fmt: skip
    if melody:
        parts = as_parts(text, audio, t.MusicgenMelodyDecoderConfig(**sizes))
        config = t.MusicgenMelodyConfig(**parts, num_chroma=12, chroma_length=5)
        model = t.MusicgenMelodyForConditionalGeneration(config)
    else:
        config = t.MusicgenConfig(**as_parts(text, audio, t.MusicgenDecoderConfig(**sizes)))
        model = t.MusicgenForConditionalGeneration(config)
    for layer in model.audio_encoder.quantizer.layers:
        layer.codebook.embed.normal_()  # transformers leaves them at zero: every token would sound alike
    return model


def as_parts(
    text: "PretrainedConfig", audio: "PretrainedConfig", decoder: "PretrainedConfig"
) -> dict[str, dict[str, Any]]:
    """Name three configurations as MusicgenConfig takes them; transformers 4 takes nothing but dicts.

    Args:
        text: of the text encoder.
        audio: of the codec.
        decoder: of the decoder.

    Returns:
        `text_encoder`, `audio_encoder` and `decoder` as dicts.
    """
    named = {"text_encoder": text, "audio_encoder": audio, "decoder": decoder}
    return {name: config.to_dict() for name, config in named.items()}


def _tokenizer() -> "PreTrainedTokenizerFast":
    """A word tokenizer over WORDS with T5's special tokens."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    names = ["<pad>", "</s>", "<unk>", *WORDS.split()]
    inner = Tokenizer(models.WordLevel({word: i for i, word in enumerate(names)}, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Whitespace(), pre_tokenizers.Digits(individual_digits=True)]
    )
    inner.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=inner,
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
        model_input_names=["input_ids", "attention_mask"],  # as T5's own
    )

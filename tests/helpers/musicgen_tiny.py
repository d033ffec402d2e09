"""Random MusicGens of a few thousand weights, and what transformers itself generates with them."""

import torch
from transformers import (
    AutoTokenizer,
    MusicgenForConditionalGeneration,
    MusicgenMelodyForConditionalGeneration,
    __version__,
)

from dyvim_cli.model.musicgen.backbone import MusicGen

START = 64
# transformers 4's melody model drops the words as soon as it has a cache, which generate makes at once
MELODY_HEARS = {} if int(__version__.split(".")[0]) >= 5 else {"use_cache": False}


def backbone(folder, melody=False):
    kind = MusicgenMelodyForConditionalGeneration if melody else MusicgenForConditionalGeneration
    return kind.from_pretrained(folder).eval()


def words(folder, text):
    """input_ids and attention_mask, or none of them."""
    return dict(AutoTokenizer.from_pretrained(folder)(text, return_tensors="pt")) if text else {}


def peers_tokens(model, told, n_frames, *, sample, guidance, prompt=None, candidates=1, seed=0, top_k=50):
    """Tokens of transformers' own generate: [candidates, K, n_frames]."""
    heard = {}

    def listen(audio_codes, *args, **kwargs):
        heard.setdefault("codes", []).append(audio_codes[0])
        return original(audio_codes, *args, **kwargs)

    original, model.audio_encoder.decode = model.audio_encoder.decode, listen
    torch.manual_seed(seed)
    length = n_frames + model.decoder.num_codebooks // model.config.decoder.audio_channels
    if not told and model.config.model_type == "musicgen":
        nothing = model.get_unconditional_inputs(candidates)
        told = {"encoder_outputs": nothing.encoder_outputs, "attention_mask": nothing.attention_mask}
    elif told:
        told = {name: value.repeat(candidates, 1) for name, value in told.items()}
    if prompt is not None:
        told["decoder_input_ids"] = prompt.repeat(candidates, 1)
    try:
        model.generate(
            **told, do_sample=sample, guidance_scale=guidance, max_length=length, top_k=top_k,
            temperature=1.0, **MELODY_HEARS if model.config.model_type == "musicgen_melody" else {},
        )  # fmt: skip
    finally:
        model.audio_encoder.decode = original
    codes = heard["codes"]
    if len(codes) == 2:  # left and right, each [N, K / 2, T]
        return torch.stack(codes, dim=2).flatten(1, 2)
    return codes[0]


def extended(model: MusicGen, d_dynamics=5, d_pictures=0, trained=True, seed=1) -> MusicGen:
    """Give the model an adapter, trained (random, loud) or as it begins."""
    model.adapter = model.new_adapter(d_dynamics, d_pictures).eval()
    if trained:
        generator = torch.Generator().manual_seed(seed)
        for parameter in model.adapter.parameters():
            if parameter.ndim:
                parameter.data.normal_(0, 0.5, generator=generator)
            else:
                parameter.data.fill_(0.8)  # the gate
    return model

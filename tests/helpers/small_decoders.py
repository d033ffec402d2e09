"""Small random decoders of score tokens."""

from typing import Any

import torch

from dyvim_cli.model.conditioning import decoder_inputs
from dyvim_cli.model.score.decoder import Decoder, DecoderConfig
from dyvim_cli.music.symbols import tokens


def small_decoder(**config: Any) -> Decoder:
    """The same decoder at every call; config: fields of DecoderConfig, such as n_layers, window, dropout."""
    torch.manual_seed(0)
    return Decoder(
        DecoderConfig(
            cardinalities=tuple(s.cardinality for s in tokens.STREAMS),
            d_model=32, n_heads=2, d_ff=64,
            place_sizes=decoder_inputs.PLACE_SIZES,
            d_dynamics=decoder_inputs.D_DYNAMICS,
            d_semantics=decoder_inputs.D_SEMANTICS,
            **config,
        )
    )  # fmt: skip

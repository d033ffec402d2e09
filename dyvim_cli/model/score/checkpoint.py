"""Save and load decoders as safetensors: weights, sizes and training facts in one file."""

import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from dyvim_cli.atomic import write_bytes
from dyvim_cli.errors import WeightsError
from dyvim_cli.model.conditioning.decoder_inputs import D_SEMANTICS
from dyvim_cli.model.score.decoder import Decoder, DecoderConfig, token_layout
from dyvim_cli.stylebook import FIRST, RECORDS, STYLES

SEMANTICS = "semantics.weight"  # what the semantic vectors go through


def save_tensors(tensors: dict[str, torch.Tensor], path: Path, metadata: dict[str, str]) -> None:
    """Write safetensors atomically: a reader sees the old file or the new one.

    Raises OutputError, EnvironmentFault (disk full).
    """
    write_bytes(path, save({name: t.detach().contiguous().clone() for name, t in tensors.items()}, metadata))


def load_tensors(
    path: Path, hint: str = "run `dyvim doctor`"
) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """All tensors and the metadata of a safetensors file. Raises WeightsError when it cannot be read."""
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{path}: weights cannot be read ({error})", hint) from error


def save_decoder(model: Decoder, path: Path, half: bool = True, card: dict | None = None) -> None:
    """Write a decoder; `half` as fp16 (to ship), else as it is (to go on training)."""
    tensors = {n: t.half() if half else t for n, t in model.state_dict().items()}
    metadata = {"config": json.dumps(model.config.to_dict()), "card": json.dumps(card or {})}
    save_tensors(tensors, path, metadata)


def config_of(metadata: dict[str, str]) -> dict:
    """The sizes and styles in a decoder's header; the first decoders named no styles. Raises KeyError."""
    sizes = {"styles": FIRST} | json.loads(metadata["config"])
    return {name: tuple(size) if isinstance(size, list) else size for name, size in sizes.items()}


def for_our_styles(weight: torch.Tensor, config: dict) -> torch.Tensor:
    """The weights [d, d_semantics] of the semantic vectors with an input for each of STYLES, in their order.

    A style that the decoder did not learn begins as a copy of its nearest older one; a style that is not here
    any more is left out. Raises ValueError when the header names other styles than there are weights for.
    """
    known, n_others = config["styles"], D_SEMANTICS - len(STYLES)
    if weight.shape[1] != len(known) + n_others:
        raise ValueError(f"weights of {weight.shape[1] - n_others} styles, {len(known)} named")
    places = [known.index(_learned(style, known)) for style in STYLES]
    return weight[:, [*places, *range(len(known), weight.shape[1])]]


def _learned(style: str, known: tuple[str, ...]) -> str:
    """The style, or the nearest that a decoder knows; the first one if it knows none of those."""
    while style not in known and RECORDS[style].nearest:
        style = RECORDS[style].nearest
    return style if style in known else known[0]


def load_decoder(path: Path, device: torch.device | str = "cpu", hint: str = "run `dyvim doctor`") -> Decoder:
    """A decoder in fp32, ready to play (evaluation mode). Raises WeightsError."""
    tensors, metadata = load_tensors(path, hint)
    try:
        config = config_of(metadata)
        tensors[SEMANTICS] = for_our_styles(tensors[SEMANTICS], config)
        untrained = tuple(
            style for style in STYLES if style not in config["styles"] or style in config.get("untrained", ())
        )
        config |= {"styles": STYLES, "untrained": untrained, "d_semantics": D_SEMANTICS}
        # not on the meta device: its initial weights cost nothing, but a second of torch's compiler
        model = Decoder(DecoderConfig(**{**config, "dropout": 0.0}))
        model.load_state_dict({n: t.float() for n, t in tensors.items()}, assign=True)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise WeightsError(f"{path}: not a dyvim decoder ({error})", hint) from error
    model.pad, model.offsets = token_layout(model.config)
    return model.eval().requires_grad_(False).to(device)

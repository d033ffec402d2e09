"""Save and load decoders as safetensors: weights, sizes and training facts in one file."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch.overrides import TorchFunctionMode

from dyvim_cli.atomic import write_bytes
from dyvim_cli.errors import WeightsError
from dyvim_cli.model.conditioning.decoder_inputs import D_SEMANTICS
from dyvim_cli.model.score.decoder import Decoder, DecoderConfig, token_layout
from dyvim_cli.stylebook import FIRST, RECORDS, STYLES

SEMANTICS = "semantics.weight"  # what the semantic vectors go through


class _Undrawn(TorchFunctionMode):
    """Leave out the initial weights of networks that are made here: trained ones take their place at once."""

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if getattr(function, "__module__", "") == "torch.nn.init":
            return kwargs["tensor"] if "tensor" in kwargs else args[0]
        return function(*args, **kwargs)


def save_tensors(tensors: dict[str, torch.Tensor], path: Path, metadata: dict[str, str]) -> None:
    """Write safetensors atomically: a reader sees the old file or the new one.

    Args:
        tensors: name -> tensor, on any device.
        path: of the file.
        metadata: name -> text for the header.

    Raises:
        OutputError: the file cannot be written.
        EnvironmentFault: the disk is full.
    """
    write_bytes(path, save({name: t.detach().contiguous().clone() for name, t in tensors.items()}, metadata))


def load_tensors(
    path: Path, hint: str = "run `dyvim doctor`"
) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Load all tensors and the metadata of a safetensors file.

    Args:
        path: of the file.
        hint: advice of an error to the user.

    Returns:
        (name -> tensor on the CPU, name -> text of the header).

    Raises:
        WeightsError: it cannot be read.
    """
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{path}: weights cannot be read ({error})", hint) from error


def save_decoder(model: Decoder, path: Path, half: bool = True, card: dict[str, Any] | None = None) -> None:
    """Write a decoder with its sizes and styles.

    Args:
        model: the decoder.
        path: of the file.
        half: as fp16 (to ship), else as it is (to continue training).
        card: how it was trained, plain values.

    Raises:
        OutputError: the file cannot be written.
        EnvironmentFault: the disk is full.
    """
    tensors = {n: t.half() if half else t for n, t in model.state_dict().items()}
    metadata = {"config": json.dumps(model.config.to_dict()), "card": json.dumps(card or {})}
    save_tensors(tensors, path, metadata)


def config_of(metadata: dict[str, str]) -> dict[str, Any]:
    """Read the sizes and styles in a decoder's header; the first decoders named no styles.

    Args:
        metadata: header of the file.

    Returns:
        Keyword arguments of DecoderConfig.

    Raises:
        KeyError: it is no decoder's header.
    """
    sizes = {"styles": FIRST} | json.loads(metadata["config"])
    return {name: tuple(size) if isinstance(size, list) else size for name, size in sizes.items()}


def for_our_styles(weight: torch.Tensor, config: dict[str, Any]) -> torch.Tensor:
    """Give the semantic vectors an input for each of STYLES, in their order.

    A style that the decoder did not learn begins as a copy of its nearest older one; a style that is not here
    any more is left out.

    Args:
        weight: [d, d_semantics] as they were learned.
        config: of the file's header; `styles` are those that it learned.

    Returns:
        [d, D_SEMANTICS].

    Raises:
        ValueError: the header names other styles than there are weights for.
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
    """Load a decoder in fp32, ready to play (evaluation mode).

    Args:
        path: of the file.
        device: where it is to run.
        hint: advice of an error to the user.

    Returns:
        The decoder, for all of STYLES.

    Raises:
        WeightsError: the file cannot be read or holds no decoder.
    """
    tensors, metadata = load_tensors(path, hint)
    try:
        config = config_of(metadata)
        tensors[SEMANTICS] = for_our_styles(tensors[SEMANTICS], config)
        untrained = tuple(
            style for style in STYLES if style not in config["styles"] or style in config.get("untrained", ())
        )
        config |= {"styles": STYLES, "untrained": untrained, "d_semantics": D_SEMANTICS}
        # not on the meta device: there initial weights cost nothing, but a second of torch's compiler
        with _Undrawn():
            model = Decoder(DecoderConfig(**{**config, "dropout": 0.0}))
        model.load_state_dict({n: t.float() for n, t in tensors.items()}, assign=True)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise WeightsError(f"{path}: not a dyvim decoder ({error})", hint) from error
    model.pad, model.offsets = token_layout(model.config)
    return model.eval().requires_grad_(False).to(device)

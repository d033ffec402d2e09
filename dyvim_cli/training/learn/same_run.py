"""Identify a training run by its folder, so that it can be resumed; keep its log.

A run is resumed only with its own settings.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import nn

from dyvim_cli.errors import OutputError, WeightsError

SETTINGS, BEGAN_FROM = "settings", "began_from"  # keys in the metadata of a run's state


def weights_in_short(model: nn.Module) -> str:
    """Digest the weights of a model.

    Args:
        model: any.

    Returns:
        Sixteen hexadecimal digits of all weights' names, shapes and sums.
    """
    rows = [
        f"{name} {tuple(weight.shape)} {float(weight.detach().abs().double().sum()):.6g}"
        for name, weight in model.named_parameters()
    ]
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()[:16]


def check_same_run(state: Path, settings: dict[str, Any], began_from: str | None = None) -> None:
    """Refuse to continue with another run's state.

    Args:
        state: safetensors file of the run.
        settings: of this run.
        began_from: weights_in_short of the learner before it learned; None does not compare them.

    Raises:
        OutputError: the state was written under other settings or from other weights.
        WeightsError: it cannot be read.
    """
    try:
        with safe_open(state, framework="pt") as file:
            known = file.metadata() or {}
    except (OSError, SafetensorError) as error:
        raise WeightsError(
            f"{state}: cannot be read ({error})", f"delete {state.parent} to start again"
        ) from error
    stated = json.loads(known.get(SETTINGS, "{}"))
    other = [
        f"{name} {stated.get(name)}, not {value}"
        for name, value in settings.items()
        if stated.get(name) != value
    ]
    if began_from is not None and known.get(BEGAN_FROM) != began_from:
        other.append("other weights to begin from")
    if other:
        raise OutputError(
            f"{state.parent}: holds another run ({'; '.join(other)})",
            "name another folder with -o, or delete this one",
        )


def read_log(path: Path) -> list[dict[str, Any]]:
    """Read the records of a log.

    Args:
        path: of JSON lines; it need not exist.

    Returns:
        Its records; a last line that is not whole is left out.
    """
    records = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            records.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return records

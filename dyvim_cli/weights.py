"""Locate the shipped weights and verify their checksums."""

import hashlib
import json
from importlib import resources
from pathlib import Path
from typing import Any

from dyvim_cli.errors import WeightsError

MANIFEST = "manifest.json"
DECODER = "score-decoder.safetensors"
MOTION_ENCODER = "motion-encoder.safetensors"
SYNTHESIZERS, DRUMS = "dyvim-synth.sf3", "dyvim-drums.sf3"
# played as one: of two presets of one program the first file's sounds
SOUNDFONTS = (SYNTHESIZERS, DRUMS, "dyvim-gm.sf3", "dyvim-piano.sf3", "dyvim-strings.sf3")
REINSTALL = "pip install --force-reinstall --no-deps dyvim"


def folder() -> Path:
    """Find the shipped weights.

    Returns:
        Their folder.

    Raises:
        WeightsError: the package data is missing.
    """
    try:
        return Path(str(resources.files("dyvim_weights")))
    except ModuleNotFoundError as error:
        raise WeightsError("the shipped weights are not installed", REINSTALL) from error


def embedded(name: str) -> Path:
    """Find a shipped file.

    Args:
        name: of the file.

    Returns:
        Its path.

    Raises:
        WeightsError: it is missing or of the wrong size.
    """
    path = folder() / name
    expected = manifest().get(name)
    if not path.is_file():
        raise WeightsError(f"{path}: shipped weights are missing", REINSTALL)
    if expected and path.stat().st_size != expected["bytes"]:
        raise WeightsError(f"{path}: shipped weights are incomplete or changed", REINSTALL)
    return path


def manifest() -> dict[str, dict[str, Any]]:
    """Read the manifest of the shipped files.

    Returns:
        File name -> `bytes`, `sha256` and `licence`.

    Raises:
        WeightsError: the list cannot be read.
    """
    path = folder() / MANIFEST
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsError(f"{path}: the list of shipped weights cannot be read", REINSTALL) from error


def sha256(path: Path) -> str:
    """Digest a file.

    Args:
        path: of the file.

    Returns:
        Hexadecimal SHA-256.
    """
    digest = hashlib.sha256()  # hashlib.file_digest is not in Python 3.10
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def verify(name: str) -> None:
    """Check a shipped file against the manifest.

    Args:
        name: of the file.

    Raises:
        WeightsError: it differs.
    """
    path = embedded(name)
    expected = manifest().get(name, {}).get("sha256")
    if sha256(path) != expected:
        raise WeightsError(f"{path}: checksum differs from what was shipped", REINSTALL)

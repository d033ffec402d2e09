"""Turn a finished training into shippable weights: half precision, model card, checksums."""

import json
from pathlib import Path
from typing import Any

from dyvim_cli import weights
from dyvim_cli.atomic import write_json
from dyvim_cli.model.score.checkpoint import load_decoder, save_decoder

LICENCES = {
    weights.DECODER: "MIT; learned from CC0, CC-BY-4.0, BSD-3, MIT and public-domain music (CREDITS.md)",
    weights.MOTION_ENCODER: "MIT; learned from free textures and films (CREDITS.md)",
    **dict.fromkeys(weights.SOUNDFONTS, "MIT (MuseScore General, after FluidR3; CREDITS.md)"),
    weights.SYNTHESIZERS: "MIT (synthesised by tools/synth_font.py)",
    weights.DRUMS: "MIT (MuseScore General, FluidR3) and CC0 (Sonic Pi's drum recordings); CREDITS.md",
    "groove-feel.json": "CC-BY-4.0 (statistics of the Groove MIDI data set; CREDITS.md)",
    "note-onsets.safetensors": "MIT; measured from the soundfonts",
}


def release_decoder(trained: Path, folder: Path, card: dict[str, Any]) -> Path:
    """Write a trained decoder as fp16 with its card into the weights folder; renew the list.

    Args:
        trained: path of the decoder.
        folder: of the weights, which is made.
        card: facts for the file's header.

    Returns:
        Path of what was written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / weights.DECODER
    save_decoder(load_decoder(trained), path, half=True, card=card)
    write_manifest(folder)
    return path


def write_manifest(folder: Path) -> None:
    """List every shipped file with size, SHA-256 and licence; licences that were listed before are kept.

    Args:
        folder: of the weights.

    Raises:
        KeyError: a file has no known licence.
    """
    path = folder / weights.MANIFEST
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    licences = LICENCES | {name: facts["licence"] for name, facts in before.items()}
    names = sorted(p.name for p in folder.iterdir() if p.suffix in (".safetensors", ".sf3", ".json"))
    listed = {
        name: {
            "bytes": (folder / name).stat().st_size,
            "sha256": weights.sha256(folder / name),
            "licence": licences[name],
        }
        for name in names
        if name != weights.MANIFEST
    }
    write_json(path, listed)

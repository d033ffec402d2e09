"""Store many pieces in one safetensors file (a shard), and split training from held-out pieces."""

import hashlib
import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as serialized

from dyvim_cli.atomic import write_bytes
from dyvim_cli.errors import InputError
from dyvim_cli.music.symbols.tokens import K, validate
from dyvim_cli.training.data.piece import BASE_CURVES, Piece, PieceSection

FORMAT = "dyvim-pieces-1"


def save(
    pieces: list[Piece],
    path: Path,
    columns: dict[str, list[np.ndarray]] | None = None,
    made_with: dict[str, Any] | None = None,
) -> None:
    """Write pieces to one file: arrays end to end with offsets, the rest as JSON in the header.

    Args:
        pieces: of any lengths.
        path: of the safetensors file.
        columns: more arrays a piece by name, each [S, ...].
        made_with: plain values on where they come from.
    """
    lengths = [piece.tokens.shape[1] for piece in pieces]
    tokens = [np.zeros((K, 0), np.int16), *(piece.tokens for piece in pieces)]
    curves = [np.zeros((0, len(BASE_CURVES)), np.float32), *(piece.curves for piece in pieces)]
    arrays: dict[str, np.ndarray] = {
        "tokens": np.concatenate(tokens, axis=1).astype(np.int16),  # [K, sum of S]
        "curves": np.concatenate(curves, axis=0).astype(np.float32),  # [sum of S, 3]
        "offsets": np.cumsum([0, *lengths], dtype=np.int64),
    }
    arrays |= {name: np.concatenate(rows) for name, rows in (columns or {}).items()}
    metadata = {
        "format": FORMAT,
        "pieces": json.dumps([_facts(piece) for piece in pieces]),
        "made_with": json.dumps(made_with or {}),
    }
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, serialized(arrays, metadata))


def load(path: Path) -> list[Piece]:
    """Read the pieces of one shard.

    Args:
        path: as `save` wrote it.

    Returns:
        In the order saved.

    Raises:
        InputError: the file is not one.
    """
    return load_columns(path)[0]


def load_columns(path: Path) -> tuple[list[Piece], dict[str, list[np.ndarray]], dict[str, Any]]:
    """Read all that `save` took.

    Args:
        path: as `save` wrote it.

    Returns:
        (pieces, columns by name, each a list of [S, ...], made_with).

    Raises:
        InputError: the file is not one.
    """
    try:
        with safe_open(path, "numpy") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != FORMAT:
                raise InputError(f"not a shard of pieces: {path}", "make it with: dyvim train prepare-music")
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise InputError(f"cannot read shard: {path}: {error}", "dyvim train prepare-music") from error
    tokens, curves, offsets = (arrays.pop(name) for name in ("tokens", "curves", "offsets"))
    validate(tokens)
    spans = [slice(a, b) for a, b in zip(offsets[:-1], offsets[1:], strict=True)]
    facts = json.loads(metadata["pieces"])
    pieces = [_piece(f, tokens[:, span], curves[span]) for f, span in zip(facts, spans, strict=True)]
    columns = {name: [rows[span] for span in spans] for name, rows in arrays.items()}
    return pieces, columns, json.loads(metadata.get("made_with", "{}"))


def _facts(piece: Piece) -> dict[str, Any]:
    facts = {name: getattr(piece, name) for name in Piece.__dataclass_fields__}
    del facts["tokens"], facts["curves"]
    return facts | {
        "sections": [asdict(section) for section in piece.sections],
        "is_minor": bool(piece.is_minor),
        "bpm": float(piece.bpm),
    }


def _piece(facts: dict[str, Any], tokens: np.ndarray, curves: np.ndarray) -> Piece:
    sections = tuple(PieceSection(**section) for section in facts["sections"])
    return Piece(**(facts | {"tokens": tokens, "curves": curves, "sections": sections}))


def work_of(name: str) -> str:
    """Find the work behind a piece's name: the last part, without what follows '#' (version, excerpt).

    'openewld/Some Song' and 'arranged/Some Song#3' are one work, so that an arrangement of a held-out song is
    never trained on.

    Args:
        name: of a piece.

    Returns:
        Name of the work.
    """
    return name.rsplit("/", 1)[-1].split("#", 1)[0]


def split(pieces: list[Piece], held_out: float = 0.05) -> tuple[list[Piece], list[Piece]]:
    """Divide pieces by a hash of their work: stable, whatever else is in the data.

    Of so few works that none falls to the held-out side one is, unless it is the only one.

    Args:
        pieces: of any sources.
        held_out: share of the works, 0..1.

    Returns:
        (training, held-out) pieces.
    """
    shares = {work_of(piece.name): _share(work_of(piece.name)) for piece in pieces}
    if len(shares) > 1:
        held_out = max(held_out, math.nextafter(min(shares.values()), 1))
    sides: tuple[list[Piece], list[Piece]] = ([], [])
    for piece in pieces:
        sides[shares[work_of(piece.name)] < held_out].append(piece)
    return sides


def _share(work: str) -> float:
    """A number 0..1 that belongs to a work."""
    return int.from_bytes(hashlib.sha256(work.encode()).digest()[:8], "big") / 2**64

"""Write a corpus of arranged pieces as training shards."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dyvim_cli.stylebook import RECORDS, STYLES
from dyvim_cli.training.arranger.writer import arrange
from dyvim_cli.training.data import shards
from dyvim_cli.training.data.piece import Piece

QUOTED_SHARE = 0.3  # share of the pieces in styles that suit old tunes


def arrange_pieces(n_pieces: int, seed: int, lead_sheets: Sequence[Piece] = ()) -> list[Piece]:
    """Write pieces in all styles in turn.

    Args:
        n_pieces: how many.
        seed: piece i depends on (seed, i) alone.
        lead_sheets: songs that the styles that quote may take their themes from.

    Returns:
        N_pieces of them.
    """
    pieces = []
    for i in range(n_pieces):
        rng = np.random.default_rng([seed, i])
        style = STYLES[i % len(STYLES)]
        quotes = len(lead_sheets) > 0 and RECORDS[style].arranger.quotes and rng.random() < QUOTED_SHARE
        source = lead_sheets[int(rng.integers(len(lead_sheets)))] if quotes else None
        pieces.append(arrange(rng, style, source))
    return pieces


def corpus(out_path: Path, n_pieces: int, seed: int, openewld_path: Path | None = None) -> int:
    """Write a corpus as one shard.

    Args:
        out_path: of the shard.
        n_pieces: how many.
        seed: of arrange_pieces.
        openewld_path: shard of lead sheets to quote; None quotes nothing.

    Returns:
        Its number of bars.
    """
    lead_sheets = shards.load(openewld_path) if openewld_path else []
    pieces = arrange_pieces(n_pieces, seed, lead_sheets)
    shards.save(pieces, out_path)
    return sum(piece.tokens.shape[1] for piece in pieces) // 16

"""Corpus statistics: the reference that composed pieces are compared with.

python -m dyvim_cli.training.data.statistics SHARD [SHARD ...] -o benchmarks/corpus_bands.json
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dyvim_cli.atomic import write_json
from dyvim_cli.music.symbols.measures import measures
from dyvim_cli.training.data.piece import Piece
from dyvim_cli.training.data.shards import load, split
from dyvim_cli.types import STEPS_PER_BAR

BAND = (10, 50, 90)  # percentiles over pieces
SHORTEST_BARS = 8  # shorter pieces have little form


def bands(pieces: Sequence[Piece]) -> dict[str, list[float]]:
    """{measure: its BAND percentiles over the pieces that have it}.

    Args:
        pieces: any.

    Returns:
        Measure -> its BAND percentiles over the pieces that have it.
    """
    measured = [measures(piece.tokens, piece.is_minor) for piece in pieces]
    names = sorted({name for figures in measured for name in figures})
    return {n: _band([figures[n] for figures in measured if n in figures]) for n in names}


def held_out_bands(shards: Sequence[Path]) -> dict[str, Any]:
    """Take the bands of the held-out pieces of shards (shards.split).

    Args:
        shards: paths of shards; pieces under SHORTEST_BARS are left out.

    Returns:
        JSON-ready: bands by source and over all that people wrote ("corpus": everything but the arranger's).
    """
    sources: dict[str, list[Piece]] = {}
    for path in shards:
        for piece in split(load(path))[1]:
            if piece.tokens.shape[1] >= SHORTEST_BARS * STEPS_PER_BAR:
                sources.setdefault(piece.source, []).append(piece)
    written = [p for source, pieces in sorted(sources.items()) if source != "arranged" for p in pieces]
    return {
        "made_by": "python -m dyvim_cli.training.data.statistics: held-out pieces (shards.split) of "
        f"{SHORTEST_BARS} bars or more; percentiles {BAND} over pieces of music.symbols.measures",
        "pieces": {source: len(pieces) for source, pieces in sorted(sources.items())},
        "bands": {name: bands(p) for name, p in [("corpus", written), *sorted(sources.items())]},
    }


def _band(values: list[float]) -> list[float]:
    return [round(float(v), 4) for v in np.percentile(values, BAND)]


def main() -> None:
    """Write the bands of the held-out corpus."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shards", nargs="+", type=Path, help="shards of pieces")
    parser.add_argument("-o", "--out", type=Path, required=True, help="the JSON file to write")
    options = parser.parse_args()
    write_json(options.out, held_out_bands(options.shards), indent=1)


if __name__ == "__main__":
    main()

"""Read Freedoom's multitrack songs (BSD-3): General MIDI, mostly metal and synthesizers."""

from pathlib import Path

from dyvim_cli.training.data.piece import Piece
from dyvim_cli.training.sources import midi

SOURCE = "freedoom"
SUFFIXES = midi.SUFFIXES


def read(path: Path) -> list[Piece]:
    """Pieces of one song."""
    return midi.read(path, SOURCE)

"""Read Freedoom's multitrack songs (BSD-3): General MIDI, mostly metal and synthesizers."""

from pathlib import Path

from dyvim_cli.training.data.piece import Piece
from dyvim_cli.training.sources import midi

SOURCE = "freedoom"
SUFFIXES = midi.SUFFIXES


def read(path: Path) -> list[Piece]:
    """Read the pieces of one song.

    Args:
        path: of a MIDI file.

    Returns:
        Pieces of one song.

    Raises:
        InputError: it cannot be read.
    """
    return midi.read(path, SOURCE)

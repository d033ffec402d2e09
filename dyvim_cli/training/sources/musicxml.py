"""Read MusicXML of any folder: lead sheets by their chord symbols, else songs with piano."""

from pathlib import Path

from dyvim_cli.training.data.piece import Piece
from dyvim_cli.training.sources import lieder, openewld, sheet

SOURCE = "musicxml"
SUFFIXES = sheet.SUFFIXES


def read(path: Path) -> list[Piece]:
    """Pieces of one score."""
    song = sheet.read(path)
    parser = openewld if song.chords else lieder
    return parser.pieces(song, SOURCE, Path(path).stem)

"""Read MusicXML of any folder: lead sheets by their chord symbols, else songs with piano."""

from pathlib import Path

from dyvim_cli.training.data.piece import Piece
from dyvim_cli.training.sources import lieder, openewld, sheet

SOURCE = "musicxml"
SUFFIXES = sheet.SUFFIXES


def read(path: Path) -> list[Piece]:
    """Read one score as a lead sheet where it has chord symbols, else as a song.

    Args:
        path: of MusicXML.

    Returns:
        Its pieces.

    Raises:
        InputError: it cannot be read.
    """
    song = sheet.read(path)
    parser = openewld if song.chords else lieder
    return parser.pieces(song, SOURCE, Path(path).stem)

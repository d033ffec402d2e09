"""Name the stems of a piece in which sections have bands of their own: melody, melody-jazz."""

from dyvim_cli.stylebook import RECORDS
from dyvim_cli.stylebook.record import Palette, Part

MARK = "-"  # separator of a part and the style of its band, where that is not the piece's


def stem_name(part: str, style: str) -> str:
    """Name a part of another style's band.

    Args:
        part: melody, bass, pad, arp, drums or accent.
        style: of the band.

    Returns:
        Such as melody-jazz.
    """
    return f"{part}{MARK}{style}"


def part_of(name: str) -> str:
    """Find the part that a stem plays, in any band.

    Args:
        name: of the stem.

    Returns:
        Name without the style.
    """
    part, _, style = name.partition(MARK)
    return part if style in RECORDS else name


def strip_of(palette: Palette, name: str) -> Part:
    """Find how the desk treats a stem: by its own band's style, else by the piece's palette.

    Args:
        palette: of the piece.
        name: of the stem.

    Returns:
        Levels, place and effects.
    """
    part, _, style = name.partition(MARK)
    return RECORDS[style].palette.strip(part) if style in RECORDS else palette.strip(name)

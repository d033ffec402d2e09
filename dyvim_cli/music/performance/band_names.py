"""Name the stems of a piece in which sections have bands of their own: melody, melody-jazz."""

from dyvim_cli.stylebook import RECORDS
from dyvim_cli.stylebook.record import Palette, Part

MARK = "-"  # between a part and the style of its band, where that is not the piece's


def stem_name(part: str, style: str) -> str:
    """What a part of another style's band is called."""
    return f"{part}{MARK}{style}"


def part_of(name: str) -> str:
    """The part that a stem plays, whosever band it is of."""
    part, _, style = name.partition(MARK)
    return part if style in RECORDS else name


def strip_of(palette: Palette, name: str) -> Part:
    """How the desk treats a stem: by its own band's style, else by the piece's palette."""
    part, _, style = name.partition(MARK)
    return RECORDS[style].palette.strip(part) if style in RECORDS else palette.strip(name)

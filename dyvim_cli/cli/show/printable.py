"""Escape control characters in names and tags, which a terminal would obey."""

import re

# characters that move the cursor, colour, ring or turn the direction of writing; file names may hold them
OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
LINE_BREAK = "\n"


def printable(text: str, *, in_one_line: bool = False) -> str:
    r"""Write control characters as escapes.

    Args:
        text: with names of files, or tags of films.
        in_one_line: line breaks as well.

    Returns:
        Text that a terminal only prints.

    Example:
        >>> printable("a\x1b[31mb.mp4")
        'a\\x1b[31mb.mp4'
    """
    text = OBEYED.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
    return text.replace(LINE_BREAK, "\\n") if in_one_line else text

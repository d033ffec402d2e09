"""Find letters that the plots' font lacks."""

INSTEAD = "?"  # letter in place of one that cannot be drawn


def lacking(text: str) -> str:
    """Find letters that matplotlib's font has not.

    Args:
        text: any text.

    Returns:
        Those letters, each once, in order.
    """
    from matplotlib import font_manager

    font = font_manager.get_font(font_manager.findfont(font_manager.FontProperties()))
    drawn = font.get_charmap()
    return "".join(dict.fromkeys(letter for letter in text if ord(letter) not in drawn))


def drawable(text: str) -> str:
    """Replace what cannot be drawn.

    Args:
        text: any text.

    Returns:
        The text with INSTEAD for each letter that the font lacks.
    """
    return text.translate(dict.fromkeys(map(ord, lacking(text)), INSTEAD))


def lettering_note(name: str) -> str:
    """Say what becomes of a film's name in a plot.

    Args:
        name: the film's file name.

    Returns:
        A note, "" where the name is drawn unchanged.
    """
    letters = lacking(name)
    return f"{name}: the plot's font lacks {' '.join(letters)}, drawn as {INSTEAD}" if letters else ""

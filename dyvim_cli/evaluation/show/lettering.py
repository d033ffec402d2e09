"""Find letters that the plots' font lacks."""

INSTEAD = "?"  # of a letter that cannot be drawn


def lacking(text: str) -> str:
    """Letters of a text that matplotlib's font has not, each once, in order."""
    from matplotlib import font_manager

    font = font_manager.get_font(font_manager.findfont(font_manager.FontProperties()))
    drawn = font.get_charmap()
    return "".join(dict.fromkeys(letter for letter in text if ord(letter) not in drawn))


def drawable(text: str) -> str:
    """The text with INSTEAD for what cannot be drawn."""
    return text.translate(dict.fromkeys(map(ord, lacking(text)), INSTEAD))


def lettering_note(name: str) -> str:
    """What to say of a film's name in a plot; "" where it is drawn as it is."""
    letters = lacking(name)
    return f"{name}: the plot's font lacks {' '.join(letters)}, drawn as {INSTEAD}" if letters else ""

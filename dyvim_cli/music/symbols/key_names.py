"""Read the names of keys: C, F# minor, Bbm, eb major."""

from dyvim_cli.types import Key

LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
ACCIDENTALS = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}
MODES = {"": False, "major": False, "maj": False, "minor": True, "min": True, "m": True}


def key_named(text: str) -> Key | None:
    """Read the name of a key.

    Args:
        text: such as "C", "F# minor" or "Bbm".

    Returns:
        The key; None where the text names none.
    """
    rest = text.strip()
    letter, rest = rest[:1].upper(), rest[1:]
    accidental = next((a for a in ("#", "♯", "♭", "b") if rest.startswith(a)), "")
    mode = rest[len(accidental) :].strip().lower()
    if letter not in LETTERS or mode not in MODES:
        return None
    return Key((LETTERS[letter] + ACCIDENTALS[accidental]) % 12, MODES[mode])

"""Read the values of SFZ opcodes: numbers, keys, and what to do with those that make no sense."""

import math
import re

LARGEST = 1e9  # numbers beyond it have no sense in any opcode
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
NOTE = re.compile(r"([a-gA-G])([#b]?)(-?\d{1,2})$")
SEMITONES = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}  # semitones above the octave's C
ACCIDENTALS = {"#": 1, "b": -1, "": 0}


def number(text: str) -> float | None:
    """Read a number, as players do: what follows it is ignored.

    Args:
        text: value of an opcode.

    Returns:
        The number; None where there is none, or one of no sense (nan, inf, 1e309).
    """
    found = NUMBER.match(text.strip())
    value = float(found.group()) if found else math.nan
    return value if abs(value) <= LARGEST else None


def key(text: str) -> float | None:
    """Read a key: a MIDI number, or a note's name, c4 being 60.

    Args:
        text: "60", "c4", "f#3", "Eb5"; -1 is no key.

    Returns:
        MIDI number; None for what is neither.
    """
    named = NOTE.match(text.strip())
    if named is None:
        return number(text)
    letter, accidental, octave = named.groups()
    return float(SEMITONES[letter.lower()] + ACCIDENTALS[accidental] + 12 * (int(octave) + 1))

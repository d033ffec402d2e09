"""Playable ranges of the instruments, and octave shifts that keep notes inside."""

from collections.abc import Sequence
from dataclasses import replace

from dyvim_cli.types import Note

# Sounding MIDI pitches by General MIDI program (Adler, Study of Orchestration); a synthesizer has no bounds
COMPASS = {
    8: (60, 108), 9: (72, 108), 10: (60, 96), 11: (53, 89), 12: (45, 96), 13: (65, 108), 14: (60, 79),
    24: (40, 83), 25: (40, 83), 26: (40, 84), 27: (40, 86), 28: (40, 86), 29: (40, 88), 30: (40, 88),
    32: (28, 60), 33: (28, 60), 34: (28, 60), 38: (28, 60), 39: (28, 60),
    40: (55, 96), 42: (36, 76), 43: (28, 57), 45: (28, 93), 46: (24, 100), 47: (40, 57),
    48: (28, 96), 49: (28, 96), 52: (41, 81), 54: (48, 81), 56: (55, 84), 58: (28, 58), 59: (55, 84),
    60: (41, 77), 61: (40, 82), 66: (44, 76), 68: (58, 91), 70: (34, 72), 71: (50, 91), 73: (60, 96),
}  # fmt: skip
KEYBOARD = (21, 108)
SINGLE = ("bass", "accent")  # their notes move one by one: what counts is each root
CHORDS = ("pad",)  # a voicing stays unchanged
GROWLS_BELOW = 48  # a chord lower than this is mud
MOVED_COST = 0.25  # a tune rather strains for this share of its notes than move below the chords' top


def in_compass(name: str, program: int, notes: Sequence[Note]) -> list[Note]:
    """Move a stem's notes by octaves to where its instrument plays: a tune as a whole, to keep its shape.

    Args:
        name: of the stem.
        program: of General MIDI.
        notes: in any order.

    Returns:
        The notes in the same order.
    """
    low, high = COMPASS.get(program, KEYBOARD)
    if name in SINGLE:
        return [replace(note, pitch=folded(note.pitch, low, high)) for note in notes]
    if name in CHORDS or not notes:
        return list(notes)

    def cost(octaves: int) -> float:
        outside = sum(not low <= note.pitch + 12 * octaves <= high for note in notes)
        return outside / len(notes) + MOVED_COST * abs(octaves)

    octaves = min((0, -1, 1, -2, 2), key=cost)
    return [replace(note, pitch=folded(note.pitch + 12 * octaves, *KEYBOARD)) for note in notes]


def below(notes: Sequence[Note], octaves_down: int) -> list[Note]:
    """Move chords down with the tune that they accompany, unless their lowest would growl there.

    Args:
        notes: of the chords.
        octaves_down: how far the tune was moved.

    Returns:
        The notes in the same order.
    """
    fits = all(note.pitch - 12 * octaves_down >= GROWLS_BELOW for note in notes)
    return [replace(note, pitch=note.pitch - 12 * octaves_down * fits) for note in notes]


def folded(pitch: int, low: int, high: int) -> int:
    """Move a pitch by octaves into a range.

    Args:
        pitch: MIDI number.
        low: lowest MIDI number.
        high: highest one, an octave above at least.

    Returns:
        MIDI number.
    """
    while pitch < low:
        pitch += 12
    while pitch > high:
        pitch -= 12
    return pitch

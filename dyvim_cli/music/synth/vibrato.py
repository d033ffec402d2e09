"""Add vibrato to held notes of strings, winds, guitars and leads; their onsets stay unchanged.

Rates and depths are those of recorded players at the modest end: 4.8 to 5.6 Hz, 7 to 14 cents to either
side, begun a third of a second into a held note (Seashore, "Psychology of Music", 1938; Prame, "Vibrato
extent and intonation in professional Western lyric singing", 1997). Ensembles, horns, keys, pads have none:
their recordings beat or tremble by themselves, or their players cannot. Nor has anybody who plays chords.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dyvim_cli.types import Note

TOGETHER_S = 0.03  # notes that begin within it are of one chord
FEW = 0.05  # share of notes that begin together in what is still a line


@dataclass(frozen=True)
class Vibrato:
    """A slow wave of the pitch that begins once a note is held."""

    depth_cents: float  # largest deviation to either side
    rate_hz: float
    after_s: float = 0.35  # time from the note's onset until the vibrato begins
    rises_s: float = 0.4  # time until it reaches its depth

    def cents_at(self, held_s: np.ndarray) -> np.ndarray:
        """Find how far the pitch is moved.

        Args:
            held_s: [n] seconds since the note's onset.

        Returns:
            [n] cents, 0 until after_s.
        """
        since_s = np.maximum(held_s - self.after_s, 0)
        depth = self.depth_cents * np.minimum(since_s / self.rises_s, 1)
        return depth * np.sin(2 * np.pi * self.rate_hz * since_s)


VIBRATOS = {  # vibrato of each General MIDI program that has one
    24: Vibrato(7, 4.8, 0.5),  # guitars
    25: Vibrato(7, 4.8, 0.5),
    26: Vibrato(8, 5.0, 0.45),
    27: Vibrato(8, 5.0, 0.45),
    29: Vibrato(14, 5.3),
    30: Vibrato(14, 5.3),
    40: Vibrato(10, 5.6),  # strings
    42: Vibrato(10, 5.2),
    43: Vibrato(8, 4.8, 0.45),
    56: Vibrato(8, 5.0, 0.45),  # brass
    58: Vibrato(8, 5.0, 0.45),
    59: Vibrato(12, 5.2, 0.4),
    66: Vibrato(12, 5.0),  # reeds and flute
    68: Vibrato(10, 5.2),
    70: Vibrato(10, 5.2),
    73: Vibrato(7, 5.2),
    80: Vibrato(12, 5.6),  # synthesizer leads
    81: Vibrato(12, 5.6),
    87: Vibrato(12, 5.6),
}


def is_line(notes: Sequence[Note]) -> bool:
    """Tell whether notes are a line.

    Args:
        notes: of an instrument.

    Returns:
        True where hardly any begin together.
    """
    starts_s = np.sort([note.start_s for note in notes])
    return bool(np.sum(np.diff(starts_s) < TOGETHER_S) <= FEW * len(starts_s))

"""Read the patterns of drums and bass: bass figures, fills, and the density that a pattern is compared with.

A bass idiom is (figure, needs, ring): figure says what each onset plays (R root, 5 fifth, 8 octave, 3 third,
A a step that approaches the next chord), needs the density it waits for, ring the longest note in steps.
"""

import numpy as np

from dyvim_cli.stylebook import RECORDS
from dyvim_cli.types import STEPS_PER_BAR

FILLS = (
    {"snare": "........5.5.5.55"}, {"tom": "........5..55.5.", "snare": "............5..."},
    {"snare": "............5555"}, {"tom": "............5.55", "snare": "........5...5..."},
    {"kick": "........5.....5.", "snare": "..........55..55"}, {"tom": "..............55"},
)  # fmt: skip


ROLLING_FILLS = ({"tom": "............5.55"}, {"tom": "..........5.5555"}, {"tom": "........5...5.5."})

BASS_IDIOMS = {
    "roots": ("R.......R.......", "1.......6.......", 64),
    "pedal": ("P.......P...P...", "1.......5...7...", 64),
    "root_fifth": ("R...R.R.5...5.R.", "1...9.7.3...8.7.", 10),
    "pop": ("R.....R.R.....5.", "1.....5.3.....6.", 16),
    "eighths": ("R.R.R.R.R.R.R.R.", "1.5.3.5.2.5.3.5.", 4),
    "gallop": ("R.RRR.RRR.RRR.RR", "1.573.571.573.57", 2),
    "syncopated": ("R..R..R...R.5.A.", "1..5..3...6.4.7.", 6),
    "lazy": ("R..8...5..R.R.A.", "1..9...5..3.8.6.", 10),
    "sub": ("R.....R...R.....", "1.....5...4.....", 24),
    "octaves": ("R.8.R.8.R.8.R.8.", "2.4.3.4.2.4.3.4.", 2),
    "offbeat": ("..R...R...R...R.", "..3...3...3...3.", 3),
    "running": ("R.RRR.R8R.RRR.58", "2.563.672.563.67", 2),
    "walk_up": ("R...3...5...A...", "1...3...2...4...", 4),
    "walk_down": ("R...8...5...A...", "1...3...2...4...", 4),
    "walk_skip": ("R...3...5..5A..5", "1...3...2..64..8", 4),
    "two_feel": ("R...8...5...8.A.", "1...8...2...8.6.", 8),
    "oompah": ("R...8...5...8.A.", "2...8...2...8.9.", 3),
    "bounce": ("R...5...R...A...", "2...4...2...5...", 2),
    "celli": ("R.R.R.R.R.R.R.R.", "1.7.5.7.3.7.5.7.", 3),
    "bossa": ("R.....5.5.....R.", "1.....4.2.....4.", 6),
    "bossa_half": ("R.......5.....R.", "1.......2.....5.", 8),
    "march": ("R...5...8...5...", "1...4...2...5...", 4),
}

NEVER = 9.0  # a need that no density meets
# Density that each part keeps however calm the film is: a calm film has calm music, not silence.
BEAT_FLOORS = {"drums": 0.45, "bass": 0.42, "pad": 0.3, "arp": 0.3, "melody": 0.3}
OTHER_FLOORS = {"drums": 0.3, "bass": 0.32, "pad": 0.5, "arp": 0.52, "melody": 0.3}
ROLE_FLOORS = {"intro": -0.05, "break": -0.1, "outro": -0.05}  # added to the floors of drums and bass
# A groove that changes every bar is none: each part keeps its pattern for this many bars (0: no limit).
STEADY_BARS = {"drums": 2, "bass": 2, "pad": 1, "arp": 1, "melody": 0}
FILL_FROM = 0.35  # energy of a bar that may end in a fill


def needs(pattern: str) -> np.ndarray:
    """Read the density that each step of a pattern waits for.

    Args:
        pattern: a character a step: digit d = d / 10, anything else never.

    Returns:
        [n] float, NEVER where the pattern has no digit.
    """
    return np.array([int(c) / 10 if c.isdigit() else NEVER for c in pattern])


def density_of(style: str, role: str, part: str, motion: np.ndarray, first: int = 0) -> np.ndarray:
    """Density that a part's patterns are compared with in one section.

    Args:
        style: name of a style.
        role: of the section in the form.
        part: stream name.
        motion: [n] the film's motion 0..1 at the section's steps.
        first: how many steps after a bar line the section begins.

    Returns:
        [n] 0..1; constant over the bars in which the part keeps its pattern, and never below its floor.
    """
    floor = (BEAT_FLOORS if RECORDS[style].keeps_beat else OTHER_FLOORS)[part]
    if part in ("drums", "bass"):
        floor += ROLE_FLOORS.get(role, 0.0)
    return floor + (1 - floor) * _block_means(motion, STEADY_BARS[part] * STEPS_PER_BAR, first)


def _block_means(values: np.ndarray, n_steps: int, first: int) -> np.ndarray:
    """[n] mean of each value's block of n_steps; blocks count from `first` steps before."""
    if n_steps == 0 or not len(values):
        return values
    block = (np.arange(len(values)) + first) // n_steps
    return (np.bincount(block, values) / np.maximum(np.bincount(block), 1))[block]

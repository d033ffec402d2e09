"""Drum and bass patterns by style, thinned by energy, and fills.

A groove is a dict class -> 16 or 32 characters: a digit d strikes once the density reaches d / 10. A bass
idiom is (figure, needs, ring): figure says what each onset plays (R root, 5 fifth, 8 octave, 3 third, A a
step that approaches the next chord), needs the density it waits for, ring the longest note in steps.

The arranger writes them out (training/arranger); the decoder plays what it learned from them.
"""

from typing import NamedTuple

import numpy as np

from dyvim_cli.types import STEPS_PER_BAR

GROOVES = {
    "pop": [
        {"kick": "3.......3.6.....", "snare": "....3.......3...", "hat": "4636463646364636"},
        {"kick": "3.....5.3.......", "snare": "....3..8.8..3..8", "hat": "47394739473947.9",
         "open_hat": "..............6."},
        {"kick": "3..6....3.3.....", "snare": "....3.......3...", "hat": "3.373.3.3.373.36"},
        {"kick": "3...3...3...3...", "snare": "....4.......4..9", "hat": "5.4.5.475.4.5.47",
         "open_hat": "..6...6...6...6."},
    ],
    "rock": [
        {"kick": "3.....8.3.5..8..", "snare": "....3..6.7..3.89", "hat": "3.3.3.3.3.3.3.3."},
        {"kick": "3.5...5.3.....7.", "snare": "....3..7....3..6", "hat": "3.3.3.3.3.3.3...",
         "open_hat": "..............5."},
        {"kick": "3..5..5...3..7..", "snare": "....3..6.6..3...", "hat": "3.4.3.4.3.4.3.4."},
        {"kick": "3.6.3.6.3.6.3.6.", "snare": "....3..7....3.8.", "open_hat": "3.4.3.4.3.4.3.4."},
    ],
    "electronic": [
        {"kick": "3...3...3...3...", "snare": "....5.......5...", "hat": "4656465646564656",
         "open_hat": "..4...4...4...4."},
        {"kick": "3...3...3...3..8", "hat": "6746674667466746", "snare": "....5.......5..7",
         "open_hat": "..5...5...5...5."},
        {"kick": "3.....3...3.....", "snare": "....3.......3...", "hat": "4646464646464646"},
        {"kick": "3..5..3...5.3...", "snare": "........3.......", "hat": "4.4.4.464.4.4667"},
    ],
    "lofi": [
        {"kick": "2......5..3.....", "snare": "....2..6.7..2..8", "hat": "3736373637363736"},
        {"kick": "2.....5...2.....", "snare": "....2..6....2..7", "hat": "3.36373.3.36373."},
        {"kick": "2..6....2.....7.", "snare": "....2.......2...", "hat": "3.4.3.463.463.4."},
    ],
    "jazz": [  # ride with swung skip notes (the pedal is in its keys), feathered kick, comping snare
        {"hat": "2...2.2.2...2.2.", "kick": "4.......5.......", "snare": "..5...6...4....."},
        {"hat": "2.4.2.3.2.4.2.3.", "kick": "4...6...4...6...", "snare": "......5.......6."},
        {"hat": "2.4.2.3.2...2.3.", "kick": "4.........6.....", "snare": "..........4...7."},
    ],
    "acoustic": [  # shaker, soft kick, brush on the backbeat
        {"hat": "3.463.473.463.47", "kick": "4.......5.......", "snare": "....6.......6..."},
        {"hat": "36463646364636.6", "kick": "4.....6.4.......", "snare": "....5.......5..."},
        {"hat": "5.3657365.365736", "kick": "3.......3.......", "snare": "....7.......7..8"},
    ],
    "cinematic": [
        {"tom": "2.......5.6.....", "kick": "3.......7......."},
        {"tom": "3..5..3.5...4.77", "kick": "3...............", "snare": "........6......."},
        {"kick": "2...............", "tom": "......5.5.....88"},
        {"tom": "3.7.57.73.7.5777", "kick": "3.....4.3......."},
    ],
    "orchestral": [
        {"tom": "3...............", "kick": "4.......6.......", "snare": "....8...8.8.8.99"},
        {"tom": "3.......4...5...", "snare": "5.775.775.775777"},
        {"kick": "3.......3.......", "snare": "....5.7.....5777"},
    ],
    "ambient": [
        {"tom": "3...............", "hat": "....7.......7..."},
        {"kick": "3.........5.....", "hat": "6...6...6...6..."},
        {"hat": "4.....4.....4...", "tom": "........6......."},
    ],
    "playful": [
        {"kick": "3.......3.......", "snare": "....3.6.....3.58", "hat": "5.4.5.465.4.5.46"},
        {"kick": "3...4...3...4...", "snare": "..4...4...4...4.", "hat": "4.5.4.574.5.4.57"},
        {"kick": "3.....3...3.....", "snare": "....3.....6.3...", "tom": "...............7",
         "hat": "4.4.4.464.4.4.46"},
    ],
}  # fmt: skip

FILLS = (
    {"snare": "........5.5.5.55"}, {"tom": "........5..55.5.", "snare": "............5..."},
    {"snare": "............5555"}, {"tom": "............5.55", "snare": "........5...5..."},
    {"kick": "........5.....5.", "snare": "..........55..55"}, {"tom": "..............55"},
)  # fmt: skip


class Strokes(NamedTuple):
    """Drum classes that an event adds to the groove."""

    heavy: tuple[str, ...]
    medium: tuple[str, ...]  # the backbeat is the snare's own: lesser events leave it alone
    hint: tuple[str, ...]  # for a doubtful event


_KIT = Strokes(("kick", "crash"), ("kick", "open_hat"), ("open_hat",))
ACCENT_STROKES = {
    "cinematic": Strokes(("kick", "tom", "crash"), ("tom",), ("tom",)),
    "orchestral": Strokes(("kick", "tom", "crash"), ("tom", "snare"), ("tom",)),
    "ambient": Strokes(("tom", "crash"), ("tom", "hat"), ("hat",)),
    "acoustic": Strokes(("kick", "crash"), ("snare", "hat"), ("hat",)),
    "jazz": Strokes(("kick", "crash"), ("kick", "snare"), ("snare",)),
    "playful": Strokes(("kick", "crash"), ("kick", "tom"), ("tom",)),
    "lofi": _KIT,
    "pop": _KIT,
    "electronic": _KIT,
    "rock": _KIT,
}

ROLL = "........5.5.5555"  # what a build-up ends in
ROLLING = ("cinematic", "orchestral")  # styles whose drums are toms rather than a kit
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
    "march": ("R...5...8...5...", "1...4...2...5...", 4),
}
BASS_BY_STYLE = {
    "cinematic": ("roots", "pedal", "celli", "roots"),
    "orchestral": ("roots", "root_fifth", "march", "celli"),
    "ambient": ("roots", "pedal", "roots"),
    "lofi": ("lazy", "syncopated", "root_fifth"),
    "pop": ("pop", "syncopated", "eighths", "root_fifth"),
    "electronic": ("octaves", "offbeat", "running", "sub"),
    "acoustic": ("root_fifth", "two_feel", "pop"),
    "jazz": ("walk_up", "walk_down", "walk_skip", "two_feel"),
    "rock": ("eighths", "gallop", "eighths", "pop"),
    "playful": ("oompah", "bounce", "march"),
}

NEVER = 9.0  # a need that no density meets
BEAT_STYLES = ("pop", "rock", "electronic", "lofi", "jazz", "playful")  # drums and bass keep time in these
# Density that each part keeps however calm the film is: a calm film has calm music, not silence.
BEAT_FLOORS = {"drums": 0.45, "bass": 0.42, "pad": 0.3, "arp": 0.3, "melody": 0.3}
OTHER_FLOORS = {"drums": 0.3, "bass": 0.32, "pad": 0.5, "arp": 0.52, "melody": 0.3}
ROLE_FLOORS = {"intro": -0.05, "break": -0.1, "outro": -0.05}  # added to the floors of drums and bass
# A groove that changes every bar is none: each part keeps its pattern for so many bars (0: no limit).
STEADY_BARS = {"drums": 2, "bass": 2, "pad": 1, "arp": 1, "melody": 0}
FILL_FROM = 0.35  # energy of a bar that may end in a fill


def needs(pattern: str) -> np.ndarray:
    """Density that each step of a pattern waits for: digit d = d / 10, anything else never."""
    return np.array([int(c) / 10 if c.isdigit() else NEVER for c in pattern])


def density_of(style: str, role: str, part: str, motion: np.ndarray, first: int = 0) -> np.ndarray:
    """Density that a part's patterns are compared with in one section.

    Args:
        style, role: of the section.
        part: stream name.
        motion: [n] the film's motion 0..1 at the section's steps.
        first: how many steps after a bar line the section begins.

    Returns:
        [n] 0..1; constant over the bars in which the part keeps its pattern, and never below its floor.
    """
    floor = (BEAT_FLOORS if style in BEAT_STYLES else OTHER_FLOORS)[part]
    if part in ("drums", "bass"):
        floor += ROLE_FLOORS.get(role, 0.0)
    return floor + (1 - floor) * _block_means(motion, STEADY_BARS[part] * STEPS_PER_BAR, first)


def _block_means(values: np.ndarray, n_steps: int, first: int) -> np.ndarray:
    """[n] mean of the block of n_steps that each value lies in; blocks count from `first` steps before."""
    if n_steps == 0 or not len(values):
        return values
    block = (np.arange(len(values)) + first) // n_steps
    return (np.bincount(block, values) / np.maximum(np.bincount(block), 1))[block]

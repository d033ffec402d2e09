"""Constant modulators of a note: velocity, key, and controllers at rest.

SoundFont Technical Specification 2.04, sections 8.2 and 9.5. Modern fonts shape their whole answer to
velocity with modulators, so each is evaluated once, when the note starts.
"""

import math
from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from dyvim_cli.music.synth.generators import ATTENUATION

MODULATOR = np.dtype(
    [("source", "<u2"), ("target", "<u2"), ("amount", "<i2"), ("scale", "<u2"), ("transform", "<u2")]
)
Links = dict[tuple[int, int, int, int], int]  # (source, target, scale, transform) to amount

VELOCITY, KEY = 2, 3  # general controllers; a MIDI controller's number carries bit 7
RESTING = {0x80 | 7: 100, 0x80 | 10: 64, 0x80 | 11: 127, 14: 64, 16: 2, 0: 127}  # the others rest at 0
DEFAULT_LINKS: Links = {(0x0502, ATTENUATION, 0, 0): 960}  # velocity to loudness; the rest is at rest
ABSOLUTE = 2  # the transform that takes the sign away


@lru_cache(maxsize=4096)
def parsed(raw: bytes) -> Links:
    """Read modulator records.

    Args:
        raw: of a zone, as in the file.

    Returns:
        (source, target, scale, transform) -> amount.
    """
    rows = np.frombuffer(raw, MODULATOR).tolist()
    return {(source, target, scale, transform): amount for source, target, amount, scale, transform in rows}


def added(links: Links, more: Links) -> Links:
    """Put a preset's modulators on top of an instrument's.

    Args:
        links: of the instrument.
        more: of the preset.

    Returns:
        Their sum.
    """
    return links | {link: links.get(link, 0) + amount for link, amount in more.items()}


def contributions(links: Links, key: int, velocity: int) -> Iterator[tuple[int, float]]:
    """Evaluate modulators for a note.

    Args:
        links: of a voice.
        key: MIDI number.
        velocity: MIDI velocity.

    Yields:
        (generator, what a modulator adds to it).
    """
    for (source, target, scale, transform), amount in links.items():
        value = amount * _source(source, key, velocity) * _source(scale, key, velocity)
        yield target, abs(value) if transform == ABSOLUTE else value


@lru_cache(maxsize=65536)
def _source(code: int, key: int, velocity: int) -> float:
    """Value 0..1 (or -1..1) of a modulator source; sources other than key and velocity are at rest."""
    if code == 0:
        return 1.0
    value = {VELOCITY: velocity, KEY: key}.get(code & 0xFF, RESTING.get(code & 0xFF, 0))
    if code & 0x100:
        value = 127 - value  # falling: 127 gives the least
    bipolar, curve = bool(code & 0x200), code >> 10
    if not bipolar:
        return unit_curve(curve, value / 127)
    centred = (value - 64) / 63.5
    return math.copysign(unit_curve(curve, abs(centred)), centred)


def unit_curve(kind: int, x: float) -> float:
    """Evaluate a source curve of section 8.2.4.

    Args:
        kind: 0 linear, 1 concave, 2 convex (in centibels), 3 switch.
        x: 0..1.

    Returns:
        0..1.
    """
    x = min(1.0, x)
    if kind == 1:
        return min(1.0, -40 / 96 * math.log10(max(1 - x, 1e-3)))
    if kind == 2:
        return max(0.0, 1 + 40 / 96 * math.log10(max(x, 1e-3)))
    if kind == 3:
        return float(x >= 0.5)
    return x

"""How a soundfont instrument answers a note: which samples sound, with what settings.

SoundFont Technical Specification 2.04, sections 8 (generators, modulators) and 9 (synthesis model).
Every modulator whose sources stand still while a note sounds (velocity, key, controllers at rest) is
evaluated once: modern fonts shape the whole answer to velocity with them.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from dyvim_cli.music.synth.soundfont import KEY_RANGE, VELOCITY_RANGE, Patch, SoundFont, Zone

# generator numbers (specification, section 8.1.2)
START, END, LOOP_START, LOOP_END, START_COARSE, END_COARSE = 0, 1, 2, 3, 4, 12
MOD_LFO_TO_PITCH, VIB_LFO_TO_PITCH, MOD_ENV_TO_PITCH, CUTOFF, RESONANCE = 5, 6, 7, 8, 9
MOD_LFO_TO_CUTOFF, MOD_ENV_TO_CUTOFF, MOD_LFO_TO_VOLUME, PAN = 10, 11, 13, 17
MOD_LFO_DELAY, MOD_LFO_RATE, VIB_LFO_DELAY, VIB_LFO_RATE = 21, 22, 23, 24
MOD_ENV, KEY_TO_MOD_HOLD, KEY_TO_MOD_DECAY = 25, 31, 32  # six stages: delay .. release
VOLUME_ENV, KEY_TO_VOLUME_HOLD, KEY_TO_VOLUME_DECAY = 33, 39, 40
ATTENUATION, COARSE_TUNE, FINE_TUNE, LOOP_MODE, SCALE_TUNING = 48, 51, 52, 54, 56
EXCLUSIVE_CLASS, ROOT_KEY = 57, 58
INDEX_ONLY = {KEY_RANGE, VELOCITY_RANGE, LOOP_MODE, EXCLUSIVE_CLASS, ROOT_KEY, *range(5), 12, 45, 46, 47, 50}

DEFAULTS = {CUTOFF: 13500, SCALE_TUNING: 100, ROOT_KEY: -1} | dict.fromkeys(
    (21, 23, 25, 26, 27, 28, 30, 33, 34, 35, 36, 38), -12000
)
MODULATOR = np.dtype(
    [("source", "<u2"), ("target", "<u2"), ("amount", "<i2"), ("scale", "<u2"), ("transform", "<u2")]
)
VELOCITY, KEY = 2, 3  # general controllers; MIDI controllers carry bit 7
REST = {0x80 | 7: 100, 0x80 | 10: 64, 0x80 | 11: 127, 14: 64, 16: 2, 0: 127}  # the others rest at 0
DEFAULT_MODULATORS = {(0x0502, ATTENUATION, 0, 0): 960}  # velocity to loudness; the rest is at rest
EMU_ATTENUATION = 0.4  # fonts are tuned on hardware that divides this generator so


@dataclass(frozen=True)
class Voice:
    """One sample that sounds for a note; amounts hold every generator after modulation."""

    sample: int
    key: int
    amounts: dict[int, float]

    def get(self, generator: int) -> float:
        """Amount of a generator in its own unit (cents, timecents, centibels, per mille)."""
        return self.amounts.get(generator, 0.0)

    def seconds(self, generator: int) -> float:
        """A timecent generator in seconds; -12000 and below is 0."""
        cents = self.get(generator)
        return 0.0 if cents <= -12000 else 2.0 ** (cents / 1200)

    def envelope_s(self, first: int) -> tuple[float, float, float, float, float]:
        """(delay, attack, hold, decay, release) of an envelope; hold and decay follow the key."""
        to_hold, to_decay = first + 6, first + 7
        shift = (60 - self.key) / 1200
        hold = self.seconds(first + 2) * 2.0 ** (self.get(to_hold) * shift)
        decay = self.seconds(first + 3) * 2.0 ** (self.get(to_decay) * shift)
        return self.seconds(first), self.seconds(first + 1), hold, decay, self.seconds(first + 5)


def find_preset(font: SoundFont, bank: int, program: int) -> Patch:
    """The preset of a bank and program; the nearest of its kind when the font has none."""
    kits = [p for p in font.presets if (p.bank == 128) == (bank == 128)]
    return min(kits, key=lambda p: (abs(p.program - program), abs(p.bank - bank)))


def voices(font: SoundFont, preset: Patch, key: int, velocity: int) -> tuple[Voice, ...]:
    """All samples that sound when `key` is struck at `velocity`."""
    found = []
    for outer_default, outer in _sounding(preset, key, velocity):
        for inner_default, inner in _sounding(font.instruments[outer.target], key, velocity):
            amounts = DEFAULTS | inner_default.generators | inner.generators
            amounts[ATTENUATION] = EMU_ATTENUATION * amounts.get(ATTENUATION, 0)
            for generator, amount in (outer_default.generators | outer.generators).items():
                if generator not in INDEX_ONLY:
                    factor = EMU_ATTENUATION if generator == ATTENUATION else 1
                    amounts[generator] = amounts.get(generator, 0) + factor * amount
            links = DEFAULT_MODULATORS | _modulators(inner_default) | _modulators(inner)
            for link, amount in (_modulators(outer_default) | _modulators(outer)).items():
                links[link] = links.get(link, 0) + amount
            for (source, target, scale, transform), amount in links.items():
                value = amount * _source(source, key, velocity) * _source(scale, key, velocity)
                amounts[target] = amounts.get(target, 0) + (abs(value) if transform == 2 else value)
            found.append(Voice(inner.target, key, amounts))
    return tuple(found)


_NOTHING = Zone({}, b"", None)


def _sounding(patch: Patch, key: int, velocity: int):
    """(global zone, zone) of the zones that the note falls into."""
    first = patch.zones[0] if patch.zones and patch.zones[0].target is None else _NOTHING
    for zone in patch.zones:
        if zone.target is not None and zone.covers(key, velocity):
            yield first, zone


def _modulators(zone: Zone) -> dict[tuple[int, int, int, int], int]:
    """Amount of each modulator by what identifies it."""
    return _parse_modulators(zone.modulators)


@lru_cache(maxsize=4096)
def _parse_modulators(raw: bytes) -> dict[tuple[int, int, int, int], int]:
    rows = np.frombuffer(raw, MODULATOR).tolist()
    return {(source, target, scale, transform): amount for source, target, amount, scale, transform in rows}


@lru_cache(maxsize=65536)
def _source(code: int, key: int, velocity: int) -> float:
    """Value 0..1 (or -1..1) of a modulator source; sources other than key and velocity are at rest."""
    if code == 0:
        return 1.0
    value = {VELOCITY: velocity, KEY: key}.get(code & 0xFF, REST.get(code & 0xFF, 0))
    if code & 0x100:
        value = 127 - value  # falling: 127 gives the least
    bipolar, curve = bool(code & 0x200), code >> 10
    if not bipolar:
        return _curve(curve, value / 127)
    centred = (value - 64) / 63.5
    return math.copysign(_curve(curve, abs(centred)), centred)


def _curve(kind: int, x: float) -> float:
    """Source curves of section 8.2.4: linear, concave, convex (in centibels), switch; 0..1 to 0..1."""
    x = min(1.0, x)
    if kind == 1:
        return min(1.0, -40 / 96 * math.log10(max(1 - x, 1e-3)))
    if kind == 2:
        return max(0.0, 1 + 40 / 96 * math.log10(max(x, 1e-3)))
    if kind == 3:
        return float(x >= 0.5)
    return x

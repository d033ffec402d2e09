"""List the patches of the synthesizer font: one readable record for each General MIDI program."""

from dataclasses import dataclass

import numpy as np

from tools.synth.spectra import few, pulse, saw, triangle
from tools.synth.tones import Fm, Operator, Partial, Struck, Subtractive, Tone, Wave

OOH = ((350.0, 0.0, 120.0), (700.0, -9.0, 160.0), (2600.0, -30.0, 300.0))
AH = ((700.0, 0.0, 160.0), (1150.0, -3.0, 200.0), (2700.0, -16.0, 350.0), (3500.0, -20.0, 500.0))
BRIGHT_AH = ((800.0, 0.0, 190.0), (1250.0, -1.0, 240.0), (2850.0, -10.0, 400.0), (3600.0, -13.0, 600.0))
THROATS = (OOH, AH, BRIGHT_AH)
SUPER = (-15.0, -9.5, -4.5, 0.0, 4.0, 9.0, 14.0)  # cents of a super-saw's oscillators


@dataclass(frozen=True)
class Level:
    """The volume of a part over time, as the player of the font shapes it; seconds for key 60."""

    attack_s: float = 0.001
    decay_s: float = 0.0  # time to fall by 96 dB while held; 0 = it does not
    sustain_db: float = 0.0  # fall at which a decay ends; 0 with a decay = it dies away
    release_s: float = 0.3  # time to fall by 96 dB once released


@dataclass(frozen=True)
class Part:
    """One sound of a patch: mono, or a pair of the same recording begun at different places of its loop."""

    tone: Tone
    level: Level
    level_db: float = 0.0  # loudness against the patch's other parts
    width: float = 0.0  # how far the two are panned apart; 0 = mono
    further: float = 0.41  # place of the loop at which the right one begins
    n_layers: int = 3  # 1 = the medium layer at every velocity


@dataclass(frozen=True)
class Synth:
    """A program: its parts, the roots of its zones and how well they are encoded."""

    program: int
    name: str
    parts: tuple[Part, ...]
    keys: tuple[int, int]
    step: int  # semitones between roots
    compression: float = 0.6  # libsndfile's scale for Vorbis, 0 best .. 1 smallest
    evenness: float = 1.0  # share of keys' loudness that is made even; the rest keeps their power even


def _tail(power: float) -> "np.ufunc":
    return lambda ratios: 1.0 / ratios**power


def _pad(seconds: float, release_s: float) -> Level:
    return Level(attack_s=seconds, release_s=release_s)


SAW_PAIR = (Wave(saw, (-6.0, 5.0)),)
LEAD, BASS, PAD = (51, 96), (27, 63), (40, 84)

SUPER_SAW = Subtractive(
    (Wave(saw, SUPER), Wave(saw, (0.0,), level_db=-3)),
    (1900, 3800, 7500), tracking=0.35, resonance=0.4, loop_s=0.8, rise_s=0.003,
)  # fmt: skip
SUPER_SNAP = Subtractive(
    SUPER_SAW.waves, (1900, 3800, 7500), tracking=0.35, resonance=0.4, opens_octaves=(1.0, 1.2, 0.8),
    opens_s=0.05, settles_s=0.2, loop_s=0.8, rise_s=0.002, is_transient=True,
)  # fmt: skip
POLY_WAVES = (Wave(saw, (-5.0, 6.0)), Wave(pulse(0.36), (2.0,), level_db=-3))
POLY = Subtractive(POLY_WAVES, (800, 1300, 2300), tracking=0.5, resonance=0.9, loop_s=0.6)
POLY_SNAP = Subtractive(
    POLY_WAVES, (800, 1300, 2300), tracking=0.5, resonance=0.9, opens_octaves=(1.6, 2.0, 2.3), opens_s=0.14,
    settles_s=0.4, loop_s=0.6, rise_s=0.002, is_transient=True,
)  # fmt: skip
BRASS_WAVES = (Wave(saw, (-8.0, 0.0, 7.0)),)
BRASS = Subtractive(BRASS_WAVES, (1000, 1700, 3000), tracking=0.45, resonance=0.5, loop_s=0.6)
BRASS_BLIP = Subtractive(
    BRASS_WAVES, (1000, 1700, 3000), tracking=0.45, resonance=0.5, opens_octaves=(1.2, 1.7, 2.0),
    opens_s=0.07, is_swell=True, settles_s=0.3, loop_s=0.6, rise_s=0.01, is_transient=True,
)  # fmt: skip
CHIME = Struck(
    (
        Partial(1.0, -5.0), Partial(2.0, 0.0), Partial(4.0, -9.0), Partial(5.52, -3.0, 0.2),
        Partial(8.14, -4.0, 0.16), Partial(10.8, -5.0, 0.12), Partial(13.6, -8.0, 0.09),
        Partial(17.86, -11.0, 0.06),
    ),
    (-4.0, -1.5, 0.5), settles_s=0.5,
)  # fmt: skip
CRYSTAL = Struck(
    (
        Partial(1.0, 0.0), Partial(2.0, -5.0, 0.25), Partial(3.01, -3.0), Partial(4.22, -8.0, 0.16),
        Partial(5.43, -4.0, 0.2), Partial(6.79, -8.0, 0.12), Partial(8.21, -8.0, 0.1),
        Partial(10.9, -13.0, 0.06),
    ),
    (-4.0, -1.0, 1.0), settles_s=0.6,
)  # fmt: skip
STRING = Struck(
    tuple(
        Partial(k * np.sqrt(1 + 4e-5 * k * k), -13 * np.log10(k) - (4.0 if k % 5 == 0 else 0.0), 0.5 / k**0.7)
        for k in range(2, 22)
    )
    + (Partial(1.0, 0.0), Partial(2.0, -14.0)),
    (-4.0, -1.0, 1.5), settles_s=0.55,
)  # fmt: skip
TINE = Fm(
    (
        Operator(1, 1, (0.6, 1.2, 2.0), (0.25, 0.4, 0.6), 0.4, (0.0, 0.0, 0.0)),
        Operator(1, 14, (0.2, 0.6, 1.1), (0.0, 0.0, 0.0), 0.11, (-6.0, -3.0, -1.0)),
        Operator(2, 1, (0.3, 0.6, 1.0), (0.1, 0.1, 0.15), 0.5, (-20.0, -16.0, -12.0)),
    ),
    settles_s=0.6,
)  # fmt: skip
GLASS_RATIOS = (1.0, 2.0, 2.99, 4.03, 5.21, 6.78, 9.1)
SHIMMER = few(1.0, 0.5, 0.16, 0.42, 0.08, 0.14, 0.04, 0.34, 0.03, 0.08, 0.0, 0.1, 0.0, 0.03, 0.0, 0.16)

PATCHES = (
    Synth(5, "FM Electric Piano", (Part(TINE, Level(decay_s=14.0, release_s=0.5)),), (39, 90), 3, 0.6),
    Synth(38, "Synth Bass 1", (Part(Subtractive(
        (Wave(saw), Wave(pulse(0.42), level_db=-5)),
        (850, 1500, 2700), tracking=0.4, resonance=1.9, opens_octaves=(1.5, 2.0, 2.2), opens_s=0.14,
        settles_s=0.42, loop_s=0.0, rise_s=0.002, drive=1.4,
    ), Level(release_s=0.12)),), BASS, 3, 0.65, 0.35),
    Synth(39, "Synth Bass 2", (Part(Fm(
        (
            Operator(1, 1, (2.2, 3.4, 4.8), (0.7, 1.2, 1.9), 0.2, (0.0, 0.0, 0.0)),
            Operator(1, 3, (0.6, 1.4, 2.4), (0.0, 0.0, 0.0), 0.07, (-5.0, -3.0, -2.0)),
        ),
        settles_s=0.5, rise_s=0.002, loop_s=0.0,
    ), Level(release_s=0.2)),), BASS, 3, 0.45, 0.35),
    Synth(50, "Synth Strings", (Part(Subtractive(
        (Wave(saw, cloud_cents=14.0), Wave(saw, cloud_cents=10.0, octave=1, level_db=-9)),
        (1500, 2600, 4600), tracking=0.3, resonance=0.2, loop_s=1.4, low_cut_hz=90.0,
    ), _pad(0.09, 0.9), width=0.6),), PAD, 4, 0.9),
    Synth(54, "Synth Voice", (Part(Subtractive(
        (Wave(saw, (-7.0, 0.0, 6.0)),), (2600, 4200, 7000), tracking=0.1, loop_s=0.8, vowels=THROATS,
        breath_db=-26.0,
    ), _pad(0.05, 0.5), width=0.45),), (48, 84), 3, 0.88),
    Synth(62, "Synth Brass", (
        Part(BRASS, _pad(0.02, 0.35), width=0.5),
        Part(BRASS_BLIP, Level(release_s=0.3), 1.0),
    ), (42, 87), 3, 0.9),
    Synth(80, "Square Lead", (Part(Subtractive(
        (Wave(pulse(0.5), (-3.0,)), Wave(pulse(0.44), (4.0,), level_db=-2)),
        (1300, 2500, 5200), tracking=0.5, resonance=0.9, opens_octaves=(0.7, 1.1, 1.2), opens_s=0.1,
        settles_s=0.3, loop_s=0.35,
    ), Level(release_s=0.15)),), LEAD, 3, 0.75),
    Synth(81, "Saw Lead", (
        Part(SUPER_SAW, Level(0.003, release_s=0.2), width=0.55),
        Part(SUPER_SNAP, Level(release_s=0.2), -6.0),
    ), LEAD, 3, 0.75),
    Synth(87, "Bass & Lead", (Part(Subtractive(
        (Wave(saw, (0.0, 7.0)), Wave(pulse(0.5), octave=-1, level_db=-3)),
        (800, 1500, 2900), tracking=0.5, resonance=1.9, opens_octaves=(1.3, 1.8, 2.0), opens_s=0.16,
        settles_s=0.4, loop_s=0.3,
    ), Level(release_s=0.2)),), (36, 90), 3, 0.85),
    Synth(88, "Fantasia", (
        Part(CHIME, Level(decay_s=9.0, release_s=1.6)),
        Part(Subtractive(
            (Wave(saw, cloud_cents=12.0),), (900, 1500, 2400), tracking=0.4, resonance=0.4, loop_s=0.7,
        ), _pad(0.05, 1.3), -6.0, width=0.8, n_layers=1),
    ), (48, 96), 3, 0.85),
    Synth(89, "Warm Pad", (Part(Subtractive(
        (Wave(saw, cloud_cents=13.0), Wave(triangle, cloud_cents=5.0, level_db=-4)),
        (560, 980, 1750), tracking=0.45, resonance=0.3, loop_s=1.6,
    ), _pad(0.2, 1.8), width=0.6),), (28, 84), 4, 0.9, 0.6),
    Synth(90, "Polysynth", (
        Part(POLY, Level(0.003, release_s=0.4), width=0.5),
        Part(POLY_SNAP, Level(release_s=0.4), 1.5),
    ), (42, 90), 3, 0.9),
    Synth(91, "Space Voice", (Part(Subtractive(
        (Wave(saw, cloud_cents=15.0),), (2000, 3400, 6000), tracking=0.1, loop_s=1.6, vowels=THROATS,
        breath_db=-20.0,
    ), _pad(0.22, 2.2), width=0.5),), PAD, 4, 0.9),
    Synth(92, "Bowed Glass", (Part(Subtractive(
        (Wave(_tail(1.1), cloud_cents=5.0, ratios=GLASS_RATIOS),), (1800, 3600, 8000), tracking=0.4,
        loop_s=1.2, breath_db=-33.0,
    ), _pad(0.14, 2.4), width=0.5),), (48, 96), 4, 0.85),
    Synth(94, "Halo Pad", (Part(Subtractive(
        (Wave(SHIMMER, cloud_cents=9.0), Wave(saw, cloud_cents=16.0, level_db=-10)),
        (1900, 3800, 7500), tracking=0.25, loop_s=1.5, breath_db=-32.0,
    ), _pad(0.16, 2.2), width=0.55),), PAD, 4, 0.9),
    Synth(95, "Sweep Pad", (Part(Subtractive(
        (Wave(saw, cloud_cents=11.0), Wave(pulse(0.3), cloud_cents=8.0, level_db=-4)),
        (400, 620, 950), tracking=0.75, resonance=1.8, loop_s=2.3, sweep_octaves=2.3,
    ), _pad(0.14, 2.0), width=0.6, further=0.15),), PAD, 4, 0.92),
    Synth(98, "Crystal", (Part(CRYSTAL, Level(decay_s=8.0, release_s=2.2)),), (54, 105), 3, 0.65),
    Synth(99, "Atmosphere", (
        Part(STRING, Level(decay_s=7.0, release_s=1.2)),
        Part(Subtractive(
            (Wave(saw, cloud_cents=14.0),), (700, 1200, 1900), tracking=0.35, loop_s=0.7,
        ), _pad(0.12, 1.6), -7.0, width=0.8, n_layers=1),
    ), (42, 90), 3, 0.85),
)  # fmt: skip

"""Give drums more strokes: three strengths where a kit has one recording, two or three takes of each.

The takes of a kit are kits of the same name and program in the banks that follow (round_robin.py plays them).
What is struck at velocities 64 to 95 for the first time stays the drum's own recording; all other strokes are
made by tools/another_stroke.py. Soft and hard ones are as dull and bright as the drum was there.
"""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from dyvim_cli.music.synth import generators as gen
from dyvim_cli.music.synth import strokes
from dyvim_cli.music.synth.round_robin import N_TAKES
from dyvim_cli.music.synth.sample_data import decoded
from dyvim_cli.music.synth.sampler import DRUM_BANK
from dyvim_cli.music.synth.soundfont import Patch, Sample, SoundFont, Zone
from dyvim_cli.types import SAMPLE_RATE
from tools.another_stroke import another
from tools.font_zones import ALL, narrowed, text
from tools.stroke_levels import Strength, as_loud
from tools.stroke_match import off_db

# edges are those of the sampler's steps
STRENGTHS = (Strength((0, 63), 63, 39, -0.5), Strength((64, 95)), Strength((96, 127), 103, 111, 0.5))
ONE_STRENGTH = (Strength(ALL),)
LONGEST_S = 6.0  # seconds of a recording whose strokes are made
FARTHEST_DB, LENT_DRAWS, MOST_DRAWS = 1.3, 1, 4  # a stroke that is farther off in its bands is drawn anew


@dataclass(frozen=True)
class Recipe:
    """Settings of the strokes that are made of a recording: see another_stroke.another."""

    kept: float  # share of the own recording's power
    others: tuple[str, ...] = ()  # recordings whose fine structure is used, one a stroke
    is_bright: bool = True  # strengths differ above 7 kHz, else above 1.2 kHz
    strengths: tuple[Strength, ...] = STRENGTHS
    n_takes: int = 2  # number of takes of each strength, N_TAKES at most


CYMBAL, DRUM = Recipe(0.05), Recipe(0.5, is_bright=False)
SNARE = Recipe(0.65, strengths=ONE_STRENGTH)  # a snare drum that has its strengths
# shares as recorded kits have them: of hats and cymbals -0.1 to -0.9 dB is new, of side sticks -2 to -3, of
# snares -1 to -6
RECIPES = {
    "Hi-Hat Closed": Recipe(
        0.1, ("Hi-Hat Closed(R)", "drum_cymbal_closed", "hat_zild", "hat_cab"), n_takes=N_TAKES
    ),
    "Hi-Hat Foot": Recipe(0.1, ("Hi-Hat Foot(R)", "drum_cymbal_pedal"), n_takes=N_TAKES),
    "808 Closed Hat": Recipe(0.1, n_takes=N_TAKES),
    "808 Open Hat": Recipe(0.1),
    "Hi-Hat Half-Open": Recipe(0.1, ("Hi-Hat Half-Open(R)",)),
    "Splash": Recipe(0.05, ("drum_splash_hard", "drum_splash_soft")),
    **dict.fromkeys(("Crsh 1", "Crsh 2"), CYMBAL),
    "Ride1": Recipe(0.15),
    "BellRide": Recipe(0.35),
    **dict.fromkeys(("Tambourine", "Maracas"), CYMBAL),
    "Small Shaker": Recipe(0.12),
    "Rim Tap": Recipe(0.52, is_bright=False),
    **dict.fromkeys(("Clap", "808 Clap"), Recipe(0.3, is_bright=False)),
    **dict.fromkeys(("Brush Snr 1", "Brush Snr 2"), Recipe(0.2, is_bright=False)),
    **dict.fromkeys(("Electronic Snr 1", "808 Snare 1"), DRUM),
    "Orch Snare": DRUM,
    **dict.fromkeys(("Std Snr 1", "Std Snr 2", "Snr 2-1", "Snr 2-2", "RmPwr 1-1", "RmPwr 1-2"), SNARE),
    "Power Snare 1": SNARE,
}


def with_strokes(font: SoundFont, others: Mapping[str, np.ndarray]) -> SoundFont:
    """Give the kits of a font their strokes.

    Args:
        font: kits, some of whose recordings are named in RECIPES.
        others: [n] recordings that RECIPES name, at the rate of the recording that uses them.

    Returns:
        The font with three strengths, and the other takes of its kits in the next banks.
    """
    pool = _Strokes(font, others)
    instruments = [replace(one, zones=tuple(_zones(font, one, pool, 0))) for one in font.instruments]
    presets = list(font.presets)
    for take in range(1, N_TAKES):
        places = {}
        for i, one in enumerate(font.instruments):
            zones = tuple(_zones(font, one, pool, take))
            if any(zone.target is not None for zone in zones):
                places[i] = len(instruments)
                instruments.append(replace(one, name=f"{text(one.name)[:16]} t{take}".encode(), zones=zones))
        presets += [_take(one, places, take) for one in font.presets if one.bank == DRUM_BANK]
    samples = (*font.samples, *pool.samples)
    return replace(font, presets=tuple(presets), instruments=tuple(instruments), samples=samples)


def _take(kit: Patch, places: Mapping[int, int], take: int) -> Patch:
    """The preset of a kit's take: the instruments that have one."""
    zones = tuple(
        zone if zone.target is None else replace(zone, target=places[zone.target])
        for zone in kit.zones
        if zone.target is None or zone.target in places
    )
    return replace(kit, bank=DRUM_BANK + take, zones=zones)


def _zones(font: SoundFont, patch: Patch, pool: "_Strokes", take: int) -> Iterator[Zone]:
    """An instrument's zones for a take; take 0 has all of them, the others those that differ."""
    for zone in patch.zones:
        recipe = None if zone.target is None else RECIPES.get(text(font.samples[zone.target].name))
        if zone.target is None or recipe is None:
            if zone.target is None or take == 0:
                yield zone
            continue
        if take >= recipe.n_takes:
            continue
        for strength, one in enumerate(recipe.strengths):
            narrow = narrowed(zone, ALL, one.velocities)
            amount = narrow.generators[gen.VELOCITY_RANGE]
            if amount & 0xFF <= amount >> 8:
                yield replace(narrow, target=pool.number(zone.target, strength, take))


class _Strokes:
    """The strokes of a font's recordings; each is made once and numbered after its samples."""

    def __init__(self, font: SoundFont, others: Mapping[str, np.ndarray]):
        self.font, self.others = font, others
        self.samples: list[Sample] = []
        self.numbers: dict[tuple[int, int, int], int] = {}
        # (recording, strength) -> its first take, a part of which the others share
        self.firsts: dict[tuple[int, int], np.ndarray] = {}

    def number(self, own: int, strength: int, take: int) -> int:
        """Number a stroke among the samples of the font that is written.

        Args:
            own: number of the recording.
            strength: place in its recipe's strengths.
            take: 0..N_TAKES - 1.

        Returns:
            Its index; the recording's own for its first take at the middle strength.
        """
        recipe = RECIPES[text(self.font.samples[own].name)]
        if take == 0 and recipe.strengths[strength].neutral == strokes.NEUTRAL_VELOCITY:
            return own
        if (own, strength, take) not in self.numbers:
            self.numbers[own, strength, take] = len(self.font.samples) + len(self.samples)
            self.samples.append(self._made(own, recipe, strength, take))
        return self.numbers[own, strength, take]

    def _made(self, own: int, recipe: Recipe, strength: int, take: int) -> Sample:
        sample, name = self.font.samples[own], text(self.font.samples[own].name)
        sound, rate = decoded(sample)[0][: round(LONGEST_S * sample.sample_rate)], sample.sample_rate
        other = dict(zip(_order(recipe), recipe.others, strict=False)).get((strength, take))
        rng = np.random.default_rng([zlib.crc32(name.encode()), strength, take])
        taken = None if other is None else self.others[other]
        made = _drawn(sound, rate, rng, recipe.kept, taken, self.firsts.get((own, strength)))
        if take == 0:
            self.firsts[own, strength] = made
        corner_hz = strokes.BRIGHT_CORNER_HZ if recipe.is_bright else strokes.CORNER_HZ
        data = as_loud(sound, made, rate, recipe.strengths[strength], corner_hz * SAMPLE_RATE / rate)
        title = f"{name[:15]} {'smh'[strength]}" if recipe.strengths == STRENGTHS else f"{name[:16]} "
        return replace(sample, name=f"{title}{take}".encode(), data=data, link=0, type=1)


def _drawn(
    own: np.ndarray,
    rate: int,
    rng: np.random.Generator,
    kept: float,
    other: np.ndarray | None,
    first: np.ndarray | None,
) -> np.ndarray:
    """A stroke with the drum's bands and decays: the first that is near enough, else the nearest.

    Another recording that comes no nearer in LENT_DRAWS is not used.
    """
    found: list[tuple[float, np.ndarray]] = []
    while len(found) < MOST_DRAWS and min((far for far, _ in found), default=np.inf) > FARTHEST_DB:
        made = another(own, rate, rng, kept, other if len(found) < LENT_DRAWS else None, first)
        found.append((off_db(own, made, rate), made))
    return min(found, key=lambda one: one[0])[1]


def _order(recipe: Recipe) -> list[tuple[int, int]]:
    """(strength, take) of the strokes as they get other recordings: what plays most comes first."""
    middle = len(recipe.strengths) // 2
    strengths = [middle, *(i for i in range(len(recipe.strengths)) if i != middle)]
    order = sorted((take, place) for place in range(len(strengths)) for take in range(N_TAKES))
    return [(strengths[place], take) for take, place in order if (place, take) != (0, 0)]

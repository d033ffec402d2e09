"""Select the samples for a note, each with its generator amounts.

SoundFont Technical Specification 2.04, sections 8 (generators, modulators) and 9 (synthesis model).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from dyvim_cli.music.synth import generators as gen
from dyvim_cli.music.synth import modulators
from dyvim_cli.music.synth.soundfont import Patch, SoundFont, Zone

EMU_ATTENUATION = 0.4  # fonts are tuned on hardware that divides this generator so
DRUM_BANK = 128
FURTHER_TAKES = 2  # banks after DRUM_BANK with other takes of its kits: round_robin.py


@dataclass(frozen=True)
class Voice:
    """One sample that sounds for a note; amounts hold every generator after modulation."""

    sample: int
    key: int
    amounts: dict[int, float]

    def get(self, generator: int) -> float:
        """Read a generator, within its range.

        Args:
            generator: number of section 8.1.2.

        Returns:
            In its own unit (cents, timecents, centibels ...).
        """
        amount, span = self.amounts.get(generator, 0.0), gen.RANGES.get(generator)
        return amount if span is None else min(max(amount, span[0]), span[1])

    def seconds(self, generator: int) -> float:
        """Read a timecent generator.

        Args:
            generator: number of section 8.1.2.

        Returns:
            Seconds; 0 for -12000 and below.
        """
        cents = self.get(generator)
        return 0.0 if cents <= -12000 else 2.0 ** (cents / 1200)

    def envelope_s(self, first: int) -> tuple[float, float, float, float, float]:
        """Read an envelope; hold and decay follow the key.

        Args:
            first: generator of its delay, which the others come after.

        Returns:
            (delay, attack, hold, decay, release) in seconds.
        """
        to_hold, to_decay = first + 6, first + 7
        shift = (60 - self.key) / 1200
        hold = self.seconds(first + gen.HOLD) * 2.0 ** (self.get(to_hold) * shift)
        decay = self.seconds(first + gen.DECAY) * 2.0 ** (self.get(to_decay) * shift)
        return self.seconds(first), self.seconds(first + gen.ATTACK), hold, decay, self.seconds(first + 5)

    def offset(self, fine: int, coarse: int) -> int:
        """Read a pair of generators that moves a point of the sample.

        Args:
            fine: generator in frames.
            coarse: generator in 32768 frames.

        Returns:
            Frames.
        """
        return int(self.get(fine)) + gen.COARSE_FRAMES * int(self.get(coarse))

    @property
    def exclusive_class(self) -> int:
        """A voice ends those of its class that sound already; 0 ends none."""
        return int(self.get(gen.EXCLUSIVE_CLASS))

    @property
    def ended_by(self) -> int:
        """The class whose voices end this one as they begin; 0 = none does."""
        return int(self.amounts.get(gen.ENDED_BY, self.exclusive_class))

    @property
    def changes_on_release(self) -> bool:
        """True if a release changes more than the level."""
        moves = self.get(gen.MOD_ENV_TO_CUTOFF) or self.get(gen.MOD_ENV_TO_PITCH)
        return bool(moves) or int(self.get(gen.LOOP_MODE)) == gen.LOOPS_WHILE_HELD


def find_preset(font: SoundFont, bank: int, program: int) -> Patch:
    """Find a preset.

    Args:
        font: of the presets.
        bank: 0, or 128 for kits.
        program: of General MIDI.

    Returns:
        The nearest of its kind when the font has none.
    """
    if bank == DRUM_BANK:
        alike = [p for p in font.presets if p.bank == DRUM_BANK]
    else:
        alike = [p for p in font.presets if not DRUM_BANK <= p.bank <= DRUM_BANK + FURTHER_TAKES]
    return min(alike or font.presets, key=lambda p: (abs(p.program - program), abs(p.bank - bank)))


def find_take(font: SoundFont, kit: Patch, take: int) -> Patch | None:
    """Find the preset that holds other recordings of a kit's strokes.

    Args:
        font: of the kit.
        kit: a preset in DRUM_BANK.
        take: 1 and up.

    Returns:
        The preset of the kit's name and program, as many banks after it; None where the font has none.
    """
    number = kit.bank + take, kit.program, kit.name
    return next((p for p in font.presets if (p.bank, p.program, p.name) == number), None)


def voices(font: SoundFont, preset: Patch, key: int, velocity: int) -> tuple[Voice, ...]:
    """Select the samples of a note.

    Args:
        font: of the preset.
        preset: that plays.
        key: MIDI number.
        velocity: MIDI velocity.

    Returns:
        The voices; none where the key makes no sound.
    """
    return tuple(
        _voice(font, outer, inner, key, velocity)
        for outer in _sounding(preset, key, velocity)
        for inner in _sounding(font.instruments[_target(outer[1])], key, velocity)
    )


def _voice(
    font: SoundFont, outer: tuple[Zone, Zone], inner: tuple[Zone, Zone], key: int, velocity: int
) -> Voice:
    """The voice of an instrument's zone under a preset's zone, each with its global zone before it."""
    amounts: dict[int, float] = {**gen.DEFAULTS, **inner[0].generators, **inner[1].amounts(key, velocity)}
    amounts[gen.ATTENUATION] = EMU_ATTENUATION * amounts.get(gen.ATTENUATION, 0)
    for generator, amount in (outer[0].generators | outer[1].generators).items():
        if generator not in gen.INDEX_ONLY:
            factor = EMU_ATTENUATION if generator == gen.ATTENUATION else 1
            amounts[generator] = amounts.get(generator, 0) + factor * amount
    key = key if amounts[gen.FIXED_KEY] < 0 else int(amounts[gen.FIXED_KEY])
    velocity = velocity if amounts[gen.FIXED_VELOCITY] < 0 else int(amounts[gen.FIXED_VELOCITY])
    for target, more in modulators.contributions(_links(outer, inner), key, velocity):
        amounts[target] = amounts.get(target, 0) + more
    return Voice(_target(inner[1]), key, amounts)


def _target(zone: Zone) -> int:
    """The number of a zone's instrument or sample; every zone that sounds has one."""
    if zone.target is None:
        raise ValueError("a global zone makes no sound")
    return zone.target


def _links(outer: tuple[Zone, Zone], inner: tuple[Zone, Zone]) -> modulators.Links:
    """The modulators of a voice: a zone's replace those before it, a preset's add to its instrument's."""
    within = modulators.DEFAULT_LINKS | modulators.parsed(inner[0].modulators)
    within |= modulators.parsed(inner[1].modulators)
    around = modulators.parsed(outer[0].modulators) | modulators.parsed(outer[1].modulators)
    return modulators.added(within, around)


_NOTHING = Zone({}, b"", None)


def _sounding(patch: Patch, key: int, velocity: int) -> Iterator[tuple[Zone, Zone]]:
    """(global zone, zone) of the zones that the note falls into."""
    first = patch.zones[0] if patch.zones and patch.zones[0].target is None else _NOTHING
    for zone in patch.at(key):
        if zone.covers(key, velocity):
            yield first, zone

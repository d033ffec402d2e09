"""Measure the delay of the shipped instruments' onsets, preset by preset.

python -m benchmarks.onsets prints for every preset that a style plays, over its own compass at three
strengths and all takes: the median distance of the sound's onset from the note's (ms), the 95th percentile,
the worst, and whether it is on time. An onset is where a listener puts it (Vos and Rasch, "The perceptual
onset of musical tones", 1981): where the level, over the last 5 ms, first comes within 12 dB of the loudest
of the attack.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from dyvim_cli.music.idioms import kit
from dyvim_cli.music.performance.instrument_ranges import COMPASS
from dyvim_cli.music.synth import placing
from dyvim_cli.music.synth.attack import ATTACK_S, levels
from dyvim_cli.music.synth.instrument import SampledInstrument
from dyvim_cli.music.synth.round_robin import N_TAKES
from dyvim_cli.music.synth.sampler import DRUM_BANK, find_preset
from dyvim_cli.music.synth.soundfont import SoundFont, shipped_soundfont
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.types import SAMPLE_RATE, Note

# start of a rendering's one note, how long it is held, length of the rendering
AT_S, HELD_S, LASTS_S = 0.3, 0.4, 0.6
EARLIEST_S, LATEST_S = 0.25, ATTACK_S  # an onset is searched for in this range around the note
SILENCE = 1e-9  # power that counts as none
HEARD = 10**-1.2  # share of the power of the loudest moment
VELOCITIES = (56, 88, 112)
KEY_STEP, ANY_COMPASS = 5, (36, 84)  # semitones between keys; of an instrument that has no bounds
MEDIAN_MS, MOST_MS = 3.0, 10.0


@dataclass(frozen=True)
class Alignment:
    """Distances (ms, late is positive) of every note that was measured of a preset."""

    bank: int
    program: int
    name: str
    late_ms: np.ndarray

    @property
    def figures(self) -> tuple[float, float, float]:
        """(median, 95th percentile, worst) of the distances without their sign, in ms."""
        away = np.abs(self.late_ms)
        return float(np.median(away)), float(np.percentile(away, 95)), float(away.max())

    @property
    def is_met(self) -> bool:
        """True if median and 95th percentile are what is asked for."""
        median, most, _ = self.figures
        return median <= MEDIAN_MS and most <= MOST_MS


def measure(font: SoundFont, bank: int, program: int) -> Alignment:
    """Measure the onsets of a preset over its keys, strengths and takes.

    Args:
        font: the soundfont.
        bank: of the preset.
        program: of the preset.

    Returns:
        Its alignment.
    """
    instrument = SampledInstrument(font, bank == DRUM_BANK, program)
    late = (late_ms(instrument, *note) for note in _notes(bank, program))
    found = np.array([one for one in late if one is not None])
    name = find_preset(font, bank, program).name.rstrip(b"\0").decode("latin-1")
    return Alignment(bank, program, name, found)


def _notes(bank: int, program: int) -> Iterator[tuple[int, int, int]]:
    """(key, velocity, take) of what is played."""
    low, high = COMPASS.get(program, ANY_COMPASS)
    keys = sorted(drum_keys()) if bank == DRUM_BANK else range(low, high + 1, KEY_STEP)
    return ((key, velocity, take) for key in keys for velocity in VELOCITIES for take in range(N_TAKES))


def drum_keys() -> set[int]:
    """Collect every key that a palette plays on its kits.

    Returns:
        MIDI keys.
    """
    classes = [kit.KIT, *(style.palette.drum_keys for style in RECORDS.values())]
    choices = [choice for each in classes for keys in each.values() for choice in keys]
    return {int(key) for choice in choices for key in np.atleast_1d(choice)}


def late_ms(instrument: SampledInstrument, key: int, velocity: int, take: int) -> float | None:
    """Measure the delay of a single note's onset.

    Args:
        instrument: a preset's.
        key: MIDI key.
        velocity: 1..127.
        take: number of the round robin's take.

    Returns:
        ms; None where the instrument has no such key.
    """
    notes, n = [Note(AT_S, AT_S + HELD_S, key, velocity)], round(LASTS_S * SAMPLE_RATE)
    sound = next(placing.blocks(instrument, notes, n, n, [take]))
    first, last = (round((AT_S + shift) * SAMPLE_RATE) for shift in (-EARLIEST_S, LATEST_S))
    power = levels(sound[:, first:last])
    if not power.max() > SILENCE:
        return None
    onset = int(np.argmax(power >= power.max() * HEARD))
    return 1000 * (onset / SAMPLE_RATE - EARLIEST_S)


def table(found: Sequence[Alignment]) -> str:
    """Tabulate presets, one line each.

    Args:
        found: their alignments.

    Returns:
        Text.
    """
    rows = ["bank program  median ms  95 % ms  worst ms       name"]
    for one in found:
        median, most, worst = one.figures
        verdict = "ok" if one.is_met else "late"
        figures = f"{median:10.1f} {most:8.1f} {worst:9.1f}"
        rows.append(f"{one.bank:4d} {one.program:7d} {figures}  {verdict:4} {one.name}")
    return "\n".join(rows)


def main(programs: Sequence[str]) -> None:
    """Print the table.

    Args:
        programs: numbers; none = all that styles play.
    """
    wanted = {int(program) for program in programs}
    presets = [one for one in sorted(kit.presets()) if not wanted or one[1] in wanted]
    found = [measure(shipped_soundfont(), *preset) for preset in presets if preset[1] != kit.RISER]
    print(table(found))
    print(f"{sum(one.is_met for one in found)} of {len(found)} presets are on time")


if __name__ == "__main__":
    main(sys.argv[1:])

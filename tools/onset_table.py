"""Measure every note of the shipped instruments: when it is heard, and how loud it is.

python -m tools.onset_table weights

What was measured before is kept where the preset is still the same; `--afresh` measures all of it, which is
needed when what notes are made of (dyvim_cli/music/synth) has changed. It takes a few minutes.
"""

import argparse
from pathlib import Path

import numpy as np

from dyvim_cli.music.synth import known_onsets, round_robin
from dyvim_cli.music.synth.instrument import VELOCITY_STEP, SampledInstrument, middle_velocity
from dyvim_cli.music.synth.sampler import DRUM_BANK, find_preset
from dyvim_cli.music.synth.soundfont import Patch, SoundFont, shipped_soundfont
from dyvim_cli.training.tasks.release import write_manifest

N_KEYS, STEPS = 128, range(128 // VELOCITY_STEP)


def measured(font: SoundFont, preset: Patch, keys: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Measure keys of a preset.

    Args:
        font: of the preset.
        preset: as the font has it.
        keys: consecutive MIDI numbers.

    Returns:
        (frames until a note is heard [keys, steps, takes] int16, LUFS [1 + keys] behind the lowest key).
    """
    player = SampledInstrument(font, preset.bank == DRUM_BANK, preset.program)
    player.known = None
    leads = np.full((len(keys), len(STEPS), round_robin.N_TAKES), known_onsets.UNKNOWN, np.int16)
    for place in np.ndindex(leads.shape):
        key, velocity, take = keys[place[0]], middle_velocity(place[1] * VELOCITY_STEP), place[2]
        if player.sounds(key, velocity):
            leads[place] = player.lead_frames(key, velocity, take)
    return leads, np.array([keys[0], *map(player.loudness, keys)])


def sounding_keys(font: SoundFont, preset: Patch) -> list[int]:
    """Find the keys from the lowest to the highest that sounds.

    Args:
        font: of the preset.
        preset: as the font has it.

    Returns:
        Consecutive MIDI numbers.
    """
    player = SampledInstrument(font, preset.bank == DRUM_BANK, preset.program)
    sounding = [
        key
        for key in range(N_KEYS)
        if any(player.sounds(key, middle_velocity(step * VELOCITY_STEP)) for step in STEPS)
    ]
    return list(range(sounding[0], sounding[-1] + 1))


def write(folder: Path, is_afresh: bool) -> None:
    """Write the table, and its size and digest into the manifest.

    Args:
        folder: of the weights.
        is_afresh: measure what was measured before as well.
    """
    from safetensors.numpy import save_file

    font, table = shipped_soundfont(), {}
    for preset in font.presets:
        is_drums = preset.bank == DRUM_BANK
        if preset is not find_preset(font, preset.bank, preset.program):
            continue  # another file's plays in its place
        name = known_onsets.digest(font, preset, is_drums)
        known = None if is_afresh else known_onsets.known_onsets(font, preset, is_drums)
        if known is None:
            print(f"{preset.bank:4d} {preset.program:4d} {preset.name.decode('latin-1')}", flush=True)
            leads, loudness = measured(font, preset, sounding_keys(font, preset))
        else:
            leads, loudness = known.leads, np.array([known.lowest_key, *known.loudness_lufs])
        table |= {f"{name}.leads": leads, f"{name}.loudness": loudness}
    part = folder / f"{known_onsets.TABLE}.part"
    save_file(table, part)
    part.replace(folder / known_onsets.TABLE)
    write_manifest(folder)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--afresh", action="store_true")
    arguments = parser.parse_args()
    write(arguments.folder, arguments.afresh)

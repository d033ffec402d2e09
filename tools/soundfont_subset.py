"""Make the shipped soundfonts: the palettes' instruments out of a full free font.

python -m tools.soundfont_subset MuseScore_General_Full.sf2 weights

The font is MuseScore General HQ, uncompressed (Debian's musescore-general-soundfont-lossless). Its presets
are shared out over files that a Git host takes without complaint. The piano is made by tools/piano_font.py,
the drum kits by tools/drums_font.py, leads, pads and other synthesizers by tools/synth_font.py.
"""

import io
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from dyvim_cli.atomic import write_bytes
from dyvim_cli.music.idioms import kit
from dyvim_cli.music.synth import generators as gen
from dyvim_cli.music.synth.generators import KEY_RANGE
from dyvim_cli.music.synth.sample_data import decoded
from dyvim_cli.music.synth.sampler import DRUM_BANK
from dyvim_cli.music.synth.soundfont import Patch, Sample, SoundFont, Zone, read_soundfont
from tools.soundfont_writer import to_bytes
from tools.synth.patches import PATCHES

GENERAL, SECTIONS = "dyvim-gm.sf3", "dyvim-strings.sf3"  # names of the files
PIANO, STRINGS = {(0, 0)}, {(0, 45), (0, 48), (0, 49)}  # (bank, program) of the presets of a file's own
SYNTHESIZED = {(0, patch.program) for patch in PATCHES}
THINNED = b"_v2"  # how the second of two string groups that play together ends: every other key will do
KEYS, DRUM_KEYS = range(24, 104), range(35, 88)
LONGEST_S, LONGEST_OF_STRINGS_S, FADE_S = (
    8.0,
    3.0,
    2.0,
)  # of a sample without a loop: longer rings are faded
LATE_TIMECENTS = 5000  # a layer that swells this much later than its neighbour is hardly heard
COMPRESSION = 0.6  # libsndfile's scale for Vorbis, 0 best .. 1 smallest
LARGEST_BYTES = 20_000_000  # largest file that is written


def main(source: str, folder: str) -> None:
    """Write the subsets of a font, each file complete or not at all.

    Args:
        source: path of the whole font.
        folder: for the subsets.
    """
    font, chosen = read_soundfont(Path(source)), kit.presets() - PIANO - STRINGS - SYNTHESIZED
    others = {(bank, program) for bank, program in chosen if bank != DRUM_BANK}
    shares = (
        (GENERAL, (others, COMPRESSION, LONGEST_S)),
        (SECTIONS, (STRINGS, COMPRESSION, LONGEST_OF_STRINGS_S)),
    )
    for name, share in shares:
        data = to_bytes(subset(font, *share))
        if len(data) > LARGEST_BYTES:
            raise ValueError(f"{name} would have {len(data)} bytes, more than {LARGEST_BYTES}")
        write_bytes(Path(folder) / name, data)


def subset(font: SoundFont, presets: set[tuple[int, int]], compression: float, longest_s: float) -> SoundFont:
    """Take the part of a font that sounds when some presets play, samples re-encoded.

    Args:
        font: the whole font.
        presets: (bank, program) of each.
        compression: libsndfile's scale for Vorbis, 0 best .. 1 smallest.
        longest_s: length beyond which samples without a loop are faded.

    Returns:
        The smaller font.
    """
    chosen = [patch for patch in font.presets if (patch.bank, patch.program) in presets]
    chosen = [_pruned(patch, DRUM_KEYS if patch.bank == 128 else KEYS) for patch in chosen]
    used = sorted({zone.target for patch in chosen for zone in patch.zones if zone.target is not None})
    melodic = {z.target for patch in chosen if patch.bank != 128 for z in patch.zones}
    parts = [_pruned(font.instruments[i], KEYS if i in melodic else DRUM_KEYS) for i in used]
    parts = [_thinned(patch) if patch.name.endswith(THINNED) else patch for patch in parts]
    heard = sorted({zone.target for patch in parts for zone in patch.zones if zone.target is not None})
    looped = _looped_samples(parts)
    with ThreadPoolExecutor(2) as pool:
        samples = pool.map(
            lambda i: _encoded(font, i, heard, None if i in looped else longest_s, compression), heard
        )
        return replace(
            font,
            presets=tuple(_retargeted(patch, used) for patch in chosen),
            instruments=tuple(_retargeted(patch, heard) for patch in parts),
            samples=tuple(samples),
        )


def _pruned(patch: Patch, keys: range) -> Patch:
    """Without the zones that none of the keys reaches, and without the layers that never come in."""

    def sounds(zone: Zone) -> bool:
        late = zone.generators.get(gen.VOLUME_ENV + gen.ATTACK, 0) > LATE_TIMECENTS
        return not late and any(zone.covers(key, velocity) for key in keys for velocity in range(1, 128))

    return replace(patch, zones=tuple(zone for zone in patch.zones if zone.target is None or sounds(zone)))


def _thinned(patch: Patch) -> Patch:
    """Every other key range widened over its lower neighbour, which goes."""
    ranges = sorted(
        {zone.generators.get(KEY_RANGE, 0) for zone in patch.zones if zone.target is not None}, key=_low
    )
    widened = {
        upper: _low(lower) | upper & 0xFF00 for lower, upper in zip(ranges[::2], ranges[1::2], strict=False)
    }
    dropped = {lower for lower, _ in zip(ranges[::2], ranges[1::2], strict=False)}
    kept = [
        zone
        for zone in patch.zones
        if zone.target is None or zone.generators.get(KEY_RANGE, 0) not in dropped
    ]
    return replace(patch, zones=tuple(_with_range(zone, widened) for zone in kept))


def _low(amount: int) -> int:
    return amount & 0xFF


def _with_range(zone: Zone, widened: dict[int, int]) -> Zone:
    amount = zone.generators.get(KEY_RANGE)
    return (
        replace(zone, generators=zone.generators | {KEY_RANGE: widened[amount]})
        if amount in widened
        else zone
    )


def _retargeted(patch: Patch, kept: list[int]) -> Patch:
    """Zones that point at the new indices."""
    index = {old: new for new, old in enumerate(kept)}
    zones = (z if z.target is None else replace(z, target=index[z.target]) for z in patch.zones)
    return replace(patch, zones=tuple(zones))


def _looped_samples(instruments: list[Patch]) -> set[int]:
    """Samples that some zone loops."""
    found = set()
    for patch in instruments:
        common = patch.zones[0].generators if patch.zones[0].target is None else {}
        for zone in patch.zones:
            if zone.target is not None and (common | zone.generators).get(gen.LOOP_MODE, 0) & 1:
                found.add(zone.target)
    return found


def _encoded(
    font: SoundFont, index: int, kept: list[int], longest_s: float | None, compression: float
) -> Sample:
    """Cut after longest_s, or at the loop's end, and encode; unlinked when its twin is gone."""
    import soundfile

    sample, file = font.samples[index], io.BytesIO()
    rate = sample.sample_rate
    end = sample.loop[1] + 64 if longest_s is None else int(longest_s * rate)
    frames, _ = decoded(sample)
    if end < len(frames):
        frames = frames[:end].copy()
        if longest_s is not None:
            n = int(FADE_S * rate)
            frames[-n:] *= np.cos(np.linspace(0, np.pi / 2, n)) ** 2
    soundfile.write(file, frames, rate, format="OGG", subtype="VORBIS", compression_level=compression)
    link = kept.index(sample.link) if sample.link in kept else 0
    return replace(sample, data=file.getvalue(), link=link, low_bytes=b"")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Make the shipped soundfont: the instruments of the palettes, out of a full free font.

python -m tools.soundfont_subset MuseScore_General_Lite.sf3 weights/dyvim-gm.sf3
"""

import io
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from dyvim_cli.atomic import write_bytes
from dyvim_cli.music.styles import palettes
from dyvim_cli.music.synth import generators as gen
from dyvim_cli.music.synth.generators import KEY_RANGE
from dyvim_cli.music.synth.soundfont import Patch, Sample, SoundFont, Zone, read_soundfont
from tools.soundfont_writer import to_bytes

THIN = {b"Piano FF-low": 128, b"Piano MF-low": 48}  # of the grand piano, below this key: every other sample
KEYS, DRUM_KEYS = range(24, 104), range(35, 88)
LONGEST_S, FADE_S = 4.5, 1.5  # of a sample without a loop: what rings longer is faded
LATE_TIMECENTS = 5000  # a layer that swells this much later than its neighbour is hardly heard
COMPRESSION = 0.7  # libsndfile's scale for Vorbis, 0 best .. 1 smallest


def main(source: str, target: str) -> None:
    """Write the subset of `source` to `target`, complete or not at all."""
    font = subset(read_soundfont(Path(source)), palettes.presets())
    write_bytes(Path(target), to_bytes(font))


def subset(font: SoundFont, presets: set[tuple[int, int]]) -> SoundFont:
    """The part of a font that sounds when `presets` [(bank, program)] play, samples re-encoded."""
    chosen = [patch for patch in font.presets if (patch.bank, patch.program) in presets]
    chosen = [_pruned(patch, DRUM_KEYS if patch.bank == 128 else KEYS) for patch in chosen]
    used = sorted({zone.target for patch in chosen for zone in patch.zones if zone.target is not None})
    melodic = {z.target for patch in chosen if patch.bank != 128 for z in patch.zones}
    parts = [_pruned(font.instruments[i], KEYS if i in melodic else DRUM_KEYS) for i in used]
    parts = [_thinned(patch, THIN.get(patch.name, 0)) for patch in parts]
    heard = sorted({zone.target for patch in parts for zone in patch.zones if zone.target is not None})
    looped = _looped_samples(parts)
    with ThreadPoolExecutor(2) as pool:
        samples = pool.map(lambda i: _encoded(font.samples[i], heard, i in looped), heard)
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


def _thinned(patch: Patch, below: int) -> Patch:
    """Every other key range below a key widened over its lower neighbour, which goes."""
    ranges = sorted(
        {zone.generators.get(KEY_RANGE, 0) for zone in patch.zones if zone.target is not None}, key=_low
    )
    ranges = [amount for amount in ranges if _low(amount) < below]
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


def _encoded(sample: Sample, kept: list[int], looped: bool) -> Sample:
    """Cut at the loop's end or after LONGEST_S, and encode anew; unlinked when its twin is gone."""
    import soundfile

    frames, rate = soundfile.read(io.BytesIO(bytes(sample.data)), dtype="float32")
    end = sample.loop[1] + 64 if looped else int(LONGEST_S * rate)
    if end < len(frames):
        frames = frames[:end]
        if not looped:
            n = int(FADE_S * rate)
            frames[-n:] *= np.cos(np.linspace(0, np.pi / 2, n)) ** 2
    file = io.BytesIO()
    soundfile.write(file, frames, rate, format="OGG", subtype="VORBIS", compression_level=COMPRESSION)
    vorbis = min(file.getvalue(), bytes(sample.data), key=len) if end >= len(frames) else file.getvalue()
    link = kept.index(sample.link) if sample.link in kept else 0
    return replace(sample, data=vorbis, link=link)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Look up onsets and levels of notes that were measured before, instead of playing their beginnings.

The table of the shipped instruments (tools/onset_table.py) is searched by what a preset consists of. A
changed one, and a user's, is measured as it plays.
"""

import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from dyvim_cli import weights
from dyvim_cli.music.synth.soundfont import Patch, Sample, SoundFont

TABLE = "note-onsets.safetensors"
UNKNOWN = -1  # lead of a note that makes no sound
LAST_BYTES = 4096  # bytes at a sample's end that stand for all of it, besides their number


@dataclass(frozen=True)
class KnownOnsets:
    """Measures of one preset's notes, from a lowest key on."""

    lowest_key: int
    leads: np.ndarray  # [keys, steps of velocity, takes] int16 frames until a note is heard; UNKNOWN
    loudness_lufs: np.ndarray  # [keys] float64 of a note at the instrument's probing velocity

    def lead_frames(self, key: int, step: int, take: int) -> int | None:
        """Find the frames until a note is heard.

        Args:
            key: MIDI number.
            step: of velocity.
            take: which of the recordings of a repeated stroke it is.

        Returns:
            Frames; None where it was not measured.
        """
        place = (key - self.lowest_key, step, take)
        if not all(0 <= at < n for at, n in zip(place, self.leads.shape, strict=True)):
            return None
        frames = int(self.leads[place])
        return None if frames == UNKNOWN else frames

    def loudness(self, key: int) -> float | None:
        """Find the loudness of a key's note.

        Args:
            key: MIDI number.

        Returns:
            LUFS; None where it was not measured.
        """
        place = key - self.lowest_key
        return float(self.loudness_lufs[place]) if 0 <= place < len(self.loudness_lufs) else None


def known_onsets(font: SoundFont, preset: Patch, is_drums: bool) -> KnownOnsets | None:
    """Find the measures of a preset.

    Args:
        font: of the preset.
        preset: as the font has it.
        is_drums: whether it is played as a kit.

    Returns:
        The measures; None where nobody measured it.
    """
    table, names = _table()
    name = digest(font, preset, is_drums)
    if f"{name}.leads" not in names:
        return None
    measures = table.get_tensor(f"{name}.loudness")
    return KnownOnsets(int(measures[0]), table.get_tensor(f"{name}.leads"), measures[1:])


@lru_cache(maxsize=1)
def _table() -> tuple[Any, frozenset[str]]:
    """(the shipped table, read where it is looked up, its names): none without one, and all is measured."""
    from safetensors import SafetensorError, safe_open

    try:
        table: Any = safe_open(weights.folder() / TABLE, framework="np")
    except (OSError, SafetensorError):
        return None, frozenset()
    return table, frozenset(table.keys())


def digest(font: SoundFont, preset: Patch, is_drums: bool) -> str:
    """Name a preset by what it consists of.

    Args:
        font: of the preset.
        preset: as the font has it.
        is_drums: whether it is played as a kit.

    Returns:
        16 hexadecimal digits.
    """
    first = second = int(is_drums)
    instruments = dict.fromkeys(zone.target for zone in preset.zones if zone.target is not None)
    for patch in (preset, *(font.instruments[target] for target in instruments)):
        for zone in patch.zones:
            facts = repr((sorted(zone.generators.items()), zone.modulators, zone.target is None)).encode()
            if patch is not preset and zone.target is not None:
                facts += _facts_of(font.samples[zone.target])
            first, second = zlib.crc32(facts, first), zlib.adler32(facts, second)
    return f"{first:08x}{second:08x}"


def _facts_of(sample: Sample) -> bytes:
    """Facts that tell a sample from others."""
    facts = repr((len(sample.data), sample.loop, sample.sample_rate, sample.pitch, sample.correction))
    return facts.encode() + bytes(sample.data[-LAST_BYTES:])

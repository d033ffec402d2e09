"""SoundFont 3 files: read one, keep the part that some notes need.

Layout: SoundFont Technical Specification 2.04 (sections 4-7), and MuseScore's SF3 variant of it
(samples are Vorbis streams: their bounds count bytes, their loops frames from the sample's start).
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from dyvim_cli import weights
from dyvim_cli.errors import WeightsError

INSTRUMENT, KEY_RANGE, VELOCITY_RANGE, SAMPLE_ID = 41, 43, 44, 53  # generator numbers
MODULATOR_BYTES = 10

RECORDS = {
    "phdr": [("name", "S20"), ("program", "<u2"), ("bank", "<u2"), ("bag", "<u2"), ("reserved", "<u4", 3)],
    "inst": [("name", "S20"), ("bag", "<u2")],
    "bag": [("gen", "<u2"), ("mod", "<u2")],
    "gen": [("oper", "<u2"), ("amount", "<i2")],
    "shdr": [
        ("name", "S20"), ("start", "<u4"), ("end", "<u4"), ("loop_start", "<u4"), ("loop_end", "<u4"),
        ("sample_rate", "<u4"), ("pitch", "u1"), ("correction", "i1"), ("link", "<u2"), ("type", "<u2"),
    ],
}  # fmt: skip


@dataclass(frozen=True)
class Zone:
    """A region of keys and velocities; target is its instrument or sample, None in a global zone."""

    generators: dict[int, int]
    modulators: bytes
    target: int | None

    def covers(self, key: int, velocity: int) -> bool:
        """Whether this note falls into the zone."""
        return _within(self.generators.get(KEY_RANGE), key) and _within(
            self.generators.get(VELOCITY_RANGE), velocity
        )


@dataclass(frozen=True)
class Patch:
    """A preset (its zones point at instruments) or an instrument (its zones point at samples)."""

    name: bytes
    zones: tuple[Zone, ...]
    bank: int = 0
    program: int = 0


@dataclass(frozen=True)
class Sample:
    """One recording, mono, as a Vorbis stream; the loop is in frames from its start."""

    name: bytes
    vorbis: bytes
    loop: tuple[int, int]
    sample_rate: int
    pitch: int
    correction: int  # cents
    link: int  # the other half of a stereo pair
    type: int


@dataclass(frozen=True)
class SoundFont:
    """A whole font, or a part of one."""

    presets: tuple[Patch, ...]
    instruments: tuple[Patch, ...]
    samples: tuple[Sample, ...]
    info: dict[str, bytes]


def soundfont_path() -> Path:
    """Where the shipped font lies, in a checkout or installed."""
    return weights.folder() / weights.SOUNDFONT


@lru_cache(maxsize=1)
def shipped_soundfont() -> SoundFont:
    """The font in weights/. Raises WeightsError when it is missing or damaged."""
    return read_soundfont(soundfont_path())


def read_soundfont(path: Path) -> SoundFont:
    """Read an SF3 file. Raises WeightsError when it is missing or not one."""
    try:
        chunks = _chunks(Path(path).read_bytes())
        presets = _patches(chunks, "phdr", "p", INSTRUMENT)
        instruments = _patches(chunks, "inst", "i", SAMPLE_ID)
        headers = np.frombuffer(chunks["shdr"], RECORDS["shdr"])[:-1].tolist()
        samples = tuple(_sample(header, chunks["smpl"]) for header in headers)
    except (OSError, KeyError, ValueError, IndexError) as error:
        raise WeightsError(f"cannot read the soundfont {path}: {error}", weights.REINSTALL) from error
    info = {name: bytes(chunks[name]) for name in chunks if name[0] == "I" or name == "isng"}
    return SoundFont(presets, instruments, samples, info)


def _within(amount: int | None, value: int) -> bool:
    """Range generators hold the low end in the low byte, the high end in the high byte."""
    return amount is None or amount & 0xFF <= value <= amount >> 8 & 0xFF


def _chunks(data: bytes) -> dict[str, memoryview]:
    """Leaf chunks of the RIFF tree by name."""
    if data[:4] != b"RIFF" or data[8:12] != b"sfbk":
        raise ValueError("no RIFF sfbk header")
    view, found, position = memoryview(data), {}, 12
    while position + 8 <= len(data):
        name = data[position : position + 4]
        size = int.from_bytes(data[position + 4 : position + 8], "little")
        if name == b"LIST":
            position += 12
            continue
        found[name.decode("ascii")] = view[position + 8 : position + 8 + size]
        position += 8 + size
        if size % 2 and data[position : position + 1] == b"\0":  # some writers leave the pad byte out
            position += 1
    return found


def _patches(chunks, header: str, prefix: str, terminal: int) -> tuple[Patch, ...]:
    """Presets or instruments, from their header, bag, generator and modulator tables."""
    heads = np.frombuffer(chunks[header], RECORDS[header])
    bags = np.frombuffer(chunks[prefix + "bag"], RECORDS["bag"]).tolist()
    generators = np.frombuffer(chunks[prefix + "gen"], RECORDS["gen"]).tolist()
    modulators = bytes(chunks[prefix + "mod"])
    zones = [
        _zone(generators[g:g_end], modulators[MODULATOR_BYTES * m : MODULATOR_BYTES * m_end], terminal)
        for (g, m), (g_end, m_end) in zip(bags, bags[1:], strict=False)
    ]
    ends = heads["bag"][1:].tolist()
    numbers = zip(heads["bank"], heads["program"], strict=True) if header == "phdr" else None
    patches = [
        Patch(bytes(name), tuple(zones[start:end]))
        for name, start, end in zip(heads["name"], heads["bag"].tolist(), ends, strict=False)
    ]
    if numbers is None:
        return tuple(patches)
    return tuple(replace(p, bank=int(b), program=int(n)) for p, (b, n) in zip(patches, numbers, strict=False))


def _zone(generators: list[tuple[int, int]], modulators: bytes, terminal: int) -> Zone:
    """A zone; what stands after the terminal generator has no meaning."""
    found: dict[int, int] = {}
    for oper, amount in generators:
        if oper == terminal:
            return Zone(found, modulators, amount)
        found[oper] = amount
    return Zone(found, modulators, None)


def _sample(header: tuple, pool: memoryview) -> Sample:
    """Cut one sample out of the pool."""
    name, start, end, loop_start, loop_end, sample_rate, pitch, correction, link, kind = header
    if pool[start : start + 4] != b"OggS":
        raise ValueError(f"sample {name!r} is not a Vorbis stream")
    return Sample(
        name, bytes(pool[start:end]), (loop_start, loop_end), sample_rate, pitch, correction, link, kind
    )

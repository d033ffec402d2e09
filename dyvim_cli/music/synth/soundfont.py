"""Read SoundFont 2 and 3 files; sample data stays on disk until it is played.

Layout: SoundFont Technical Specification 2.04 (sections 4-7), and MuseScore's SF3 variant of it
(samples are Vorbis streams: their bounds count bytes, their loops frames from the sample's start).
"""

import mmap
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from dyvim_cli import weights
from dyvim_cli.errors import InputError, WeightsError
from dyvim_cli.music.synth.byte_cache import ByteCache
from dyvim_cli.music.synth.generators import INSTRUMENT, KEY_RANGE, SAMPLE_ID, VELOCITY_RANGE
from dyvim_cli.regular_files import check_regular

MODULATOR_BYTES = 10
# practical sample rates; the specification (7.10) asks for the nearest where another one stands
RATES_HZ = (400, 384_000)
DECODED_BYTES = 32 << 20  # size of a font's samples that are kept ready to play

RECORDS: dict[str, Any] = {  # fields as numpy's dtype takes them
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

    def holds(self, key: int) -> bool:
        """Check whether a key falls into the zone.

        Args:
            key: MIDI number.

        Returns:
            True where its range of keys holds it.
        """
        return _within(self.generators.get(KEY_RANGE), key)

    def covers(self, key: int, velocity: int) -> bool:
        """Check whether a note falls into the zone.

        Args:
            key: MIDI number.
            velocity: MIDI velocity.

        Returns:
            True where both ranges hold it.
        """
        return self.holds(key) and _within(self.generators.get(VELOCITY_RANGE), velocity)

    def amounts(self, key: int, velocity: int) -> Mapping[int, float]:
        """Find the generators of a note, before modulators.

        Args:
            key: MIDI number.
            velocity: MIDI velocity.

        Returns:
            By number; the same for every note, but in zones of other formats.
        """
        return self.generators


@dataclass(frozen=True)
class Patch:
    """A preset (its zones point at instruments) or an instrument (its zones point at samples)."""

    name: bytes
    zones: tuple[Zone, ...]
    bank: int = 0
    program: int = 0
    takes: "tuple[Patch, ...]" = ()  # what plays instead in each take of a repeated stroke; none = itself
    # made anew with every patch, so that a changed copy knows nothing of the zones before
    _by_key: dict[int, tuple[Zone, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def at(self, key: int) -> tuple[Zone, ...]:
        """Find the zones that a key falls into, whatever its velocity; they are kept.

        Args:
            key: MIDI number.

        Returns:
            Zones with a target, in their order.
        """
        if key not in self._by_key:
            self._by_key[key] = tuple(z for z in self.zones if z.target is not None and z.holds(key))
        return self._by_key[key]


@dataclass(frozen=True)
class Sample:
    """One recording, mono: a Vorbis stream, or 16-bit frames with their lower 8 bits where a font has them.

    The loop is in frames from the sample's start.
    """

    name: bytes
    data: memoryview | bytes
    loop: tuple[int, int]
    sample_rate: int
    pitch: int
    correction: int  # cents
    link: int  # the other half of a stereo pair
    type: int
    low_bytes: memoryview | bytes = b""


@dataclass(frozen=True)
class SoundFont:
    """A whole font, or a part of one; decoded keeps the frames of samples that sounded lately."""

    presets: tuple[Patch, ...]
    instruments: tuple[Patch, ...]
    samples: tuple[Sample, ...]
    info: dict[str, bytes]
    files: tuple[Path, ...] = ()  # what it was read from, where that is more than one file
    notes: tuple[str, ...] = ()  # sentences for the user
    has_vibrato: bool = False  # its players tremble by themselves
    decoded: ByteCache = field(default_factory=lambda: ByteCache(DECODED_BYTES), compare=False, repr=False)


def soundfont_paths() -> list[Path]:
    """Find the files of the shipped font, in a checkout or installed.

    Returns:
        Paths in the folder of the weights.
    """
    return [weights.folder() / name for name in weights.SOUNDFONTS]


@lru_cache(maxsize=1)
def shipped_soundfont() -> SoundFont:
    """Open the font in weights/, of several files; it is read once.

    Returns:
        One font of all files.

    Raises:
        WeightsError: one is missing or damaged.
    """
    try:
        return merged([read_soundfont(path) for path in soundfont_paths()])
    except InputError as error:
        raise WeightsError(error.message, weights.REINSTALL) from error


def merged(fonts: list[SoundFont]) -> SoundFont:
    """Join several fonts; of presets with one number the first one plays.

    Args:
        fonts: at least one.

    Returns:
        One font with all presets, under the first one's description.
    """
    presets: tuple[Patch, ...] = ()
    instruments: tuple[Patch, ...] = ()
    samples: tuple[Sample, ...] = ()
    for font in fonts:
        presets += tuple(_shifted(patch, len(instruments)) for patch in font.presets)
        instruments += tuple(_shifted(patch, len(samples)) for patch in font.instruments)
        samples += font.samples
    return SoundFont(presets, instruments, samples, fonts[0].info)


def _shifted(patch: Patch, by: int) -> Patch:
    """A patch whose targets are moved to later places of a longer list."""
    zones = (z if z.target is None else replace(z, target=z.target + by) for z in patch.zones)
    return replace(patch, zones=tuple(zones))


def read_soundfont(path: Path) -> SoundFont:
    """Read an SF2 or SF3 file; sample data stays on disk.

    Args:
        path: of the file.

    Returns:
        The font.

    Raises:
        InputError: the file is missing or not one.
    """
    check_regular(path, "soundfont")
    try:
        chunks = _chunks(_mapped(Path(path)))
        presets = _patches(chunks, "phdr", "p", INSTRUMENT)
        instruments = _patches(chunks, "inst", "i", SAMPLE_ID)
        headers = np.frombuffer(chunks["shdr"], RECORDS["shdr"])[:-1].tolist()
        samples = tuple(_sample(header, chunks) for header in headers)
        _check_targets(presets, len(instruments))
        _check_targets(instruments, len(samples))
        if not presets:
            raise ValueError("it holds no preset")
    except (OSError, KeyError, ValueError, IndexError) as error:
        reason = f"no '{error.args[0]}' chunk" if isinstance(error, KeyError) else error
        hint = "give a SoundFont file that opens elsewhere (.sf2 or .sf3)"
        raise InputError(f"cannot read the soundfont {path}: {reason}", hint) from error
    info = {name: bytes(chunks[name]) for name in chunks if name[0] == "I" or name == "isng"}
    return SoundFont(presets, instruments, samples, info)


def _mapped(path: Path) -> memoryview:
    """The file's bytes, read only where they are used."""
    with path.open("rb") as file:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def _within(amount: int | None, value: int) -> bool:
    """Range generators hold the low end in the low byte, the high end in the high byte."""
    return amount is None or amount & 0xFF <= value <= amount >> 8 & 0xFF


def _chunks(data: memoryview) -> dict[str, memoryview]:
    """Leaf chunks of the RIFF tree by name."""
    if bytes(data[:4]) != b"RIFF" or bytes(data[8:12]) != b"sfbk":
        raise ValueError("no RIFF sfbk header")
    found, position = {}, 12
    while position + 8 <= len(data):
        name = bytes(data[position : position + 4])
        size = int.from_bytes(data[position + 4 : position + 8], "little")
        if name == b"LIST":
            position += 12
            continue
        if position + 8 + size > len(data):
            raise ValueError("it ends too early")
        found[name.decode("ascii")] = data[position + 8 : position + 8 + size]
        position += 8 + size
        if size % 2 and bytes(data[position : position + 1]) == b"\0":  # some writers leave the pad byte out
            position += 1
    return found


def _patches(chunks: dict[str, memoryview], header: str, prefix: str, terminal: int) -> tuple[Patch, ...]:
    """Presets or instruments, from their header, bag, generator and modulator tables."""
    heads = np.frombuffer(chunks[header], RECORDS[header])
    zones = _zones(chunks, prefix, terminal)
    bounds = zip(heads["bag"][:-1].tolist(), heads["bag"][1:].tolist(), strict=True)
    named = [
        Patch(bytes(head["name"]), tuple(zones[start:end]))
        for head, (start, end) in zip(heads, bounds, strict=False)
    ]
    if header != "phdr":
        return tuple(named)
    numbers = zip(heads["bank"].tolist(), heads["program"].tolist(), strict=True)
    return tuple(
        replace(p, bank=bank, program=number) for p, (bank, number) in zip(named, numbers, strict=False)
    )


def _zones(chunks: dict[str, memoryview], prefix: str, terminal: int) -> list[Zone]:
    """All zones of presets or instruments, in the file's order."""
    bags = np.frombuffer(chunks[prefix + "bag"], RECORDS["bag"]).tolist()
    generators = np.frombuffer(chunks[prefix + "gen"], RECORDS["gen"]).tolist()
    modulators = bytes(chunks[prefix + "mod"])
    return [
        _zone(generators[g:g_end], modulators[MODULATOR_BYTES * m : MODULATOR_BYTES * m_end], terminal)
        for (g, m), (g_end, m_end) in zip(bags, bags[1:], strict=False)
    ]


def _zone(generators: list[tuple[int, int]], modulators: bytes, terminal: int) -> Zone:
    """A zone; what follows the terminal generator has no meaning."""
    found: dict[int, int] = {}
    for oper, amount in generators:
        if oper == terminal:
            return Zone(found, modulators, amount)
        found[oper] = amount
    return Zone(found, modulators, None)


def _sample(header: tuple[Any, ...], chunks: dict[str, memoryview]) -> Sample:
    """Cut one sample out of the pool."""
    name, start, end, loop_start, loop_end, sample_rate, pitch, correction, link, kind = header
    pool, loop = chunks["smpl"], (loop_start, loop_end)
    low_bytes: memoryview | bytes = b""
    if bytes(pool[start : start + 4]) == b"OggS":
        data = pool[start:end]
    elif 2 * end <= len(pool) and start <= end:
        data, loop = pool[2 * start : 2 * end], (loop_start - start, loop_end - start)
        low_bytes = chunks["sm24"][start:end] if len(chunks.get("sm24", b"")) >= len(pool) // 2 else b""
    else:
        raise ValueError(f"sample {name.decode('latin-1')!r} lies outside the file")
    rate_hz = min(max(sample_rate, RATES_HZ[0]), RATES_HZ[1])
    return Sample(name, data, loop, rate_hz, pitch, correction, link, kind, low_bytes)


def _check_targets(patches: tuple[Patch, ...], n_targets: int) -> None:
    for patch in patches:
        if any(zone.target is not None and not 0 <= zone.target < n_targets for zone in patch.zones):
            raise ValueError(f"{patch.name.decode('latin-1')!r} points at what is not there")

"""Write SoundFont 2 (16-bit frames) and 3 (Vorbis streams) files."""

from collections.abc import Iterator

import numpy as np

from dyvim_cli.music.synth.generators import INSTRUMENT, KEY_RANGE, SAMPLE_ID, VELOCITY_RANGE
from dyvim_cli.music.synth.soundfont import MODULATOR_BYTES, RECORDS, Patch, Sample, SoundFont, Zone

VORBIS = 0x10  # flag of a compressed sample: without it other players take an SF3 file for damaged
GAP_FRAMES = 46  # zeros after each sample of an SF2 file (specification, section 7.10)


def to_bytes(font: SoundFont) -> bytes:
    """Write a font: SF3 when its samples are Vorbis streams, else SF2.

    Args:
        font: the soundfont.

    Returns:
        Bytes of the file.
    """
    pool, headers = _pool(font.samples)
    tables = [
        *_patch_tables(font.presets, "phdr", "p", INSTRUMENT, b"EOP"),
        *_patch_tables(font.instruments, "inst", "i", SAMPLE_ID, b"EOI"),
        _chunk("shdr", np.array(headers, RECORDS["shdr"]).tobytes()),
    ]
    body = _list("INFO", b"".join(_info(font))) + _list("sdta", _chunk("smpl", b"".join(pool)))
    return _chunk("RIFF", b"sfbk" + body + _list("pdta", b"".join(tables)))


def is_vorbis(sample: Sample) -> bool:
    """Check whether a sample is a compressed stream.

    Args:
        sample: of a font.

    Returns:
        True for a Vorbis stream.
    """
    return bytes(sample.data[:4]) == b"OggS"


def _pool(samples: tuple[Sample, ...]) -> tuple[list[bytes], list[tuple]]:
    """All samples' bytes, and their headers.

    Bounds count bytes and loops frames from the sample's start for Vorbis streams; otherwise both count
    frames from the pool's start.
    """
    pool, headers, at = [], [], 0
    for one in samples:
        data = bytes(one.data)
        n, shift = (len(data), 0) if is_vorbis(one) else (len(data) // 2, at)
        kind = one.type | VORBIS if is_vorbis(one) else one.type
        loop = (one.loop[0] + shift, one.loop[1] + shift)
        described = (one.sample_rate, one.pitch, one.correction, one.link, kind)
        headers.append((one.name, at, at + n, *loop, *described))
        pool.append(data if is_vorbis(one) else data + bytes(2 * GAP_FRAMES))
        at += n if is_vorbis(one) else n + GAP_FRAMES
    return pool, [*headers, (b"EOS", *[0] * 9)]


def _info(font: SoundFont) -> Iterator[bytes]:
    """INFO chunks, version first; text is padded inside its size field, which readers insist on."""
    version = [3, 0] if any(map(is_vorbis, font.samples)) else [2, 4]
    yield _chunk("ifil", np.array(version, "<u2").tobytes())
    for name, text in font.info.items():
        if name != "ifil":
            text = text.rstrip(b"\0") + b"\0"
            yield _chunk(name, text + b"\0" * (len(text) % 2))


def _chunk(name: str, payload: bytes) -> bytes:
    return name.encode("ascii") + len(payload).to_bytes(4, "little") + payload + b"\0" * (len(payload) % 2)


def _list(name: str, payload: bytes) -> bytes:
    return _chunk("LIST", name.encode("ascii") + payload)


def _place(generator: tuple[int, int]) -> int:
    """Key range first, then velocity range, as readers insist (section 8.1.2)."""
    return {KEY_RANGE: -2, VELOCITY_RANGE: -1}.get(generator[0], 0)


def _patch_tables(
    patches: tuple[Patch, ...], header: str, prefix: str, terminal: int, end: bytes
) -> Iterator[bytes]:
    """Header, bag, modulator and generator chunks of presets or instruments."""
    rows, bags, generators, modulators = [], [], [], b""
    for patch in (*patches, Patch(end, (Zone({}, b"", None),))):
        named = (patch.name, len(bags))
        rows.append(
            (patch.name, patch.program, patch.bank, len(bags), (0, 0, 0)) if header == "phdr" else named
        )
        for zone in patch.zones:
            bags.append((len(generators), len(modulators) // MODULATOR_BYTES))
            generators += [
                *sorted(zone.generators.items(), key=_place),
                *([(terminal, zone.target)] if zone.target is not None else []),
            ]
            modulators += zone.modulators
    yield _chunk(header, np.array(rows, RECORDS[header]).tobytes())
    yield _chunk(prefix + "bag", np.array(bags, RECORDS["bag"]).tobytes())
    yield _chunk(prefix + "mod", modulators + bytes(MODULATOR_BYTES))
    yield _chunk(prefix + "gen", np.array([*generators, (0, 0)], RECORDS["gen"]).tobytes())

"""Damage the parts of a film as wholes: their order, number, names, sizes and tables.

Each takes what the mutations in `mutations` take; a film of no known parts is returned as it is.
"""

import random
from collections.abc import Sequence

from tools.fuzz.structure import EBML, Part, parts

EXTREMES = (0, 1, 7, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
# parts with pictures' times, durations, places and codecs
TABLES = {
    *b"elst stts ctts stsz stsc stco stss stsd tkhd mdhd mvhd trex trun tfhd tfdt sidx hdlr".split(),
    *b"strh strf avih idx1 vprp".split(),
    *(b"\xae", b"\x86", b"\x63\xa2", b"\x2a\xd7\xb1", b"\x23\xe3\x83", b"\xe7", b"\xa3", b"\x9b"),
}
MOST_BYTES = 64 << 20  # largest film that a mutation may make


def _one(data: bytearray, rng: random.Random) -> Part | None:
    """A part, as often a table as not and of every name alike; None where there are none."""
    by_name: dict[bytes, list[Part]] = {}
    for part in parts(data):
        by_name.setdefault(part.name(data), []).append(part)
    tables = [name for name in by_name if name in TABLES]
    names = tables if tables and rng.random() < 0.5 else list(by_name)
    return rng.choice(by_name[rng.choice(names)]) if names else None


def swap_parts(data: bytearray, rng: random.Random, _) -> bytearray:
    """Exchange two siblings: boxes in another order, packets out of time.

    Args:
        data: bytes of the film.
        rng: draws the parts.

    Returns:
        The bytes.
    """
    part = _one(data, rng)
    siblings = [] if part is None else [each for each in parts(data) if each.parent == part.parent]
    if len(siblings) < 2:
        return data
    first, second = sorted(rng.sample(siblings, 2))
    between = data[first.end : second.start]
    return (
        data[: first.start]
        + data[second.start : second.end]
        + between
        + data[first.start : first.end]
        + data[second.end :]
    )


def repeat_part(data: bytearray, rng: random.Random, _) -> bytearray:
    """Repeat a part, right behind itself or at the end: two moov boxes, two headers.

    Args:
        data: bytes of the film.
        rng: draws the part.

    Returns:
        The longer bytes.
    """
    part = _one(data, rng)
    if part is None or len(data) + part.end - part.start > MOST_BYTES:
        return data
    at = part.end if rng.random() < 0.6 else len(data)
    return data[:at] + data[part.start : part.end] + data[at:]


def remove_part(data: bytearray, rng: random.Random, _) -> bytearray:
    """Take a part out, with or without correcting the size of its parent.

    Args:
        data: bytes of the film.
        rng: draws the part.

    Returns:
        The shorter bytes.
    """
    part = _one(data, rng)
    return data if part is None else data[: part.start] + data[part.end :] or data


def end_at_part(data: bytearray, rng: random.Random, _) -> bytearray:
    """Cut the end off where a part begins or ends: a recording that was broken off.

    Args:
        data: bytes of the film.
        rng: draws the part.

    Returns:
        The shorter bytes.
    """
    part = _one(data, rng)
    return data if part is None else data[: rng.choice((part.start, part.body, part.end))] or data


def rename_part(data: bytearray, rng: random.Random, _) -> bytearray:
    """Give a part the name of another one, or an unknown one.

    Args:
        data: bytes of the film.
        rng: draws the part.

    Returns:
        The bytes.
    """
    part, other = _one(data, rng), _one(data, rng)
    if part is not None and other is not None:
        name = other.name(data) if rng.random() < 0.7 else rng.randbytes(part.n_name)
        data[part.name_at : part.name_at + part.n_name] = name[: part.n_name].ljust(part.n_name)
    return data


def edit_table(data: bytearray, rng: random.Random, _) -> bytearray:
    """Change numbers within a part: time stamps, durations, edit lists, sizes, the codec's own header.

    Args:
        data: bytes of the film.
        rng: draws part and numbers.

    Returns:
        The bytes.
    """
    part = _one(data, rng)
    if part is None or part.end - part.body < 4:
        return data
    for _ in range(rng.choice((1, 1, 2, 6))):
        width = rng.choice((1, 2, 4, 4, 8))
        step = rng.randrange((part.end - part.body) // width) if part.end - part.body >= width else 0
        at = min(part.body + step * width, part.end - 1)
        old = int.from_bytes(data[at : at + width], "big")
        near = (old + 1, old - 1, old * 2, old * 1000, -old, old ^ 0x80)
        new = rng.choice((*EXTREMES, *near)) & ((1 << 8 * width) - 1)
        data[at : at + width] = new.to_bytes(width, "big")
    return data


def resize_part(data: bytearray, rng: random.Random, _) -> bytearray:
    """Give an EBML element another size, an unknown one too; other parts get it by `resize_box`.

    Args:
        data: bytes of the film.
        rng: draws part and size.

    Returns:
        The bytes.
    """
    part = _one(data, rng) if data[:4] == EBML else None
    if part is None:
        return edit_table(data, rng, ())
    at = part.start + part.n_name
    n_size = part.body - at
    size, open_size = part.end - part.body, (1 << 7 * n_size) - 1
    new = rng.choice((0, 1, size - 1, size + 1, size * 2, size // 2, open_size, open_size - 1)) & open_size
    data[at : part.body] = (new | 1 << 7 * n_size).to_bytes(n_size, "big")
    return data


def blank(data: bytearray, rng: random.Random, _) -> bytearray:
    """Fill whole sectors with zeros, up to half of the film: a copy that was broken off and resumed.

    Args:
        data: bytes of the film.
        rng: draws the sectors.

    Returns:
        The bytes.
    """
    sector = rng.choice((512, 4096))
    start = rng.randrange(0, len(data), sector)
    end = min(len(data), start + sector * rng.randrange(1, max(2, len(data) // sector // 2)))
    data[start:end] = bytes(end - start)
    return data


def join(data: bytearray, rng: random.Random, others: Sequence[bytes]) -> bytearray:
    """Put another film before or behind this one, of another container or the same.

    Args:
        data: bytes of the film.
        rng: draws the other film and the order.
        others: bytes of films of other containers.

    Returns:
        The longer bytes.
    """
    other = rng.choice((bytes(data), *others))
    if len(data) + len(other) > MOST_BYTES:
        return data
    return data + other if rng.random() < 0.6 else bytearray(other) + data


PART_MUTATIONS = (
    swap_parts, repeat_part, remove_part, end_at_part, rename_part, edit_table, edit_table, edit_table,
    resize_part, blank, join,
)  # fmt: skip

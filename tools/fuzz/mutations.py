"""Damage the bytes of a film: bits, sizes, blocks, ends.

Every mutation takes the film as a bytearray, a random.Random that decides where, and the whole films of other
containers, and returns the damaged bytes.
"""

import random
import re
from collections.abc import Callable, Sequence

from tools.fuzz.part_mutations import EXTREMES, PART_MUTATIONS
from tools.fuzz.transport_mutations import TRANSPORT_MUTATIONS

BOX = re.compile(rb"[a-zA-Z0-9 _]{4}")  # a name as mp4, mov, avi and the like have them
HEAD_SHARE = 0.5  # share of places in the first two kilobytes and the last: heads and indexes matter most
HEAD_BYTES = 2048


def damaged(data: bytes, rng: random.Random, others: Sequence[bytes]) -> bytes:
    """Apply one to three mutations.

    Args:
        data: bytes of the film.
        rng: draws the mutations.
        others: bytes of films of other containers.

    Returns:
        Bytes that differ from the film's.
    """
    result = bytearray(data)
    while not result or bytes(result) == data:
        result = bytearray(data)
        for mutate in rng.choices(MUTATIONS, k=rng.choice((1, 1, 2, 3))):
            result = mutate(result, rng, others) if result else result
    return bytes(result)


def _place(data: bytearray, rng: random.Random) -> int:
    """An offset, often in the head or in the tail."""
    if rng.random() < HEAD_SHARE:
        near = rng.randrange(min(HEAD_BYTES, len(data)))
        return near if rng.random() < 0.7 else len(data) - 1 - near
    return rng.randrange(len(data))


def _block(data: bytearray, rng: random.Random) -> tuple[int, int]:
    """(start, end) of a stretch, from a few bytes to a quarter of the film."""
    start = _place(data, rng)
    longest = max(2, len(data) // rng.choice((4, 16, 64, 1024)))
    return start, min(len(data), start + rng.randrange(1, longest))


def flip_bits(data: bytearray, rng: random.Random, _) -> bytearray:
    """Flip single bits, one or many.

    Args:
        data: bytes, changed in place.
        rng: draws the places.

    Returns:
        The bytes.
    """
    for _ in range(rng.choice((1, 2, 8, 40))):
        data[_place(data, rng)] ^= 1 << rng.randrange(8)
    return data


def overwrite(data: bytearray, rng: random.Random, _) -> bytearray:
    """Fill a stretch with zeros, ones or noise, as a bad disk does.

    Args:
        data: bytes, changed in place.
        rng: draws the stretch.

    Returns:
        The bytes.
    """
    start, end = _block(data, rng)
    fill = rng.choice((bytes(1), b"\xff", rng.randbytes(end - start)))
    data[start:end] = (fill * (end - start))[: end - start]
    return data


def truncate(data: bytearray, rng: random.Random, _) -> bytearray:
    """Cut the end off.

    Args:
        data: bytes.
        rng: draws the new length.

    Returns:
        The bytes that are left.
    """
    return data[: rng.randrange(1, len(data)) if len(data) > 1 else 1]


def resize_box(data: bytearray, rng: random.Random, _) -> bytearray:
    """Give a named box another size, before its name (mp4) or behind it (avi).

    Args:
        data: bytes, changed in place.
        rng: draws box and size.

    Returns:
        The bytes.
    """
    boxes = [found.start() for found in BOX.finditer(data) if found.start() >= 4]
    if not boxes:
        return overwrite(data, rng, ())
    name = rng.choice(boxes)
    at, order = (name - 4, "big") if rng.random() < 0.7 else (name + 4, "little")
    old = int.from_bytes(data[at : at + 4], order)
    new = rng.choice((*EXTREMES, old + 1, old - 1, old * 2, old // 2, old + rng.randrange(-64, 64)))
    data[at : at + 4] = (new & 0xFFFFFFFF).to_bytes(4, order)
    return data


def set_number(data: bytearray, rng: random.Random, _) -> bytearray:
    """Write an extreme number somewhere: a time stamp, a count, a rate.

    Args:
        data: bytes, changed in place.
        rng: draws place and number.

    Returns:
        The bytes.
    """
    at, width = _place(data, rng), rng.choice((1, 2, 4, 8))
    number = rng.choice(EXTREMES) & ((1 << 8 * width) - 1)
    data[at : at + width] = number.to_bytes(width, rng.choice(("big", "little")))
    return data


def duplicate(data: bytearray, rng: random.Random, _) -> bytearray:
    """Repeat a stretch, right behind itself or elsewhere.

    Args:
        data: bytes.
        rng: draws the stretch.

    Returns:
        The longer bytes.
    """
    start, end = _block(data, rng)
    at = end if rng.random() < 0.5 else _place(data, rng)
    return data[:at] + data[start:end] * rng.choice((1, 1, 3)) + data[at:]


def remove(data: bytearray, rng: random.Random, _) -> bytearray:
    """Take a stretch out.

    Args:
        data: bytes.
        rng: draws the stretch.

    Returns:
        The shorter bytes.
    """
    start, end = _block(data, rng)
    return data[:start] + data[end:] or data


def swap(data: bytearray, rng: random.Random, _) -> bytearray:
    """Exchange two stretches of one length.

    Args:
        data: bytes, changed in place.
        rng: draws the stretches.

    Returns:
        The bytes.
    """
    start, end = _block(data, rng)
    other = rng.randrange(len(data))
    length = min(end - start, len(data) - other, abs(other - start) or 1)
    data[start : start + length], data[other : other + length] = (
        data[other : other + length],
        data[start : start + length],
    )
    return data


def graft(data: bytearray, rng: random.Random, others: Sequence[bytes]) -> bytearray:
    """Insert a stretch of another container.

    Args:
        data: bytes.
        rng: draws the stretch and its place.
        others: bytes of films of other containers.

    Returns:
        The bytes.
    """
    if not others:
        return swap(data, rng, ())
    foreign = bytearray(rng.choice(others))
    start, end = _block(foreign, rng)
    at = _place(data, rng)
    return data[:at] + foreign[start:end] + data[at + (end - start) * rng.randrange(2) :]


Mutation = Callable[[bytearray, random.Random, Sequence[bytes]], bytearray]
MUTATIONS: tuple[Mutation, ...] = (
    flip_bits, overwrite, truncate, resize_box, resize_box, set_number, set_number, duplicate, remove, swap,
    graft, *PART_MUTATIONS, *TRANSPORT_MUTATIONS,
)  # fmt: skip

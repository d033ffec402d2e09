"""Tell torn program streams (mpg, vob) and torn nut films by their last parts."""

import os
from collections.abc import Callable, Iterator
from typing import BinaryIO

PACK, PROGRAM_END = 0xBA, 0xB9  # stream ids of MPEG's system layer (ISO/IEC 13818-1)
FIRST_SYSTEM_ID = 0xB9  # what is lower is a part of the picture
START = b"\0\0\1"
MPEG1_PACK, MPEG2_PACK = 12, 14  # bytes of a pack's head; the second one's stuffing follows
PART_HEAD = 6  # bytes: start, id, length
TAIL_BYTES = 1 << 18  # length of the end that is searched; a packet has 64 kB at most
LEAST_PARTS = 2  # number in a row that makes a start code credible
NUT_INDEX = bytes.fromhex("4e58dd672f23e64e")  # how nut's index begins, which ends a whole film
NUT_END_BYTES = 12  # the index's length, and a checksum


def is_torn_program(file: BinaryIO, n_bytes: int) -> bool:
    """Tell whether the last packet of a program stream is longer than the file.

    Args:
        file: open for reading.
        n_bytes: its size.

    Returns:
        False also where it breaks off between two packets.
    """
    from_byte = max(0, n_bytes - TAIL_BYTES)
    tail = read_at(file, from_byte, TAIL_BYTES)
    at = tail.find(START + bytes([PACK]))
    while at >= 0:
        ends = list(_ends(tail, at))
        if len(ends) >= LEAST_PARTS:
            return ends[-1] > len(tail)
        at = tail.find(START + bytes([PACK]), at + 1)
    return False


def _ends(tail: bytes, at: int) -> Iterator[int]:
    """Ends of the parts that follow each other from a place on, but for zeros between them."""
    while tail[at : at + 3] == START and at + 3 < len(tail) and tail[at + 3] >= FIRST_SYSTEM_ID:
        at += _length(tail[at : at + MPEG2_PACK])
        yield at
        while tail[at : at + 3] == bytes(3):
            at += 1


def _length(head: bytes) -> int:
    """Bytes of a part whose first bytes are given; one whose head is cut off counts as longer than it."""
    if head[3] == PROGRAM_END:
        return len(START) + 1
    if head[3] != PACK:
        return PART_HEAD + int.from_bytes(head[4:PART_HEAD].ljust(2, b"\xff"), "big")
    if head[4:5] and head[4] >> 4 == 2:  # MPEG-1
        return MPEG1_PACK
    return MPEG2_PACK + (head[13] & 7 if len(head) == MPEG2_PACK else 0)


def is_torn_nut(file: BinaryIO, n_bytes: int) -> bool:
    """Tell whether the index at the end of a nut film is missing.

    Args:
        file: open for reading.
        n_bytes: its size.

    Returns:
        True also for films that were written without one, which nobody does unasked.
    """
    length = int.from_bytes(read_at(file, max(0, n_bytes - NUT_END_BYTES), 8), "big")
    if 0 < length <= n_bytes and read_at(file, n_bytes - length, len(NUT_INDEX)) == NUT_INDEX:
        return False
    return NUT_INDEX not in read_at(file, max(0, n_bytes - TAIL_BYTES), TAIL_BYTES)


def read_at(file: BinaryIO, place: int, n_bytes: int) -> bytes:
    """Read a stretch of a file.

    Args:
        file: open for reading.
        place: of its first byte.
        n_bytes: how many at most.

    Returns:
        The bytes that there are.
    """
    file.seek(place, os.SEEK_SET)
    return file.read(n_bytes)


LOOKS: dict[str, Callable[[BinaryIO, int], bool]] = {"mpeg": is_torn_program, "nut": is_torn_nut}

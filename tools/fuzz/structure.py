"""Find the named parts of a film: boxes, chunks, elements, packets, tags.

Sizes are believed only as far as they fit: the films are damaged already when a second mutation looks.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

MOST_PARTS = 4000
HOLD_BOXES = b"moov trak mdia minf stbl edts dinf udta mvex moof traf mfra meta"
HOLD_CHUNKS = (b"RIFF", b"LIST")
HOLD_ELEMENTS = (
    b"\x18\x53\x80\x67", b"\x11\x4d\x9b\x74", b"\x15\x49\xa9\x66", b"\x16\x54\xae\x6b", b"\xae", b"\xe0",
    b"\xe1", b"\x1f\x43\xb6\x75", b"\xa0", b"\x1c\x53\xbb\x6b", b"\xbb", b"\x12\x54\xc3\x67",
)  # fmt: skip
EBML, TS_PACKET, FLV_HEAD = b"\x1a\x45\xdf\xa3", 188, 13
START_CODE = re.compile(rb"\x00\x00\x01[\xb0-\xff]")


class Part(NamedTuple):
    """A stretch of the film with a name; parts of one `parent` (where that starts) are siblings."""

    start: int
    name_at: int
    n_name: int
    body: int
    end: int
    parent: int

    def name(self, data: bytes | bytearray) -> bytes:
        """Read the part's fourcc, identifier or packet header.

        Args:
            data: bytes of the film.

        Returns:
            Its bytes.
        """
        return bytes(data[self.name_at : self.name_at + self.n_name])


def parts(data: bytes | bytearray) -> list[Part]:
    """List all parts of a film, nested ones too.

    Args:
        data: bytes of the film.

    Returns:
        Parts; none where the container is not known.
    """
    found = []
    for part in _kind(data)(data, 0, len(data), -1):
        found.append(part)
        if len(found) == MOST_PARTS:
            break
    return found


Finder = Callable[[bytes | bytearray, int, int, int], Iterator[Part]]


def _kind(data: bytes | bytearray) -> Finder:
    if data[:4] == EBML:
        return _elements
    if data[:4] == b"RIFF":
        return _chunks
    if data[:3] == b"FLV":
        return _tags
    if data[:1] == b"\x47" and data[TS_PACKET : TS_PACKET + 1] in (b"\x47", b""):
        return _packets
    return _boxes if re.fullmatch(rb"[a-z]{4}", bytes(data[4:8])) else _start_codes


def _boxes(data: bytes | bytearray, start: int, end: int, parent: int) -> Iterator[Part]:
    """Boxes of mp4 and mov, in each other."""
    while start + 8 <= end:
        n_bytes = int.from_bytes(data[start : start + 4], "big") or end - start
        if not 8 <= n_bytes <= end - start:
            return
        part = Part(start, start + 4, 4, start + 8, start + n_bytes, parent)
        yield part
        if part.name(data) in HOLD_BOXES.split():
            yield from _boxes(data, part.body, part.end, start)
        start = part.end


def _chunks(data: bytes | bytearray, start: int, end: int, parent: int) -> Iterator[Part]:
    """Chunks of avi, in each other."""
    while start + 8 <= end:
        n_bytes = 8 + int.from_bytes(data[start + 4 : start + 8], "little")
        if n_bytes > end - start:
            return
        part = Part(start, start, 4, start + 8, start + n_bytes, parent)
        yield part
        if part.name(data) in HOLD_CHUNKS:
            yield from _chunks(data, part.body + 4, part.end, start)
        start = part.end + n_bytes % 2


def _elements(data: bytes | bytearray, start: int, end: int, parent: int) -> Iterator[Part]:
    """EBML elements of mkv and webm, in each other."""
    while start < end:
        n_name = 9 - data[start].bit_length()
        at = start + n_name
        if not 1 <= n_name <= 4 or at >= end or not data[at]:
            return
        n_size = 9 - data[at].bit_length()
        size = int.from_bytes(data[at : at + n_size], "big") & ((1 << 7 * n_size) - 1)
        is_open = size == (1 << 7 * n_size) - 1
        last = end if is_open else at + n_size + size
        if last > end:
            return
        part = Part(start, start, n_name, at + n_size, last, parent)
        yield part
        if part.name(data) in HOLD_ELEMENTS:
            yield from _elements(data, part.body, last, start)
        start = last


def _tags(data: bytes | bytearray, start: int, end: int, parent: int) -> Iterator[Part]:
    """Tags of flv, each with the size that follows it."""
    start += FLV_HEAD
    while start + 11 <= end:
        last = start + 11 + int.from_bytes(data[start + 1 : start + 4], "big") + 4
        if last > end:
            return
        yield Part(start, start, 1, start + 4, last, parent)
        start = last


def _packets(data: bytes | bytearray, start: int, end: int, parent: int) -> Iterator[Part]:
    """Packets of a transport stream; the name is which stream's they are."""
    for at in range(start, end - TS_PACKET + 1, TS_PACKET):
        yield Part(at, at + 1, 2, at + 4, at + TS_PACKET, parent)


def _start_codes(data: bytes | bytearray, start: int, end: int, parent: int) -> Iterator[Part]:
    """Packs and packets of a program stream."""
    starts = [found.start() for found in START_CODE.finditer(data, start, end)]
    for at, last in zip(starts, [*starts[1:], end], strict=False):
        yield Part(at, at + 3, 1, at + 4, last, parent)

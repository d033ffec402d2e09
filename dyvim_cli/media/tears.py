"""Tell a film whose end is missing by the sizes that its container states."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from dyvim_cli.media import tears_of_streams
from dyvim_cli.media.formats import EBML
from dyvim_cli.media.tears_of_streams import read_at

BOX_HEAD, LONG_BOX_HEAD = 8, 16  # bytes
RIFF_HEAD = 8
FLV_HEAD, FLV_TAG_HEAD, FLV_TAG_TAIL = 13, 11, 4
FLV_TAGS = (8, 9, 18)  # sound, picture, words
SEGMENT = b"\x18\x53\x80\x67"  # identity of matroska's segment, which is all of the file but its head
UNKNOWN_SIZE = {n_bytes: (1 << 7 * n_bytes) - 1 for n_bytes in range(1, 9)}  # a live recording's
TS_PACKET, TS_SYNC = 188, b"G"
TIME_HEAD = 4  # bytes before each packet of a camcorder's transport stream
GIF_TRAILER = b";"
LAST_PAGE = 4  # flag of an ogg page
OGG_TAIL_BYTES = 1 << 17  # twice the longest page
# identity of asf's object that tells the file's size
FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
ASF_HEAD_BYTES = 1 << 16
LONGEST_MXF_HEAD = 128  # bytes of the first partition's fields


def is_torn(path: Path, container: str) -> bool:
    """Tell whether a film's file is shorter than it says itself.

    Args:
        path: of the film.
        container: libavformat's name.

    Returns:
        False also where the container says nothing of its size.
    """
    look = next((look for name, look in LOOKS.items() if container.split(",")[0] == name), None)
    if look is None:
        return False
    with open(path, "rb") as file:
        return look(file, os.fstat(file.fileno()).st_size)


def _mov(file: BinaryIO, n_bytes: int) -> bool:
    """Check whether the last box of an mp4 or mov is longer than the file; trailing other data is ignored."""
    return any(kind.isalnum() and end > n_bytes for kind, end in _boxes(file, n_bytes))


def _boxes(file: BinaryIO, n_bytes: int) -> Iterator[tuple[bytes, int]]:
    """(kind, end) of every box of the file itself."""
    at = 0
    while at + BOX_HEAD <= n_bytes:
        file.seek(at)
        head = file.read(LONG_BOX_HEAD)
        size = int.from_bytes(head[:4], "big")
        size = int.from_bytes(head[8:16], "big") if size == 1 else size or n_bytes - at
        if size < BOX_HEAD:
            return
        yield head[4:8], at + size
        at += size


def _avi(file: BinaryIO, n_bytes: int) -> bool:
    """Check whether a RIFF list is longer than the file, or its size was never filled in."""
    at = 0
    while at + RIFF_HEAD <= n_bytes:
        file.seek(at)
        head = file.read(RIFF_HEAD)
        if head[:4] != b"RIFF":
            return False
        size = int.from_bytes(head[4:8], "little")
        at += RIFF_HEAD + size + size % 2
        if not size or at - size % 2 > n_bytes:
            return True
    return False


def _matroska(file: BinaryIO, n_bytes: int) -> bool:
    """Check whether the segment is longer than the file."""
    file.seek(len(EBML))
    size = _ebml_size(file)
    file.seek(size or 0, os.SEEK_CUR)
    if size is None or file.read(len(SEGMENT)) != SEGMENT:
        return False
    size = _ebml_size(file)
    return size is not None and file.tell() + size > n_bytes


def _ebml_size(file: BinaryIO) -> int | None:
    """The size of an element that comes next; None where it is not known."""
    first = file.read(1)
    length = 9 - (first[0].bit_length() if first else 0)
    if length > 8:
        return None
    value = int.from_bytes(first + file.read(length - 1), "big") & UNKNOWN_SIZE[length]
    return None if value == UNKNOWN_SIZE[length] else value


def _flv(file: BinaryIO, n_bytes: int) -> bool:
    """Check whether the last tag is longer than the file."""
    at = FLV_HEAD
    while at + FLV_TAG_HEAD <= n_bytes:
        head = read_at(file, at, 4)
        if head[0] not in FLV_TAGS:
            return False
        at += FLV_TAG_HEAD + int.from_bytes(head[1:], "big") + FLV_TAG_TAIL
    return at > n_bytes


def _mpegts(file: BinaryIO, n_bytes: int) -> bool:
    """Check whether the last packet is cut, in a stream that begins with whole ones."""
    for head in (0, TIME_HEAD):
        step = head + TS_PACKET
        if all(read_at(file, head + place * step, 1) == TS_SYNC for place in range(3)):
            return n_bytes % step != 0
    return False


def _gif(file: BinaryIO, n_bytes: int) -> bool:
    """Check whether the trailer is missing."""
    return not read_at(file, max(0, n_bytes - 64), 64).rstrip(b"\0\r\n").endswith(GIF_TRAILER)


def _ogg(file: BinaryIO, n_bytes: int) -> bool:
    """Check whether the last page is not marked as the last of its stream."""
    tail = read_at(file, max(0, n_bytes - OGG_TAIL_BYTES), OGG_TAIL_BYTES)
    last = tail.rfind(b"OggS")
    return last < 0 or len(tail) < last + 6 or not tail[last + 5] & LAST_PAGE


def _asf(file: BinaryIO, n_bytes: int) -> bool:
    """Check whether the file is shorter than its header says."""
    head = read_at(file, 0, ASF_HEAD_BYTES)
    at = head.find(FILE_PROPERTIES)
    return at >= 0 and int.from_bytes(head[at + 40 : at + 48], "little") > n_bytes


def _mxf(file: BinaryIO, n_bytes: int) -> bool:
    """Check whether the footer that the header names is missing, or was never written."""
    head = read_at(file, 0, LONGEST_MXF_HEAD)
    length = head[16] & 0x7F if head[16:17] >= b"\x80" else 0  # bytes of the size (SMPTE 377-1)
    footer = int.from_bytes(head[41 + length : 49 + length], "big")
    return not 0 < footer < n_bytes


# test of each container by the first of libavformat's names
LOOKS: dict[str, Callable[[BinaryIO, int], bool]] = {
    "mov": _mov, "avi": _avi, "matroska": _matroska, "flv": _flv, "mpegts": _mpegts, "gif": _gif,
    "ogg": _ogg, "asf": _asf, "mxf": _mxf, **tears_of_streams.LOOKS,
}  # fmt: skip

"""List the picture packets of films of which one is a transport stream, in a form that both can have."""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import av
from av.bitstream import BitStreamFilterContext

START = re.compile(rb"\x00\x00\x01")  # H.264, B.1: what a unit begins behind
DELIMITER = 9  # type of the unit that says that a picture begins
UNIT_TYPE = 0x1F  # the bits of a unit's first byte that hold its type
ATTACHED = 1024  # ffmpeg's flag of a cover


def packets_of_units(path: Path) -> list[bytes]:
    """Read the picture packets; those of H.264 as their units, all behind the same start code.

    A transport stream separates the units by start codes of three or four bytes, other containers write their
    lengths. ffmpeg adds the delimiters that a transport stream needs, and the parameter sets in front of key
    pictures; the delimiters are left out here.

    Args:
        path: of the film.

    Returns:
        Bytes of each packet.
    """
    with av.open(str(path), metadata_errors="replace") as container:
        stream = next(s for s in container.streams.video if not int(s.disposition) & ATTACHED)
        packets: list[bytes] = []
        with suppress(IndexError):  # PyAV's, at the end of a film with a stream that nothing announced
            packets += _packets(container, stream)
    return packets


# Any: of PyAV, whose types differ between its versions
def _packets(container: Any, stream: Any) -> Iterator[bytes]:
    found = (packet for packet in container.demux(stream) if packet.size)
    if stream.codec_context.name != "h264":
        yield from map(bytes, found)
        return
    with_codes = BitStreamFilterContext("h264_mp4toannexb", stream)
    for packet in found:
        yield from (in_units(bytes(each)) for each in with_codes.filter(packet))


def in_units(data: bytes) -> bytes:
    """Write a packet of H.264 with the shortest start codes, no zeros in front of them and no delimiters.

    Args:
        data: the packet, with start codes.

    Returns:
        The same units.
    """
    units = [unit.rstrip(b"\x00") for unit in START.split(data)[1:]]
    return b"".join(b"\0\0\1" + unit for unit in units if unit and unit[0] & UNIT_TYPE != DELIMITER)

"""Renumber Ogg streams: the encoder draws serial numbers at random, so files would differ."""

import numpy as np

CAPTURE = b"OggS"
SERIAL, CHECKSUM, N_SEGMENTS, HEADER_BYTES = 14, 22, 26, 27  # places in a page's header (RFC 3533)
POLYNOMIAL = 0x04C11DB7  # polynomial of the checksum, without reflection


def with_serial_number(data: bytes, serial: int) -> bytes:
    """Give a stream a serial number.

    Args:
        data: an Ogg file of one logical stream.
        serial: its new number.

    Returns:
        The file with it, its checksums renewed.
    """
    made, at = bytearray(data), 0
    while at < len(made):
        if made[at : at + 4] != CAPTURE:
            raise ValueError("no Ogg page where one should be")
        n_segments = made[at + N_SEGMENTS]
        header = at + HEADER_BYTES
        end = header + n_segments + sum(made[header : header + n_segments])
        made[at + SERIAL : at + SERIAL + 4] = serial.to_bytes(4, "little")
        made[at + CHECKSUM : at + CHECKSUM + 4] = bytes(4)
        made[at + CHECKSUM : at + CHECKSUM + 4] = checksum(bytes(made[at:end])).to_bytes(4, "little")
        at = end
    return bytes(made)


def _table() -> list[int]:
    found = np.arange(256, dtype=np.uint64) << np.uint64(24)
    for _ in range(8):
        carry = found & np.uint64(0x80000000) != 0
        found = (found << np.uint64(1)) & np.uint64(0xFFFFFFFF)
        found[carry] ^= np.uint64(POLYNOMIAL)
    return found.tolist()


TABLE = _table()


def checksum(page: bytes) -> int:
    """Compute a page's checksum.

    Args:
        page: with zeros in the checksum's place.

    Returns:
        CRC-32 of RFC 3533.
    """
    value = 0
    for byte in page:
        value = (value << 8) & 0xFFFFFFFF ^ TABLE[(value >> 24) ^ byte]
    return value

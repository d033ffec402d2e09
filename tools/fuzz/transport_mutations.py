"""Damage a film as ways of sending and keeping it do: as text, in lost chunks, in words turned round."""

import random
from collections.abc import Sequence

CHUNKS = (188, 1316, 1460, 4096)  # bytes that networks and disks lose at once
LINE_ENDS = ((b"\n", b"\r\n"), (b"\r\n", b"\n"), (b"\r", b"\n"))


def send_as_text(data: bytearray, rng: random.Random, _: Sequence[bytes]) -> bytearray:
    """Change line ends, write as UTF-8, or take the eighth bits: a program took the film for a text.

    Args:
        data: the film.
        rng: decides where and how.
        _: other films, which are not needed.

    Returns:
        The damaged film.
    """
    if rng.random() < 0.5:
        before, after = rng.choice(LINE_ENDS)
        return bytearray(bytes(data).replace(before, after)) or data
    if rng.random() < 0.5:
        return bytearray(bytes(data).decode("latin-1").encode("utf-8"))
    start = rng.randrange(len(data))
    data[start:] = bytes(byte & 0x7F for byte in data[start:])
    return data


def lose_chunks(data: bytearray, rng: random.Random, _: Sequence[bytes]) -> bytearray:
    """Take out chunks all over the film, or put them in another order: packets without a guarantee.

    Args:
        data: the film.
        rng: decides where and how.
        _: other films, which are not needed.

    Returns:
        The damaged film.
    """
    n_bytes = rng.choice(CHUNKS)
    chunks = [data[at : at + n_bytes] for at in range(0, len(data), n_bytes)]
    share = rng.choice((0.01, 0.05, 0.3))
    if rng.random() < 0.4:
        for at in range(len(chunks) - 1):
            if rng.random() < share:
                chunks[at], chunks[at + 1] = chunks[at + 1], chunks[at]
        return bytearray().join(chunks)
    return bytearray().join(chunk for chunk in chunks if rng.random() >= share) or data


def turn_words(data: bytearray, rng: random.Random, _: Sequence[bytes]) -> bytearray:
    """Turn round the bytes of every word in a stretch: a machine of another byte order wrote it.

    Args:
        data: the film.
        rng: decides where and how.
        _: other films, which are not needed.

    Returns:
        The damaged film.
    """
    width = rng.choice((2, 4, 8))
    start = rng.randrange(0, len(data), width)
    end = start + width * rng.randrange(1, max(2, len(data) // width // rng.choice((1, 8, 64))))
    for at in range(start, min(end, len(data) - width + 1), width):
        data[at : at + width] = data[at : at + width][::-1]
    return data


TRANSPORT_MUTATIONS = (send_as_text, lose_chunks, turn_words)

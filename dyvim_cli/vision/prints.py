"""Fingerprint frames, so that a shot is found again in another cut, encoding or size of its film.

A print is a difference hash (64 bits: which of two neighbouring fields is lighter) and the colours of the
picture's quarters. Letters: N frames of one film, M of another.
"""

import numpy as np

from dyvim_cli.vision.blocks import block_means

FIELDS = (9, 8)  # rows and columns of the grid whose neighbours are compared, one below the other
LEAST_STEP = 1.5  # grey levels: fields that differ less are equal, whatever the encoder made of them
N_BYTES = 20  # 8 of bits, 12 of colours
COLOUR_WEIGHT = 1.7  # colours that differ by a tenth everywhere count as a fifth of the bits
SAME = 0.2  # distance up to which two frames show the same


def prints_of(thumbs: np.ndarray) -> np.ndarray:
    """Fingerprint frames.

    Args:
        thumbs: [N, 18, 32, 3] float32 YCbCr, 0..255.

    Returns:
        [N, N_BYTES] uint8.
    """
    n = len(thumbs)
    is_lighter = np.diff(block_means(thumbs[..., 0], *FIELDS), axis=1) > LEAST_STEP
    quarters = np.rint(block_means(thumbs, 2, 2)).astype(np.uint8)
    return np.concatenate([np.packbits(is_lighter.reshape(n, -1), axis=1), quarters.reshape(n, -1)], axis=1)


def print_distances(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """Compare frames by their prints.

    Args:
        ours: [N, N_BYTES] uint8.
        theirs: [M, N_BYTES] uint8.

    Returns:
        [N, M]: 0 alike, about .5 unrelated.
    """
    a, b = _points(ours), _points(theirs)
    squares = (a * a).sum(axis=1)[:, None] + (b * b).sum(axis=1) - 2 * a @ b.T
    return np.maximum(squares, 0)


def _points(prints: np.ndarray) -> np.ndarray:
    """[N, 76] float32 points whose squared print_distances are the prints' own."""
    bits = np.unpackbits(prints[:, :8], axis=1).astype(np.float32) / 8
    colours = prints[:, 8:].astype(np.float32) / 255 * COLOUR_WEIGHT**0.5
    return np.concatenate([bits, colours], axis=1)

"""Average blocks of pictures, without the libraries that read pictures."""

import numpy as np


def block_means(thumbs: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Average blocks of thumbnails.

    Args:
        thumbs: [n, 18, 32] or [n, 18, 32, 3] float32, whole numbers.
        rows: of blocks, a divisor of 18.
        columns: of blocks, a divisor of 32.

    Returns:
        [n, rows, columns] or [n, rows, columns, 3].
    """
    n, high, wide, *channels = thumbs.shape
    lines = thumbs.reshape(n, rows, high // rows, -1).sum(axis=2)
    blocks = lines.reshape(n, rows, columns, wide // columns, *channels).sum(axis=3)
    return blocks / np.float32(high // rows * (wide // columns))

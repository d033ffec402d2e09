"""Collect rows of numbers, one or some at a time, in one block of memory.

A film of two hours has 200,000 frames. As many small arrays, made between the large ones that come and go
with every batch, would keep the memory between them: three times what the rows themselves take.
"""

import numpy as np

FIRST_ROWS = 1024  # room at first; doubled whenever it is full


class Rows:
    """Rows of one shape and type, in order."""

    def __init__(self, kind: type[np.generic], *shape: int):
        """Start without rows.

        Args:
            kind: of the numbers.
            shape: of a row; none for single numbers.
        """
        self._block = np.empty((FIRST_ROWS, *shape), kind)
        self._n = 0

    def __len__(self) -> int:
        return self._n

    def append(self, row: np.ndarray | float) -> None:
        """Add a row.

        Args:
            row: [*shape].
        """
        self.extend(np.asarray(row)[None])

    def extend(self, rows: np.ndarray) -> None:
        """Add rows.

        Args:
            rows: [n, *shape].
        """
        end = self._n + len(rows)
        if end > len(self._block):
            grown = np.empty((max(end, 2 * len(self._block)), *self._block.shape[1:]), self._block.dtype)
            grown[: self._n] = self._block[: self._n]
            self._block = grown
        self._block[self._n : end] = rows
        self._n = end

    @property
    def array(self) -> np.ndarray:
        """All rows [N, *shape]; valid until the next is added."""
        return self._block[: self._n]

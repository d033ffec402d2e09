"""Least-recently-used cache limited by bytes."""

from collections import OrderedDict
from collections.abc import Hashable
from threading import RLock
from typing import Any


class ByteCache:
    """Values with their sizes; those that were not used for the longest time make room for new ones.

    Players in several threads may share one.
    """

    def __init__(self, limit_bytes: int):
        self.limit_bytes, self.n_bytes = limit_bytes, 0
        self._kept: OrderedDict[Hashable, tuple[int, Any]] = OrderedDict()
        self._lock = RLock()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Hashable) -> Any:
        """Look a value up.

        Args:
            key: as it was put.

        Returns:
            The value, or None.
        """
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key][1]

    def put(self, key: Hashable, n_bytes: int, value: Any) -> None:
        """Keep a value; one that is larger than the limit is kept alone.

        Args:
            key: by which it is looked up.
            n_bytes: its size.
            value: anything.
        """
        with self._lock:
            self.drop(key)
            while self._kept and self.n_bytes + n_bytes > self.limit_bytes:
                self.drop(next(iter(self._kept)))
            self._kept[key] = (n_bytes, value)
            self.n_bytes += n_bytes

    def drop(self, key: Hashable) -> None:
        """Forget a key, if it is there.

        Args:
            key: as it was put.
        """
        with self._lock:
            n_bytes, _ = self._kept.pop(key, (0, None))
            self.n_bytes -= n_bytes

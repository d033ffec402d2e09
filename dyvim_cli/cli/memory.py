"""Keep a command's memory without searching and fetching it again and again.

torch and scipy make half a million objects that live as long as the program. Python's collector would walk
through them dozens of times while they load; and glibc would hand the system the memory of every picture's
tensors back, to fetch it again for the next.
"""

import ctypes
import gc
from contextlib import suppress

# new objects between searches of the young; ten such searches, of the middle-aged: a command makes a million
YOUNG_OBJECTS, SEARCHES = 500_000, 10
# glibc's numbers of its settings (malloc.h) and their values in bytes: free memory that is kept at the end of
# a heap, and the least block that is fetched by itself, of which 32 MB is the most
KEPT_FREE, FETCHED_ALONE = (-1, 128 << 20), (-3, 32 << 20)


def collect_garbage_rarely() -> None:
    """Search for garbage every half a million new objects instead of seven hundred."""
    gc.set_threshold(YOUNG_OBJECTS, SEARCHES, SEARCHES)


def keep_freed_memory() -> None:
    """Let freed memory stay with the program.

    Where a stage is over it is handed back all the same (device.give_back_memory).
    """
    with suppress(TypeError, OSError, AttributeError):  # another C library, another system
        mallopt = ctypes.CDLL(None).mallopt
        for setting, n_bytes in (FETCHED_ALONE, KEPT_FREE):
            mallopt(setting, n_bytes)

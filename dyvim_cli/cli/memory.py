"""Keep a command's memory without searching and fetching it again and again.

torch and scipy make half a million objects that live as long as the program. Python's collector would walk
through them dozens of times while they load and twice more at the end; and glibc would hand the system the
memory of every picture's tensors back, to fetch it again for the next.
"""

import ctypes
import gc
from contextlib import suppress

# new objects between searches of the young; ten such searches, of the middle-aged: a command makes a million
YOUNG_OBJECTS, SEARCHES = 200_000, 10
# glibc's numbers of its settings (malloc.h) and their values in bytes: free memory that is kept at the end of
# a heap, and the least block that is fetched by itself, of which 32 MB is the most
KEPT_FREE, FETCHED_ALONE = (-1, 128 << 20), (-3, 32 << 20)


def handle_rarely() -> None:
    """Search for garbage every two hundred thousand new objects instead of seven hundred; keep freed memory.

    Where a stage is over it is handed back all the same (device.give_back_memory).
    """
    gc.set_threshold(YOUNG_OBJECTS, SEARCHES, SEARCHES)
    with suppress(TypeError, OSError, AttributeError):  # another C library, another system
        mallopt = ctypes.CDLL(None).mallopt
        for setting, n_bytes in (FETCHED_ALONE, KEPT_FREE):
            mallopt(setting, n_bytes)


def leave_the_rest() -> None:
    """Let the end of the process take what is left, without a last search through all of it."""
    gc.freeze()

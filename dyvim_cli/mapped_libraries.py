"""Let go of the pages of libraries that only their loading needed.

Torch's libraries for graphics cards are read from end to end while they are linked, and a film is watched
without them: of half a gigabyte that torch takes, a third.
"""

import ctypes
import re
from collections.abc import Iterator
from contextlib import suppress

DONTNEED = 4  # Linux' MADV_DONTNEED: what is mapped from a file comes back from there at the next touch
LEAST_BYTES = 1 << 20  # smaller mappings are not worth a call
# a line of /proc/self/maps: addresses, rights, offset in the file, device, inode, path of a library
MAPPING = re.compile(r"(\w+)-(\w+) r-(.)p (\w+) \S+ \d+ +\S.*\.so[.\d]*$", re.MULTILINE)


def release_library_pages() -> None:
    """Hand back the pages of libraries' code; what is used comes back from the file, mostly from its cache.

    Does nothing on other systems than Linux.
    """
    with suppress(OSError, AttributeError, TypeError):
        madvise = ctypes.CDLL(None).madvise
        madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
        with open("/proc/self/maps", encoding="utf-8", errors="replace") as file:
            maps = file.read()
        for begin, n_bytes in unwritten(maps):
            madvise(begin, n_bytes, DONTNEED)


def unwritten(maps: str) -> Iterator[tuple[int, int]]:
    """List the large mappings of libraries that nothing was ever written into.

    That is their code, and their heads with the tables of symbols. The linker writes into others, and takes
    the right to write back afterwards: what it wrote would be lost.

    Args:
        maps: text of /proc/self/maps.

    Yields:
        (address, bytes).
    """
    for begin, end, runs, offset in MAPPING.findall(maps):
        n_bytes = int(end, 16) - int(begin, 16)
        if n_bytes >= LEAST_BYTES and (runs == "x" or int(offset, 16) == 0):
            yield int(begin, 16), n_bytes

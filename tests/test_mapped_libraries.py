"""Pages of libraries that only loading needed are handed back, and what is used comes back by itself."""

import subprocess
import sys

import pytest

from dyvim_cli.mapped_libraries import unwritten

MAPS = """\
55d0a0000000-55d0a4000000 r-xp 00000000 fe:00 11  /usr/bin/python3
7f0000000000-7f0000200000 r--p 00000000 fe:00 12  /lib/libtorch.so
7f0000200000-7f0000500000 r-xp 00200000 fe:00 12  /lib/libtorch.so
7f0000500000-7f0000900000 r--p 00500000 fe:00 12  /lib/libtorch.so
7f0000900000-7f0000d00000 rw-p 00900000 fe:00 12  /lib/libtorch.so
7f0000d00000-7f0000d01000 r-xp 00000000 fe:00 13  /lib/libsmall.so.1
7f0001000000-7f0001400000 r-xp 00001000 fe:00 14  /a folder/libcublasLt.so.13
7f0002000000-7f0002400000 r--s 00000000 fe:00 15  /lib/libshared.so
7f0003000000-7f0003400000 r--p 00000000 fe:00 16  /weights/score.safetensors
7f0004000000-7f0004400000 r-xp 00000000 fe:00 17  /lib/libgone.so (deleted)
7f0005000000-7f0005400000 r-xp 00000000 00:00 0
"""


def test_only_code_and_heads_of_libraries_are_handed_back():
    """What the linker has written into would be lost."""
    found = [(begin - 0x7F0000000000, n_bytes >> 20) for begin, n_bytes in unwritten(MAPS)]
    assert found == [(0, 2), (0x200000, 3), (0x1000000, 4)]


# resident pages of files before and after, in MB, and whether torch computes as before
USED = """
import torch
from dyvim_cli.mapped_libraries import release_library_pages

def of_files_mb():
    facts = dict(line.split(":") for line in open("/proc/self/smaps_rollup").read().splitlines()[1:])
    kb = {name: int(value.split()[0]) for name, value in facts.items()}
    return (kb["Rss"] - kb["Anonymous"]) // 1024

picture, layer = torch.ones(1, 3, 32, 32), torch.nn.Conv2d(3, 8, 3)
first, before = layer(picture), of_files_mb()
release_library_pages()
after = of_files_mb()
assert torch.equal(layer(picture), first)
print(before, after)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what is mapped")
def test_torch_computes_on_with_its_libraries_handed_back():
    done = subprocess.run([sys.executable, "-c", USED], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    before_mb, after_mb = map(int, done.stdout.split())
    assert after_mb < 0.75 * before_mb

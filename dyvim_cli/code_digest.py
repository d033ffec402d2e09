"""A digest of our own sources: what was made by other code is told from what this code would make."""

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import dyvim_cli

PACKAGE = Path(dyvim_cli.__file__).parent


@lru_cache(maxsize=8)
def digest(places: tuple[str, ...], package: Path = PACKAGE) -> str:
    """Digest of the modules and sub-packages at `places` (posix, from the package's folder).

    Line ends do not count. Not the version: a release that leaves the code alone makes nothing anew, and a
    line that is changed in a checkout makes it all. A bundle that brings no sources has its version alone.
    """
    whole = hashlib.blake2b(digest_size=20)
    found = sorted(set(_sources(places, package)))
    for name in found:
        text = (package / name).read_bytes().replace(b"\r\n", b"\n")
        whole.update(f"{name} {len(text)}\n".encode() + text)
    if not found:
        whole.update(dyvim_cli.__version__.encode())
    return whole.hexdigest()


def _sources(places: Iterable[str], package: Path) -> Iterable[str]:
    for place in map(package.joinpath, places):
        for path in place.rglob("*.py") if place.is_dir() else [place] if place.is_file() else []:
            yield path.relative_to(package).as_posix()

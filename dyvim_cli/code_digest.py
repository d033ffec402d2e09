"""Digest the package's own sources, to recognise results that other code made."""

import hashlib
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import dyvim_cli

PACKAGE = Path(dyvim_cli.__file__).parent
# `from dyvim_cli.a import b, c`, in brackets over several lines too, and `import dyvim_cli.a`, anywhere
IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+dyvim_cli((?:\.\w+)*)[ \t]+import[ \t]+(\([^)]*\)|[^\n(]+)"
    r"|import[ \t]+dyvim_cli((?:\.\w+)+))",
    re.MULTILINE,
)


@lru_cache(maxsize=8)
def digest(places: tuple[str, ...], package: Path = PACKAGE) -> str:
    """Digest sources of the package; line ends do not count.

    Not the version: a release that leaves the code alone recomputes nothing, and a
    line that is changed in a checkout makes it all. A bundle that brings no sources has its version alone.

    Args:
        places: modules and sub-packages (posix, from the package's folder).
        package: that folder.

    Returns:
        Hexadecimal digest.
    """
    whole = hashlib.blake2b(digest_size=20)
    found = sorted(set(_sources(places, package)))
    for name in found:
        text = (package / name).read_bytes().replace(b"\r\n", b"\n")
        whole.update(f"{name} {len(text)}\n".encode() + text)
    if not found:
        whole.update(dyvim_cli.__version__.encode())
    return whole.hexdigest()


@lru_cache(maxsize=8)
def closure(places: tuple[str, ...], package: Path = PACKAGE) -> tuple[str, ...]:
    """Find modules and all of ours that they import, and those import, and so on.

    Imports inside functions count, and those for type checkers alone too: one source too many does no harm.

    Args:
        places: modules and sub-packages (posix, from the package's folder).
        package: that folder.

    Returns:
        Their paths, sorted.
    """
    found: set[str] = set()
    waiting = list(_sources(places, package))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _imported((package / name).read_text(encoding="utf-8"), package)
    return tuple(sorted(found))


def _imported(text: str, package: Path) -> Iterable[str]:
    """Project files that a source imports, their packages included."""
    for module, names, plain in IMPORT.findall(text):
        base = tuple((module or plain).split(".")[1:])
        for name in ("", *re.findall(r"\w+", re.sub(r"#.*", "", names))):
            yield from _files_of((*base, name) if name else base, package)


def _files_of(parts: tuple[str, ...], package: Path) -> Iterable[str]:
    """Files that importing a dotted name runs: __init__.py of each folder, and the module's own."""
    for depth in range(len(parts) + 1):
        place = package.joinpath(*parts[:depth])
        for path in (place / "__init__.py", place.with_suffix(".py")):
            if path.is_file():
                yield path.relative_to(package).as_posix()


def _sources(places: Iterable[str], package: Path) -> Iterable[str]:
    for place in map(package.joinpath, places):
        for path in place.rglob("*.py") if place.is_dir() else [place] if place.is_file() else []:
            yield path.relative_to(package).as_posix()

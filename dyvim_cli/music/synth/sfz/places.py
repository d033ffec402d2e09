"""Find the files that an SFZ file names, also where it was written on a system that ignores case."""

import os
from functools import lru_cache
from pathlib import Path

MOST_NAMES = 200_000  # entries of a folder that are looked through for another spelling


def found_file(folder: Path, name: str) -> Path | None:
    r"""Find a file by its name relative to a folder.

    Args:
        folder: that the name is relative to.
        name: with / or \ between folders, in any case.

    Returns:
        Path of what is there; None if nothing is.
    """
    place, parts = folder, [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    if name.startswith("/"):
        place = Path("/")
    if "\0" in name or not parts:
        return None
    straight = place.joinpath(*parts)
    if os.path.exists(straight):
        return straight
    for part in parts:
        exact = place / part
        if part == ".." or os.path.exists(exact):
            place = exact
            continue
        spelled = _spellings(place).get(part.lower())
        if spelled is None:
            return None
        place = place / spelled
    return place


@lru_cache(maxsize=64)
def _spellings(folder: Path) -> dict[str, str]:
    """Names in a folder by their lower-case forms."""
    found: dict[str, str] = {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                found.setdefault(entry.name.lower(), entry.name)
                if len(found) >= MOST_NAMES:
                    break
    except OSError:
        return {}
    return found

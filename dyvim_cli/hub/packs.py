"""Find the soundfont of a pulled pack of sounds."""

from pathlib import Path

from dyvim_cli.errors import WeightsError
from dyvim_cli.hub.shelf import PACKS
from dyvim_cli.hub.store import find

FONTS = (".sf2", ".sf3")


def soundfont_of(name: str, chosen: Path | None = None) -> Path:
    """The file that a pack's instruments are in. Raises UsageError, WeightsError when it is not here."""
    folder = find(name, chosen, PACKS)
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in FONTS:
            return path
    raise WeightsError(f"{folder}: holds no soundfont", PACKS.how_to_pull(name, chosen))


def soundfont_meant(given: Path) -> Path:
    """The file behind --soundfont: a path, or the name of a pack where no such file exists."""
    return soundfont_of(str(given)) if str(given) in PACKS.catalogue and not given.exists() else given

"""Find the soundfont of a pulled pack of sounds."""

from pathlib import Path

from dyvim_cli.errors import WeightsError
from dyvim_cli.hub.shelf import PACKS
from dyvim_cli.hub.store import find

FONTS = (".sf2", ".sf3")


def soundfont_of(name: str, chosen: Path | None = None) -> Path:
    """Find the file that a pack's instruments are in.

    Args:
        name: of the pack.
        chosen: folder of the packs; None = the default one.

    Returns:
        Path of a soundfont.

    Raises:
        UsageError: there is no pack of that name.
        WeightsError: it is not here or holds no soundfont.
    """
    folder = find(name, chosen, PACKS)
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in FONTS:
            return path
    raise WeightsError(f"{folder}: holds no soundfont", PACKS.how_to_pull(name, chosen))


def soundfont_meant(given: Path) -> Path:
    """Find the file behind --soundfont.

    Args:
        given: a path, or the name of a pack where no such file exists.

    Returns:
        Path of the file.

    Raises:
        WeightsError: the pack is not here.
    """
    return soundfont_of(str(given)) if str(given) in PACKS.catalogue and not given.exists() else given

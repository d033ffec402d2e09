"""Stage results in a hidden folder beside their final place until the journal has recorded them.

Journal first, then the name: a kill in between leaves a result that the next run only has to move.
"""

import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from dyvim_cli import atomic
from dyvim_cli.errors import cannot_write
from dyvim_cli.options import Delivery

FOLDER = ".dyvim-part"
TOKEN = ".token-"  # begins the names of files by which other machines know our storage (cluster.py)


def results(delivery: Delivery) -> list[Path]:
    """List every path that a film's delivery makes.

    Args:
        delivery: with a settled output.

    Returns:
        The film itself comes last.
    """
    extras = (delivery.midi, delivery.stems, delivery.music)
    return [*(path for path in extras if path is not None), delivery.settled_output()]


def staging_path(path: Path) -> Path:
    """Find the place where a result waits.

    Args:
        path: its final place.

    Returns:
        The same name in a hidden folder beside it.
    """
    return path.parent / FOLDER / path.name


def staged_delivery(delivery: Delivery) -> Delivery:
    """Turn a delivery into one into the waiting places.

    Args:
        delivery: with final paths.

    Returns:
        The same with staged paths, which may be overwritten.
    """
    extras = {name: getattr(delivery, name) for name in ("midi", "stems", "music")}
    moved: dict[str, Any] = {name: staging_path(path) for name, path in extras.items() if path is not None}
    return replace(delivery, output=staging_path(delivery.settled_output()), overwrite=True, **moved)


def make_folders(delivery: Delivery) -> None:
    """Make the folders of the waiting places.

    Args:
        delivery: with final paths.

    Raises:
        OutputError: one cannot be made.
    """
    for path in results(delivery):
        try:
            staging_path(path).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(f"into the folder {path.parent}", error) from error


def name_results(delivery: Delivery) -> None:
    """Give the waiting results their names, the film last.

    May be repeated: a kill half-way loses nothing.

    Args:
        delivery: with final paths.

    Raises:
        OutputError: a result cannot be moved.
    """
    for path in results(delivery):
        try:
            _move(staging_path(path), path)
        except OSError as error:
            raise cannot_write(path, error) from error


def _move(source: Path, target: Path) -> None:
    if source.is_dir():
        target.mkdir(exist_ok=True)
        for file in source.iterdir():
            os.replace(file, target / file.name)
        source.rmdir()
    elif source.exists():
        os.replace(source, target)


def sweep(deliveries: Iterable[Delivery]) -> None:
    """Remove what interrupted work left in waiting places.

    Args:
        deliveries: with final paths.
    """
    for delivery in deliveries:
        for path in map(staging_path, results(delivery)):
            if not path.parent.is_dir():
                continue
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            atomic.remove_leftovers(path)
            for file in (path, *path.parent.glob(TOKEN + "*")):
                with suppress(OSError):
                    file.unlink(missing_ok=True)


def remove_folders(deliveries: Iterable[Delivery]) -> None:
    """Remove the waiting places that are empty.

    Args:
        deliveries: with final paths.
    """
    for folder in {staging_path(path).parent for delivery in deliveries for path in results(delivery)}:
        with suppress(OSError):
            folder.rmdir()

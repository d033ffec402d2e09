"""List, verify and remove what a shelf of downloads holds: weights of models, packs of sounds."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dyvim_cli.cli.show import console
from dyvim_cli.errors import WeightsError
from dyvim_cli.hub import store
from dyvim_cli.hub.catalogue import Source
from dyvim_cli.hub.shelf import Shelf


def list_shelf(shelf: Shelf, chosen: Path | None, as_json: bool) -> None:
    """Print a line for everything that can be pulled: its licence, and what of it is here.

    Args:
        shelf: the weights or the sounds.
        chosen: the folder that was requested; None = the usual one.
        as_json: print one JSON object a line.
    """
    for source in shelf.catalogue.values():
        size = store.n_bytes(source.name, chosen, shelf)
        if as_json:
            here = store.manifest(source.name, chosen, shelf)
            facts: dict[str, Any] = {"name": source.name, "purpose": source.purpose, "source": source.where}
            facts |= {"licence": source.licence, "about_bytes": int(source.about_gb * 1e9), "bytes": size}
            console.data(json.dumps(facts | {"files": here["files"] if here else None}))
        else:
            state = _state(source, size, shelf.folder(chosen))
            licence = f"{source.licence:13} {source.purpose}"
            console.data(f"{source.name:28} {state:>16}  {licence}  {source.where}")


def _state(source: Source, n_bytes: int | None, folder: Path) -> str:
    if store.is_placed(folder / source.name):
        return "here, unchecked"
    return f"~{_size(source.about_gb * 1e9)} to pull" if n_bytes is None else f"{_size(n_bytes)} here"


def _size(n_bytes: float) -> str:
    """'2.4 GB', or '40 MB' below one GB."""
    return f"{n_bytes / 1e9:.2g} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:.0f} MB"


def verify_all(
    shelf: Shelf, names: Sequence[str] | None, chosen: Path | None, progress: console.ProgressKind
) -> None:
    """Check every byte of the pulled files, all of them before a failure is raised.

    Args:
        shelf: the weights or the sounds.
        names: of what was pulled; none = everything.
        chosen: the folder that was requested; None = the usual one.
        progress: how to show it.

    Raises:
        WeightsError: the last of the failures; those before it are shown.
    """
    faults: list[WeightsError] = []
    folder = shelf.folder(chosen)
    here = [n for n in shelf.catalogue if store.manifest(n, chosen, shelf) or store.is_placed(folder / n)]
    if not names and not here:
        console.note(f"nothing was pulled into {folder}")
    for name in names or here:
        try:
            with console.progress(progress) as shown:
                place = store.verify(name, chosen, shown, shelf)
            console.data(f"ok    {name}: {place}")
        except WeightsError as fault:
            faults.append(fault)
    for earlier in faults[:-1]:
        console.show_error(earlier)
    if faults:
        raise faults[-1]


def remove_pulled(shelf: Shelf, name: str, chosen: Path | None) -> None:
    """Delete the files pulled under a name and print their size.

    Args:
        shelf: the weights or the sounds.
        name: of what was pulled.
        chosen: the folder that was requested; None = the usual one.

    Raises:
        UsageError: there is no such name.
        WeightsError: nothing of it is here.
    """
    console.note(f"removed {store.remove(name, chosen, shelf) / 1e6:.1f} MB")

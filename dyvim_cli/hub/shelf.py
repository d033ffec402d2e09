"""Catalogues and folders of downloads: weights of models, and packs of sounds."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dyvim_cli.cache import cache_folder
from dyvim_cli.errors import UsageError, closest
from dyvim_cli.hub.catalogue import CATALOGUE, SOUNDS, Source


@dataclass(frozen=True)
class Shelf:
    """A catalogue, the verb that pulls from it, and its folder."""

    verb: str  # VERB of `dyvim VERB pull`, and the folder's name beside the cache
    catalogue: Mapping[str, Source]
    option: str
    variable: str

    def folder(self, chosen: Path | None = None) -> Path:
        """Find where pulled files are.

        Args:
            chosen: the option's value; None = the environment's, else beside the cache.

        Returns:
            The folder, which need not exist.
        """
        return chosen or Path(os.environ.get(self.variable) or cache_folder() / self.verb)

    def known(self, name: str) -> Source:
        """Look a name up in the catalogue.

        Args:
            name: of weights or of a pack.

        Returns:
            The entry.

        Raises:
            UsageError: the name is not in it.
        """
        if name not in self.catalogue:
            meant = closest(name, self.catalogue)
            hint = f"{meant}? dyvim {self.verb} list" if meant else f"dyvim {self.verb} list"
            raise UsageError(f"no {self.verb} are called '{name}'", hint)
        return self.catalogue[name]

    def how_to_pull(self, name: str, chosen: Path | None = None) -> str:
        """Write the command that downloads or repairs.

        Args:
            name: of weights or of a pack.
            chosen: folder that was requested.

        Returns:
            One line.
        """
        return f"dyvim {self.verb} pull {name}" + (f" {self.option} {chosen}" if chosen else "")


MODELS = Shelf("weights", CATALOGUE, "--weights-dir", "DYVIM_WEIGHTS_DIR")
PACKS = Shelf("sounds", SOUNDS, "--sounds-dir", "DYVIM_SOUNDS_DIR")

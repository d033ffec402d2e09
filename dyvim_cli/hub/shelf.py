"""Shelves of what is pulled: the weights of models, and packs of sounds."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dyvim_cli.cache import cache_folder
from dyvim_cli.errors import UsageError
from dyvim_cli.hub.catalogue import CATALOGUE, SOUNDS, Source


@dataclass(frozen=True)
class Shelf:
    """A catalogue, the verb that pulls from it, and where its files lie."""

    verb: str  # of `dyvim VERB pull`, and the folder's name beside the cache
    catalogue: Mapping[str, Source]
    option: str
    variable: str

    def folder(self, chosen: Path | None = None) -> Path:
        """Where pulled files lie: the option's value, the environment's, else beside the cache."""
        return chosen or Path(os.environ.get(self.variable) or cache_folder() / self.verb)

    def known(self, name: str) -> Source:
        """The catalogue's entry. Raises UsageError for a name that is not in it."""
        if name not in self.catalogue:
            raise UsageError(f"no {self.verb} are called '{name}'", f"dyvim {self.verb} list")
        return self.catalogue[name]

    def how_to_pull(self, name: str, chosen: Path | None = None) -> str:
        """The command that fetches or mends."""
        return f"dyvim {self.verb} pull {name}" + (f" {self.option} {chosen}" if chosen else "")


MODELS = Shelf("weights", CATALOGUE, "--weights-dir", "DYVIM_WEIGHTS_DIR")
PACKS = Shelf("sounds", SOUNDS, "--sounds-dir", "DYVIM_SOUNDS_DIR")

"""Select the films of a batch from folders, patterns and lists, leaving out dyvim's own results."""

import codecs
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from dyvim_cli.errors import InputError, quoted
from dyvim_cli.media.output import MUXERS, OWN_MARK

# suffixes of films that a folder is searched for, unless --include is given
FILM_SUFFIXES = {
    *MUXERS, ".wmv", ".asf", ".flv", ".f4v", ".mpg", ".mpeg", ".m2v", ".vob", ".ogv", ".3gp", ".3g2",
    ".mxf", ".dv", ".divx", ".rm", ".rmvb", ".gif",
}  # fmt: skip

WIDER = "look into sub-folders with --recursive, or --include '*'"


@dataclass(frozen=True)
class SelectedFilm:
    """One film of a batch."""

    path: Path
    relative: PurePosixPath  # path within the folder that was named; the name alone where the film was named

    @property
    def root(self) -> Path:
        """The folder that `relative` starts from."""
        return self.path.absolute().parents[len(self.relative.parts) - 1]


@dataclass(frozen=True)
class Choice:
    """Filters of folders' files. Patterns are globs on the name or on the path within the folder."""

    recursive: bool = False
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()

    def takes(self, relative: PurePosixPath) -> bool:
        """Check whether a file found in a folder is selected.

        Args:
            relative: its path within the folder.

        Returns:
            False for hidden files and dyvim's own results.
        """
        if any(part.startswith(".") for part in relative.parts) or OWN_MARK in relative.name:
            return False
        if self.include:
            return _matches(relative, self.include) and not _matches(relative, self.exclude)
        return relative.suffix.lower() in FILM_SUFFIXES and not _matches(relative, self.exclude)


def _matches(relative: PurePosixPath, patterns: Iterable[str]) -> bool:
    return any(fnmatch(relative.name, p) or fnmatch(str(relative), p) for p in patterns)


def select(
    named: Iterable[Path], choice: Choice, leave_out: Iterable[Path] = (), *, way_out: str = WIDER
) -> list[SelectedFilm]:
    """Select the films of folders and files, sorted, each once.

    Files that are named are taken whatever they are called (but for --exclude); a missing one is taken
    as well, and fails when its turn comes.

    Args:
        named: folders and files.
        choice: what is taken from folders.
        leave_out: outputs of earlier runs.
        way_out: what to try where there are none.

    Returns:
        At least one film.

    Raises:
        InputError: a folder cannot be read or nothing is left.
    """
    named, made = list(named), {os.path.realpath(path) for path in leave_out}
    films: dict[str, SelectedFilm] = {}
    for place in named:
        for film in _of_folder(place, choice) if place.is_dir() else _of_file(place, choice):
            if place.is_dir() and os.path.realpath(film.path) in made:
                continue
            films.setdefault(os.path.normcase(os.path.abspath(film.path)), film)
    if not films:
        places = ", ".join(map(str, named)) or "an empty list"
        raise InputError(f"no films in {places}", way_out)
    return sorted(films.values(), key=lambda film: (str(film.root), film.relative.parts))


def _of_file(path: Path, choice: Choice) -> list[SelectedFilm]:
    relative = PurePosixPath(path.name)
    return [] if _matches(relative, choice.exclude) else [SelectedFilm(path, relative)]


def _of_folder(folder: Path, choice: Choice) -> Iterator[SelectedFilm]:
    def cannot(error: OSError) -> None:
        raise InputError(
            f"{error.filename}: the folder cannot be read", f"chmod u+rx {quoted(error.filename)}"
        )

    for place, folders, names in os.walk(folder, onerror=cannot):
        folders[:] = [name for name in folders if choice.recursive and not name.startswith(".")]
        for name in names:
            path = Path(place, name)
            relative = PurePosixPath(path.relative_to(folder).as_posix())
            if choice.takes(relative):
                yield SelectedFilm(path, relative)


def read_list(listed: bytes) -> list[Path]:
    """Read a list of films: paths with NUL between them (`find -print0`), else one per line.

    Of lines, blank ones and those that start with # are passed over, and a byte order mark.

    Args:
        listed: contents of the list.

    Returns:
        The paths in their order.
    """
    if b"\0" in listed:
        return [Path(os.fsdecode(name)) for name in listed.split(b"\0") if name]
    lines = (os.fsdecode(line) for line in listed.removeprefix(codecs.BOM_UTF8).splitlines())
    return [Path(line) for line in lines if line.strip() and not line.startswith("#")]

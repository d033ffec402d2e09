"""Merge a film's settings in a batch: flags, environment, its folder's dyvim.toml, defaults."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from dyvim_cli.cli.options import config
from dyvim_cli.cli.options.groups import Composing, Mixing
from dyvim_cli.errors import UsageError

if TYPE_CHECKING:
    from dyvim_cli.batch.selection import SelectedFilm

NAME = "dyvim.toml"
KINDS = {field.name: field.type for group in (Composing, Mixing) for field in fields(group)}
del KINDS["adapter"], KINDS["soundfont"]  # their paths would be one for every folder


def film_settings(context: typer.Context) -> "Callable[[SelectedFilm], Mapping[str, Any]]":
    """Make a function from a film to its option values by name.

    The file in the film's own folder counts more than those above it, up to the folder that was named.

    Args:
        context: of the verb, with its options.

    Returns:
        The function; it raises UsageError, naming the file, for unknown keys and for values that the flag
        would not take.
    """

    @cache
    def values(files: tuple[Path, ...]) -> Mapping[str, Any]:
        return _overlaid(context, files) if files else context.params

    return lambda film: values(_files(film))


def _files(film: "SelectedFilm") -> tuple[Path, ...]:
    folders = [film.root, *(film.root / parent for parent in reversed(film.relative.parents[:-1]))]
    return tuple(path for folder in folders if config.is_there(path := folder / NAME))


def _overlaid(context: typer.Context, files: tuple[Path, ...]) -> Mapping[str, Any]:
    """Apply files as the verb's configuration; options of the command line outrank them."""
    given: dict[str, Any] = {}
    for path in files:
        given |= _read(path)
    said = {
        name: value for name, value in context.params.items()
        if (source := context.get_parameter_source(name)) and source.name == "COMMANDLINE"
    }  # fmt: skip
    defaults = {**(context.default_map or {}), **given}
    try:
        parsed = context.command.make_context(
            context.info_name, ["-"], parent=context.parent, default_map=defaults
        )
    except typer.BadParameter as error:
        raise UsageError(f"{files[-1]}: {error.format_message()}", f"correct {files[-1]}") from error
    return {**parsed.params, **said}


def _read(path: Path) -> dict[str, Any]:
    settings = {key.replace("-", "_"): value for key, value in config.read(path).items()}
    for key in settings:
        if key not in KINDS:
            raise UsageError(f"{path}: unknown key '{key}'", f"a folder may set: {', '.join(KINDS)}")
        config.check_type(settings[key], KINDS[key], key, path)
    return settings

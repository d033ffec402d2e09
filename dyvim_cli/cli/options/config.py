"""The TOML configuration: defaults for options, below the environment and the flags.

Top-level keys hold for every verb that has such an option, a table [score] for that verb alone:

    alpha = 0.7
    [batch]
    jobs = 2
"""

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, get_args, get_origin

from dyvim_cli.errors import UsageError, closest, one_of

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LARGEST_BYTES = 1_000_000  # largest configuration that is read: a device or a film would be read for ever
# type of an option -> (types that TOML may give for it, what they are called)
TAKES = {
    bool: ((bool,), "true or false"),
    int: ((int,), "a whole number"),
    float: ((int, float), "a number"),
    list: ((list,), 'a list, as in ["a", "b"]'),
    str: ((str,), 'a text, as in "a"'),
}
NUMBERS_OR_WORDS = ("jobs", "start", "end")  # options that take either, as text


def default_path() -> Path:
    """Find the configuration of a user who names none: XDG_CONFIG_HOME, APPDATA, else ~/.config.

    Returns:
        Path of config.toml, which need not exist.
    """
    base = os.environ.get("XDG_CONFIG_HOME") or os.environ.get("APPDATA") or Path.home() / ".config"
    return Path(base) / "dyvim" / "config.toml"


def is_there(path: Path) -> bool:
    """Check whether anything exists at a path, readable or not.

    Args:
        path: of the configuration.

    Returns:
        True also for a broken link.
    """
    return os.path.lexists(path)


def read(path: Path) -> dict[str, Any]:
    """Read a configuration.

    Args:
        path: of the file.

    Returns:
        Its content.

    Raises:
        UsageError: it is no file, too large, or not TOML; the message names it.
    """
    try:
        if path.exists() and not path.is_file():
            kind = "a folder" if path.is_dir() else "a device or a pipe"
            raise UsageError(f"{path}: the configuration is {kind}, not a file", "check --config")
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        reason = f"{path}: configuration cannot be read ({error.strerror})"
        raise UsageError(reason, "check --config") from error
    if len(content) > LARGEST_BYTES:
        raise UsageError(f"{path}: too large for a configuration", "check --config")
    try:
        return tomllib.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: not valid TOML ({error})", f"correct {path} or remove it") from error


def default_map(
    settings: dict[str, Any], options: Mapping[str, Mapping[str, Any]], path: Path
) -> dict[str, Any]:
    """Click's default_map {verb: {option: value}} from a configuration.

    Args:
        settings: the configuration's content.
        options: {verb: {option's name, with underscores: its type}}.
        path: the file, for errors.

    Returns:
        Click's default_map: verb -> option -> value.

    Raises:
        UsageError: a key is not known, or its value of another type than the option's.
    """
    result: dict[str, dict[str, Any]] = {verb: {} for verb in options}
    everywhere = {k: v for k, v in settings.items() if not isinstance(v, dict)}
    for key, value in everywhere.items():
        takers = [verb for verb, known in options.items() if _name(key) in known]
        if not takers:
            hint = _key_hint(key, "score", set().union(*options.values()))
            raise UsageError(f"{path}: unknown key '{key}'", hint)
        for verb in takers:
            result[verb][_name(key)] = check_type(value, options[verb][_name(key)], key, path)
    for verb, table in settings.items():
        if not isinstance(table, dict):
            continue
        if verb not in options:
            raise UsageError(f"{path}: unknown table [{verb}]", one_of(verb, sorted(options)))
        for key, value in table.items():
            if _name(key) not in options[verb]:
                hint = _key_hint(key, verb, options[verb])
                raise UsageError(f"{path}: unknown key '{key}' in [{verb}]", hint)
            result[verb][_name(key)] = check_type(value, options[verb][_name(key)], key, path)
    return result


def _key_hint(key: str, verb: str, known: Iterable[str]) -> str:
    meant = closest(_name(key), known)
    return (f"{meant}? " if meant else "") + f"see `dyvim {verb} --help`"


def check_type(value: Any, kind: Any, key: str, path: Path) -> Any:
    """Check that TOML gave a value the type that the option has.

    Args:
        value: as TOML has it.
        kind: the option's type.
        key: as the file has it, for the message.
        path: of the file, for the message.

    Returns:
        The value; numbers as text where words are possible too.

    Raises:
        UsageError: it is of another type.
    """
    if _name(key) in NUMBERS_OR_WORDS and type(value) in (int, float):
        return str(value)
    types, name = TAKES[_plain(kind)]
    fits = type(value) in types and (type(value) is not list or all(type(part) is str for part in value))
    if not fits:
        raise UsageError(f"{path}: {key} = {value!r} is not {name}", f"correct {path}")
    return value


def _plain(kind: Any) -> type:
    """bool, int, float, list or str (texts, paths and choices) for an option's type as it is annotated."""
    if get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    kinds = [part for part in get_args(kind) if part is not NoneType]
    if NoneType in get_args(kind):
        kind = kinds[0]
    kind = get_origin(kind) or kind
    return kind if kind in TAKES else str


def _name(key: str) -> str:
    return key.replace("-", "_")

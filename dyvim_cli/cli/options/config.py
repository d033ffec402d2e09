"""The TOML configuration: defaults for options, below the environment and the flags.

Top-level keys hold for every verb that has such an option, a table [score] for that verb alone:

    alpha = 0.7
    [batch]
    jobs = 2
"""

import os
import sys
from pathlib import Path

from dyvim_cli.errors import UsageError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def default_path() -> Path:
    """Where the configuration stands unless --config or DYVIM_CONFIG says otherwise."""
    base = os.environ.get("XDG_CONFIG_HOME") or os.environ.get("APPDATA") or Path.home() / ".config"
    return Path(base) / "dyvim" / "config.toml"


def read(path: Path) -> dict:
    """The file's content. Raises UsageError naming the file when it is not TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = f"{path}: configuration cannot be read ({error.strerror})"
        raise UsageError(reason, "check --config") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not valid TOML ({error})", f"mend {path} or remove it") from error


def default_map(settings: dict, options: dict[str, set[str]], path: Path) -> dict:
    """Click's default_map {verb: {option: value}} from a configuration.

    options: the option names (with underscores) of every verb. Raises UsageError on unknown keys.
    """
    result: dict[str, dict] = {verb: {} for verb in options}
    everywhere = {k: v for k, v in settings.items() if not isinstance(v, dict)}
    for key, value in everywhere.items():
        takers = [verb for verb, names in options.items() if _name(key) in names]
        if not takers:
            raise UsageError(f"{path}: unknown key '{key}'", "see `dyvim score --help` for the options")
        for verb in takers:
            result[verb][_name(key)] = value
    for verb, table in settings.items():
        if not isinstance(table, dict):
            continue
        if verb not in options:
            raise UsageError(f"{path}: unknown table [{verb}]", f"tables are: {', '.join(sorted(options))}")
        for key, value in table.items():
            if _name(key) not in options[verb]:
                raise UsageError(f"{path}: unknown key '{key}' in [{verb}]", f"see `dyvim {verb} --help`")
            result[verb][_name(key)] = value
    return result


def _name(key: str) -> str:
    return key.replace("-", "_")

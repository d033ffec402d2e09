"""Write out the command that makes a film again, with every drawn value explicit."""

from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any

# options of running and showing, which do not change the result
NOT_PART_OF_IT = (
    "as_json", "dry_run", "no_cache", "progress", "report", "weights_dir", "offline", "device",
    "quiet", "verbose",
)  # fmt: skip
ALWAYS = ("output", "alpha", "seed")


def arguments(command: Any, values: Mapping[str, Any]) -> list[str]:
    """Write the arguments of a verb for option values.

    Options at their defaults are left out; paths are absolute, and an output that exists is replaced, so that
    it works from any folder, and again.

    Args:
        command: the verb as Typer's command.
        values: by option's name: context.params, and what was decided since.

    Returns:
        Words, dyvim and score among them.
    """
    words = ["dyvim", command.name]
    for option in command.params:
        value = True if option.name == "overwrite" else values.get(option.name)
        if option.name in NOT_PART_OF_IT or value is None or value is False or value in ([], ()):
            continue
        if option.param_type_name == "argument":
            words.append(_word(value))
        elif isinstance(value, (list, tuple)):
            words += [word for each in value for word in (max(option.opts, key=len), _word(each))]
        elif option.name in ALWAYS or value != option.default:
            words.append(max(option.opts, key=len))
            words += [] if value is True else [_template(value) if option.name == "output" else _word(value)]
    return words


def _template(output: Path | str) -> str:
    """The output's template; of a path, the one that means this very path."""
    word = _word(output)
    return word.replace("{", "{{").replace("}", "}}") if isinstance(output, Path) else word


def _word(value: Any) -> str:
    if isinstance(value, Path):
        return str(value.absolute())
    return str(value.value if isinstance(value, Enum) else value)

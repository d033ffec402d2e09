"""Prepare a verb's function for Typer: -q and -v, variables, metavars, the order of the panels."""

import inspect
import re
from collections.abc import Callable
from copy import copy
from enum import Enum
from functools import wraps
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, get_args, get_origin

import typer

from dyvim_cli.cli.options.arguments import EDIT, MODELS, MUSIC, OUTPUT, RUN, SOUND
from dyvim_cli.cli.show import console

PANELS = (None, "Which films", MUSIC, EDIT, SOUND, OUTPUT, MODELS, RUN)
# options about one film or a single action, which no variable sets for every run
OF_ONE_RUN = {
    "output", "music", "midi", "stems", "markers_out", "preview", "report", "dry_run", "as_json", "start",
    "end", "plan", "markers", "takes", "orchestrate", "mute", "instrument", "reroll", "like",
    "recursive", "include", "exclude", "from_list", "journal", "scored", "quiet", "verbose",
}  # fmt: skip
METAVARS = {int: "N", float: "X", str: "TEXT", Path: "PATH"}

Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Print only results and errors.")]
Verbose = Annotated[
    bool, typer.Option("-v", "--verbose", help="Print the time of each stage, and the traceback of a fault.")
]


def dressed(verb: Callable[..., Any], with_variables: bool = True) -> Callable[..., Any]:
    """The verb as Typer shall see it; a call obeys -q and -v first.

    Args:
        verb: a function with Typer's annotations.
        with_variables: give every option that may hold for many runs a variable DYVIM_NAME.

    Returns:
        A function with the same options, and --quiet and --verbose.
    """

    @wraps(verb)
    def heard(quiet: bool, verbose: bool, **values: Any) -> Any:
        console.speak(quiet=quiet, verbose=verbose)
        return verb(**values)

    own = inspect.signature(verb).parameters.values()
    options = [_dressed(p, with_variables) for p in own]
    options += [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=kind)
        for name, kind in (("quiet", _plain(Quiet)), ("verbose", _plain(Verbose)))
    ]
    options = sorted(options, key=_panel_of)
    heard.__doc__ = _flowing(verb.__doc__ or "")
    heard.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
    heard.__annotations__ = {option.name: option.annotation for option in options}
    return heard


def _flowing(text: str) -> str:
    """A docstring with one line per paragraph, for the terminal to break."""
    return re.sub(r"(?<!\n)\n(?!\n)", " ", inspect.cleandoc(text))


def _panel_of(option: inspect.Parameter) -> int:
    info = _info_of(option.annotation)
    panel = getattr(info, "rich_help_panel", None)
    return PANELS.index(panel) if panel in PANELS else len(PANELS)


def _dressed(option: inspect.Parameter, with_variables: bool) -> inspect.Parameter:
    """The option with a metavar and, where it may have one, a variable; keyword-only."""
    option = option.replace(kind=inspect.Parameter.KEYWORD_ONLY)
    info = _info_of(option.annotation)
    if not isinstance(info, typer.models.OptionInfo):
        return option
    info = copy(info)
    kind = _kind(get_args(option.annotation)[0])
    if info.metavar is None:
        info.metavar = _metavar(kind)
    if with_variables and info.envvar is None and option.name not in OF_ONE_RUN:
        info.envvar = f"DYVIM_{option.name.upper()}"
    info.show_envvar = False  # said once, below the options
    return option.replace(annotation=Annotated[get_args(option.annotation)[0], info])


def _plain(annotation: Any) -> Any:
    """A flag's annotation with no metavar."""
    info = copy(_info_of(annotation))
    info.metavar = ""
    return Annotated[get_args(annotation)[0], info]


def _info_of(annotation: Any) -> Any:
    """Typer's information about an option, None for other parameters."""
    found = [part for part in get_args(annotation)[1:] if isinstance(part, typer.models.ParameterInfo)]
    return found[0] if get_origin(annotation) is Annotated and found else None


def _kind(annotation: Any) -> type:
    """The type of an option's value: of `int | None` and `list[int]` it is int."""
    parts = [part for part in get_args(annotation) if part is not NoneType]
    return _kind(parts[0]) if parts and not isinstance(parts[0], str) else annotation


def _metavar(kind: Any) -> str | None:
    """Placeholder of the value in the help; none for a flag, Typer's own for choices."""
    if kind is bool:
        return ""
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "|".join(each.value for each in kind)
    return METAVARS.get(kind)

"""Write the manual from the command line itself: a page for `man`, or Markdown for the documentation.

python -m tools.manual build/dyvim.1
python -m tools.manual docs/commands.md
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from dyvim_cli import __version__
from dyvim_cli.cli.main import app
from dyvim_cli.cli.show.examples import EXAMPLES
from dyvim_cli.errors import ExitCode

EXITS = {
    ExitCode.OK: "done", ExitCode.BUG: "a fault in dyvim", ExitCode.USAGE: "wrong options or configuration",
    ExitCode.INPUT: "input unreadable", ExitCode.WEIGHTS: "weights missing or corrupt",
    ExitCode.OUTPUT: "output exists or cannot be written", ExitCode.PARTIAL: "some of several films failed",
    ExitCode.ENVIRONMENT: "the machine lacks something", ExitCode.INTERRUPTED: "interrupted",
}  # fmt: skip


def main(path: Path) -> None:
    """Write the manual in the format that the name's ending says.

    Args:
        path: such as build/dyvim.1 or docs/commands.md.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    made = markdown() if path.suffix == ".md" else roff()
    path.write_text(made, encoding="utf-8")


def verbs() -> Iterator[tuple[str, Any]]:
    """List every verb by its whole name, those of groups among them.

    Yields:
        (name, Click command).
    """
    for name, command in typer.main.get_command(app).commands.items():
        if hasattr(command, "commands"):
            yield from ((f"{name} {inner}", each) for inner, each in command.commands.items())
        else:
            yield name, command


def roff() -> str:
    """Write the page for `man dyvim`.

    Returns:
        Text.
    """
    parts = [
        f'.TH DYVIM 1 "" "dyvim {__version__}" "User Commands"', ".SH NAME",
        r"dyvim \- compose a soundtrack to a film's motion", ".SH SYNOPSIS", ".B dyvim",
        r"\fIVERB\fR [options]",
        ".SH DESCRIPTION", _roff(app_help()), ".SH VERBS",
    ]  # fmt: skip
    for name, command in verbs():
        parts += [f".SS dyvim {_roff(usage(name, command))}", _roff(plain(command.help))]
        for option in command.params:
            parts += [".TP", f"\\fB{_roff(heading(option))}\\fR", _roff(explanation(option))]
        for line, why in EXAMPLES.get(name, ()):
            said = f"Example ({_roff(why)}):" if why else "Example:"
            parts += [".PP", said, ".br", f"\\fB{_roff(line)}\\fR"]
    parts += [".SH EXIT STATUS"]
    for code, meaning in EXITS.items():
        parts += [".TP", str(int(code)), meaning]
    return "\n".join(parts) + "\n"


def markdown() -> str:
    """Write the page of all commands.

    Returns:
        Text.
    """
    parts = ["# Commands", app_help()]
    for name, command in verbs():
        parts += [f"## {name}", f"`dyvim {usage(name, command)}`", plain(command.help)]
        rows = [f"| `{heading(each)}` | {_cell(explanation(each))} |" for each in command.params]
        parts += ["\n".join(["| | |", "|---|---|", *rows])]
        shown = [f"    {line}" + (f"   # {why}" if why else "") for line, why in EXAMPLES.get(name, ())]
        parts += ["\n".join(shown)] if shown else []
    return "\n\n".join(parts) + "\n"


def app_help() -> str:
    """Read the description of the whole program.

    Returns:
        One paragraph.
    """
    return plain(typer.main.get_command(app).help)


def usage(name: str, command: Any) -> str:
    """Format a verb and its arguments.

    Args:
        name: of the verb.
        command: of Click.

    Returns:
        One line.
    """
    arguments = [each.name.upper() for each in command.params if each.param_type_name == "argument"]
    return " ".join([name, *arguments, "[options]"])


def heading(option: Any) -> str:
    """Format an option's names: '-o, --output TEXT'; of an argument its name.

    Args:
        option: parameter of Click.

    Returns:
        One line.
    """
    if option.param_type_name == "argument":
        return option.name.upper()
    names = ", ".join(sorted(option.opts, key=len))
    return f"{names} {option.metavar}" if option.metavar else names


def explanation(option: Any) -> str:
    """Join an option's help with its default and variable.

    Args:
        option: parameter of Click.

    Returns:
        One line.
    """
    said = plain(getattr(option, "help", None) or "")
    shown = option.show_default if isinstance(getattr(option, "show_default", None), str) else option.default
    if shown not in (None, False, "") and not callable(shown):
        said += f" Default: {getattr(shown, 'value', shown)}."
    return said + (f" Variable: {option.envvar}." if isinstance(option.envvar, str) else "")


def plain(text: str | None) -> str:
    """Join the lines within each paragraph of a help text.

    Args:
        text: docstring or help; None = none.

    Returns:
        Text.
    """
    return "\n\n".join(re.sub(r"\s+", " ", part).strip() for part in (text or "").split("\n\n"))


def _roff(text: str) -> str:
    r"""Text in which nothing is taken for a request: backslashes, hyphens, dots that begin a line."""
    escaped = text.replace("\\", r"\e").replace("-", r"\-")
    return re.sub(r"^([.'])", r"\\&\1", escaped, flags=re.M).replace("\n\n", "\n.PP\n")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""Turn what Typer says of a wrong command line into the error that every fault looks like."""

import re
from typing import Any

import typer

from dyvim_cli.errors import UsageError, closest

# Typer carries its own copy of Click since 0.2x, and used Click's before: either is found here
ClickException: type[Exception] = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)

CHOICE = re.compile(r"for '(?P<option>[^']+)'.*?: '(?P<word>[^']*)' is not one of (?P<known>.*)")

# pydantic's words for a value, as newer releases of Typer print them, and ours
REWORDED = (
    (re.compile(r"Input should be a valid number.*"), "not a number"),
    (re.compile(r"Input should be a valid integer.*"), "not a whole number"),
    (re.compile(r"Input should be greater than or equal to (\S+)"), r"less than \1"),
    (re.compile(r"Input should be less than or equal to (\S+)"), r"more than \1"),
    (re.compile(r"Got unexpected extra arguments? ?(?:\(s\) )?\((.*)\)"), r"too many words: \1"),
)
# a path that its option wants to exist
MISSING = re.compile(r"Invalid value for '(?P<option>[^']+)': (?P<kind>\w+) '(?P<path>.*)' does not exist")


def is_help(error: Exception) -> bool:
    """Check whether the command line names no verb, so that the help is shown.

    Args:
        error: of click.

    Returns:
        True for the error that only shows the help.
    """
    return type(error).__name__ == "NoArgsIsHelpError"


def fault_of_usage(error: Any) -> UsageError:
    """Convert click's error into a message and a hint of one line each.

    Args:
        error: of click.

    Returns:
        The failure, not raised.
    """
    message = error.format_message().rstrip().replace(": Value error, ", ": ")
    if missing := MISSING.match(message):
        return _missing(**missing.groupdict())
    for words, plain in REWORDED:
        message = words.sub(plain, message)
    context = getattr(error, "ctx", None)
    verb = context.command_path if context is not None else "dyvim"
    return UsageError(message[:1].lower() + message[1:].rstrip("."), _hint(error, message, verb))


def _missing(option: str, kind: str, path: str) -> UsageError:
    """The failure for a file or folder that is not there, worded as where a verb finds it out itself."""
    what = {"dir": "folder", "directory": "folder", "file": "file"}.get(kind.lower(), "file or folder")
    where = f"{option.split(' / ')[-1]}: " if option.startswith("-") else ""
    return UsageError(f"{where}no such {what}: {path}", "check the path; quote names with spaces")


def _range(error: Any) -> str:
    """Words for the range of the option that an error is about; "" where it has none, or is about none."""
    parameter = getattr(error, "param", None)
    kind = getattr(parameter, "type", parameter)  # Click's option has a type, that of newer Typer the bounds
    low, high = getattr(kind, "min", None), getattr(kind, "max", None)
    if low is None:
        return "" if high is None else f"{high:g} or less; "
    return f"{low:g} or more; " if high is None else f"{low:g} to {high:g}; "


def _hint(error: Any, message: str, verb: str) -> str:
    if (options := getattr(error, "possibilities", None)) and (wrong := getattr(error, "option_name", None)):
        return f"{verb} {closest(wrong, options) or sorted(options)[0]}"
    if choice := CHOICE.search(message):
        known = re.findall(r"'([^']*)'", choice["known"])
        meant = closest(choice["word"], known)
        option = choice["option"].split(" / ")[-1]
        return f"{option} {meant or '|'.join(known)}"
    return f"{_range(error)}{verb} --help"

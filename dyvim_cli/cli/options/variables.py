"""Say which DYVIM_* variables no option listens to, so that a misspelt one is not ignored in silence."""

import os
from typing import Any

import typer

from dyvim_cli.cli.show import console
from dyvim_cli.errors import closest

# read elsewhere: where ffmpeg and the cache are, what a fault shows, the installation of shell completion
OTHERS = {"DYVIM_FFMPEG", "DYVIM_CACHE", "DYVIM_DEBUG", "DYVIM_CONFIG", "DYVIM_CLIP"}


def check_variables(context: typer.Context) -> None:
    """Report every DYVIM_* variable that nothing reads, with the probably intended name.

    Args:
        context: of the group of verbs.
    """
    known = known_variables(context)
    for name in sorted(os.environ):
        if name.startswith("DYVIM_") and name not in known:
            meant = closest(name, known)
            console.note(f"note: nothing reads {name}" + (f"; {meant} was meant?" if meant else ""))


def known_variables(context: typer.Context) -> set[str]:
    """Collect all variables that options or the program read.

    Args:
        context: of the group of verbs.

    Returns:
        Their names.
    """
    verbs: Any = context.command
    commands = [verbs.get_command(context, name) for name in verbs.list_commands(context)]
    commands += [each for group in commands if hasattr(group, "commands") for each in group.commands.values()]
    read = (option.envvar for command in commands for option in command.params)
    return OTHERS | {name for name in read if isinstance(name, str)}

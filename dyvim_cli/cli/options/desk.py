"""A plan file, markers and an earlier film as part of the composer's options."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from dyvim_cli.cli.options.parsing import parse_mood
from dyvim_cli.cli.options.players import with_players
from dyvim_cli.errors import UsageError

if TYPE_CHECKING:
    from dyvim_cli.options import ComposeOptions

TYPED = (
    "COMMANDLINE",
    "ENVIRONMENT",
    "DEFAULT_MAP",
)  # where an option's value comes from, unless it is a default
# field of a scored film's tag: (of ComposeOptions, the option's name, how it is read)
READ: dict[str, tuple[str, str, Callable[[str], Any]]] = {
    "bpm": ("tempo_bpm", "tempo", float),
    "mood": ("mood", "mood", parse_mood),
    "guidance": ("guidance", "guidance", float),
    "temperature": ("temperature", "temperature", float),
    "under_speech": ("under_speech", "under_speech", str),
}


def given(context: typer.Context) -> set[str]:
    """List the options that somebody set.

    Args:
        context: of the verb.

    Returns:
        Names; on the command line, in the environment or in a file.
    """
    sources = {name: context.get_parameter_source(name) for name in context.params}
    return {name for name, source in sources.items() if source is not None and source.name in TYPED}


def with_desk(options: "ComposeOptions", plan: Path | None, markers: Path | None) -> "ComposeOptions":
    """Take what a plan file and a file of markers say into the options; a plan's seed and alpha count.

    Args:
        options: of the composer.
        plan: path of a plan; None = none.
        markers: path of a file of markers; None = none.

    Returns:
        The options with both.

    Raises:
        UsageError: the plan cannot be read.
    """
    if plan is not None:
        from dyvim_cli.desk.read_plan import read_plan

        read = read_plan(plan)
        options = replace(options, plan=read, seed=read.seed, alpha=read.alpha)
    return replace(options, markers=None if markers is None else markers.absolute())


def as_like(
    options: "ComposeOptions", like: Path | None, named: set[str], *, is_known: bool = False
) -> "ComposeOptions":
    """Take the options of the music of a scored film, but for those that somebody set.

    Another style keeps the tempo and the key.

    Args:
        options: of the composer.
        like: path of the scored film; None = nothing changes.
        named: options that somebody set.
        is_known: what the film's music followed is known otherwise.

    Returns:
        The options.

    Raises:
        UsageError: the film does not say enough.
    """
    if like is None:
        return options
    from dyvim_cli.desk.like import made_by, soundfont_again
    from dyvim_cli.options import EMBEDDED

    made = made_by(like, is_known=is_known)
    if made["model"] != EMBEDDED:
        raise UsageError(f"{like} was scored by {made['model']}", "--like is for the shipped composer")
    kept = {name: made[name] for name in ("alpha", "seed", "style", "key", "candidates") if name not in named}
    kept |= {
        field: read(made[name])
        for name, (field, option, read) in READ.items()
        if name in made and option not in named
    }
    if "soundfont" not in named:
        kept["soundfont"] = soundfont_again(made, like)
    if "style" in named and "tempo" not in named:
        kept["tempo_bpm"] = made["tempo_bpm"]
    played = {name: made.get(name) for name in ("orchestrate", "mute", "reroll")}
    options = with_players(
        options, instruments=[made["instrument"]] if "instrument" in made else None, **played
    )
    options = replace(options, loops=options.loops or made["loops"], **kept)
    if made["plan"] is None:
        return options
    return replace(options, plan=replace(made["plan"], seed=options.seed, alpha=options.alpha))


def settings_of(options: "ComposeOptions") -> dict[str, Any]:
    """Write options as the values that ask for them.

    Args:
        options: of the composer.

    Returns:
        Option's name -> value: style, seed, mood and tempo.
    """
    mood = None if options.mood is None else "{:g},{:g}".format(*options.mood)
    return {"style": options.style, "seed": options.seed, "mood": mood, "tempo": options.tempo_bpm}

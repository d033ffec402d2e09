"""A plan file, markers and an earlier film as part of the composer's options."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import typer

from dyvim_cli.cli.options.parsing import parse_mood
from dyvim_cli.cli.options.players import with_players
from dyvim_cli.errors import UsageError

TYPED = (
    "COMMANDLINE",
    "ENVIRONMENT",
    "DEFAULT_MAP",
)  # where an option's value comes from, unless it is a default
READ = {  # field of a scored film's tag: (of ComposeOptions, the option's name, how it is read)
    "bpm": ("tempo_bpm", "tempo", float),
    "mood": ("mood", "mood", parse_mood),
    "guidance": ("guidance", "guidance", float),
    "temperature": ("temperature", "temperature", float),
    "under_speech": ("under_speech", "under_speech", str),
}


def given(context: typer.Context) -> set[str]:
    """The names of the options that somebody set."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    return {name for name, source in sources.items() if source is not None and source.name in TYPED}


def with_desk(options, plan: Path | None, markers: Path | None):
    """ComposeOptions with what a plan file and a file of markers say; a plan's seed and alpha count."""
    if plan is not None:
        from dyvim_cli.desk.read_plan import read_plan

        read = read_plan(plan)
        options = replace(options, plan=read, seed=read.seed, alpha=read.alpha)
    return replace(options, markers=None if markers is None else markers.absolute())


def as_like(options, like: Path | None, named: set[str], *, is_known: bool = False):
    """ComposeOptions of the music of a scored film, but for the options that somebody set.

    Another style keeps the tempo and the key. is_known: what the film's music followed is known otherwise.
    Raises UsageError where the film does not say enough.
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


def settings_of(options) -> dict[str, Any]:
    """The option values, by name, that ask for these options."""
    mood = None if options.mood is None else "{:g},{:g}".format(*options.mood)
    return {"style": options.style, "seed": options.seed, "mood": mood}

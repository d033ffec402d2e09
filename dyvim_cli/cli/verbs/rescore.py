"""dyvim rescore: the music of a scored film, fitted to a new cut of it."""

from pathlib import Path
from typing import Annotated, Any

import typer

from dyvim_cli.cli import command_line
from dyvim_cli.cli.options import arguments as opt
from dyvim_cli.cli.options import output_arguments as out
from dyvim_cli.cli.options.desk import as_like, given, with_desk
from dyvim_cli.cli.options.groups import Mixing, Products, Running, soundfont_path, takes_groups
from dyvim_cli.cli.show import console
from dyvim_cli.cli.show.stages import SCORE
from dyvim_cli.report import entry
from dyvim_cli.report.roll import roll_of


@takes_groups
def rescore(
    *,
    context: typer.Context,
    film: Annotated[Path, typer.Argument(help="The new cut.", show_default=False)],
    scored: Annotated[
        Path,
        typer.Option(
            "--from", metavar="SCORED", rich_help_panel=opt.MUSIC,
            help="The old cut, as scored by dyvim: its music is kept wherever its pictures are.",
        ),
    ],
    output: out.FilmOutput = None,
    plan: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", rich_help_panel=opt.MUSIC,
            help="The plan that the old music followed, if dyvim no longer has it.",
        ),
    ] = None,
    under_speech: opt.UnderSpeech = None,
    soundfont: opt.SoundFont = None,
    mixing: Mixing,
    products: Products,
    running: Running,
) -> None:  # fmt: skip
    """Fit the music of a scored film to a new cut of it; only what changed is composed again.

    Shots are recognised by their pictures: kept, moved, trimmed, swapped, at another speed or gone. Prints
    the path of the new film, or with --json everything about it; `recut` says which bars are new.
    """
    from dyvim_cli.options import ComposeOptions
    from dyvim_cli.report.films import write_report
    from dyvim_cli.rescoring import rescore as rescore_film

    running.place()
    named = given(context) & {"under_speech", "soundfont"}
    played_with = None if soundfont is None else soundfont_path(soundfont)
    options = ComposeOptions(under_speech=under_speech, soundfont=played_with)
    options = as_like(options, scored, named, is_known=True)
    options = with_desk(options, plan, None)
    delivery = products.delivery(mixing, output, running.overwrite)
    products.check_report(film, scored)
    with console.progress(running.progress, SCORE) as shown:
        result = rescore_film(film, scored, options, delivery, use_cache=not running.no_cache, progress=shown)
    if products.report is not None:
        again = context.params | {"output": result.output}
        words = command_line.arguments(context.command, again)
        write_report([entry.done(result.facts, words, roll_of(result.score))], products.report)
    console.result(result, running.as_json, _recut(result.facts["recut"]))


def _recut(facts: dict[str, Any]) -> str:
    """Print how much of the old music was kept."""
    new, touched = _bars(facts["new_bars"]), _bars(facts["bars_with_other_hits"])
    said = [f"new bars: {new or 'none'}"] + ([f"other hits in: {touched}"] if touched else [])
    return f"{facts['kept_bars']} of {facts['bars']} bars are as they were; {', '.join(said)}"


def _bars(numbers: list[int]) -> str:
    """Format numbers of bars: [3, 4, 5, 9] becomes 3-5, 9."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and spans[-1][1] == number - 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in spans)

"""dyvim mux: lay a finished piece of music under a film."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from dyvim_cli.cli.options import arguments as opt
from dyvim_cli.cli.options.bounds import MaxDuration, MaxPixels
from dyvim_cli.cli.options.groups import Mixing, takes_groups
from dyvim_cli.cli.show import console
from dyvim_cli.cli.show.console import ProgressKind
from dyvim_cli.cli.show.stages import SCORE


@takes_groups
def mux(
    *,
    film: opt.Film,
    music: Annotated[Path, typer.Argument(help="The music: any sound file.", show_default=False)],
    output: Annotated[
        str | None,
        typer.Option(
            "-o", "--output", rich_help_panel=opt.OUTPUT, help="File or folder; else next to the film."
        ),
    ] = None,
    mixing: Mixing,
    overwrite: opt.Overwrite = False,
    as_json: opt.Json = False,
    max_pixels: MaxPixels = None,
    max_duration: MaxDuration = None,
    progress: opt.Progress = ProgressKind.AUTO,
) -> None:
    """Add music to a film: the picture is copied untouched, the music cut to its length.

    Prints the path of the new film, or with --json everything about it.
    """
    from dyvim_cli.media.mux import mux as mux_film
    from dyvim_cli.media.output import check_film_output, made_folder, output_path
    from dyvim_cli.media.probe import probe

    delivery = mixing.delivery(overwrite=overwrite)
    info = probe(film)
    path = output_path(info.path, info.codec, output)
    check_film_output(path, output, inputs=(film, music), overwrite=overwrite)
    with made_folder(path.parent), console.progress(progress, SCORE) as report:
        result = mux_film(info, music, path, progress=report, **delivery.mix_options())
    facts = asdict(result)
    del facts["moments_lufs"]  # hundreds of values, for the page only
    for warning in result.warnings:
        console.note(f"note: {warning}")
    console.note(console.sound_summary(facts))
    console.data(json.dumps(facts, default=str) if as_json else str(result.path))

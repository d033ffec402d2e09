"""dyvim mux: lay a finished piece of music under a film."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from dyvim_cli.cli.options import arguments as opt
from dyvim_cli.cli.options.bounds import MaxDuration, MaxPixels
from dyvim_cli.cli.show import console
from dyvim_cli.cli.show.console import ProgressKind


def mux(
    film: opt.Film,
    music: Annotated[Path, typer.Argument(help="The music: any sound file.", show_default=False)],
    output: Annotated[
        str | None,
        typer.Option(
            "-o", "--output", rich_help_panel=opt.OUTPUT, help="File or folder; else beside the film."
        ),
    ] = None,
    keep_audio: opt.Keep = opt.KeepAudio.AUTO,
    duck_db: opt.DuckDb = -12.0,
    music_gain_db: opt.MusicGain = 0.0,
    fade_in: opt.FadeIn = 0.0,
    fade_out: opt.FadeOut = 1.0,
    start: opt.Start = None,
    end: opt.End = None,
    overwrite: opt.Overwrite = False,
    as_json: opt.Json = False,
    max_pixels: MaxPixels = None,
    max_duration: MaxDuration = None,
    progress: opt.Progress = ProgressKind.AUTO,
) -> None:
    """Lay music under a film: the picture is copied untouched, the music made as long as it.

    Prints the path of the new film, or with --json everything about it.
    """
    from dyvim_cli.media.mux import mux as mux_film
    from dyvim_cli.media.output import check_film_output, made_folder, output_path
    from dyvim_cli.media.probe import probe

    info = probe(film)
    path = output_path(info.path, info.codec, output)
    check_film_output(path, output, inputs=(film, music), overwrite=overwrite)
    with made_folder(path.parent), console.progress(progress) as report:
        result = mux_film(
            info,
            music,
            path,
            keep_audio=keep_audio.value,
            duck_db=duck_db,
            music_gain_db=music_gain_db,
            fade_in_s=fade_in,
            fade_out_s=fade_out,
            start_s=start,
            end_s=end,
            overwrite=overwrite,
            progress=report,
        )
    console.note(f"the film's own sound: {result.keep_audio}")
    for warning in result.warnings:
        console.note(f"note: {warning}")
    console.data(json.dumps(asdict(result), default=str) if as_json else str(result.path))

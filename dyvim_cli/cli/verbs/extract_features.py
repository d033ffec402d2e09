"""dyvim extract-features: watch a film once and save its features."""

import json
from pathlib import Path
from typing import Annotated

import typer

from dyvim_cli.cli.options import arguments as opt
from dyvim_cli.cli.options.bounds import MaxDuration, MaxPixels
from dyvim_cli.cli.show import console
from dyvim_cli.errors import DyvimError, ExitCode


def extract_features(
    source: Annotated[Path, typer.Argument(help="A film, or a folder of films.", show_default=False)],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", rich_help_panel=opt.OUTPUT, help="Also write the features into this folder."
        ),
    ] = None,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain", rich_help_panel=opt.OUTPUT, help="Explain the choice of style and mood on stderr."
        ),
    ] = False,
    as_json: opt.Json = False,
    no_cache: opt.NoCache = False,
    max_pixels: MaxPixels = None,
    max_duration: MaxDuration = None,
    progress: opt.Progress = console.ProgressKind.AUTO,
) -> None:
    """Compute and cache what the generator needs: dynamics, events, scenes, moods.

    Prints a line per film: the features file with --out, else the film; or JSON.
    """
    from dyvim_cli.batch.selection import Choice, select
    from dyvim_cli.media.output import check_folder

    if out is not None:
        check_folder(out)
    films = [
        film.path
        for film in select([source], Choice(), way_out="name a film, or the folder that films are in")
    ]
    failed = 0
    for film in films:
        try:
            _extract(film, out, as_json, no_cache, progress, explain)
        except DyvimError as error:
            if len(films) == 1:
                raise
            failed += 1
            console.show_error(error)
    if failed:
        raise typer.Exit(int(ExitCode.PARTIAL))


def _extract(
    film: Path, out: Path | None, as_json: bool, no_cache: bool, progress: console.ProgressKind, explain: bool
) -> None:
    from dyvim_cli import cache, describe, pipeline
    from dyvim_cli.atomic import together, written
    from dyvim_cli.media.output import made_folder

    notes: list[str] = []
    with console.progress(progress) as shown:
        features = pipeline.seen_and_heard(film, use_cache=not no_cache, progress=shown, notes=notes)
    for note in notes:
        console.note(f"note: {note}")
    summary = describe.describe_features(features) | {"film": str(film), "warnings": notes}
    reasons = describe.explain(features) if explain else []
    if explain:
        summary["explanation"] = reasons
    for line in [] if as_json else reasons:
        console.note(f"{film.name}: {line}")
    if out is not None:
        path = out / f"{film.name}.features.safetensors"
        with made_folder(out), together() as group:
            cache.write_features(features, path, film.name, group)
            with written(path.with_suffix(".json"), group=group) as part:
                part.write_text(json.dumps(summary, indent=2) + "\n")
        summary["features"] = str(path)
    console.data(json.dumps(summary) if as_json else summary.get("features", str(film)))

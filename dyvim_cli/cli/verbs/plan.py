"""dyvim plan: write every decision made before composing to a file that can be edited."""

from pathlib import Path
from typing import Annotated

import typer

from dyvim_cli.cli.options import arguments as opt
from dyvim_cli.cli.options import output_arguments as out
from dyvim_cli.cli.options.desk import with_desk
from dyvim_cli.cli.options.groups import Composing, Running, takes_groups
from dyvim_cli.cli.show import console


@takes_groups
def plan(
    *,
    film: opt.Film,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", rich_help_panel=opt.OUTPUT, help="The plan; else it is printed."),
    ] = None,
    composing: Composing,
    markers: out.MarkersIn = None,
    start: opt.Start = None,
    end: opt.End = None,
    running: Running,
) -> None:
    """Write an editable plan of a film's music, for `dyvim score FILM --plan film.toml`.

    Tempo, key, style, hits, sections with their parts, silences. Prints the path, or without -o the plan.
    """
    import json
    from dataclasses import asdict

    from dyvim_cli.atomic import write_text
    from dyvim_cli.desk.plan_file import plan_text
    from dyvim_cli.film_planning import plan_film
    from dyvim_cli.media.output import check_output

    running.place()
    if output is not None:
        inputs = (film,) if markers is None else (film, markers)
        check_output(output, inputs=inputs, overwrite=running.overwrite)
    options = with_desk(composing.options(), None, markers)
    notes: list[str] = []
    with console.progress(running.progress) as shown:
        use_cache = not running.no_cache
        decided = plan_film(
            film, options, start=start, end=end, use_cache=use_cache, progress=shown, notes=notes
        )
    for note in notes:
        console.note(f"note: {note}")
    text = plan_text(decided, film.name)
    if output is not None:
        write_text(output, text)
    said = f"{decided.style}, {decided.key}, {decided.bpm:.1f} BPM"
    console.note(f"{said}, {len(decided.sections)} sections, {len(decided.hits)} hits")
    if running.as_json:
        console.data(json.dumps(asdict(decided) | {"key": str(decided.key), "warnings": notes}))
    else:
        console.data(str(output) if output is not None else text.rstrip())

"""dyvim generate: compose the music alone, from cached features or a features file."""

from pathlib import Path
from typing import Annotated

import typer

from dyvim_cli.cli.options import output_arguments as out
from dyvim_cli.cli.options.groups import Composing, Extras, Running, takes_groups
from dyvim_cli.cli.show import console
from dyvim_cli.cli.show.licence import say_before_pull
from dyvim_cli.cli.show.stages import GENERATE


@takes_groups
def generate(
    *,
    source: Annotated[
        Path,
        typer.Argument(help="A film, or features written by extract-features --out.", show_default=False),
    ],
    music: out.MusicOutput,
    composing: Composing,
    extras: Extras,
    running: Running,
) -> None:
    """Compose from features alone: no film is decoded when they are cached.

    Prints the path of the music, or with --json everything about it.
    """
    from dyvim_cli.generation import generate as generate_music
    from dyvim_cli.options import Delivery

    running.place()
    options = composing.options()
    delivery = Delivery(music=music, overwrite=running.overwrite, **vars(extras))
    say_before_pull(options)
    with console.progress(running.progress, GENERATE) as shown:
        result = generate_music(source, options, delivery, use_cache=not running.no_cache, progress=shown)
    console.result(result, running.as_json)

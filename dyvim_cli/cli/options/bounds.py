"""Options that limit the films accepted, passed to workers through the environment."""

import os
from collections.abc import Callable
from typing import Annotated, Any

import typer

from dyvim_cli.cli.options.arguments import RUN
from dyvim_cli.limits import MAX_DURATION_VARIABLE, MAX_PIXELS_VARIABLE


def _placed(variable: str) -> Callable[..., Any]:
    """A callback that puts an option's value where `limits.limits` looks for it."""

    def place(value: float | None) -> float | None:
        if value is not None:
            os.environ[variable] = str(value)
        return value

    return place


MaxPixels = Annotated[
    int | None,
    typer.Option(
        min=1,
        envvar=MAX_PIXELS_VARIABLE,
        callback=_placed(MAX_PIXELS_VARIABLE),
        rich_help_panel=RUN,
        show_default="100 million",
        help="Refuse films whose picture has more pixels.",
    ),
]
MaxDuration = Annotated[
    float | None,
    typer.Option(
        min=1,
        envvar=MAX_DURATION_VARIABLE,
        callback=_placed(MAX_DURATION_VARIABLE),
        rich_help_panel=RUN,
        show_default="12 hours",
        help="Refuse films that last longer, in seconds.",
    ),
]

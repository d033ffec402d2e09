"""dyvim extract-frames: save a film's frames as picture files with their times."""

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from dyvim_cli.cli.options.arguments import End, Film, Json, Overwrite, Progress, Start
from dyvim_cli.cli.options.bounds import MaxDuration, MaxPixels
from dyvim_cli.cli.show import console
from dyvim_cli.cli.show.console import ProgressKind


class ImageFormat(str, Enum):
    """File formats of frames."""

    JPG = "jpg"
    PNG = "png"


def extract_frames(
    film: Film,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Folder for the frames.", show_default=False)
    ],
    fps: Annotated[
        float | None, typer.Option(min=0.001, max=1000, help="Frames per second; else every frame.")
    ] = None,
    width: Annotated[int | None, typer.Option(min=16, max=16384, help="Scale to this width.")] = None,
    key_only: Annotated[bool, typer.Option("--key-only", help="Key frames (I-frames) only.")] = False,
    image_format: Annotated[ImageFormat, typer.Option("--format", help="File format.")] = ImageFormat.JPG,
    start: Start = None,
    end: End = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
    max_pixels: MaxPixels = None,
    max_duration: MaxDuration = None,
    progress: Progress = ProgressKind.AUTO,
) -> None:
    """Write a film's frames as pictures, with a manifest of their times; key frames are marked.

    Prints the path of the manifest, or with --json its content.
    """
    from dyvim_cli.media.cut import in_seconds
    from dyvim_cli.media.probe import probe
    from dyvim_cli.media.stills import extract_stills

    info = probe(film)
    with console.progress(progress) as report:
        manifest = extract_stills(
            info,
            output,
            fps=fps,
            width=width,
            key_only=key_only,
            image_format=image_format.value,
            start_s=0.0 if start is None else in_seconds(info, start),
            end_s=None if end is None else in_seconds(info, end),
            overwrite=overwrite,
            progress=report,
        )
    console.data(manifest.read_text(encoding="utf-8").rstrip() if as_json else str(manifest))

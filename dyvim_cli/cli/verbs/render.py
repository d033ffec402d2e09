"""dyvim render: play a MIDI file with a style's instruments and mix."""

import json
from pathlib import Path
from typing import Annotated

import typer

from dyvim_cli.cli.options import arguments as opt
from dyvim_cli.cli.options import output_arguments as out
from dyvim_cli.cli.options.parsing import parse_style, parse_time
from dyvim_cli.cli.show import console
from dyvim_cli.cli.show.stages import SCORE
from dyvim_cli.errors import UsageError


def render(
    midi: Annotated[Path, typer.Argument(help="A MIDI file.", show_default=False)],
    music: out.MusicOutput,
    style: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", autocompletion=opt.styles_that_begin, rich_help_panel=opt.MUSIC,
            help="Style of the mix; else the style that has its instruments.",
        ),
    ] = None,
    length: Annotated[
        str | None,
        typer.Option(
            parser=parse_time, metavar="TIME", rich_help_panel=opt.OUTPUT,
            help="Length of the music, e.g. 0:30; else to the end of the last note.",
        ),
    ] = None,
    plan: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", rich_help_panel=opt.MUSIC,
            help="The plan that the music follows: its style's mix, its film's length, its silences.",
        ),
    ] = None,
    soundfont: opt.SoundFont = None,
    stems: out.Stems = None,
    stem_groups: out.StemGroups = False,
    overwrite: opt.Overwrite = False,
    as_json: opt.Json = False,
    progress: opt.Progress = console.ProgressKind.AUTO,
) -> None:  # fmt: skip
    """Render a MIDI file: one that dyvim wrote and you edited, or any General MIDI file.

    Tracks called melody, bass, pad, arp, drums and accent are mixed as such; others by their instruments.
    Prints the path of the music, or with --json everything about it.
    """
    from dyvim_cli.desk.read_plan import read_plan
    from dyvim_cli.hub.packs import soundfont_meant
    from dyvim_cli.options import Delivery
    from dyvim_cli.rendering import render as render_midi

    if isinstance(length, str):
        raise UsageError(f"--length {length}: music has no frames", "--length 0:30")
    delivery = Delivery(music=music, stems=stems, stem_groups=stem_groups, overwrite=overwrite)
    known = None if plan is None else read_plan(plan)
    named, font = parse_style(style), None if soundfont is None else soundfont_meant(soundfont).absolute()
    with console.progress(progress, SCORE) as shown:
        done = render_midi(
            midi, delivery, style=named, length_s=length, plan=known, soundfont=font, progress=shown
        )
    for warning in done.facts["warnings"]:
        console.note(f"note: {warning}")
    roles = ", ".join(f"{each['name'] or 'track'}: {each['role']}" for each in done.facts["tracks"])
    console.note(f"{done.facts['style']}, {done.facts['tempo_bpm']:.1f} BPM; {roles}")
    console.data(json.dumps(done.facts) if as_json else str(done.output))

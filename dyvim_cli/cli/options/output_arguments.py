"""Options of what is written and of changing a piece, each written once."""

from pathlib import Path
from typing import Annotated

import typer

from dyvim_cli.cli.options.arguments import EDIT, MUSIC, OUTPUT
from dyvim_cli.cli.options.parsing import styles_that_begin

FilmOutput = Annotated[
    str | None,
    typer.Option(
        "-o", "--output", rich_help_panel=OUTPUT,
        help="File, folder, or template with {stem}, {style}, {seed}; else next to the film.",
    ),
]  # fmt: skip
MusicOutput = Annotated[
    Path,
    typer.Option("-o", "--output", rich_help_panel=OUTPUT, help="The music: wav, flac, mp3, ogg ..."),
]
Midi = Annotated[Path | None, typer.Option(rich_help_panel=OUTPUT, help="Also write the score as MIDI.")]
Stems = Annotated[
    Path | None,
    typer.Option(
        rich_help_panel=OUTPUT,
        help="Also write each instrument as WAV into this folder; together they are the music.",
    ),
]
StemGroups = Annotated[
    bool,
    typer.Option(
        "--stem-groups", rich_help_panel=OUTPUT, help="Stems of four groups: drums, bass, harmony, melody."
    ),
]
Music = Annotated[
    Path | None,
    typer.Option(rich_help_panel=OUTPUT, help="Also write the music alone, as wav, flac, mp3 ..."),
]
Loop = Annotated[
    bool,
    typer.Option(
        "--loop", rich_help_panel=MUSIC,
        help="Music that loops: whole bars, no ending, and its end leads into its beginning.",
    ),
]  # fmt: skip
Preview = Annotated[
    str | None,
    typer.Option(
        metavar="FROM-TO",
        rich_help_panel=OUTPUT,
        help="Deliver this part alone, of the same piece: 0:00-0:20 becomes clip.preview.mp4.",
    ),
]
Orchestrate = Annotated[
    str | None,
    typer.Option(
        metavar="STYLE", autocompletion=styles_that_begin, rich_help_panel=EDIT,
        help="The same notes at the same times with this style's instruments and mix.",
    ),
]  # fmt: skip
Mute = Annotated[
    str | None,
    typer.Option(metavar="PARTS", rich_help_panel=EDIT, help="Parts to leave out: drums,arp."),
]
Instrument = Annotated[
    list[str] | None,
    typer.Option(
        metavar="PART=NAME",
        rich_help_panel=EDIT,
        help="Instrument of a part: melody=cello, melody=42 or drums=jazz.",
    ),
]
Reroll = Annotated[
    str | None,
    typer.Option(
        metavar="BARS",
        rich_help_panel=EDIT,
        help="Compose these bars again and keep the others: 12-20; 12-20:2 is another version.",
    ),
]
Takes = Annotated[
    int,
    typer.Option(
        min=1,
        max=16,
        rich_help_panel=EDIT,
        help="Number of takes of different style, tempo and density: clip.take1.mp4 ...; --report shows all.",
    ),
]
Like = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        metavar="FILM",
        rich_help_panel=EDIT,
        help="Make the music of this scored film again, changed by the other options.",
    ),
]
PlanFile = Annotated[
    Path | None,
    typer.Option(
        "--plan",
        metavar="TOML",
        rich_help_panel=EDIT,
        help="Follow a plan that `dyvim plan` wrote and you edited; its seed and alpha count.",
    ),
]
Plans = Annotated[
    str | None,
    typer.Option(
        "--plan",
        metavar="FOLDER|beside",
        rich_help_panel=EDIT,
        help="Films follow the plans of this folder, clip.toml for clip.mp4, or plans next to them; those "
        "without one are scored as they are.",
    ),
]
MarkersIn = Annotated[
    Path | None,
    typer.Option(
        "--markers",
        metavar="FILE",
        rich_help_panel=EDIT,
        help="Orders (hit 0.8, downbeat, drop, build, silence, section intro) as csv, edl, xml, mid ...",
    ),
]
MarkersOut = Annotated[
    Path | None,
    typer.Option(
        rich_help_panel=OUTPUT,
        metavar="FILE",
        help="Also write sections, cuts and hits as markers: csv, edl, fcpxml, xml (Premiere), mid, otio.",
    ),
]
Report = Annotated[
    Path | None,
    typer.Option(
        metavar="HTML", rich_help_panel=OUTPUT, help="Also write one page about the result, with players."
    ),
]

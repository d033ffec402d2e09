"""Options that several verbs share, each written once."""

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from dyvim_cli.cli.options.parsing import parse_time, styles_that_begin
from dyvim_cli.cli.show.console import ProgressKind
from dyvim_cli.types import STYLES

MUSIC, SOUND, OUTPUT, RUN = "The music", "Sound and the film's own sound", "Output", "How it runs"
EDIT, MODELS = "Changing a piece", "MusicGen and other models"


class KeepAudio(str, Enum):
    """Treatment of the film's own sound."""

    AUTO = "auto"
    DUCK = "duck"
    MIX = "mix"
    TRACK = "track"
    DROP = "drop"


Film = Annotated[Path, typer.Argument(help="The film.", show_default=False)]
Alpha = Annotated[
    float,
    typer.Option(
        min=0, max=1, envvar="DYVIM_ALPHA", rich_help_panel=MUSIC,
        help="How strongly the music follows the motion: 0 ignores the picture, 1 as in training.",
    ),
]  # fmt: skip
Style = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        autocompletion=styles_that_begin,
        envvar="DYVIM_STYLE",
        rich_help_panel=MUSIC,
        help=f"{', '.join(STYLES)}; else the film decides.",
    ),
]
Mood = Annotated[
    str | None,
    typer.Option(
        metavar="VALENCE,AROUSAL",
        rich_help_panel=MUSIC,
        help="Each -1 to 1, e.g. 0.5,-0.3; else the film decides.",
    ),
]
Tempo = Annotated[
    float | None, typer.Option(min=40, max=220, rich_help_panel=MUSIC, help="Base tempo in beats a minute.")
]
KeyName = Annotated[
    str | None, typer.Option("--key", rich_help_panel=MUSIC, help="A key, e.g. 'C', 'F# minor', 'Bbm'.")
]
Seed = Annotated[
    int | None,
    typer.Option(
        min=0,
        envvar="DYVIM_SEED",
        rich_help_panel=MUSIC,
        help="Same seed, same music; else one is drawn and printed.",
    ),
]
BaseSeed = Annotated[
    int,
    typer.Option(
        min=0,
        envvar="DYVIM_SEED",
        rich_help_panel=MUSIC,
        help="Each film's own seed follows from this one and from its place in the folder.",
    ),
]
Candidates = Annotated[
    int,
    typer.Option(
        min=1,
        max=32,
        envvar="DYVIM_CANDIDATES",
        rich_help_panel=MUSIC,
        help="Number of candidates from which the best is chosen.",
    ),
]
Guidance = Annotated[
    float | None,
    typer.Option(
        min=1,
        max=5,
        rich_help_panel=MODELS,
        show_default="1.5; MusicGen 3",
        help="Guidance scale: exaggerates the effect of motion (and with MusicGen of the prompt).",
    ),
]
Model = Annotated[
    str,
    typer.Option(
        envvar="DYVIM_MODEL",
        rich_help_panel=MODELS,
        metavar="NAME|FOLDER",
        help="embedded (shipped), musicgen-small and the like (`dyvim weights list`), or a folder: of a "
        "MusicGen, or of a decoder that `dyvim train` made.",
    ),
]
Adapter = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        rich_help_panel=MODELS,
        help="Folder of an adapter for MusicGen, from `dyvim train tune`.",
    ),
]
Prompt = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=MODELS, help="Prompt for MusicGen; else made from the film's mood, style and tempo."
    ),
]
SoundFont = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        envvar="DYVIM_SOUNDFONT",
        rich_help_panel=MUSIC,
        help="Your own instruments: a General MIDI soundfont (.sf2, .sf3), an SFZ instrument, a folder of "
        "these or a .toml file that names them, or a pack of `dyvim sounds list`; the shipped ones play what "
        "it lacks.",
    ),
]
Keep = Annotated[
    KeepAudio,
    typer.Option(
        "--keep-audio",
        envvar="DYVIM_KEEP_AUDIO",
        rich_help_panel=SOUND,
        help="The film's own sound: duck the music under it, mix both, keep it as a track of its own, or "
        "drop it; auto ducks unless the film is silent.",
    ),
]
UnderSpeech = Annotated[
    str | None,
    typer.Option(
        "--under-speech",
        envvar="DYVIM_UNDER_SPEECH",
        metavar="thin|same",
        rich_help_panel=SOUND,
        help="How the music is written under speech: thin (no tune, soft and few notes; the "
        "default) or the same as elsewhere.",
        show_default=False,
    ),
]
DuckDb = Annotated[
    float | None,
    typer.Option(
        "--duck-db",
        min=-60,
        max=0,
        rich_help_panel=SOUND,
        show_default="as far as the speech needs",
        help="Level of the music under speech, in dB.",
    ),
]
OwnGain = Annotated[
    float,
    typer.Option(
        "--own-gain-db",
        min=-40,
        max=40,
        rich_help_panel=SOUND,
        help="Louder or softer own sound of the film.",
    ),
]
MusicGain = Annotated[
    float,
    typer.Option("--music-gain-db", min=-40, max=20, rich_help_panel=SOUND, help="Louder or softer music."),
]
ProgrammeLoudness = Annotated[
    str | None,
    typer.Option(
        "--loudness",
        metavar="NAME|LUFS",
        envvar="DYVIM_LOUDNESS",
        rich_help_panel=SOUND,
        show_default="the own sound keeps its level",
        help="Loudness of the whole: web (-14), podcast (-16), ebu (R 128: -23), atsc (A/85: -24), or LUFS.",
    ),
]
OverOwnMusic = Annotated[
    bool,
    typer.Option(
        "--over-own-music", rich_help_panel=SOUND, help="Play on even where the film's own sound is music."
    ),
]
FadeIn = Annotated[
    float, typer.Option("--fade-in", min=0, rich_help_panel=SOUND, help="Fade the music in, seconds.")
]
FadeOut = Annotated[
    float | None,
    typer.Option(
        "--fade-out",
        min=0,
        rich_help_panel=SOUND,
        show_default="1 where the music is cut off, else 0",
        help="Fade the music out, seconds.",
    ),
]
Device = Annotated[
    str, typer.Option(envvar="DYVIM_DEVICE", rich_help_panel=RUN, help="auto, cpu, cuda, cuda:1, mps.")
]
Overwrite = Annotated[
    bool,
    typer.Option(
        "--overwrite", "-y", envvar="DYVIM_OVERWRITE", rich_help_panel=OUTPUT, help="Replace existing files."
    ),
]
Json = Annotated[
    bool, typer.Option("--json", rich_help_panel=OUTPUT, help="Print everything about the result as JSON.")
]
Start = Annotated[
    str | None,
    typer.Option(
        parser=parse_time, metavar="TIME", rich_help_panel=OUTPUT,
        help="Begin here in the film: 12.5, 0:12.5, 1:02:03 or a timecode, 00:00:12:10.",
    ),
]  # fmt: skip
End = Annotated[
    str | None,
    typer.Option(parser=parse_time, metavar="TIME", rich_help_panel=OUTPUT, help="End here in the film."),
]
NoCache = Annotated[
    bool, typer.Option("--no-cache", rich_help_panel=RUN, help="Neither read nor write cached features.")
]
Progress = Annotated[
    ProgressKind,
    typer.Option(envvar="DYVIM_PROGRESS", rich_help_panel=RUN, help="How to show progress on stderr."),
]
WeightsDir = Annotated[
    Path | None,
    typer.Option(
        envvar="DYVIM_WEIGHTS_DIR",
        rich_help_panel=RUN,
        help="Folder of pulled weights; else next to the cache.",
    ),
]
SoundsDir = Annotated[
    Path | None,
    typer.Option(
        envvar="DYVIM_SOUNDS_DIR", rich_help_panel=RUN, help="Folder of pulled packs; else next to the cache."
    ),
]
Offline = Annotated[
    bool, typer.Option("--offline", envvar="DYVIM_OFFLINE", rich_help_panel=RUN, help="Download nothing.")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", rich_help_panel=RUN, help="Print what would be done, and do nothing.")
]


def can_be_made(folder: Path) -> Path:
    """Check a folder that work may be put into, before the work rather than after it.

    It is not made yet: a run that then refuses its input leaves no trace, and of several processes with one
    folder (torchrun) none takes away what another has made.

    Args:
        folder: path of it.

    Returns:
        The same path.

    Raises:
        OutputError: it cannot be made or written to.
    """
    from dyvim_cli.media.output import check_folder

    check_folder(folder)
    return folder

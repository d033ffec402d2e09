"""Options that several verbs share, each written once."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from dyvim_cli.cli.console import ProgressKind
from dyvim_cli.errors import UsageError
from dyvim_cli.types import STYLES, Key

MUSIC, SOUND, OUTPUT, RUN = "The music", "Sound and the film's own sound", "Output", "How it runs"

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
        envvar="DYVIM_STYLE",
        rich_help_panel=MUSIC,
        help="A palette of `dyvim styles`; else the film decides.",
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
Candidates = Annotated[
    int,
    typer.Option(
        min=1, max=32, envvar="DYVIM_CANDIDATES", rich_help_panel=MUSIC, help="Takes to choose the best of."
    ),
]
Guidance = Annotated[
    float | None,
    typer.Option(
        min=1, max=5, rich_help_panel=MUSIC, show_default="1.5; MusicGen 3",
        help="How far to exaggerate what motion, and with MusicGen words, change.",
    ),
]
Model = Annotated[
    str,
    typer.Option(
        envvar="DYVIM_MODEL", rich_help_panel=MUSIC, metavar="NAME|FOLDER",
        help="embedded (shipped), musicgen-small and the like (`dyvim weights list`), or a folder.",
    ),
]
Adapter = Annotated[
    Path | None,
    typer.Option(
        exists=True, rich_help_panel=MUSIC, help="What `dyvim train tune` taught a MusicGen of the motion."
    ),
]
Prompt = Annotated[
    str | None, typer.Option(rich_help_panel=MUSIC, help="Words for MusicGen; else from what the film shows.")
]
Device = Annotated[
    str, typer.Option(envvar="DYVIM_DEVICE", rich_help_panel=RUN, help="auto, cpu, cuda, cuda:1, mps.")
]
Midi = Annotated[Path | None, typer.Option(rich_help_panel=OUTPUT, help="Also write the score as MIDI.")]
Stems = Annotated[
    Path | None,
    typer.Option(rich_help_panel=OUTPUT, help="Also write each instrument as WAV into this folder."),
]
Music = Annotated[
    Path | None,
    typer.Option(rich_help_panel=OUTPUT, help="Also write the music alone, as wav, flac, mp3 ..."),
]
Report = Annotated[
    Path | None,
    typer.Option(
        metavar="HTML", rich_help_panel=OUTPUT, help="Also write what came out as one page, with players."
    ),
]
Overwrite = Annotated[
    bool,
    typer.Option(
        "--overwrite", "-y", envvar="DYVIM_OVERWRITE", rich_help_panel=OUTPUT, help="Replace what is there."
    ),
]
Json = Annotated[
    bool, typer.Option("--json", rich_help_panel=OUTPUT, help="Print everything about the result as JSON.")
]
Start = Annotated[
    float | None, typer.Option(min=0, rich_help_panel=OUTPUT, help="Begin here, in seconds of the film.")
]
End = Annotated[
    float | None, typer.Option(min=0, rich_help_panel=OUTPUT, help="End here, in seconds of the film.")
]
NoCache = Annotated[
    bool, typer.Option("--no-cache", rich_help_panel=RUN, help="Neither read nor write cached features.")
]
Progress = Annotated[
    ProgressKind,
    typer.Option(envvar="DYVIM_PROGRESS", rich_help_panel=RUN, help="How to show progress on stderr."),
]
Threads = Annotated[
    int | None,
    typer.Option(min=1, envvar="DYVIM_THREADS", rich_help_panel=RUN, help="Threads to compute with."),
]
WeightsDir = Annotated[
    Path | None,
    typer.Option(
        envvar="DYVIM_WEIGHTS_DIR", rich_help_panel=RUN, help="Where pulled weights lie; else by the cache."
    ),
]
Offline = Annotated[
    bool, typer.Option("--offline", envvar="DYVIM_OFFLINE", rich_help_panel=RUN, help="Fetch nothing.")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", rich_help_panel=RUN, help="Say what would be done, and do nothing.")
]


def wishes(
    alpha, style, mood, tempo, key, seed, candidates, guidance, model="embedded", adapter=None, prompt=None
):
    """The composer's Wishes from the options; a seed is drawn where none was given."""
    from dyvim_cli.device import new_seed
    from dyvim_cli.model.composition import Wishes

    return Wishes(
        alpha=alpha,
        style=parse_style(style),
        mood=parse_mood(mood),
        tempo_bpm=tempo,
        key=parse_key(key),
        seed=new_seed() if seed is None else seed,
        candidates=candidates,
        guidance=guidance,
        model=str(Path(model).absolute()) if os.sep in model and Path(model).is_dir() else model,
        adapter=None if adapter is None else str(adapter.absolute()),
        prompt=prompt,
    )


def place(weights_dir: Path | None, offline: bool, device: str) -> None:
    """Put in the environment where models lie and run, for this process and its workers."""
    chosen = {"DYVIM_WEIGHTS_DIR": str(weights_dir.absolute()) if weights_dir else "", "DYVIM_DEVICE": device}
    os.environ.update(chosen | {"DYVIM_OFFLINE": "1" if offline else ""})


def delivery(values: Mapping):
    """The pipeline's Delivery from the values of score's options, by name."""
    from dyvim_cli.pipeline import Delivery

    same = ("output", "duck_db", "music_gain_db", "overwrite", "midi", "stems", "music")
    return Delivery(
        keep_audio=getattr(values["keep_audio"], "value", values["keep_audio"]),
        fade_in_s=values["fade_in"],
        fade_out_s=values["fade_out"],
        start_s=values["start"],
        end_s=values["end"],
        **{name: values[name] for name in same},
    )


def summary(facts: dict) -> str:
    """One line about a finished piece."""
    hits = [hit for hit in facts["hits"] if hit["kind"] == "cut"]
    on_beat = sum(hit["on_beat"] for hit in hits)
    cuts = f", {on_beat} of {len(hits)} cuts on a beat" if hits else ""
    sound = f", film's own sound: {facts['keep_audio']}" if "keep_audio" in facts else ""
    key = f"{facts['key']}, " if facts["key"] else ""
    return (
        f"{facts['style']}, {key}{facts['tempo_bpm']:.1f} BPM, alpha {facts['alpha']:g}, "
        f"seed {facts['seed']}{cuts}{sound}"
    )


def parse_style(text: str | None) -> str | None:
    """A known style, whatever its case. Raises UsageError."""
    if text is None:
        return None
    style = text.lower().replace("-", "").replace("_", "")
    if style not in STYLES:
        raise UsageError(f"unknown style '{text}'", f"choose one of: {', '.join(STYLES)}")
    return style


def parse_mood(text: str | None) -> tuple[float, float] | None:
    """(valence, arousal) from 'V,A'. Raises UsageError."""
    if text is None:
        return None
    try:
        valence, arousal = (float(part) for part in text.split(","))
    except ValueError as error:
        raise UsageError(f"--mood '{text}' is not two numbers", "for example --mood 0.5,-0.3") from error
    if not (-1 <= valence <= 1 and -1 <= arousal <= 1):
        raise UsageError(f"--mood '{text}' is outside -1 to 1", "for example --mood 0.5,-0.3")
    return valence, arousal


_LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ACCIDENTALS = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}
_MODES = {"": False, "major": False, "maj": False, "minor": True, "min": True, "m": True}


def parse_key(text: str | None) -> Key | None:
    """A key from 'C', 'F# minor', 'Bbm', 'eb major'. Raises UsageError."""
    if text is None:
        return None
    rest = text.strip()
    letter, rest = rest[:1].upper(), rest[1:]
    accidental = next((a for a in ("#", "♯", "♭", "b") if rest.startswith(a)), "")
    mode = rest[len(accidental) :].strip().lower()
    if letter not in _LETTERS or mode not in _MODES:
        raise UsageError(f"--key '{text}' is not a key", "for example --key 'F# minor' or --key Bb")
    return Key((_LETTERS[letter] + _ACCIDENTALS[accidental]) % 12, _MODES[mode])

"""dyvim generate: the music alone, from a film's cached features or a features file."""

import json
from pathlib import Path
from typing import Annotated

import typer

from dyvim_cli.cli import console
from dyvim_cli.cli import options as opt


def generate(
    source: Annotated[
        Path,
        typer.Argument(help="A film, or features written by extract-features --out.", show_default=False),
    ],
    music: Annotated[
        Path,
        typer.Option("-o", "--output", rich_help_panel=opt.OUTPUT, help="The music: wav, flac, mp3, ogg ..."),
    ],
    alpha: opt.Alpha = 0.5,
    style: opt.Style = None,
    mood: opt.Mood = None,
    tempo: opt.Tempo = None,
    key: opt.KeyName = None,
    seed: opt.Seed = None,
    candidates: opt.Candidates = 3,
    guidance: opt.Guidance = None,
    model: opt.Model = "embedded",
    adapter: opt.Adapter = None,
    prompt: opt.Prompt = None,
    midi: opt.Midi = None,
    stems: opt.Stems = None,
    overwrite: opt.Overwrite = False,
    as_json: opt.Json = False,
    no_cache: opt.NoCache = False,
    weights_dir: opt.WeightsDir = None,
    offline: opt.Offline = False,
    device: opt.Device = "auto",
    progress: opt.Progress = console.ProgressKind.AUTO,
) -> None:
    """Compose from features alone: no film is decoded when they are cached.

    Prints the path of the music, or with --json everything about it.
    """
    from dyvim_cli import pipeline

    opt.place(weights_dir, offline, device)
    wishes = opt.wishes(
        alpha, style, mood, tempo, key, seed, candidates, guidance, model, adapter, prompt
    )
    delivery = pipeline.Delivery(music=music, midi=midi, stems=stems, overwrite=overwrite)
    with console.progress(progress) as shown:
        if source.suffix == ".safetensors":
            features = pipeline.read_features(source)
        else:
            features = pipeline.features_of(source, use_cache=not no_cache, progress=shown)
        result = pipeline.generate(features, wishes, delivery, progress=shown)
    for warning in result.warnings:
        console.note(f"note: {warning}")
    console.note(opt.summary(result.facts))
    console.data(json.dumps(result.facts) if as_json else str(result.output))

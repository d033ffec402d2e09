"""dyvim train: train the shipped weights, or others."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer

from dyvim_cli.cli.show import console
from dyvim_cli.cli.verbs import tune

app = typer.Typer(no_args_is_help=True, help="Learn weights: prepare data, pre-train, tune.")
app.command("render")(tune.render)
app.command("prepare")(tune.prepare)
app.command("tune")(tune.tune)
app.command("compare")(tune.compare)
app.command("alpha")(tune.alpha)
app.command("attention")(tune.attention)

Out = tune.Folder


@app.command("prepare-music")
def prepare_music(
    out: Out,
    openewld: Annotated[Path | None, typer.Option(help="Folder of the OpenEWLD lead sheets.")] = None,
    lieder: Annotated[Path | None, typer.Option(help="Folder of the OpenScore Lieder corpus.")] = None,
    freedoom: Annotated[Path | None, typer.Option(help="Folder of Freedoom's MIDI files.")] = None,
    groove: Annotated[Path | None, typer.Option(help="Folder of the Groove MIDI data set.")] = None,
    midi: Annotated[Path | None, typer.Option(help="Any folder of multitrack MIDI files.")] = None,
    musicxml: Annotated[Path | None, typer.Option(help="Any folder of MusicXML lead sheets.")] = None,
    progress: Annotated[
        console.ProgressKind, typer.Option(help="How to show progress.")
    ] = console.ProgressKind.AUTO,
) -> None:
    """Turn folders of MIDI and MusicXML into shards of score tokens."""
    from dyvim_cli.errors import UsageError
    from dyvim_cli.training.sources import write_shards

    given = {"openewld": openewld, "lieder": lieder, "freedoom": freedoom, "groove": groove}
    folders = {n: p for n, p in {**given, "midi": midi, "musicxml": musicxml}.items() if p is not None}
    if not folders:
        raise UsageError("no folder to read", "give at least one of --openewld, --lieder, --midi ...")
    with console.progress(progress) as shown:
        report = write_shards(folders, out, shown)
    console.data(json.dumps({n: asdict(one) for n, one in report.items()}, indent=2, default=str))


@app.command("arrange")
def arrange(
    out: Annotated[Path, typer.Option("-o", "--out", help="The shard to write (.safetensors).")],
    pieces: Annotated[int, typer.Option(min=1, help="How many pieces to write.")] = 6000,
    openewld: Annotated[Path | None, typer.Option(help="Shard of lead sheets to take themes from.")] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same music.")] = 0,
) -> None:
    """Let the arranger write multitrack music that answers event curves, in ten styles."""
    from dyvim_cli.training.arranger import corpus

    corpus(out, pieces, seed, openewld)
    console.data(str(out))


@app.command("pretrain")
def pretrain(
    shards: Annotated[list[Path], typer.Argument(help="Shards of pieces.", exists=True, dir_okay=False)],
    out: Out,
    minutes: Annotated[float, typer.Option(min=0.01, help="Minutes for its updates.")] = 90,
    batch_size: Annotated[int, typer.Option(min=1, help="Crops per batch.")] = 6,
    start_from: Annotated[Path | None, typer.Option(help="Weights to continue from.", exists=True)] = None,
    peak_rate: Annotated[
        float, typer.Option(min=1e-6, help="Learning rate; use less to continue a training.")
    ] = 1.5e-3,
    mixed_precision: Annotated[Literal["no", "bf16"], typer.Option(help="bf16: faster with AMX.")] = "no",
    threads: Annotated[int, typer.Option(min=1, help="Threads of torch.")] = 2,
    seed: Annotated[int, typer.Option(help="Seed of crops and weights.")] = 0,
) -> None:
    """Pre-train the score decoder on music alone, conditioned on its own event curves.

    A folder with a state in it resumes where it stopped. Beside the decoder lie log.jsonl, with held-out
    losses by source and stream (with the curves, without, and an n-gram's), and their curves.png.
    """
    import torch

    from dyvim_cli.training.data.shards import load, split
    from dyvim_cli.training.learn.pretrain import PretrainSettings
    from dyvim_cli.training.learn.pretrain import pretrain as train

    torch.set_num_threads(threads)
    everything = [piece for path in shards for piece in load(path)]
    pieces, held_out = split(everything)
    settings = PretrainSettings(
        minutes=minutes,
        batch_size=batch_size,
        peak_rate=peak_rate,
        mixed_precision=mixed_precision,
        seed=seed,
    )
    train(pieces, held_out, out, settings, start_from, lambda record: console.note(json.dumps(record)))
    console.data(str(out / "decoder.safetensors"))


@app.command("held-out")
def held_out(
    shards: Annotated[list[Path], typer.Argument(help="Shards of pieces.", exists=True, dir_okay=False)],
    decoder: Annotated[Path | None, typer.Option(help="Weights to draw; else the shipped ones.")] = None,
    batches: Annotated[int, typer.Option(min=1, help="Batches of six crops per source.")] = 12,
) -> None:
    """Loss on held-out music by source and stream: with the curves, without, and an n-gram's."""
    from dyvim_cli import weights
    from dyvim_cli.errors import InputError
    from dyvim_cli.model.score.checkpoint import load_decoder
    from dyvim_cli.training.data.shards import load, split
    from dyvim_cli.training.figures.held_out import held_out_table

    train, kept = split([piece for path in shards for piece in load(path)])
    if not kept:
        raise InputError("a single piece: none can be held out", "more music: dyvim train prepare-music")
    model = load_decoder(decoder or weights.embedded(weights.DECODER))
    console.data(json.dumps(held_out_table(model, train, kept, batches), indent=2))


@app.command("release")
def release(
    trained: Annotated[Path, typer.Argument(help="A trained decoder.", exists=True)],
    folder: Annotated[Path, typer.Option("-o", "--out", help="The weights folder.", file_okay=False)],
    card: Annotated[Path | None, typer.Option(help="JSON about its training data.", exists=True)] = None,
) -> None:
    """Write a trained decoder as it is shipped: fp16, with a card and a list of checksums."""
    from dyvim_cli.training.tasks.release import release_decoder

    facts = json.loads(card.read_text(encoding="utf-8")) if card else {}
    console.data(str(release_decoder(trained, folder, facts)))

"""dyvim train render | tune: render pairs of film and music, and tune decoders on them."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import typer

from dyvim_cli.cli.options import arguments as opt
from dyvim_cli.cli.show import console
from dyvim_cli.cli.show.licence import say_before_learning
from dyvim_cli.errors import UsageError

if TYPE_CHECKING:
    from dyvim_cli.training.learn.audio_learner import AudioLearner
    from dyvim_cli.training.learn.score_learner import ScoreLearner

Strategy = Literal["annealing", "frozen", "full", "lora"]
Pairs = Annotated[Path, typer.Argument(help="Folder of pairs (train render).", exists=True, file_okay=False)]
Clips = Annotated[
    Path | None, typer.Option(help="Real footage to render films from.", exists=True, file_okay=False)
]
Start = Annotated[Path | None, typer.Option(help="Decoder to adapt, else the shipped one.", exists=True)]
Backbone = Annotated[str, typer.Option(help="embedded, musicgen-small .., a folder, or debug.")]
Films = Annotated[list[Path] | None, typer.Option(help="Real films to judge sync on.", exists=True)]
Folder = Annotated[
    Path,
    typer.Option("-o", "--out", help="Folder for the results.", file_okay=False, callback=opt.can_be_made),
]
ProgressOption = Annotated[console.ProgressKind, typer.Option(help="How to show progress.")]


def render(
    shards: Annotated[list[Path], typer.Argument(help="Shards of pieces.", exists=True, dir_okay=False)],
    out: Folder,
    films: Annotated[int, typer.Option(min=2, help="Number of films; one in seven is held out.")] = 160,
    seed: Annotated[int, typer.Option(help="Same seed, same films.")] = 0,
    clips: Clips = None,
    threads: Annotated[int, typer.Option(min=1, help="Threads of torch.")] = 1,
    progress: ProgressOption = console.ProgressKind.AUTO,
) -> None:
    """Render films from pieces of music and watch them, for `train tune`; resumes where it stopped."""
    import torch

    from dyvim_cli.training.tasks.embedded import render as make

    torch.set_num_threads(threads)
    with console.progress(progress) as shown:
        facts = make(shards, out, films, seed, clips, shown)
    console.data(json.dumps(facts, indent=2))


def prepare(
    source: Annotated[
        Path,
        typer.Argument(help="A folder of films with music, or a shard to render films from.", exists=True),
    ],
    out: Folder,
    films: Annotated[int, typer.Option(min=2, help="How many films to render from a shard.")] = 40,
    backbone: Annotated[
        str, typer.Option(help="Model whose codec is used: musicgen-small .., a folder, debug.")
    ] = "musicgen-small",
    codec: Annotated[
        Literal["encodec_24khz", "encodec_48khz"] | None,
        typer.Option(help="Tokens of this codec, for `train tune --backbone scratch`."),
    ] = None,
    progress: ProgressOption = console.ProgressKind.AUTO,
) -> None:
    """Watch films and encode their music for `train tune`; resumes where it stopped, lists bad files.

    From a shard of pieces (.safetensors) it renders the films and plays the music itself.
    """
    from dyvim_cli.errors import ExitCode
    from dyvim_cli.training.tasks.audio import open_codec, prepare_own_films, prepare_rendered

    if codec is None:
        say_before_learning(backbone)
    with console.progress(progress) as shown:
        ears = open_codec(codec, backbone, shown)
        if source.is_dir():
            facts = prepare_own_films(source, out, ears, shown)
        else:
            facts = prepare_rendered([source], out, ears, films, 0, shown)
    console.data(json.dumps(facts, indent=2))
    for name, message in facts["failures"].items():
        console.note(f"left out: {name}: {message}")
    if facts["failures"]:
        raise typer.Exit(ExitCode.PARTIAL)


def tune(
    pairs: Pairs,
    out: Folder,
    backbone: Annotated[
        str, typer.Option(help="embedded, musicgen-small .., a folder, debug, or scratch: a new decoder.")
    ] = "embedded",
    strategy: Annotated[
        Strategy, typer.Option(help="Strategy: see training/learn/strategies.py.")
    ] = "annealing",
    minutes: Annotated[float, typer.Option(min=0.001, help="Processor time to train for.")] = 40,
    updates: Annotated[int | None, typer.Option(min=1, help="Updates instead of minutes.")] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Crops per batch.")] = 6,
    start_from: Start = None,
    mixed_precision: Annotated[
        Literal["no", "bf16", "fp16"], typer.Option(help="Precision, as in accelerate.")
    ] = "no",
    threads: Annotated[int, typer.Option(min=1, help="Threads of torch.")] = 1,
    seed: Annotated[int, typer.Option(help="Seed of crops and dropout.")] = 0,
) -> None:
    """Adapt a decoder to films. A folder with a state in it resumes where it stopped, to the digit."""
    import torch
    from accelerate import PartialState

    from dyvim_cli.training.learn.tune import TuneSettings

    _check_goes_with(backbone, start_from=start_from)
    torch.set_num_threads(threads)
    settings = TuneSettings(strategy, minutes, updates, mixed_precision=mixed_precision, seed=seed)
    if backbone == "embedded":
        from dyvim_cli.training.tasks.embedded import DECODER_GAIN, NEW_GAIN, tune_embedded

        settings = replace(settings, new_gain=NEW_GAIN, decoder_gain=DECODER_GAIN)
        facts = tune_embedded(pairs, out, settings, start_from, batch_size, _note)
    else:
        from dyvim_cli.training.tasks.audio import AUDIO_GAIN, SCRATCH, tune_audio

        if backbone == SCRATCH and strategy in ("frozen", "lora"):
            raise UsageError(f"--strategy {strategy} adapts what has learned already", "leave out --strategy")
        facts = tune_audio(pairs, out, backbone, replace(settings, new_gain=AUDIO_GAIN), batch_size, _note)
    if PartialState().is_main_process:  # of several that learn together one speaks
        console.data(json.dumps(facts, indent=2))


def compare(
    pairs: Pairs,
    out: Folder,
    backbone: Backbone = "embedded",
    minutes: Annotated[float, typer.Option(min=0.001, help="Processor time for each run.")] = 10,
    updates: Annotated[int | None, typer.Option(min=1, help="Updates instead of minutes.")] = None,
    film: Films = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Crops per batch.")] = 6,
    start_from: Start = None,
    threads: Annotated[int, typer.Option(min=1, help="Threads of torch.")] = 1,
    seeds: Annotated[int, typer.Option(min=1, help="Runs of each strategy, with seeds 0, 1 ...")] = 1,
) -> None:
    """Compare the strategies at equal time: a table, a JSON and a picture (the paper's Figure 3)."""
    import torch

    from dyvim_cli.training.figures.compare import TABLE
    from dyvim_cli.training.figures.compare import compare as run
    from dyvim_cli.training.learn.tune import TuneSettings
    from dyvim_cli.training.tasks.embedded import DECODER_GAIN, NEW_GAIN, sync_on

    _check_goes_with(backbone, start_from=start_from, film=film)
    torch.set_num_threads(threads)
    settings = TuneSettings(minutes=minutes, updates=updates)
    if backbone == "embedded":
        settings = replace(settings, new_gain=NEW_GAIN, decoder_gain=DECODER_GAIN)
    else:
        from dyvim_cli.training.tasks.audio import AUDIO_GAIN

        settings = replace(settings, new_gain=AUDIO_GAIN)
    # Any: of the embedded backbone it is a ScoreLearner, and nothing else is judged
    judge: Callable[[Any], dict[str, float]] = sync_on(film) if film else lambda one: {}
    run(lambda: _learner(backbone, pairs, start_from, batch_size), out, settings, judge, _note, range(seeds))
    console.data((out / TABLE).read_text(encoding="utf-8").rstrip())


def alpha(
    pairs: Pairs,
    out: Folder,
    backbone: Backbone = "embedded",
    tuned: Annotated[
        Path | None, typer.Option(help="Tuned decoder (embedded) or adapter folder.", exists=True)
    ] = None,
    film: Films = None,
    seeds: Annotated[int, typer.Option(min=1, help="Pieces for each film and alpha.")] = 1,
    batch_size: Annotated[int, typer.Option(min=1, help="Crops per batch.")] = 6,
    progress: ProgressOption = console.ProgressKind.AUTO,
) -> None:
    """Held-out loss over alpha, with true and another film's motion: a table, a JSON and a picture.

    With real films also how well the music that is written for them follows them, over alpha: the paper's
    Figure 4.
    """
    if film and not tuned and backbone != "embedded":
        hint = "--tuned with the folder of `dyvim train tune --backbone`"
        raise UsageError("--film: without an adapter MusicGen does not see the motion", hint)
    console.data(_loss_over_alpha(backbone, pairs, tuned, batch_size, out).rstrip())
    if film:
        console.data(_sync_over_alpha(backbone, film, tuned, seeds, out, progress))


def _loss_over_alpha(backbone: str, pairs: Path, tuned: Path | None, batch_size: int, out: Path) -> str:
    """Judge held-out films at each alpha, write; returns the table."""
    from dyvim_cli.training.figures.findings import alpha_figure

    is_embedded = backbone == "embedded"
    learner = _learner(backbone, pairs, tuned if is_embedded else None, batch_size)
    if tuned and not is_embedded:
        from dyvim_cli.model.musicgen.adapter import load_adapter

        load_adapter(cast("AudioLearner", learner).model, tuned)
    return alpha_figure(learner, out)


def _sync_over_alpha(
    backbone: str,
    films: list[Path],
    tuned: Path | None,
    seeds: int,
    out: Path,
    progress: console.ProgressKind,
) -> str:
    """Compose for the films at each alpha as `score` does, judge, write; returns the table."""
    from dyvim_cli.evaluation.sweep.alpha_sweep import sweep, write_sweep
    from dyvim_cli.evaluation.sweep.generator import generator_of
    from dyvim_cli.model.score.checkpoint import load_decoder
    from dyvim_cli.options import ComposeOptions
    from dyvim_cli.pipeline import load_model, notes_of
    from dyvim_cli.scratch import scratch_folder
    from dyvim_cli.training.figures.findings import ALPHAS

    is_embedded = backbone == "embedded"
    options = ComposeOptions(candidates=1, model=backbone, adapter=None if is_embedded else str(tuned))
    model = load_decoder(tuned) if tuned and is_embedded else load_model(options)
    for text in notes_of(model):
        console.note(text)
    with scratch_folder() as folder, console.progress(progress) as shown:
        generate = generator_of(model, options, folder)
        return write_sweep(sweep(films, ALPHAS, range(seeds), generate, shown), out)


def attention(
    films: Annotated[list[Path], typer.Argument(help="Films to draw.", exists=True)],
    out: Folder,
    moments: Annotated[int, typer.Option(min=1, help="Frames per film.")] = 4,
) -> None:
    """Draw where the dynamics encoder attends (the paper's Figure 5): table, JSON and picture."""
    from dyvim_cli.training.figures.findings import attention_figure

    console.data(attention_figure(films, out, moments).rstrip())


def _check_goes_with(backbone: str, **options: object) -> None:
    """Raise UsageError for options of the embedded decoder alone; print a backbone's licence."""
    for name in (name for name, value in options.items() if value and backbone != "embedded"):
        option = "--" + name.replace("_", "-")
        raise UsageError(f"{option} is for the embedded decoder", f"leave out {option}, or --backbone")
    say_before_learning(backbone)


def _learner(
    backbone: str, pairs: Path, start_from: Path | None, batch_size: int
) -> "ScoreLearner | AudioLearner":
    """A fresh learner of either kind."""
    if backbone == "embedded":
        from dyvim_cli.training.tasks.embedded import learner as score_learner

        return score_learner(pairs, start_from, batch_size)
    from dyvim_cli.training.tasks.audio import learner as audio_learner

    return audio_learner(pairs, backbone, batch_size)


def _note(record: dict[str, Any]) -> None:
    """Print every twentieth update, and every evaluation on held-out films."""
    if "held_out" in record or record["update"] % 20 == 0:
        console.note(json.dumps(record))

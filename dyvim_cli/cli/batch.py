"""dyvim batch: a folder's films, or many, each given its music; what is done is not done again."""

import json
import shlex
import sys
from collections.abc import Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dyvim_cli import __version__
from dyvim_cli.cli import console, tally
from dyvim_cli.cli import options as opt
from dyvim_cli.cli.batch_jobs import films_of, tasks_of
from dyvim_cli.cli.mux import DuckDb, FadeIn, FadeOut, Keep, KeepAudio, MusicGain
from dyvim_cli.errors import DyvimError, ExitCode, UsageError

if TYPE_CHECKING:
    from dyvim_cli.batch.night import Review
    from dyvim_cli.batch.plan import Task
    from dyvim_cli.batch.work import Outcome

FILMS = "Which films"


class Engine(str, Enum):
    """Who does the work."""

    LOCAL = "local"  # processes on this machine
    RAY = "ray"  # a cluster


def batch(
    context: typer.Context,
    films: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FOLDER|FILE...", help="Folders and films.", show_default=False),
    ] = None,
    recursive: Annotated[
        bool, typer.Option("-r", "--recursive", rich_help_panel=FILMS, help="Look into sub-folders.")
    ] = False,
    include: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GLOB", rich_help_panel=FILMS, help="Take only these from folders, e.g. 'take*.mov'."
        ),
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(metavar="GLOB", rich_help_panel=FILMS, help="Leave these out.")
    ] = None,
    from_list: Annotated[
        Path | None,
        typer.Option("--from", metavar="LIST|-", rich_help_panel=FILMS, help="A file of paths, one a line."),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--output",
            rich_help_panel=opt.OUTPUT,
            help="Folder, or template with {stem}, {folder}, {style}, {seed}; else beside each film.",
        ),
    ] = None,
    jobs: Annotated[
        str,
        typer.Option(
            "-j",
            "--jobs",
            metavar="N|auto",
            envvar="DYVIM_JOBS",
            rich_help_panel=opt.RUN,
            help="Films at once; auto: one a core, as far as memory goes.",
        ),
    ] = "auto",
    retry_failed: Annotated[
        bool,
        typer.Option(
            "--retry-failed", rich_help_panel=opt.RUN, help="Try again what failed in an earlier run."
        ),
    ] = False,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", rich_help_panel=opt.RUN, help="Stop at the first failure.")
    ] = False,
    journal: Annotated[
        Path | None,
        typer.Option(rich_help_panel=opt.RUN, help="The record of what is done; else beside the outputs."),
    ] = None,
    engine: Annotated[
        Engine, typer.Option(rich_help_panel=opt.RUN, help="Processes on this machine, or a Ray cluster.")
    ] = Engine.LOCAL,
    address: Annotated[
        str | None,
        typer.Option(envvar="RAY_ADDRESS", rich_help_panel=opt.RUN, help="The Ray cluster's, e.g. auto."),
    ] = None,
    ship: Annotated[
        bool,
        typer.Option(
            "--ship", rich_help_panel=opt.RUN, help="Send films as bytes, even to nodes that see the disk."
        ),
    ] = False,
    alpha: opt.Alpha = 0.5,
    style: opt.Style = None,
    mood: opt.Mood = None,
    tempo: opt.Tempo = None,
    key: opt.KeyName = None,
    seed: Annotated[
        int,
        typer.Option(
            min=0,
            envvar="DYVIM_SEED",
            rich_help_panel=opt.MUSIC,
            help="Each film's own seed follows from this one and from its place in the folder.",
        ),
    ] = 0,
    candidates: opt.Candidates = 3,
    guidance: opt.Guidance = None,
    model: opt.Model = "embedded",
    adapter: opt.Adapter = None,
    prompt: opt.Prompt = None,
    keep_audio: Keep = KeepAudio.AUTO,
    duck_db: DuckDb = -12.0,
    music_gain_db: MusicGain = 0.0,
    fade_in: FadeIn = 0.0,
    fade_out: FadeOut = 0.0,
    start: opt.Start = None,
    end: opt.End = None,
    midi: opt.Midi = None,
    stems: opt.Stems = None,
    music: opt.Music = None,
    report: opt.Report = None,
    overwrite: opt.Overwrite = False,
    as_json: opt.Json = False,
    dry_run: opt.DryRun = False,
    no_cache: opt.NoCache = False,
    weights_dir: opt.WeightsDir = None,
    offline: opt.Offline = False,
    device: opt.Device = "auto",
    progress: opt.Progress = console.ProgressKind.AUTO,
) -> None:
    """Give every film of a folder its music. Run it again and it goes on where it stopped.

    Prints the path of each new film, or with --json everything about it, one object a line. A
    dyvim.toml beside the films may set style, alpha, seed and the like for its folder.
    """
    from dyvim_cli.batch import journal as journals
    from dyvim_cli.batch import night
    from dyvim_cli.batch.plan import journal_place
    from dyvim_cli.media.output import check_output

    opt.place(weights_dir, offline, device)
    _parse_jobs(jobs)
    chosen = films_of(context)
    journal = journal or journal_place(output, chosen)
    tasks = tasks_of(context, chosen)
    if dry_run:
        _show_plan(night.review(tasks, journals.read(journal), retry_failed=retry_failed), as_json)
        return
    if report is not None:
        report.absolute().parent.mkdir(parents=True, exist_ok=True)
        check_output(report, inputs=tuple(task.film for task in tasks), overwrite=True)
    _prepare_models(tasks, progress)
    with night.session(journal, tasks, retry_failed=retry_failed) as session:
        outcomes = [*session.review.done, *session.review.failed, *_work(context, session)]
    _write_report(report, tasks, outcomes)
    _conclude(len(tasks), outcomes)


def _prepare_models(tasks: "list[Task]", progress: console.ProgressKind) -> None:
    """Pull weights that are missing once, before the night begins."""
    from dyvim_cli.pipeline import prepare_model

    for wishes in {task.wishes.model: task.wishes for task in tasks}.values():
        with console.progress(progress) as shown:
            prepare_model(wishes, shown)


def _show_plan(review: "Review", as_json: bool) -> None:
    """What would be done: a line a film."""
    states = [("done", o.task) for o in review.done] + [("failed", o.task) for o in review.failed]
    faults = {outcome.task.film: outcome.record for outcome in review.failed}
    for state, task in sorted([*states, *(("todo", task) for task in review.todo)], key=lambda s: s[1].film):
        said = faults.get(task.film, {})
        plan = {
            "status": state,
            "input": str(task.film),
            "output": str(task.output),
            "seed": task.wishes.seed,
        }
        plan |= {name: said[name] for name in ("error", "hint") if said.get(name)}
        if not as_json:
            console.note(f"{state}: {task.film} -> {task.output}" + (f" ({said['error']})" if said else ""))
        console.data(json.dumps(plan) if as_json else str(task.output))


def _work(context: typer.Context, session) -> "Iterator[Outcome]":
    """Do what is to be done, and show it."""
    from dyvim_cli.batch import journal, night

    values, found = context.params, session.review
    session.journal.append(
        {"run": shlex.join(sys.argv), "version": __version__, "films": len(found.todo), "at": journal.now()}
    )
    total = len(found.todo) + len(found.done) + len(found.failed)
    counts = tally.Tally(total, len(found.done), len(found.failed))
    if found.done:
        console.note(f"{len(found.done)} of {total} films are done already")
    if found.failed and values["fail_fast"]:
        return
    outcomes = night.carry_out(_engine(values, session), session.journal, fail_fast=values["fail_fast"])
    with tally.display(values["progress"]) as shown:
        shown.show(counts, None)
        for outcome in outcomes:
            counts.count(outcome.is_done)
            shown.show(counts, outcome.record)
            if values["as_json"]:
                console.data(json.dumps(outcome.record))
            elif outcome.is_done:
                console.data(str(outcome.task.output))
            yield outcome


def _engine(values, session) -> "Iterator[Outcome]":
    todo = session.review.todo
    if values["engine"] is Engine.RAY:
        from dyvim_cli.batch import cluster

        return cluster.run(todo, values["address"], ship=values["ship"])
    from dyvim_cli.batch import local

    return local.run(todo, local.jobs_for(_parse_jobs(values["jobs"]), todo), session.scratch)


def _parse_jobs(text: str) -> int | None:
    """A number, or None for auto. Raises UsageError."""
    if text == "auto":
        return None
    if not text.isdigit() or int(text) < 1:
        raise UsageError(f"--jobs '{text}' is no number of films", "for example --jobs 2, or --jobs auto")
    return int(text)


def _write_report(path: Path | None, tasks: "Sequence[Task]", outcomes: "Sequence[Outcome]") -> None:
    """One page about all films, in their order, also about those that were not come to."""
    if path is None:
        return
    from dyvim_cli.report.films import write_report

    known = {outcome.task.output: outcome.record for outcome in outcomes}
    pending = {
        task.output: {"status": "pending", "input": str(task.film), "command": list(task.command)}
        for task in tasks
    }
    write_report(list((pending | known).values()), path)


def _conclude(total: int, outcomes: "list[Outcome]") -> None:
    """List the failures with what to do about them; ends in 6 when there are any."""
    failed = [outcome.record for outcome in outcomes if not outcome.is_done]
    for record in failed:
        console.show_error(DyvimError(record["error"], record["hint"]))
    left = total - len(outcomes)
    rest = f", {left} not come to" if left else ""
    console.note(f"{len(outcomes) - len(failed)} of {total} films done, {len(failed)} failed{rest}")
    if failed:
        raise typer.Exit(ExitCode.PARTIAL)

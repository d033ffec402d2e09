"""dyvim batch: score many films, skipping those already done."""

import json
import shlex
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dyvim_cli import __version__
from dyvim_cli.cli.batch_jobs import films_of, tasks_of
from dyvim_cli.cli.options import arguments as opt
from dyvim_cli.cli.options import output_arguments as out
from dyvim_cli.cli.options.batch_options import Choosing, Engine, Scheduling
from dyvim_cli.cli.options.groups import ComposingMany, Extras, Mixing, Running, takes_groups
from dyvim_cli.cli.show import console, tally
from dyvim_cli.cli.show.licence import say_before_pull
from dyvim_cli.endings import PAGE, check_ending
from dyvim_cli.errors import DyvimError, ExitCode

if TYPE_CHECKING:
    from dyvim_cli.batch.local import Stage
    from dyvim_cli.batch.run import BatchSession, Review
    from dyvim_cli.batch.tasks import Task
    from dyvim_cli.batch.work import Outcome


Films = Annotated[
    list[Path] | None,
    typer.Argument(metavar="FOLDER|FILE...", help="Folders and films.", show_default=False),
]


@takes_groups
def batch(
    *,
    context: typer.Context,
    films: Films = None,
    choosing: Choosing,
    output: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--output",
            rich_help_panel=opt.OUTPUT,
            help="Folder, or template with {stem}, {folder}, {style}, {seed}; else next to each film.",
        ),
    ] = None,
    scheduling: Scheduling,
    composing: ComposingMany,
    plan: out.Plans = None,
    orchestrate: out.Orchestrate = None,
    mute: out.Mute = None,
    instrument: out.Instrument = None,
    mixing: Mixing,
    extras: Extras,
    music: out.Music = None,
    report: out.Report = None,
    dry_run: opt.DryRun = False,
    running: Running,
) -> None:
    """Compose music for every film of a folder. Run it again and it resumes where it stopped.

    Prints the path of each new film, or with --json everything about it, one object per line. A
    dyvim.toml in a folder of films may set style, alpha, seed and others for that folder.
    """
    from dyvim_cli import device
    from dyvim_cli.batch import journal as journals
    from dyvim_cli.batch import run
    from dyvim_cli.batch.tasks import journal_place
    from dyvim_cli.media.programs import find_ffmpeg

    running.place()
    n_jobs, retry_failed = scheduling.n_jobs, scheduling.retry_failed
    chosen = films_of(context)
    journal = scheduling.journal or journal_place(output, chosen)
    tasks = tasks_of(context, chosen)
    if dry_run:
        _show_plan(run.review(tasks, journals.read(journal), retry_failed=retry_failed), running.as_json)
        return
    _check_report(report, tasks)
    if scheduling.engine is Engine.LOCAL:
        device.check(running.device)
        find_ffmpeg()  # raises where there is none that can write the films
    _prepare_models(tasks, running.progress)
    with (
        _reported(tasks, report) as outcomes,
        run.session(journal, tasks, retry_failed=retry_failed) as session,
    ):
        outcomes += [*session.review.done, *session.review.failed]
        _work(session, scheduling, n_jobs, running, outcomes)
    if not all(outcome.is_done for outcome in outcomes):
        raise typer.Exit(ExitCode.PARTIAL)


def _check_report(report: Path | None, tasks: "list[Task]") -> None:
    """Make the page's folder. Raises OutputError or UsageError where no page can be written there."""
    from dyvim_cli.media.output import check_output

    if report is not None:
        report.absolute().parent.mkdir(parents=True, exist_ok=True)
        check_output(report, inputs=tuple(task.film for task in tasks), overwrite=True)
        check_ending(report, PAGE, "page")


def _prepare_models(tasks: "list[Task]", progress: console.ProgressKind) -> None:
    """Download missing weights once, before any worker starts."""
    from dyvim_cli.pipeline import prepare_model

    for options in {task.options.model: task.options for task in tasks}.values():
        say_before_pull(options)
        with console.progress(progress) as shown:
            prepare_model(options, shown)


def _show_plan(review: "Review", as_json: bool) -> None:
    """Print the plan of a dry run: one line per film."""
    states = [("done", o.task) for o in review.done] + [("failed", o.task) for o in review.failed]
    faults = {outcome.task.film: outcome.record for outcome in review.failed}
    for state, task in sorted([*states, *(("todo", task) for task in review.todo)], key=lambda s: s[1].film):
        said = faults.get(task.film, {})
        plan = {
            "status": state,
            "input": str(task.film),
            "output": str(task.output),
            "seed": task.options.seed,
        }
        plan |= {name: said[name] for name in ("error", "hint") if said.get(name)}
        if not as_json:
            console.note(f"{state}: {task.film} -> {task.output}" + (f" ({said['error']})" if said else ""))
        console.data(json.dumps(plan) if as_json else str(task.output))


def _work(
    session: "BatchSession",
    scheduling: Scheduling,
    n_jobs: int | None,
    running: Running,
    outcomes: "list[Outcome]",
) -> None:
    """Score the remaining films, show the progress, and collect the outcomes."""
    from dyvim_cli.batch import journal, run

    found, fail_fast = session.review, scheduling.fail_fast
    session.journal.append(
        {"run": shlex.join(sys.argv), "version": __version__, "films": len(found.todo), "at": journal.now()}
    )
    counts = tally.Tally(len(found.todo) + len(outcomes), len(found.done), len(found.failed))
    if found.done:
        console.note(f"{counts.done} of {counts.total} films are done already")
    if found.failed and fail_fast:
        return
    with tally.display(running.progress) as shown:
        engine = _engine(session, scheduling, n_jobs, shown.stage)
        shown.show(counts, None)
        for outcome in run.carry_out(engine, session.journal, fail_fast=fail_fast):
            outcomes.append(outcome)
            counts.count(outcome.is_done)
            shown.show(counts, outcome.record)
            if running.as_json:
                console.data(json.dumps(outcome.record))
            elif outcome.is_done:
                console.data(str(outcome.task.output))


def _engine(
    session: "BatchSession", scheduling: Scheduling, n_jobs: int | None, tell: "Callable[[Stage], None]"
) -> "Generator[Outcome, None, None]":
    todo = session.review.todo
    if scheduling.engine is Engine.RAY:
        from dyvim_cli.batch import cluster

        return cluster.run(todo, scheduling.address, ship=scheduling.ship)
    from dyvim_cli.batch import local

    return local.run(todo, local.jobs_for(n_jobs, todo), session.scratch, tell)


@contextmanager
def _reported(tasks: "Sequence[Task]", report: Path | None) -> "Iterator[list[Outcome]]":
    """Collect the films' outcomes; the report is written however the batch ends, Ctrl-C included."""
    outcomes: list[Outcome] = []
    try:
        yield outcomes
    except BaseException:
        with suppress(DyvimError):  # the error that ended the batch is the one to show
            _tell(tasks, outcomes, report)
        raise
    _tell(tasks, outcomes, report)


def _tell(tasks: "Sequence[Task]", outcomes: "Sequence[Outcome]", report: Path | None) -> None:
    """Print the failures with hints and the totals, and write the page."""
    failed = [outcome.record for outcome in outcomes if not outcome.is_done]
    for record in failed:
        console.show_error(DyvimError(record["error"], record["hint"]))
    left = len(tasks) - len(outcomes)
    rest = f", {left} not come to" if left else ""
    console.note(f"{len(outcomes) - len(failed)} of {len(tasks)} films done, {len(failed)} failed{rest}")
    if report is not None:
        _write_report(report, tasks, outcomes)


def _write_report(path: Path, tasks: "Sequence[Task]", outcomes: "Sequence[Outcome]") -> None:
    """Write one page about all films, in their order, including those that were not reached."""
    from dyvim_cli.report.films import write_report

    known = {outcome.task.output: outcome.record for outcome in outcomes}
    pending = {
        task.output: {"status": "pending", "input": str(task.film), "command": list(task.command)}
        for task in tasks
    }
    write_report(list((pending | known).values()), path)

"""dyvim score: compose a soundtrack to a film and lay it under the picture."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from dyvim_cli.cli import command_line
from dyvim_cli.cli.options import arguments as opt
from dyvim_cli.cli.options import output_arguments as out
from dyvim_cli.cli.options.desk import as_like, given, settings_of, with_desk
from dyvim_cli.cli.options.groups import Composing, Mixing, Products, Running, takes_groups
from dyvim_cli.cli.options.players import with_players
from dyvim_cli.cli.show import console
from dyvim_cli.cli.show.licence import say_before_pull
from dyvim_cli.cli.show.stages import SCORE
from dyvim_cli.errors import DyvimError, UsageError, quoted
from dyvim_cli.report import entry
from dyvim_cli.report.roll import roll_of

if TYPE_CHECKING:
    from dyvim_cli.options import ComposeOptions, Delivery

Command = tuple[Any, dict[str, Any]]  # Typer's command (it has no public type), and values by option's name


@takes_groups
def score(
    *,
    context: typer.Context,
    film: opt.Film,
    output: out.FilmOutput = None,
    composing: Composing,
    plan: out.PlanFile = None,
    markers: out.MarkersIn = None,
    takes: out.Takes = 1,
    orchestrate: out.Orchestrate = None,
    mute: out.Mute = None,
    instrument: out.Instrument = None,
    reroll: out.Reroll = None,
    like: out.Like = None,
    mixing: Mixing,
    products: Products,
    dry_run: opt.DryRun = False,
    running: Running,
) -> None:
    """Compose a soundtrack to a film's motion and add it; the picture stays untouched.

    Prints the path of the new film, or with --json everything about it.
    """
    _check_one_film(film, context.args)
    running.place()
    options = as_like(composing.options(), like, given(context))
    options = with_desk(options, plan, markers)
    options = with_players(options, orchestrate, mute, instrument, reroll)
    delivery = products.delivery(mixing, output, running.overwrite)
    products.check_report(film)
    if like is not None:
        _check_kept(film, options, delivery, takes, like)
    if dry_run:
        _show_plan(film, options, delivery, takes, running.as_json)
        if composing.seed is None:
            console.note(f"the seed was drawn for this look; --seed {options.seed} composes with it")
        return
    say_before_pull(options)
    asked = context.params | {"seed": options.seed, "alpha": options.alpha}
    if takes > 1:
        _score_takes(film, options, delivery, takes, running, products.report, (context.command, asked))
        return
    _score_one(film, options, delivery, running, products.report, (context.command, asked))


def _check_kept(
    film: Path, options: "ComposeOptions", delivery: "Delivery", n_takes: int, like: Path
) -> None:
    """Raise OutputError where the scored film whose music is made again would be replaced."""
    from dyvim_cli.job_checks import check_kept, prepared_output
    from dyvim_cli.takes import deliveries

    if n_takes > 1:
        for each in deliveries(film, options, delivery, n_takes):
            check_kept(each.settled_output(), each, like)
    else:
        check_kept(prepared_output(film, options, delivery), delivery, like)


def _score_one(
    film: Path,
    options: "ComposeOptions",
    delivery: "Delivery",
    running: Running,
    report: Path | None,
    command: Command,
) -> None:
    """Score the film once, and write its page also if it fails."""
    from dyvim_cli.pipeline import score as score_film

    verb, asked = command
    try:
        with console.progress(running.progress, SCORE) as shown:
            result = score_film(film, options, delivery, use_cache=not running.no_cache, progress=shown)
    except DyvimError as fault:
        _report(report, entry.failed(str(film), fault, command_line.arguments(verb, asked)))
        raise
    again = command_line.arguments(verb, asked | {"output": result.output})
    _report(report, entry.done(result.facts, again, roll_of(result.score)))
    console.result(result, running.as_json)


def _score_takes(
    film: Path,
    options: "ComposeOptions",
    delivery: "Delivery",
    n_takes: int,
    running: Running,
    report: Path | None,
    command: Command,
) -> None:
    """Score several takes, print each as it is done, and write one page of all."""
    from dyvim_cli.report.films import write_report
    from dyvim_cli.takes import score_takes

    entries: list[entry.Entry] = []
    verb, asked = command
    with console.progress(running.progress, SCORE) as shown:
        takes = score_takes(film, options, delivery, n_takes, use_cache=not running.no_cache, progress=shown)
        for take in takes:
            facts = take.result.facts
            files = {name: getattr(take.delivery, name) for name in ("midi", "music", "markers_out", "stems")}
            again = asked | settings_of(take.options) | files | {"takes": 1, "output": take.result.output}
            numbered = {"take": len(entries) + 1, "title": f"Take {len(entries) + 1}"}
            made = entry.done(
                facts | numbered, command_line.arguments(verb, again), roll_of(take.result.score)
            )
            entries.append(made)
            console.note(f"{take.result.output.name}: {console.summary(facts)}")
            console.data(json.dumps(facts) if running.as_json else str(take.result.output))
            if report is not None:
                write_report(entries, report, title=f"Takes of {film.name}")


def _check_one_film(film: Path, more: list[str]) -> None:
    """Raise UsageError where several films were named."""
    if more:
        films = map(quoted, (film, *more))
        hint = " ".join(("dyvim batch", *films))
        raise UsageError(f"score takes one film, and {1 + len(more)} are named", hint)


def _report(path: Path | None, film: entry.Entry) -> None:
    """Write the page of one film, if it was asked for."""
    from dyvim_cli.report.films import write_report

    if path is not None:
        write_report([film], path)


def _show_plan(
    film: Path, options: "ComposeOptions", delivery: "Delivery", n_takes: int, as_json: bool
) -> None:
    """Print the plan of a dry run, after the cheap checks."""
    from dyvim_cli.job_checks import plan_job
    from dyvim_cli.takes import deliveries

    if n_takes > 1:
        outputs = [str(each.output) for each in deliveries(film, options, delivery, n_takes)]
        plan = plan_job(film, options, replace(delivery, overwrite=True))
        plan = {"input": plan["input"], "outputs": outputs} | {k: v for k, v in plan.items() if k != "output"}
    else:
        plan = plan_job(film, options, delivery)
        outputs = [plan["output"]]
    if as_json:
        console.data(json.dumps(plan))
        return
    for name, value in plan.items():
        console.note(f"{name}: {', '.join(value) if name == 'outputs' else value}")
    for output in outputs:
        console.data(output)

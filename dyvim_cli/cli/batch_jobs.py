"""Turn a batch's command line into films and jobs."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from dyvim_cli.cli import command_line
from dyvim_cli.cli.options.desk import with_desk
from dyvim_cli.cli.options.film_settings import NAME as SETTINGS
from dyvim_cli.cli.options.film_settings import film_settings
from dyvim_cli.cli.options.groups import Composing, Mixing, group_of
from dyvim_cli.cli.options.players import with_players
from dyvim_cli.errors import UsageError

if TYPE_CHECKING:
    from dyvim_cli.batch.selection import SelectedFilm
    from dyvim_cli.batch.tasks import Task

BESIDE = "beside"  # word in place of a folder of plans: each plan is next to its film
WHERE = ("output", "overwrite", "midi", "stems", "stem_groups", "music")  # options that say what is written


def films_of(context: typer.Context) -> "list[SelectedFilm]":
    """Find the selected films, without the results of earlier runs.

    Args:
        context: of the verb, with its options.

    Returns:
        Sorted, at least one.

    Raises:
        UsageError: no film and no folder was named.
        InputError: there are no films in what was named.
    """
    from dyvim_cli.batch import journal as journals
    from dyvim_cli.batch.selection import Choice, select
    from dyvim_cli.batch.tasks import journal_place

    values = context.params
    named = [*(values["films"] or ()), *_listed(values["from_list"])]
    if not named and values["from_list"] is None:
        raise UsageError("no film and no folder was named", "dyvim batch FOLDER, or --from LIST")
    choice = Choice(values["recursive"], values["include"] or (), values["exclude"] or ())
    found = select(named, choice)
    made = journals.read(values["journal"] or journal_place(values["output"], found))
    return select(named, choice, made) if made else found


def _listed(path: Path | None) -> list[Path]:
    from dyvim_cli.batch.selection import read_list
    from dyvim_cli.regular_files import MOST_BYTES

    if path is None:
        return []
    if str(path) == "-" and sys.stdin is None:
        raise UsageError("--from -: stdin is closed", "name a file: --from LIST")
    try:
        if str(path) == "-":
            return read_list(sys.stdin.buffer.read())
        with path.open("rb") as file:  # a pipe too: --from <(find films)
            return read_list(file.read(MOST_BYTES))
    except OSError as error:
        reason = f"{path}: the list cannot be read ({error.strerror})"
        raise UsageError(reason, "one path a line; - is stdin") from error


def tasks_of(context: typer.Context, films: "Sequence[SelectedFilm]") -> "list[Task]":
    """Make everybody's job, checked against each other.

    Args:
        context: of the verb, with its options.
        films: of films_of.

    Returns:
        One per film; films that are results of others are left out.

    Raises:
        UsageError: options of a film make no sense, or two films would make the same file.
    """
    from dyvim_cli.batch.tasks import check_collisions, made_by_us, task_of

    values_of, tasks = film_settings(context), []
    for film in films:
        values = values_of(film)
        where = {name: values[name] for name in WHERE}
        options = group_of(Composing, values).options()
        options = with_desk(options, plan := plan_of(film, values["plan"]), None)
        options = with_players(options, values["orchestrate"], values["mute"], values["instrument"], None)
        delivery = group_of(Mixing, values).delivery(**where)
        task = task_of(film, options, delivery, not values["no_cache"])
        tasks.append(replace(task, command=_command(context, {**values, "plan": plan}, task)))
    ours = made_by_us(films, tasks)
    tasks = [task for film, task in zip(films, tasks, strict=True) if film.path not in ours]
    check_collisions(tasks)
    return tasks


def plan_of(film: "SelectedFilm", place: str | None) -> Path | None:
    """Find the plan of a film: in a folder of plans (sub-folders as the films', or none) or beside the film.

    Args:
        film: as it was selected.
        place: a folder, BESIDE, or None for no plans.

    Returns:
        Its path; None where it has none.

    Raises:
        UsageError: the folder is not there.
    """
    if place is None:
        return None
    name = film.relative.with_suffix(".toml")
    beside = [film.path.with_suffix(".toml")]
    if place != BESIDE and not Path(place).is_dir():
        raise UsageError(f"--plan {place}: no such folder", f"a folder of plans, or --plan {BESIDE}")
    choices = beside if place == BESIDE else [Path(place, name), Path(place, name.name)]
    return next((path.absolute() for path in choices if path.is_file() and path.name != SETTINGS), None)


def _command(context: typer.Context, values: Mapping[str, Any], task: "Task") -> tuple[str, ...]:
    """The `dyvim score` that makes this film again."""
    delivery = task.delivery
    paths = {"film": task.film, "output": delivery.output}
    paths |= {"midi": delivery.midi, "stems": delivery.stems, "music": delivery.music}
    parent: Any = context.parent  # a group's, as Typer makes it
    score = parent.command.get_command(parent, "score")
    return tuple(command_line.arguments(score, {**values, **paths, "seed": task.options.seed}))

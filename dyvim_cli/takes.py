"""Make several takes of one film: watch it once, score it in different directions."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from dyvim_cli import job_checks, pipeline
from dyvim_cli.desk.directions import directions
from dyvim_cli.errors import UsageError
from dyvim_cli.options import ComposeOptions, Delivery, writes_score
from dyvim_cli.preview import marked_name
from dyvim_cli.progress import Progress


@dataclass(frozen=True)
class ScoredTake:
    """One take: its options and its result."""

    options: ComposeOptions
    result: pipeline.Result
    delivery: Delivery  # options of the output, whose files have the take's number in their names


def score_takes(
    film_path: Path,
    options: ComposeOptions,
    delivery: Delivery,
    n_takes: int,
    *,
    use_cache: bool = True,
    progress: Progress | None = None,
) -> Iterator[ScoredTake]:
    """Score a film several times, one after the other; names get .take1, .take2 ... before their endings.

    Args:
        film_path: the film.
        options: options of composing, which the takes vary.
        delivery: options of the output.
        n_takes: how many.
        use_cache: whether features of earlier runs count, and are kept.
        progress: notified of the stages.

    Yields:
        The takes as they are completed.

    Raises:
        DyvimError: as pipeline.score(), before the film is watched where it can; takes that are whole stay.
    """
    its = deliveries(film_path, options, delivery, n_takes)
    anywhere = replace(delivery, overwrite=True)
    watched = pipeline.watch(film_path, options, anywhere, use_cache=use_cache, progress=progress)
    model = pipeline.load_model(options)
    for asked, each in zip(directions(watched.features, options, n_takes), its, strict=True):
        seen = replace(watched, output=each.settled_output(), clock=pipeline.StageTimer())
        yield ScoredTake(asked, pipeline.compose_and_mux(seen, asked, each, model, progress=progress), each)


def deliveries(film_path: Path, options: ComposeOptions, delivery: Delivery, n_takes: int) -> list[Delivery]:
    """Name the files of several takes, after every check that needs no work.

    Args:
        film_path: the film.
        options: options of composing.
        delivery: options of the output.
        n_takes: how many.

    Returns:
        The deliveries, each with a settled output.

    Raises:
        DyvimError: a check fails.
    """
    if options.plan is not None:
        raise UsageError("takes differ in what a plan decides", "leave out --takes, or --plan and --like")
    if not writes_score(options.model):
        raise UsageError(f"{options.model} makes no takes", "leave out --takes, or --model")
    anywhere = replace(delivery, overwrite=True)  # the name itself is not written: the takes' names are
    base = job_checks.prepared_output(film_path, options, anywhere)
    its = [delivery_of_take(delivery, base, number) for number in range(1, n_takes + 1)]
    for each in its:
        job_checks.check_delivery(film_path, each)
    return its


def delivery_of_take(delivery: Delivery, output: Path, number: int) -> Delivery:
    """Name the files of one take.

    Args:
        delivery: options of the output.
        output: the film's path without takes.
        number: of the take, from 1.

    Returns:
        The delivery with a settled output.
    """
    mark = f".take{number}"
    film = marked_name(output, mark[1:])
    names = {
        name: path.with_name(path.stem + mark + path.suffix)
        for name in ("midi", "music", "markers_out")
        if (path := getattr(delivery, name)) is not None
    }
    stems = None if delivery.stems is None else delivery.stems / mark[1:]
    return replace(delivery, output=film, stems=stems, **names)

"""dyvim evaluate: measure how well music follows a film, independently of the generator."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dyvim_cli.cli.options import arguments as opt
from dyvim_cli.cli.options.bounds import MaxDuration, MaxPixels
from dyvim_cli.cli.show import console
from dyvim_cli.endings import PAGE, PLOT, check_ending
from dyvim_cli.errors import DyvimError, ExitCode, UsageError

if TYPE_CHECKING:
    import numpy as np

    from dyvim_cli.evaluation.judge.judge_film import FilmReport
    from dyvim_cli.progress import Progress

SweepAlpha = Annotated[
    str | None,
    typer.Option(
        metavar="A,B,...",
        rich_help_panel=opt.MUSIC,
        help="Compose music at each of these alphas and judge it, e.g. 0,0.25,0.5,1.",
    ),
]
Seeds = Annotated[
    int, typer.Option(min=1, rich_help_panel=opt.MUSIC, help="Pieces per film and alpha in a sweep.")
]
Candidates = Annotated[
    int, typer.Option(min=1, rich_help_panel=opt.MUSIC, help="Candidates per piece in a sweep; 1 is fastest.")
]


def evaluate(
    films: Annotated[
        list[Path], typer.Argument(metavar="FILM...", help="Films with music on them.", show_default=False)
    ],
    music: Annotated[
        Path | None, typer.Option(help="Judge this music in place of the films' own sound.")
    ] = None,
    reference: Annotated[
        Path | None,
        typer.Option(help="Music by people, for the metrics and distances that compare with one."),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="PNG",
            rich_help_panel=opt.OUTPUT,
            help="Draw cuts, motion, loudness and accents over time.",
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(metavar="HTML", rich_help_panel=opt.OUTPUT, help="Write everything as one page."),
    ] = None,
    as_json: opt.Json = False,
    sweep_alpha: SweepAlpha = None,
    seeds: Seeds = 3,
    candidates: Candidates = 3,
    seed: Annotated[
        int,
        typer.Option(min=0, rich_help_panel=opt.RUN, help="Seed of the random shifts that estimate chance."),
    ] = 0,
    max_pixels: MaxPixels = None,
    max_duration: MaxDuration = None,
    progress: opt.Progress = console.ProgressKind.AUTO,
) -> None:
    """Judge how well music follows the picture: 0 is chance, 1 is perfect.

    Prints a table with a row per film, and with several films their mean and its 95 % interval. Figures
    in brackets may be chance alone. A second table shows whether the music flows, from its sound
    alone.
    """
    from dyvim_cli.evaluation.judge.extra import check_installed

    alphas = _alphas(sweep_alpha)
    if alphas and (music or reference or report):
        raise UsageError(
            "a sweep makes its own music and draws one curve", "drop --music, --reference and --report"
        )
    check_installed()
    _check_outputs(films, plot, report)
    with console.progress(progress) as shown:
        if alphas:
            _sweep(films, alphas, seeds, candidates, plot, as_json, shown)
        else:
            _judge(films, music, reference, plot, report, as_json, seed, shown)


def _check_outputs(films: list[Path], plot: Path | None, report: Path | None) -> None:
    """Raise before the work where a picture or a page cannot be made: a wrong name, or a missing library."""
    from dyvim_cli.media.output import check_output

    for path, endings, what in ((plot, PLOT, "picture"), (report, PAGE, "page")):
        if path is not None:
            check_output(path, inputs=tuple(films), overwrite=True)
            check_ending(path, endings, what)
    if plot is not None:
        import matplotlib  # noqa: F401


def _alphas(text: str | None) -> list[float]:
    """Parse alphas: '0,0.5,1' becomes [0, 0.5, 1]."""
    try:
        alphas = [float(part) for part in text.split(",")] if text is not None else []
    except ValueError as fault:
        raise UsageError(f"--sweep-alpha {text}: not a list of numbers", "--sweep-alpha 0,0.5,1") from fault
    if not all(0 <= alpha <= 1 for alpha in alphas):
        raise UsageError(f"--sweep-alpha {text}: alpha lies between 0 and 1", "--sweep-alpha 0,0.5,1")
    return alphas


def _judge(
    films: list[Path],
    music: Path | None,
    reference: Path | None,
    plot: Path | None,
    page: Path | None,
    as_json: bool,
    seed: int,
    shown: "Progress",
) -> None:
    """Judge every film and print the tables; a film that cannot be read is listed, the others are judged."""
    from dyvim_cli.evaluation.judge.distributions import distances
    from dyvim_cli.evaluation.judge.judge_film import TOGETHER
    from dyvim_cli.evaluation.show.cells import align_columns, plain
    from dyvim_cli.evaluation.show.flow_tables import FLOW_LEGEND, flow_table
    from dyvim_cli.evaluation.show.lettering import lettering_note
    from dyvim_cli.evaluation.show.tables import LEGEND, film_facts, summary, table

    original = _reference(reference)
    reports: list[FilmReport] = []
    failures: list[tuple[Path, DyvimError]] = []
    for i, film in enumerate(films):
        try:
            reports.append(_judged(film, music, original, seed))
        except DyvimError as fault:
            if len(films) == 1:
                raise
            failures.append((film, fault))
            console.show_error(fault)
        shown.update("evaluate", i + 1, len(films))
    if not reports:
        raise failures[0][1]
    apart = None if original is None else distances([r.heard.mono for r in reports], [original])
    _draw(reports, failures, plot, page, seed)
    notes = [
        f"{report.film}: {TOGETHER} are judged; --music FILE judges the music alone"
        for report in reports
        if report.heard.what == TOGETHER
    ]
    if plot:
        notes += filter(None, (lettering_note(report.film.name) for report in reports))
    for note in notes:
        console.note(f"note: {note}")
    if as_json:
        facts = {"films": [film_facts(r) for r in reports], **summary(reports, seed), "seed": seed}
        facts |= {"warnings": notes}
        console.data(json.dumps(facts | {"distances": plain(apart)}, allow_nan=False))
    else:
        console.data(f"{align_columns(table(reports, seed))}\n\n{align_columns(flow_table(reports, seed))}")
        console.note(LEGEND)
        console.note(FLOW_LEGEND)
        if apart:
            console.note("  ".join(f"{name.replace('_', ' ')} {value:.3g}" for name, value in apart.items()))
    if failures:
        raise typer.Exit(int(ExitCode.PARTIAL))


def _judged(film: Path, music: Path | None, original: "np.ndarray | None", seed: int) -> "FilmReport":
    """Judge one film: by the music alone wherever that can be had."""
    from dyvim_cli.evaluation.composed_again import composed_again
    from dyvim_cli.evaluation.judge.judge_film import TOGETHER, judge_film, kind_of_sound
    from dyvim_cli.scratch import scratch_folder

    if music or kind_of_sound(film) != TOGETHER:
        return judge_film(film, music, original, seed)
    with scratch_folder() as folder:
        return judge_film(film, composed_again(film, folder), original, seed)


def _sweep(
    films: list[Path],
    alphas: list[float],
    seeds: int,
    candidates: int,
    plot: Path | None,
    as_json: bool,
    shown: "Progress",
) -> None:
    """Generate at every alpha with every seed, judge, print or draw the curve."""
    from dyvim_cli.evaluation.sweep.alpha_sweep import plot_sweep, sweep, sweep_facts, sweep_text
    from dyvim_cli.evaluation.sweep.generator import dyvim_generator, seen_events_s
    from dyvim_cli.scratch import scratch_folder

    with scratch_folder() as folder:
        takes = sweep(films, alphas, range(seeds), dyvim_generator(folder, candidates), shown, seen_events_s)
    if plot:
        plot_sweep(takes, plot)
    console.data(json.dumps(sweep_facts(takes), allow_nan=False) if as_json else sweep_text(takes))


def _reference(path: Path | None) -> "np.ndarray | None":
    """Read the reference music as an analysis signal; None without one."""
    from dyvim_cli.evaluation.judge.audio_events import analysis_signal, read_sound

    return analysis_signal(*read_sound(path)) if path else None


def _draw(
    reports: "Sequence[FilmReport]",
    failures: Sequence[tuple[Path, DyvimError]],
    plot: Path | None,
    page: Path | None,
    seed: int,
) -> None:
    """Write the requested pictures."""
    from dyvim_cli.evaluation.show.page import write_page
    from dyvim_cli.evaluation.show.plot import draw_films

    if plot:
        draw_films(reports, plot)
    if page:
        write_page(reports, page, seed, failures)

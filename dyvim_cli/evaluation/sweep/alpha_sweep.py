"""Sweep alpha over films and seeds: generate each piece, evaluate sync and flow."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dyvim_cli.atomic import write_json, write_text
from dyvim_cli.evaluation.judge.audio_events import audio_events, read_sound
from dyvim_cli.evaluation.judge.bootstrap import Interval
from dyvim_cli.evaluation.judge.flow import FlowReport, flow
from dyvim_cli.evaluation.judge.sync import SyncReport, compare
from dyvim_cli.evaluation.judge.visual_events import visual_events
from dyvim_cli.evaluation.show.cells import align_columns, interval_cell, plain
from dyvim_cli.evaluation.show.flow_tables import FLOW, flow_facts, mean_flow
from dyvim_cli.evaluation.show.tables import MEASURES, mean_excesses, sync_facts
from dyvim_cli.evaluation.sweep.agreement import EventAgreement, Eye, agreement_text, event_agreement
from dyvim_cli.evaluation.sweep.generator import Generate
from dyvim_cli.progress import Progress, Silent

Means = dict[str, Interval | None]  # figure -> its mean over films


@dataclass(frozen=True)
class SweepRun:
    """One piece of generated music, judged."""

    film: Path
    alpha: float
    seed: int
    sync: SyncReport
    flow: FlowReport | None  # None where the film is too short
    agreement: EventAgreement | None = None  # agreement of judge and composer; None: not asked


def sweep(
    films: Sequence[Path],
    alphas: Sequence[float],
    seeds: Sequence[int],
    generate: Generate,
    progress: Progress | None = None,
    eye: Eye | None = None,
) -> list[SweepRun]:
    """Generate and judge every film at every alpha with every seed.

    Films are watched once and then cached: a second sweep costs the music alone.

    Args:
        films: paths.
        alphas: strengths of the dynamics, 0..1.
        seeds: each gives another piece.
        generate: makes the music of a film, an alpha and a seed.
        progress: notified of the stage "sweep", in takes.
        eye: what the composer sees, to be compared with what the judge does.

    Returns:
        One take for each combination: films outermost, seeds innermost.
    """
    progress, takes = progress or Silent(), []
    total = len(films) * len(alphas) * len(seeds)
    for film in films:
        picture = visual_events(film, use_cache=True)
        agreement = event_agreement(picture, eye(film)) if eye else None
        for alpha in alphas:
            for seed in seeds:
                samples, sample_rate = read_sound(generate(film, alpha, seed))
                sync = compare(picture, audio_events(samples, sample_rate), seed)
                measured = flow(samples, sample_rate, picture.duration_s)
                takes.append(SweepRun(film, alpha, seed, sync, measured, agreement))
                progress.update("sweep", len(takes), total)
    return takes


def curves(takes: Sequence[SweepRun]) -> tuple[list[float], dict[str, list[Interval | None]]]:
    """Average the measures of sync at each alpha.

    Args:
        takes: of a sweep.

    Returns:
        (alphas ascending, measure -> mean excess over films and its interval at each alpha).
    """
    return _along_alpha(takes, _mean_sync)


def flow_curves(takes: Sequence[SweepRun]) -> tuple[list[float], dict[str, list[Interval | None]]]:
    """Average the figures of flow at each alpha.

    Args:
        takes: of a sweep.

    Returns:
        (alphas ascending, figure of flow -> mean over films and its interval at each alpha).
    """
    return _along_alpha(takes, _mean_flow)


def _along_alpha(
    takes: Sequence[SweepRun], mean_of: Callable[[Sequence[SweepRun]], Means]
) -> tuple[list[float], dict[str, list[Interval | None]]]:
    alphas = sorted({take.alpha for take in takes})
    at = [mean_of([take for take in takes if take.alpha == alpha]) for alpha in alphas]
    return alphas, {name: [means[name] for means in at] for name in at[0]} if at else {}


def _mean_sync(takes: Sequence[SweepRun]) -> Means:
    return mean_excesses([take.sync for take in takes], films=[take.film for take in takes])


def _mean_flow(takes: Sequence[SweepRun]) -> Means:
    return mean_flow([take.flow for take in takes], films=[take.film for take in takes])


def sweep_table(takes: Sequence[SweepRun]) -> list[list[str]]:
    """Set the measures of sync of a sweep as a table.

    Args:
        takes: of a sweep.

    Returns:
        Rows of cells: heading, the mean over seeds of every film and alpha, then mean and interval of every
        alpha.
    """
    return _rows(takes, MEASURES, _mean_sync)


def sweep_flow_table(takes: Sequence[SweepRun]) -> list[list[str]]:
    """Set the figures of flow of a sweep as a table.

    Args:
        takes: of a sweep.

    Returns:
        Rows in the order of sweep_table.
    """
    return _rows(takes, FLOW, _mean_flow)


def _rows(
    takes: Sequence[SweepRun], names: Iterable[str], mean_of: Callable[[Sequence[SweepRun]], Means]
) -> list[list[str]]:
    alphas, by_name = _along_alpha(takes, mean_of)
    rows = [["film", "alpha", *names]]
    for film in dict.fromkeys(take.film for take in takes):
        for alpha in alphas:
            means = mean_of([take for take in takes if take.film == film and take.alpha == alpha])
            rows.append([film.name, f"{alpha:g}", *(f"{m.mean:.2f}" if m else "-" for m in means.values())])
    for i, alpha in enumerate(alphas):
        rows.append(["mean", f"{alpha:g}", *(interval_cell(found[i]) for found in by_name.values())])
    return rows


def sweep_facts(takes: Sequence[SweepRun]) -> dict[str, Any]:
    """Convert takes and their means to JSON values.

    Args:
        takes: of a sweep.

    Returns:
        `alphas`, `mean`, `flow` (a list over alphas for each figure), `takes` and `agreement` (of a film).
    """
    alphas, by_name = curves(takes)
    flow_by_name = flow_curves(takes)[1]
    return plain(
        {
            "alphas": alphas,
            "mean": {name: [i and asdict(i) for i in found] for name, found in by_name.items()},
            "agreement": {str(film): asdict(found) for film, found in _agreements(takes).items()},
            "flow": {FLOW[name]: [i and asdict(i) for i in found] for name, found in flow_by_name.items()},
            "takes": [
                {
                    "film": str(take.film),
                    "alpha": take.alpha,
                    "seed": take.seed,
                    "sync": sync_facts(take.sync),
                    "flow": flow_facts(take.flow),
                }
                for take in takes
            ],
        }
    )


def _agreements(takes: Sequence[SweepRun]) -> dict[Path, EventAgreement]:
    return {take.film: take.agreement for take in takes if take.agreement is not None}


def sweep_text(takes: Sequence[SweepRun]) -> str:
    """Set both tables as text, sync above flow, and where two eyes disagree.

    Args:
        takes: of a sweep.

    Returns:
        Aligned lines.
    """
    lines = [agreement_text(film, found) for film, found in _agreements(takes).items()]
    tables = [align_columns(sweep_table(takes)), align_columns(sweep_flow_table(takes))]
    return "\n\n".join([*tables, *(["\n".join(lines)] if lines else [])])


def plot_sweep(takes: Sequence[SweepRun], path: Path) -> None:
    """Write the picture of sync and flow against alpha, a panel a figure.

    Args:
        takes: of a sweep.
        path: of the PNG.

    Raises:
        OutputError: the file cannot be written.
    """
    from dyvim_cli.evaluation.show.plot import draw_sweep

    draw_sweep(*curves(takes), path, flow=flow_curves(takes)[1])


def write_sweep(takes: Sequence[SweepRun], out: Path) -> str:
    """Write sync.txt, sync.json and sync.png of a sweep.

    Args:
        takes: of a sweep.
        out: folder, made where it is missing.

    Returns:
        Both tables as text.

    Raises:
        OutputError: a file cannot be written.
    """
    out.mkdir(parents=True, exist_ok=True)
    text = sweep_text(takes)
    write_text(out / "sync.txt", text + "\n")
    write_json(out / "sync.json", sweep_facts(takes))
    plot_sweep(takes, out / "sync.png")
    return text

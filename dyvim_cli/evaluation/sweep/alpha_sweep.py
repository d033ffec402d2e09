"""Sweep alpha over films and seeds: generate each piece, evaluate sync and flow."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dyvim_cli.atomic import write_json, write_text
from dyvim_cli.evaluation.judge.audio_events import audio_events, read_sound
from dyvim_cli.evaluation.judge.bootstrap import Interval
from dyvim_cli.evaluation.judge.flow import FlowReport, flow
from dyvim_cli.evaluation.judge.sync import SyncReport, compare
from dyvim_cli.evaluation.judge.visual_events import visual_events
from dyvim_cli.evaluation.show.cells import aligned, interval_cell, plain
from dyvim_cli.evaluation.show.flow_tables import FLOW, flow_facts, mean_flow
from dyvim_cli.evaluation.show.tables import MEASURES, mean_excesses, sync_facts
from dyvim_cli.evaluation.sweep.generator import Generate
from dyvim_cli.progress import Progress, Silent


@dataclass(frozen=True)
class SweepRun:
    """One piece of generated music, judged."""

    film: Path
    alpha: float
    seed: int
    sync: SyncReport
    flow: FlowReport | None  # None where the film is too short


def sweep(
    films: Sequence[Path],
    alphas: Sequence[float],
    seeds: Sequence[int],
    generate: Generate,
    progress: Progress | None = None,
) -> list[SweepRun]:
    """Generate and judge every film at every alpha with every seed.

    Films are watched once and then cached: a second sweep costs the music alone.
    """
    progress, takes = progress or Silent(), []
    total = len(films) * len(alphas) * len(seeds)
    for film in films:
        picture = visual_events(film, use_cache=True)
        for alpha in alphas:
            for seed in seeds:
                samples, sample_rate = read_sound(generate(film, alpha, seed))
                sync = compare(picture, audio_events(samples, sample_rate), seed)
                takes.append(
                    SweepRun(film, alpha, seed, sync, flow(samples, sample_rate, picture.duration_s))
                )
                progress.update("sweep", len(takes), total)
    return takes


def curves(takes: Sequence[SweepRun]) -> tuple[list[float], dict[str, list[Interval | None]]]:
    """(alphas ascending, measure -> mean excess over films and its interval at each alpha)."""
    return _along_alpha(takes, _mean_sync)


def flow_curves(takes: Sequence[SweepRun]) -> tuple[list[float], dict[str, list[Interval | None]]]:
    """(alphas ascending, figure of flow -> mean over films and its interval at each alpha)."""
    return _along_alpha(takes, _mean_flow)


def _along_alpha(takes, mean_of):
    alphas = sorted({take.alpha for take in takes})
    at = [mean_of([take for take in takes if take.alpha == alpha]) for alpha in alphas]
    return alphas, {name: [means[name] for means in at] for name in at[0]} if at else {}


def _mean_sync(takes):
    return mean_excesses([take.sync for take in takes], films=[take.film for take in takes])


def _mean_flow(takes):
    return mean_flow([take.flow for take in takes], films=[take.film for take in takes])


def sweep_table(takes: Sequence[SweepRun]) -> list[list[str]]:
    """Rows of cells: the mean over seeds of every film and alpha, then mean and interval of every alpha."""
    return _rows(takes, MEASURES, _mean_sync)


def sweep_flow_table(takes: Sequence[SweepRun]) -> list[list[str]]:
    """The same rows with the figures of flow."""
    return _rows(takes, FLOW, _mean_flow)


def _rows(takes, names, mean_of):
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
    """The takes and their means as JSON values."""
    alphas, by_name = curves(takes)
    flow_by_name = flow_curves(takes)[1]
    return plain(
        {
            "alphas": alphas,
            "mean": {name: [i and asdict(i) for i in found] for name, found in by_name.items()},
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


def sweep_text(takes: Sequence[SweepRun]) -> str:
    """Both tables as text, sync above flow."""
    return f"{aligned(sweep_table(takes))}\n\n{aligned(sweep_flow_table(takes))}"


def plot_sweep(takes: Sequence[SweepRun], path: Path) -> None:
    """Write the picture of both against alpha, a panel a figure."""
    from dyvim_cli.evaluation.show.plot import draw_sweep

    draw_sweep(*curves(takes), path, flow=flow_curves(takes)[1])


def write_sweep(takes: Sequence[SweepRun], out: Path) -> str:
    """sync.txt, sync.json and sync.png of a sweep in a folder; returns the tables."""
    out.mkdir(parents=True, exist_ok=True)
    text = sweep_text(takes)
    write_text(out / "sync.txt", text + "\n")
    write_json(out / "sync.json", sweep_facts(takes))
    plot_sweep(takes, out / "sync.png")
    return text

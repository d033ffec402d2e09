"""Generator and judge in one: how sync answers to alpha, over films and seeds."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from dyvim_cli.evaluation.audio_events import audio_events, read_sound
from dyvim_cli.evaluation.bootstrap import Interval, mean_interval
from dyvim_cli.evaluation.generator import Generate
from dyvim_cli.evaluation.report import EXCESSES, plain, sync_facts
from dyvim_cli.evaluation.sync import SyncReport, compare
from dyvim_cli.evaluation.visual_events import visual_events
from dyvim_cli.progress import Progress, Silent


@dataclass(frozen=True)
class Take:
    """One piece of generated music, judged."""

    film: Path
    alpha: float
    seed: int
    sync: SyncReport


def sweep(
    films: Sequence[Path],
    alphas: Sequence[float],
    seeds: Sequence[int],
    generate: Generate,
    progress: Progress | None = None,
) -> list[Take]:
    """Generate and judge every film at every alpha with every seed.

    Films are watched once and then cached: a second sweep costs the music alone.
    """
    progress, takes = progress or Silent(), []
    total = len(films) * len(alphas) * len(seeds)
    for film in films:
        picture = visual_events(film, use_cache=True)
        for alpha in alphas:
            for seed in seeds:
                sound = audio_events(*read_sound(generate(film, alpha, seed)))
                takes.append(Take(film, alpha, seed, compare(picture, sound, seed)))
                progress.update("sweep", len(takes), total)
    return takes


def curves(takes: Sequence[Take]) -> tuple[list[float], dict[str, list[Interval | None]]]:
    """(alphas ascending, measure -> interval at each alpha), uncorrected for luck so that means hold."""
    alphas = sorted({take.alpha for take in takes})
    at = {alpha: [take for take in takes if take.alpha == alpha] for alpha in alphas}
    return alphas, {
        name: [
            mean_interval([of(t.sync) for t in at[alpha]], films=[t.film for t in at[alpha]])
            for alpha in alphas
        ]
        for name, of in EXCESSES.items()
    }


def sweep_table(takes: Sequence[Take]) -> list[list[str]]:
    """Rows of cells: the mean over seeds of every film and alpha, then mean and interval of every alpha."""
    alphas, by_name = curves(takes)
    rows = [["film", "alpha", *by_name]]
    for film in dict.fromkeys(take.film for take in takes):
        for alpha in alphas:
            group = [take.sync for take in takes if take.film == film and take.alpha == alpha]
            means = [mean_interval([of(sync) for sync in group]) for of in EXCESSES.values()]
            rows.append([film.name, f"{alpha:g}", *(f"{m.mean:.2f}" if m else "-" for m in means)])
    for i, alpha in enumerate(alphas):
        rows.append(["mean", f"{alpha:g}", *(interval_cell(intervals[i]) for intervals in by_name.values())])
    return rows


def sweep_facts(takes: Sequence[Take]) -> dict:
    """The takes and their means as JSON values."""
    alphas, by_name = curves(takes)
    return plain(
        {
            "alphas": alphas,
            "mean_excess": {name: [i and asdict(i) for i in found] for name, found in by_name.items()},
            "takes": [
                {
                    "film": str(take.film),
                    "alpha": take.alpha,
                    "seed": take.seed,
                    "sync": sync_facts(take.sync),
                }
                for take in takes
            ],
        }
    )


def interval_cell(interval: Interval | None) -> str:
    """'mean (low..high)'."""
    if interval is None:
        return "-"
    return f"{interval.mean:.2f} ({interval.low:.2f}..{interval.high:.2f})"

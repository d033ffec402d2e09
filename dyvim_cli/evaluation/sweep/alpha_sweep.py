"""Generator and judge in one: how sync answers to alpha, over films and seeds."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from dyvim_cli.evaluation.judge.audio_events import audio_events, read_sound
from dyvim_cli.evaluation.judge.bootstrap import Interval
from dyvim_cli.evaluation.judge.sync import SyncReport, compare
from dyvim_cli.evaluation.judge.visual_events import visual_events
from dyvim_cli.evaluation.show.tables import (
    MEASURES,
    aligned,
    interval_cell,
    mean_excesses,
    plain,
    sync_facts,
)
from dyvim_cli.evaluation.sweep.generator import Generate
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
    """(alphas ascending, measure -> mean excess over films and its interval at each alpha)."""
    alphas = sorted({take.alpha for take in takes})
    at = [_means([take for take in takes if take.alpha == alpha]) for alpha in alphas]
    return alphas, {name: [means[name] for means in at] for name in MEASURES}


def _means(takes):
    return mean_excesses([take.sync for take in takes], films=[take.film for take in takes])


def sweep_table(takes: Sequence[Take]) -> list[list[str]]:
    """Rows of cells: the mean over seeds of every film and alpha, then mean and interval of every alpha."""
    alphas, by_name = curves(takes)
    rows = [["film", "alpha", *MEASURES]]
    for film in dict.fromkeys(take.film for take in takes):
        for alpha in alphas:
            means = _means([take for take in takes if take.film == film and take.alpha == alpha])
            rows.append([film.name, f"{alpha:g}", *(f"{m.mean:.2f}" if m else "-" for m in means.values())])
    for i, alpha in enumerate(alphas):
        rows.append(["mean", f"{alpha:g}", *(interval_cell(found[i]) for found in by_name.values())])
    return rows


def sweep_facts(takes: Sequence[Take]) -> dict:
    """The takes and their means as JSON values."""
    alphas, by_name = curves(takes)
    return plain(
        {
            "alphas": alphas,
            "mean": {name: [i and asdict(i) for i in found] for name, found in by_name.items()},
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


def write_sweep(takes: Sequence[Take], out: Path) -> str:
    """sync.txt, sync.json and sync.png of a sweep in a folder; returns the table."""
    from dyvim_cli.evaluation.show.plot import draw_sweep

    out.mkdir(parents=True, exist_ok=True)
    text = aligned(sweep_table(takes))
    (out / "sync.txt").write_text(text + "\n", encoding="utf-8")
    (out / "sync.json").write_text(json.dumps(sweep_facts(takes), indent=2) + "\n", encoding="utf-8")
    draw_sweep(*curves(takes), out / "sync.png")
    return text

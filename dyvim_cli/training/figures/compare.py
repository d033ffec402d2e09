"""Figure 3 of the paper for any learner: four tuning strategies at equal time.

A strategy that is finished is not run again; one that was stopped continues; other
settings want another folder.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from dyvim_cli.atomic import write_json, write_text
from dyvim_cli.training.figures.drawing import strategies_picture
from dyvim_cli.training.figures.findings import columns_of
from dyvim_cli.training.learn.same_run import check_same_run, read_log
from dyvim_cli.training.learn.strategies import STRATEGIES
from dyvim_cli.training.learn.tune import LOG, STATE, TuneSettings, tune

WORSE = ("shuffled", "none")
FACTS, TABLE, PICTURE = "strategies.json", "strategies.txt", "strategies.png"


def compare(
    make: Callable[[], Any],
    out: Path,
    settings: TuneSettings,
    judge: Callable[[Any], dict[str, float]] = lambda learner: {},
    log: Callable[[dict[str, Any]], None] = lambda record: None,
    seeds: Sequence[int] = (0,),
) -> dict[str, list[dict[str, Any]]]:
    """Tune a fresh learner with each strategy and seed; writes a JSON, a table and a picture.

    A folder with its facts is not tuned again, so that a comparison resumes where it stopped.

    Args:
        make: builds a learner in its state before tuning.
        out: folder of the findings, and of a folder a run.
        settings: of every run, but for strategy and seed; settings.minutes is the time of each.
        judge: says more of a tuned learner than its held-out losses (sync, on real films), by name.
        log: takes each line of a run's log.
        seeds: of the runs of each strategy.

    Returns:
        Strategy -> facts of each seed.

    Raises:
        OutputError: a folder holds a run under other settings.
    """
    rows: dict[str, list[dict[str, Any]]] = {strategy: [] for strategy in STRATEGIES}
    curves: dict[str, list[list[dict[str, Any]]]] = {strategy: [] for strategy in STRATEGIES}
    for seed in seeds:
        for strategy in STRATEGIES:
            folder = out / f"{strategy}-{seed}"
            done, own = folder / "facts.json", replace(settings, strategy=strategy, seed=seed)
            if done.exists():
                check_same_run(folder / STATE, vars(own))
            else:
                learner = make()
                facts = tune(learner, folder, own, log)
                facts |= {"films": _by_film(learner.eval())} | judge(learner)
                write_json(done, facts, indent=None)
            rows[strategy].append(json.loads(done.read_text(encoding="utf-8")))
            curves[strategy].append([r for r in read_log(folder / LOG) if "held_out" in r])
    write_json(out / FACTS, rows)
    write_text(out / TABLE, table(rows))
    gains = {name: [_gain([f["films"] for f in facts], v) for v in WORSE] for name, facts in rows.items()}
    strategies_picture(rows, curves, gains, out / PICTURE)
    return rows


def table(rows: dict[str, list[dict[str, Any]]]) -> str:
    """Write columns of equal width: strategy, updates, seconds, learned parameters, held-out losses, sync.

    Means over the seeds; with several of them the lowest and the highest in brackets. What another film's
    motion, and none, costs over the film's own: its mean over held-out films, each by the tokens that its own
    music has, and in square brackets the 95 % bootstrap interval over films; one that holds 0 shows nothing.

    Args:
        rows: strategy -> facts of each seed, of `compare`.

    Returns:
        Lines of text; losses in nats a token.
    """
    flat = []
    for strategy, facts in rows.items():
        row = {"strategy": strategy, "updates": round(np.mean([f["updates"] for f in facts]))}
        row |= {"seconds": round(np.mean([f["seconds"] for f in facts])), "learned": facts[0]["learned"]}
        for view in facts[0]["held_out"]:
            row[view] = _mean_and_range([f["held_out"][view] for f in facts], ".4f")
        for view in WORSE:
            mean, low, high = _gain([f["films"] for f in facts], view)
            row[f"{view} - true"] = f"{mean:+.4f} [{low:+.4f}..{high:+.4f}]"
        for name in (n for n, value in facts[0].items() if isinstance(value, float) and n != "seconds"):
            row[name] = _mean_and_range([f[name] for f in facts], "+.3f")
        flat.append(row)
    return columns_of(flat)


def _by_film(learner: Any) -> dict[str, list[float]]:
    """{view: loss of each held-out film}."""
    return {view: [round(float(x), 5) for x in learner.film_losses(view)] for view in ("true", *WORSE)}


def _gain(seeds: list[dict[str, list[float]]], view: str) -> tuple[float, float, float]:
    """(mean over held-out films, low, high): each film's seeds averaged first; 95 % by bootstrap."""
    from scipy.stats import bootstrap

    gains = np.mean([np.subtract(films[view], films["true"]) for films in seeds], axis=0)
    mean = float(gains.mean())
    if np.ptp(gains) == 0:
        return mean, mean, mean
    found = bootstrap((gains,), np.mean, n_resamples=2000, method="percentile", rng=np.random.default_rng(0))
    return mean, float(found.confidence_interval.low), float(found.confidence_interval.high)


def _mean_and_range(values: list[float], form: str) -> str:
    mean = format(float(np.mean(values)), form)
    return mean if len(values) == 1 else f"{mean} ({min(values):{form}}..{max(values):{form}})"

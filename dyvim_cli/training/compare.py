"""Figure 3 of the paper, for any learner: the four strategies at equal time, with what they reach.

A strategy that is finished is not run again; one that was stopped goes on.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from dyvim_cli.training.figures import strategies_picture
from dyvim_cli.training.findings import aligned
from dyvim_cli.training.strategies import STRATEGIES
from dyvim_cli.training.tune import LOG, TuneSettings, read_log, tune

FACTS, TABLE, PICTURE = "strategies.json", "strategies.txt", "strategies.png"


def compare(
    make: Callable[[], object],
    out: Path,
    settings: TuneSettings,
    judge: Callable[[object], dict[str, float]] = lambda learner: {},
    log: Callable[[dict], None] = lambda record: None,
) -> dict[str, dict]:
    """Tune a fresh learner with each strategy for settings.minutes; returns {strategy: plain facts}.

    judge says more of a tuned learner than its held-out losses (sync, on real films). Writes a JSON, a
    table and a picture into `out`.
    """
    rows = {}
    for strategy in STRATEGIES:
        folder = out / strategy
        done = folder / "facts.json"
        if not done.exists():
            learner = make()
            facts = tune(learner, folder, replace(settings, strategy=strategy), log)
            done.write_text(json.dumps(facts | judge(learner.eval())), encoding="utf-8")
        rows[strategy] = json.loads(done.read_text(encoding="utf-8"))
    (out / FACTS).write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    (out / TABLE).write_text(table(rows), encoding="utf-8")
    curves = {name: [r for r in read_log(out / name / LOG) if "held_out" in r] for name in rows}
    strategies_picture(rows, curves, out / PICTURE)
    return rows


def table(rows: dict[str, dict]) -> str:
    """Columns of equal width: strategy, updates, seconds, learned parameters, held-out losses, sync."""
    flat = [
        {"strategy": name, "updates": r["updates"], "seconds": round(r["seconds"]), "learned": r["learned"]}
        | {view: f"{loss:.4f}" for view, loss in r["held_out"].items()}
        | {
            name: f"{value:+.3f}"
            for name, value in r.items()
            if isinstance(value, float) and name != "seconds"
        }
        for name, r in rows.items()
    ]
    return aligned(flat)

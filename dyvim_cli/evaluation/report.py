"""Findings as plain values, for JSON and for tables."""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict

import numpy as np

from dyvim_cli.evaluation.bootstrap import Interval, mean_interval
from dyvim_cli.evaluation.judge import FilmReport
from dyvim_cli.evaluation.literature import BeatScores, beat_scores_of_set
from dyvim_cli.evaluation.sync import HEADLINE_S, SyncReport

# the table's columns: heading -> value of one film
COLUMNS: dict[str, Callable[[FilmReport], float | None]] = {
    "cuts hit": lambda r: r.sync.cuts_hit_beyond_chance if r.sync.n_cuts else None,
    "events hit": lambda r: r.sync.events_hit_beyond_chance if r.sync.n_events else None,
    "F1": lambda r: r.sync.matching[0.08].f1.beyond_chance if r.sync.n_events else None,
    "motion~loudness": lambda r: r.sync.motion_loudness_correlation,
    "motion~density": lambda r: r.sync.motion_density_correlation,
    "lag ms": lambda r: None if r.sync.lag_s is None else 1000 * r.sync.lag_s,
    "key clarity": lambda r: r.heard.musicality.key_clarity,
    "LUFS": lambda r: r.heard.musicality.loudness_lufs,
}
# unbiased, for means over films: the per-film headline figures are drawn in towards 0
EXCESSES: dict[str, Callable[[SyncReport], float | None]] = {
    "cuts hit": lambda s: s.matching[HEADLINE_S].cut_recall.excess if s.n_cuts else None,
    "events hit": lambda s: s.matching[HEADLINE_S].recall.excess if s.n_events else None,
    "F1": lambda s: s.matching[HEADLINE_S].f1.excess if s.n_events else None,
    "motion~loudness": lambda s: s.motion_loudness.excess if s.is_moving else None,
    "motion~density": lambda s: s.motion_density.excess if s.is_moving else None,
}


def film_facts(report: FilmReport) -> dict:
    """Everything about one film as JSON values; what is not finite is None."""
    picture, heard = report.picture, report.heard
    return plain(
        {
            "film": str(report.film),
            "music": str(heard.path),
            "duration_s": picture.duration_s,
            "sync": sync_facts(report.sync),
            "literature": report.literature,
            "musicality": asdict(heard.musicality),
            "score": asdict(heard.score) if heard.score else None,
            "events": [
                {"time_s": time, "weight": weight, "kind": "cut" if cut else "impact"}
                for time, weight, cut in zip(
                    picture.event_times_s, picture.event_weights, picture.is_cut, strict=True
                )
            ],
        }
    )


def sync_facts(sync: SyncReport) -> dict:
    """The fields of a report as JSON values; tolerances are named in milliseconds."""
    matching = {f"{1000 * tol:.0f}ms": asdict(m) for tol, m in sync.matching.items()}
    return plain(asdict(sync) | {"matching": matching})


def summary(reports: Sequence[FilmReport], seed: int = 0) -> dict:
    """Means over films with 95 % bootstrap intervals, and LORIS' summary of a set with reference music."""
    headline = {name: mean_interval([of(r) for r in reports], seed) for name, of in COLUMNS.items()}
    excess = {name: mean_interval([of(r.sync) for r in reports], seed) for name, of in EXCESSES.items()}
    names = reports[0].literature if reports else {}
    literature = {name: mean_interval([r.literature[name] for r in reports], seed) for name in names}
    return plain(
        {
            "n_films": len(reports),
            "mean": {name: _interval(i) for name, i in headline.items()},
            "mean_excess": {name: _interval(i) for name, i in excess.items()},
            "literature": {name: _interval(i) for name, i in literature.items()},
            "beats_of_set": {family: _of_set(reports, family) for family in ("d2mgan", "loris")},
        }
    )


def _interval(interval: Interval | None) -> dict | None:
    return asdict(interval) if interval else None


def _of_set(reports, family):
    """BCS, CSD, BHS, HSD and F1 of one family, None without reference music."""
    pairs = [(r.literature[f"{family}_bcs"], r.literature[f"{family}_bhs"]) for r in reports]
    scores = [BeatScores(*pair) for pair in pairs if pair[0] is not None]
    return asdict(beat_scores_of_set(scores)) if scores else None


def plain(value):
    """Nested values as JSON knows them: rounded floats, lists, None for what is not finite."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(v) for v in value]
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return round(float(value), 5) if math.isfinite(value) else None
    return value


def table(reports: Sequence[FilmReport], seed: int = 0) -> list[list[str]]:
    """Rows of cells: heading, one row a film, and with several films the mean and its interval."""
    rows = [["film", *COLUMNS]]
    rows += [[r.film.name, *(_cell(of(r)) for of in COLUMNS.values())] for r in reports]
    if len(reports) > 1:
        means = [mean_interval([of(r) for r in reports], seed) for of in COLUMNS.values()]
        rows.append(["mean", *("-" if i is None else _cell(i.mean) for i in means)])
        rows.append(["95 %", *("-" if i is None else f"{_cell(i.low)}..{_cell(i.high)}" for i in means)])
    return rows


def _cell(value: float | None) -> str:
    """A figure in at most six characters."""
    if value is None or not math.isfinite(value):
        return "-"
    return f"{value:.0f}" if abs(value) >= 10 else f"{value:.2f}"


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows as text in columns, the first to the left, figures to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Rows as a Markdown table."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" + "---:|" * (len(rows[0]) - 1), *lines[1:]])

"""Findings as plain values, for JSON and for tables."""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict

import numpy as np

from dyvim_cli.evaluation.judge.bootstrap import Interval, mean_interval
from dyvim_cli.evaluation.judge.chance import Corrected
from dyvim_cli.evaluation.judge.judge_film import FilmReport
from dyvim_cli.evaluation.judge.literature import BeatScores, beat_scores_of_set
from dyvim_cli.evaluation.judge.sync import HEADLINE_S, SyncReport

# what is corrected for chance; None where the picture has nothing to compare with
MEASURES: dict[str, Callable[[SyncReport], Corrected | None]] = {
    "cuts hit": lambda s: s.matching[HEADLINE_S].cut_recall if s.n_cuts else None,
    "events hit": lambda s: s.matching[HEADLINE_S].recall if s.n_events else None,
    "F1": lambda s: s.matching[HEADLINE_S].f1 if s.n_events else None,
    "motion~loudness": lambda s: s.motion_loudness if s.is_moving else None,
    "motion~density": lambda s: s.motion_density if s.is_moving else None,
}
# what is not
FIGURES: dict[str, Callable[[FilmReport], float | None]] = {
    "lag ms": lambda r: None if r.sync.lag_s is None else 1000 * r.sync.lag_s,
    "key clarity": lambda r: r.heard.musicality.key_clarity,
    "LUFS": lambda r: r.heard.musicality.loudness_lufs,
}
LEGEND = "0 = chance, 1 = perfect; (in brackets): luck alone explains it"


def excess(corrected: Corrected | None) -> float | None:
    """The figure for means: unbiased, where a film's own beyond_chance is drawn in towards 0."""
    return None if corrected is None else corrected.excess


def mean_excesses(
    reports: Sequence[SyncReport],
    seed: int = 0,
    films: Sequence | None = None,
    measures: dict[str, Callable[[SyncReport], Corrected | None]] = MEASURES,
) -> dict[str, Interval | None]:
    """Mean of every measure over reports with its interval; see mean_interval for `films`."""
    return {
        name: mean_interval([excess(of(sync)) for sync in reports], seed, films)
        for name, of in measures.items()
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
    figures = {name: mean_interval([of(r) for r in reports], seed) for name, of in FIGURES.items()}
    names = reports[0].literature if reports else {}
    literature = {name: mean_interval([r.literature[name] for r in reports], seed) for name in names}
    means = mean_excesses([r.sync for r in reports], seed) | figures
    return plain(
        {
            "n_films": len(reports),
            "mean": {name: _interval(i) for name, i in means.items()},
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
    rows = [["film", *MEASURES, *FIGURES]]
    for r in reports:
        measured = [measured_cell(of(r.sync)) for of in MEASURES.values()]
        rows.append([r.film.name, *measured, *(_cell(of(r)) for of in FIGURES.values())])
    if len(reports) > 1:
        figures = [mean_interval([of(r) for r in reports], seed) for of in FIGURES.values()]
        means = [*mean_excesses([r.sync for r in reports], seed).values(), *figures]
        rows.append(["mean", *("-" if i is None else _cell(i.mean) for i in means)])
        rows.append(["95 %", *("-" if i is None else f"{_cell(i.low)}..{_cell(i.high)}" for i in means)])
    return rows


def measured_cell(corrected: Corrected | None) -> str:
    """The excess, in brackets where luck alone explains it."""
    cell = _cell(excess(corrected))
    return f"({cell})" if corrected and corrected.beyond_chance == 0 else cell


def _cell(value: float | None) -> str:
    """A figure in at most six characters."""
    if value is None or not math.isfinite(value):
        return "-"
    return f"{value:.0f}" if abs(value) >= 10 else f"{value + 0:.2f}"


def interval_cell(interval: Interval | None) -> str:
    """'mean (low..high)'."""
    if interval is None:
        return "-"
    return f"{interval.mean:.2f} ({interval.low:.2f}..{interval.high:.2f})"


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

"""Convert findings to plain values for JSON and for tables."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import asdict
from typing import Any

from dyvim_cli.evaluation.judge.bootstrap import Interval, mean_interval
from dyvim_cli.evaluation.judge.chance import Corrected
from dyvim_cli.evaluation.judge.judge_film import FilmReport
from dyvim_cli.evaluation.judge.literature import BeatScores, beat_scores_of_set
from dyvim_cli.evaluation.judge.sync import HEADLINE_S, SyncReport
from dyvim_cli.evaluation.show.cells import cell, plain
from dyvim_cli.evaluation.show.flow_tables import flow_facts, mean_flow_facts

# figures that are corrected for chance; None where the picture has nothing to compare with
MEASURES: dict[str, Callable[[SyncReport], Corrected | None]] = {
    "cuts hit": lambda s: s.matching[HEADLINE_S].cut_recall if s.n_cuts else None,
    "events hit": lambda s: s.matching[HEADLINE_S].recall if s.n_events else None,
    "F1": lambda s: s.matching[HEADLINE_S].f1 if s.n_events else None,
    "motion~loudness": lambda s: s.motion_loudness if s.is_moving else None,
    "motion~density": lambda s: s.motion_density if s.is_moving else None,
}
# figures that are not corrected
FIGURES: dict[str, Callable[[FilmReport], float | None]] = {
    "lag ms": lambda r: None if r.sync.lag_s is None else 1000 * r.sync.lag_s,
    "key clarity": lambda r: r.heard.musicality.key_clarity,
    "LUFS": lambda r: r.heard.musicality.loudness_lufs,
}
LEGEND = "0 = chance, 1 = perfect; (in brackets): luck alone explains it"


def excess(corrected: Corrected | None) -> float | None:
    """The figure for means: unbiased, where a film's own beyond_chance is drawn in towards 0.

    Args:
        corrected: None = nothing could be measured.

    Returns:
        (raw - chance) / (1 - chance), or None.
    """
    return None if corrected is None else corrected.excess


def mean_excesses(
    reports: Sequence[SyncReport],
    seed: int = 0,
    films: Sequence[Hashable] | None = None,
    measures: dict[str, Callable[[SyncReport], Corrected | None]] = MEASURES,
) -> dict[str, Interval | None]:
    """Mean of every measure over reports with its interval.

    Args:
        reports: one per film or take.
        seed: of the bootstrap.
        films: whose figures each are; see mean_interval.
        measures: name -> function that takes the figure out of a report.

    Returns:
        Name -> interval; None where no report has the figure.
    """
    return {
        name: mean_interval([excess(of(sync)) for sync in reports], seed, films)
        for name, of in measures.items()
    }


def film_facts(report: FilmReport) -> dict[str, Any]:
    """Convert everything about one film to JSON values.

    Args:
        report: the findings.

    Returns:
        Nested values; what is not finite is None.
    """
    picture, heard = report.picture, report.heard
    return plain(
        {
            "film": str(report.film),
            "music": str(heard.path),
            "judged": heard.what,
            "duration_s": picture.duration_s,
            "sync": sync_facts(report.sync),
            "flow": flow_facts(report.flow),
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


def sync_facts(sync: SyncReport) -> dict[str, Any]:
    """Convert the fields of a report to JSON values.

    Args:
        sync: how music and picture agree.

    Returns:
        Field -> value; tolerances are named in milliseconds.
    """
    matching = {f"{1000 * tol:.0f}ms": asdict(m) for tol, m in sync.matching.items()}
    return plain(asdict(sync) | {"matching": matching})


def summary(reports: Sequence[FilmReport], seed: int = 0) -> dict[str, Any]:
    """Means over films with 95 % bootstrap intervals, and LORIS' summary of a set with reference music.

    Args:
        reports: one per film.
        seed: of the bootstrap.

    Returns:
        JSON values: `n_films`, `mean`, `flow`, `literature`, `beats_of_set`.
    """
    figures = {name: mean_interval([of(r) for r in reports], seed) for name, of in FIGURES.items()}
    names = reports[0].literature if reports else {}
    literature = {name: mean_interval([r.literature[name] for r in reports], seed) for name in names}
    means = mean_excesses([r.sync for r in reports], seed) | figures
    return plain(
        {
            "n_films": len(reports),
            "mean": {name: _interval(i) for name, i in means.items()},
            "flow": mean_flow_facts([r.flow for r in reports], seed),
            "literature": {name: _interval(i) for name, i in literature.items()},
            "beats_of_set": {family: _of_set(reports, family) for family in ("d2mgan", "loris")},
        }
    )


def _interval(interval: Interval | None) -> dict[str, Any] | None:
    return asdict(interval) if interval else None


def _of_set(reports: Sequence[FilmReport], family: str) -> dict[str, Any] | None:
    """BCS, CSD, BHS, HSD and F1 of one family, None without reference music."""
    pairs = [(r.literature[f"{family}_bcs"], r.literature[f"{family}_bhs"]) for r in reports]
    scores = [BeatScores(bcs, bhs) for bcs, bhs in pairs if bcs is not None and bhs is not None]
    return asdict(beat_scores_of_set(scores)) if scores else None


def table(reports: Sequence[FilmReport], seed: int = 0) -> list[list[str]]:
    """Set the main figures as a table.

    Args:
        reports: one per film.
        seed: of the bootstrap.

    Returns:
        Rows of cells: heading, one row per film, and with several films the mean and its interval.
    """
    rows = [["film", *MEASURES, *FIGURES]]
    for r in reports:
        measured = [measured_cell(of(r.sync)) for of in MEASURES.values()]
        rows.append([r.film.name, *measured, *(cell(of(r)) for of in FIGURES.values())])
    if len(reports) > 1:
        figures = [mean_interval([of(r) for r in reports], seed) for of in FIGURES.values()]
        means = [*mean_excesses([r.sync for r in reports], seed).values(), *figures]
        rows.append(["mean", *("-" if i is None else cell(i.mean) for i in means)])
        rows.append(["95 %", *("-" if i is None else f"{cell(i.low)}..{cell(i.high)}" for i in means)])
    return rows


def measured_cell(corrected: Corrected | None) -> str:
    """Write the excess, in brackets where luck alone explains it.

    Args:
        corrected: None = nothing could be measured.

    Returns:
        The text of a cell; '-' for None.
    """
    text = cell(excess(corrected))
    return f"({text})" if corrected and corrected.beyond_chance == 0 else text

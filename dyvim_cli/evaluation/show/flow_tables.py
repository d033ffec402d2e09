"""Format the flow figures: cells, rows, means and JSON values, in the same order everywhere."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from dyvim_cli.evaluation.judge.bootstrap import Interval, mean_interval
from dyvim_cli.evaluation.judge.flow import FlowReport
from dyvim_cli.evaluation.judge.judge_film import FilmReport
from dyvim_cli.evaluation.show.cells import cell, plain

# short name -> field
FLOW = {
    "empty": "empty",
    "longest gap s": "longest_gap_s",
    "holes/min": "holes_a_minute",
    "pulse": "pulse",
    "range dB": "range_db",
    "onsets/s": "onsets_a_s",
}
FLOW_LEGEND = "flow: low empty, gaps and holes, high pulse: the music goes on between its hits"


def flow_cells(flow: FlowReport | None) -> list[str]:
    """The figures as text in the order of FLOW; '-' where nothing could be measured."""
    return [cell(getattr(flow, field) if flow else None) for field in FLOW.values()]


def mean_flow(
    flows: Sequence[FlowReport | None], seed: int = 0, films: Sequence | None = None
) -> dict[str, Interval | None]:
    """Mean of every figure and its interval, by the names of FLOW; see mean_interval for `films`."""
    return {
        name: mean_interval([getattr(flow, field) if flow else None for flow in flows], seed, films)
        for name, field in FLOW.items()
    }


def flow_table(reports: Sequence[FilmReport], seed: int = 0) -> list[list[str]]:
    """Rows of cells: heading, one row a film, and with several films the mean and its interval."""
    rows = [["film", *FLOW]] + [[r.film.name, *flow_cells(r.flow)] for r in reports]
    if len(reports) > 1:
        means = mean_flow([r.flow for r in reports], seed).values()
        rows.append(["mean", *(cell(i.mean) if i else "-" for i in means)])
        rows.append(["95 %", *(f"{cell(i.low)}..{cell(i.high)}" if i else "-" for i in means)])
    return rows


def flow_facts(flow: FlowReport | None) -> dict[str, Any] | None:
    """The figures by field as JSON values, None where nothing could be measured."""
    return plain(asdict(flow)) if flow else None


def mean_flow_facts(flows: Sequence[FlowReport | None], seed: int = 0) -> dict[str, dict[str, Any] | None]:
    """Mean and interval of every figure by field as JSON values."""
    means = mean_flow(flows, seed)
    return plain({field: means[name] and asdict(means[name]) for name, field in FLOW.items()})

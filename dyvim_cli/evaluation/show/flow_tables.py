"""Format the flow figures: cells, rows, means and JSON values, in the same order everywhere."""

from collections.abc import Hashable, Sequence
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
    """Write the figures of flow as text.

    Args:
        flow: None = nothing could be measured.

    Returns:
        Cells in the order of FLOW; '-' where nothing could be measured.
    """
    return [cell(getattr(flow, field) if flow else None) for field in FLOW.values()]


def mean_flow(
    flows: Sequence[FlowReport | None], seed: int = 0, films: Sequence[Hashable] | None = None
) -> dict[str, Interval | None]:
    """Mean of every figure of flow with its interval.

    Args:
        flows: one per film or take.
        seed: of the bootstrap.
        films: whose figures each are; see mean_interval.

    Returns:
        Name of FLOW -> interval; None where no film has the figure.
    """
    return {
        name: mean_interval([getattr(flow, field) if flow else None for flow in flows], seed, films)
        for name, field in FLOW.items()
    }


def flow_table(reports: Sequence[FilmReport], seed: int = 0) -> list[list[str]]:
    """Set the figures of flow as a table.

    Args:
        reports: one per film.
        seed: of the bootstrap.

    Returns:
        Rows of cells: heading, one row per film, and with several films the mean and its interval.
    """
    rows = [["film", *FLOW]] + [[r.film.name, *flow_cells(r.flow)] for r in reports]
    if len(reports) > 1:
        means = mean_flow([r.flow for r in reports], seed).values()
        rows.append(["mean", *(cell(i.mean) if i else "-" for i in means)])
        rows.append(["95 %", *(f"{cell(i.low)}..{cell(i.high)}" if i else "-" for i in means)])
    return rows


def flow_facts(flow: FlowReport | None) -> dict[str, Any] | None:
    """Convert the figures of flow to JSON values.

    Args:
        flow: of one film.

    Returns:
        Field of FlowReport -> value; None where nothing could be measured.
    """
    return plain(asdict(flow)) if flow else None


def mean_flow_facts(flows: Sequence[FlowReport | None], seed: int = 0) -> dict[str, dict[str, Any] | None]:
    """Mean and interval of every figure of flow as JSON values.

    Args:
        flows: one per film.
        seed: of the bootstrap.

    Returns:
        Field of FlowReport -> mean, low, high and n; None where no film has the figure.
    """
    means = mean_flow(flows, seed)
    return plain({field: asdict(mean) if (mean := means[name]) else None for name, field in FLOW.items()})

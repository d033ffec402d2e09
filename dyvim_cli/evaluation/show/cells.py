"""Format figures as text, as JSON values and as rows of a table."""

import math
from collections.abc import Sequence

import numpy as np

from dyvim_cli.evaluation.judge.bootstrap import Interval


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


def cell(value: float | None) -> str:
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
            text.rjust(width) if i else text.ljust(width)
            for i, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Rows as a Markdown table."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" + "---:|" * (len(rows[0]) - 1), *lines[1:]])

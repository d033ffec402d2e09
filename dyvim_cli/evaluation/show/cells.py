"""Format figures as text, as JSON values and as rows of a table."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from dyvim_cli.evaluation.judge.bootstrap import Interval


def plain(value: Any) -> Any:
    """Convert nested values to those that JSON knows.

    Args:
        value: dicts, sequences and arrays, nested at will; numbers of Python and numpy.

    Returns:
        The same nesting of dicts with string keys and of lists; floats have five decimals, what is not finite
        is None.
    """
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
    """Write a figure in at most six characters.

    Args:
        value: None and what is not finite become '-'.

    Returns:
        No decimals from 10 on, two below.
    """
    if value is None or not math.isfinite(value):
        return "-"
    return f"{value:.0f}" if abs(value) >= 10 else f"{value + 0:.2f}"


def interval_cell(interval: Interval | None) -> str:
    """Write a mean with its interval.

    Args:
        interval: None becomes '-'.

    Returns:
        'mean (low..high)', two decimals each.
    """
    if interval is None:
        return "-"
    return f"{interval.mean:.2f} ({interval.low:.2f}..{interval.high:.2f})"


def align_columns(rows: Sequence[Sequence[str]]) -> str:
    """Set rows as text in columns, the first to the left, figures to the right.

    Args:
        rows: the heading first; all of one length.

    Returns:
        Lines without trailing blanks.
    """
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            text.rjust(width) if i else text.ljust(width)
            for i, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Set rows as a Markdown table, the first column to the left, the others to the right.

    Args:
        rows: the heading first; all of one length.

    Returns:
        Lines without an ending one.
    """
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" + "---:|" * (len(rows[0]) - 1), *lines[1:]])

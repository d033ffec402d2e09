"""Compose some bars of a piece again, with all other tokens given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from dyvim_cli.errors import UsageError
from dyvim_cli.music.form.form import Form
from dyvim_cli.types import STEPS_PER_BAR


def bar_steps(bars: Sequence[int], n_steps: int) -> np.ndarray:
    """Mark the steps of some bars.

    Args:
        bars: first and last bar, counted from 1, both included.
        n_steps: of the piece, S.

    Returns:
        [S] bool.

    Raises:
        UsageError: the piece does not have these bars.
    """
    first, last = bars
    n_bars = -(-n_steps // STEPS_PER_BAR)
    if not 1 <= first <= last <= n_bars:
        raise UsageError(
            f"there are no bars {first} to {last}: the piece has {n_bars}", f"--reroll 1-{n_bars}"
        )
    bar = np.arange(n_steps) // STEPS_PER_BAR + 1
    return (bar >= first) & (bar <= last)


def all_but(anew: np.ndarray, form: Form, piece: np.ndarray) -> Form:
    """Fix all of a piece but the steps that are to be written again.

    Args:
        anew: [S] bool.
        form: of the piece, which holds for those steps.
        piece: [K, S] tokens, which stay elsewhere.

    Returns:
        A form that decides every other token.
    """
    forced = np.where(anew, form.forced, piece).astype(np.int64)
    return replace(form, forced=forced, copy_from=np.where(anew, form.copy_from, -1))

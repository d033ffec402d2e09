"""Derive dynamic levels from a score's dynamics marks or a performance's velocities."""

from typing import TYPE_CHECKING

import numpy as np

from dyvim_cli.music.symbols.tokens import N_LEVELS, UNKNOWN
from dyvim_cli.training.data.curves import shared_ranks

if TYPE_CHECKING:
    from dyvim_cli.training.sources.grid import BarRun
    from dyvim_cli.training.sources.sheet import Sheet


MARK_LEVEL = {
    "pppp": 0, "ppp": 0, "pp": 1, "p": 2, "mp": 3, "mf": 4, "f": 5, "ff": 6, "fff": 7, "ffff": 7,
}  # fmt: skip
ACCENT_MARKS = ("sf", "sfz", "fz", "sffz", "rf", "rfz", "sfp", "sfpp", "fp")
ACCENT_GAIN = 2  # levels above its surroundings
WEDGE_CHANGE = 1.5  # levels gained or lost by a hairpin that no mark ends
MIN_SHADES = 4  # different velocities below which a performance has no dynamics
WEDGE_SPAN = 16  # steps such a change takes when its end is not written


def levels(sheet: "Sheet", run: "BarRun", raw: np.ndarray) -> np.ndarray:
    """Read levels off a sheet's marks and hairpins; accents add to them.

    Args:
        sheet: the score.
        run: stretch of it.
        raw: notes of the run, with start and accent.

    Returns:
        [n_steps] levels; UNKNOWN before the first mark or without one.
    """
    row = np.full(run.n_steps, float(UNKNOWN))
    marks = sorted({(int(run.step(t)), mark) for t, mark in sheet.dynamics})
    knots = _knots(marks)
    if knots:
        steps, values = np.array([s for s, _ in knots]), np.array([v for _, v in knots])
        row = np.interp(np.arange(run.n_steps), steps, values)
        row[: max(0, int(steps[0]))] = UNKNOWN
    row = np.where(row < 0, UNKNOWN, np.rint(row))
    accents = [step for step, mark in marks if mark in ACCENT_MARKS]
    for step in accents + list(run.step(raw["start"][raw["accent"]])):
        if 0 <= step < run.n_steps and row[step] >= 0:
            row[step] = min(N_LEVELS - 1, row[step] + ACCENT_GAIN)
    return row.astype(np.int16)


def _knots(marks: list[tuple[int, str]]) -> list[tuple[float, float]]:
    """Points (step, level) to interpolate between: marks hold until a mark or a hairpin changes them."""
    knots: list[tuple[int, float]] = []
    now: float | None = None
    wedge: tuple[int, int] | None = None  # (direction, first step)
    for step, mark in marks:
        if mark in MARK_LEVEL:
            level = float(MARK_LEVEL[mark])
            if now is not None and not wedge:
                knots.append((step, now))  # hold until here, then jump
            knots.append((step, level))
            now, wedge = level, None
        elif now is None:
            continue
        elif mark in ("crescendo", "diminuendo"):
            knots.append((step, now))
            wedge = (1 if mark == "crescendo" else -1, step)
        elif mark == "stop" and wedge:
            now = float(np.clip(now + wedge[0] * WEDGE_CHANGE, 0, N_LEVELS - 1))
            knots.append((step, now))
            wedge = None
    if wedge and now is not None:
        now = float(np.clip(now + wedge[0] * WEDGE_CHANGE, 0, N_LEVELS - 1))
        knots.append((wedge[1] + WEDGE_SPAN, now))
    return _ascending(knots)


def _ascending(knots: list[tuple[int, float]]) -> list[tuple[float, float]]:
    """Two values at one step become neighbours in time, so that interpolation jumps there."""
    made: list[tuple[float, float]] = []
    for step, value in knots:
        if made and step <= made[-1][0]:
            made[-1] = (step - 0.01, made[-1][1])
        made.append((step, value))
    return made


def velocity_levels(starts: np.ndarray, velocities: np.ndarray, n_steps: int) -> np.ndarray:
    """Rank the loudness of the onsets at each step over the piece.

    The loudest note decides, the others break ties. Steps without a note carry on the level before.

    Args:
        starts: [N] steps.
        velocities: [N] MIDI velocities, 0..127.
        n_steps: length of the grid.

    Returns:
        [n_steps] int16 levels; UNKNOWN for a part without shades (fewer than MIN_SHADES velocities).
    """
    if len(np.unique(velocities)) < MIN_SHADES:
        return np.full(n_steps, UNKNOWN, dtype=np.int16)
    loudest, total, count = np.zeros(n_steps), np.zeros(n_steps), np.zeros(n_steps)
    np.maximum.at(loudest, starts, velocities)
    np.add.at(total, starts, velocities)
    np.add.at(count, starts, 1)
    onset_steps = np.flatnonzero(count)
    strength = loudest[onset_steps] + 0.25 * total[onset_steps] / count[onset_steps]
    level = np.minimum((shared_ranks(strength) * N_LEVELS).astype(np.int16), N_LEVELS - 1)
    before = np.maximum(np.searchsorted(onset_steps, np.arange(n_steps), side="right") - 1, 0)
    return level[before]

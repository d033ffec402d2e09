"""Interpolate step times between anchors with a smooth tempo curve."""

import numpy as np

from dyvim_cli.types import STEPS_PER_BAR


def extend_to_end(
    times_s: np.ndarray, steps: np.ndarray, duration_s: float, base_s: float, drift: float
) -> tuple[np.ndarray, np.ndarray]:
    """Add an anchor at the film's end, or at the last whole step before it.

    Args:
        times_s: [n] of the anchors, seconds, ascending.
        steps: [n] of the anchors, ascending.
        duration_s: of the film.
        base_s: usual length of a step.
        drift: 0..1, how far a step may differ from it.

    Returns:
        Times and steps [n + 1], or [n] where no room is left.
    """
    left_s = duration_s - times_s[-1]
    count = max(1, round(left_s / base_s))
    if abs(left_s / (count * base_s) - 1) > drift:
        count = int(left_s / base_s + 1e-9)
        left_s = count * base_s
    if count == 0 and steps[-1] == 0:  # a film shorter than a step still has one
        count, left_s = 1, base_s
    if count == 0 or left_s <= 0:
        return times_s, steps
    return np.append(times_s, times_s[-1] + left_s), np.append(steps, steps[-1] + count)


def interpolate_step_times(times_s: np.ndarray, steps: np.ndarray, base_s: float, drift: float) -> np.ndarray:
    """Find step times that pass through the anchors with a smooth tempo curve.

    Inside a segment the step length changes linearly, from the neighbour before towards the
    neighbour after, as far as base_s * (1 +- drift) and drift a bar allow.

    Args:
        times_s: [n] of the anchors, seconds, ascending.
        steps: [n] of the anchors, ascending, the first 0.
        base_s: usual length of a step.
        drift: 0..1, how far a step may differ from it.

    Returns:
        [S + 1] seconds.
    """
    counts = np.diff(steps)
    rates = np.diff(times_s) / (counts * base_s) - 1  # mean deviation of each segment
    if not len(rates):
        return times_s[:1].copy()
    meeting = (rates[:-1] * counts[1:] + rates[1:] * counts[:-1]) / (counts[1:] + counts[:-1])
    edges = np.concatenate([rates[:1], meeting, rates[-1:]])
    room = np.minimum(2 * np.maximum(drift - np.abs(rates), 0), drift * counts / STEPS_PER_BAR)
    slopes = np.clip(np.diff(edges), -room, room)
    segment = np.repeat(np.arange(len(counts)), counts)
    inside = (np.arange(steps[-1]) - steps[segment]) / counts[segment]  # 0..1 along the segment
    bend = slopes[segment] * (inside * inside - inside) / 2
    since_s = base_s * counts[segment] * ((1 + rates[segment]) * inside + bend)
    return np.append(times_s[segment] + since_s, times_s[-1])


def rough_bars(step_times_s: np.ndarray, base_s: float, drift: float) -> np.ndarray:
    """Find bars whose length differs too much from the next bar's.

    Args:
        step_times_s: [S + 1] seconds.
        base_s: usual length of a step.
        drift: more than this share of a usual bar is too much.

    Returns:
        [n] numbers of the bars, from 0.
    """
    bars_s = np.diff(step_times_s[::STEPS_PER_BAR])
    return np.flatnonzero(np.abs(np.diff(bars_s)) > (drift + 1e-6) * STEPS_PER_BAR * base_s)

"""Interpolate step times between anchors with a smooth tempo curve."""

import numpy as np

from dyvim_cli.types import STEPS_PER_BAR


def extend_to_end(
    times_s: np.ndarray, steps: np.ndarray, duration_s: float, base_s: float, drift: float
) -> tuple[np.ndarray, np.ndarray]:
    """Anchors [n] with one more at the film's end, or at the last whole step of base_s before it."""
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
    """Step times [S + 1] that pass through anchors [n] at times_s and steps (ascending, the first 0).

    Inside a segment the step length changes linearly, from the neighbour before towards the
    neighbour after, as far as base_s * (1 +- drift) and drift a bar allow.
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
    """Bars whose length differs from the next bar's by more than drift base bars."""
    bars_s = np.diff(step_times_s[::STEPS_PER_BAR])
    return np.flatnonzero(np.abs(np.diff(bars_s)) > (drift + 1e-6) * STEPS_PER_BAR * base_s)

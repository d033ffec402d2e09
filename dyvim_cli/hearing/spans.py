"""Spans of time as arrays [N, 2] of start and end in seconds, ascending, not touching each other."""

import numpy as np

NONE = np.zeros((0, 2))


def of_flags(flags: np.ndarray, step_s: float) -> np.ndarray:
    """[N, 2] spans of seconds where flags [n] bool, one every step_s, are true."""
    edges = np.flatnonzero(np.diff(np.pad(np.asarray(flags, np.int8), 1)))
    return edges.reshape(-1, 2) * step_s


def flags_of(spans: np.ndarray, step_s: float, n: int) -> np.ndarray:
    """[n] bool, one every step_s: whether its middle lies in a span."""
    middles = (np.arange(n) + 0.5) * step_s
    return np.searchsorted(spans[:, 0], middles) > np.searchsorted(spans[:, 1], middles)


def joined(spans: np.ndarray, gap_s: float) -> np.ndarray:
    """The spans with gaps shorter than gap_s closed."""
    if not len(spans):
        return NONE
    keeps = spans[1:, 0] - spans[:-1, 1] >= gap_s
    starts = spans[np.append(True, keeps), 0]
    return np.column_stack([starts, spans[np.append(keeps, True), 1]])


def lasting(spans: np.ndarray, least_s: float) -> np.ndarray:
    """The spans that last least_s or longer."""
    return spans[spans[:, 1] - spans[:, 0] >= least_s]


def within(spans: np.ndarray, duration_s: float) -> np.ndarray:
    """The spans clipped to 0..duration_s; those outside are left out."""
    clipped = np.clip(spans, 0, duration_s)
    return clipped[clipped[:, 1] > clipped[:, 0]]


def grown(spans: np.ndarray, before_s: float, after_s: float) -> np.ndarray:
    """The spans begun earlier and ended later; those that then overlap are one."""
    return joined(spans + np.array([-before_s, after_s]), 0.0)


def total_s(spans: np.ndarray) -> float:
    """Seconds that the spans last together."""
    return float((spans[:, 1] - spans[:, 0]).sum())

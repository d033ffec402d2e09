"""Spans of time as arrays [N, 2] of start and end in seconds, ascending, not touching each other."""

import numpy as np

NONE = np.zeros((0, 2))


def of_flags(flags: np.ndarray, step_s: float) -> np.ndarray:
    """Turn flags into spans.

    Args:
        flags: [n] bool, one every step_s.
        step_s: seconds.

    Returns:
        [N, 2] seconds where flags are true.
    """
    edges = np.flatnonzero(np.diff(np.pad(np.asarray(flags, np.int8), 1)))
    return edges.reshape(-1, 2) * step_s


def flags_of(spans: np.ndarray, step_s: float, n: int) -> np.ndarray:
    """Turn spans into flags.

    Args:
        spans: [N, 2] seconds.
        step_s: seconds a flag.
        n: number of flags.

    Returns:
        [n] bool, whether the middle of each lies in a span.
    """
    middles = (np.arange(n) + 0.5) * step_s
    return np.searchsorted(spans[:, 0], middles) > np.searchsorted(spans[:, 1], middles)


def joined(spans: np.ndarray, gap_s: float) -> np.ndarray:
    """Close short gaps.

    Args:
        spans: [N, 2] seconds, ascending.
        gap_s: shorter gaps are closed.

    Returns:
        [M, 2] seconds.
    """
    if not len(spans):
        return NONE
    keeps = spans[1:, 0] - spans[:-1, 1] >= gap_s
    starts = spans[np.append(True, keeps), 0]
    return np.column_stack([starts, spans[np.append(keeps, True), 1]])


def lasting(spans: np.ndarray, least_s: float) -> np.ndarray:
    """Drop short spans.

    Args:
        spans: [N, 2] seconds.
        least_s: shorter ones are dropped.

    Returns:
        [M, 2] seconds.
    """
    return spans[spans[:, 1] - spans[:, 0] >= least_s]


def within(spans: np.ndarray, duration_s: float) -> np.ndarray:
    """Clip spans to a film.

    Args:
        spans: [N, 2] seconds.
        duration_s: of the film.

    Returns:
        [M, 2] seconds within 0..duration_s; those outside are left out.
    """
    clipped = np.clip(spans, 0, duration_s)
    return clipped[clipped[:, 1] > clipped[:, 0]]


def grown(spans: np.ndarray, before_s: float, after_s: float) -> np.ndarray:
    """Begin spans earlier and end them later.

    Args:
        spans: [N, 2] seconds, ascending.
        before_s: by how much earlier.
        after_s: by how much later.

    Returns:
        [M, 2] seconds; those that then overlap are one.
    """
    return joined(spans + np.array([-before_s, after_s]), 0.0)


def total_s(spans: np.ndarray) -> float:
    """Add up how long spans last.

    Args:
        spans: [N, 2] seconds, not overlapping.

    Returns:
        Seconds.
    """
    return float((spans[:, 1] - spans[:, 0]).sum())

"""Filter sound by its own past: sections of second order, and difference equations."""

import math
from typing import Any

import numpy as np

from dyvim_cli.filters.compiled import compiled


def filter_by_sections(
    sections: np.ndarray, signal: np.ndarray, state: np.ndarray, axis: int = -1
) -> tuple[np.ndarray, np.ndarray]:
    """Filter along an axis by sections of second order, one after the other.

    Args:
        sections: [n, 6] as of design.butterworth: three coefficients above, three below.
        signal: of any shape; the result has the widest type of all three.
        state: [n, ..., 2] with 2 in the place of the axis: what the samples before left behind.
        axis: along which time goes.

    Returns:
        (filtered signal, state behind it); the arguments stay as they are.
    """
    loops = compiled("signal._sosfilt", _filters_sections)
    if loops is None:
        from scipy.signal import sosfilt

        return sosfilt(sections, signal, axis, zi=state)
    kind = np.result_type(sections, signal, state)
    rows = np.moveaxis(signal, axis, -1)
    result = np.array(rows, kind, order="C")
    at = axis % signal.ndim + 1  # of the two numbers of a section's state
    after = np.array(np.moveaxis(state, (0, at), (-2, -1)), kind, order="C")
    n_rows, sos = math.prod(rows.shape[:-1]), np.ascontiguousarray(sections, kind)
    in_place = result.reshape(n_rows, rows.shape[-1]), after.reshape(n_rows, len(sections), 2)
    loops._sosfilt(sos, *in_place)
    return np.moveaxis(result, -1, axis), np.moveaxis(after, (-2, -1), (0, at))


def filter_from_silence(sections: np.ndarray, signal: np.ndarray) -> np.ndarray:
    """Filter along the last axis a signal that nothing came before.

    Args:
        sections: [n, 6] as filter_by_sections takes them.
        signal: [..., n].

    Returns:
        As the signal.
    """
    state = np.zeros((len(sections), *signal.shape[:-1], 2), np.result_type(sections, signal))
    return filter_by_sections(sections, signal, state)[0]


def filter_recursively(
    above: Any, below: Any, signal: np.ndarray, state: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Filter by a difference equation, along the last axis.

    Args:
        above: [k] coefficients of the input.
        below: [m] of the output; the first weighs the present.
        signal: [..., n].
        state: [..., max(k, m) - 1] what the samples before left behind; None = silence.

    Returns:
        (filtered signal, state behind it), of the widest type of all.
    """
    above, below = np.atleast_1d(above), np.atleast_1d(below)
    if state is None:
        kind = np.result_type(above, below, signal)
        state = np.zeros((*signal.shape[:-1], max(len(above), len(below)) - 1), kind)
    loops = compiled("signal._sigtools", _filters_recursively)
    if loops is None:
        from scipy.signal import lfilter

        return lfilter(above, below, signal, zi=state)
    filtered, after = loops._linear_filter(above, below, signal, -1, state)
    return filtered, after


# y[t] = x[t] + y[t - 1] / 2, of one sample and silence: what both loops are tried on
ABOVE, BELOW, SAMPLE, ECHOES = [1.0, 0.0, 0.0], [1.0, -0.5, 0.0], [1.0, 0.0, 0.0], [1.0, 0.5, 0.25]


def _filters_sections(loops: Any) -> bool:
    result, state = np.array([SAMPLE]), np.zeros((1, 1, 2))
    loops._sosfilt(np.array([[*ABOVE, *BELOW]]), result, state)
    return bool(result[0].tolist() == ECHOES and state[0, 0, 0] == ECHOES[-1] / 2)


def _filters_recursively(loops: Any) -> bool:
    filtered, state = loops._linear_filter(
        np.array(ABOVE), np.array(BELOW), np.array(SAMPLE), -1, np.zeros(2)
    )
    return bool(filtered.tolist() == ECHOES and state[0] == ECHOES[-1] / 2)

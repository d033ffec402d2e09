"""Validate the arguments of the measures; every check raises ValueError.

Empty input is valid: every measure has a defined result on it.
"""

import numpy as np
from numpy.typing import ArrayLike

from dyvim_cli.evaluation.judge.audio_events import AudioEvents
from dyvim_cli.evaluation.judge.visual_events import VisualEvents


def event_times(times_s: ArrayLike, name: str) -> np.ndarray:
    """Check times: finite, not negative, ascending.

    Args:
        times_s: [N] in seconds.
        name: how an error calls them.

    Returns:
        [N] float64.

    Raises:
        ValueError: they are none.
    """
    times = np.asarray(times_s, float)
    if times.ndim != 1:
        raise ValueError(f"{name}: times are a list, not of shape {times.shape}")
    if not np.isfinite(times).all() or (times < 0).any():
        raise ValueError(f"{name}: times are finite and not negative")
    if (np.diff(times) < 0).any():
        raise ValueError(f"{name}: times ascend")
    return times


def alongside(values: ArrayLike, times: ArrayLike, name: str) -> np.ndarray:
    """Check values that accompany times: finite and not negative, one for each.

    Args:
        values: [N] numbers.
        times: [N] what they belong to.
        name: how an error calls them.

    Returns:
        [N] float64.

    Raises:
        ValueError: they are none.
    """
    values = np.asarray(values, float)
    if values.shape != np.shape(times):
        raise ValueError(f"{name}: {values.shape} does not fit {np.shape(times)} times")
    if not np.isfinite(values).all() or (values < 0).any():
        raise ValueError(f"{name}: values are finite and not negative")
    return values


def positive(value: float, name: str) -> float:
    """Check a number: finite and above 0.

    Args:
        value: the number.
        name: how an error calls it.

    Returns:
        The number as a float.

    Raises:
        ValueError: it is none.
    """
    if not (np.isfinite(value) and value > 0):
        raise ValueError(f"{name} is a number above 0, not {value}")
    return float(value)


def picture(seen: VisualEvents) -> None:
    """Check the picture's side: curves with their times, events inside the film.

    Args:
        seen: what the judge saw.

    Raises:
        ValueError: a field does not keep to VisualEvents' shapes, ranges or order.
    """
    event_times(seen.times_s, "frames")
    alongside(seen.energy, seen.times_s, "energy")
    alongside(seen.flow, seen.times_s, "flow")
    events = event_times(seen.event_times_s, "picture events")
    alongside(seen.event_weights, events, "event weights")
    if np.shape(seen.is_cut) != events.shape:
        raise ValueError(f"is_cut: {np.shape(seen.is_cut)} does not fit {events.shape} times")
    if not (np.isfinite(seen.duration_s) and seen.duration_s >= 0):
        raise ValueError(f"duration_s is a number of seconds, not {seen.duration_s}")
    if len(events) and events[-1] > seen.duration_s:
        raise ValueError(f"an event at {events[-1]:g} s lies after the end, {seen.duration_s:g} s")


def sound(heard: AudioEvents) -> None:
    """Check the sound's side; music may be longer or shorter than the film.

    Args:
        heard: what the judge heard.

    Raises:
        ValueError: a field does not keep to AudioEvents' shapes, ranges or order.
    """
    onsets = event_times(heard.onset_times_s, "onsets")
    alongside(heard.onset_saliences, onsets, "saliences")
    event_times(heard.beat_times_s, "beats")
    times = event_times(heard.times_s, "sound frames")
    if np.shape(heard.loudness_db) != times.shape or not np.isfinite(heard.loudness_db).all():
        raise ValueError("loudness_db: a finite level for each of the times")

"""Read what moves a track's pitch: the bend wheel within its range, and the modulation wheel's vibrato."""

import numpy as np

from dyvim_cli.music.symbols.midi_tracks import Control, Track

MODULATION = 1  # controllers
RPN_COARSE, RPN_FINE, DATA_COARSE, DATA_FINE = 101, 100, 6, 38
WHEEL_END, USUAL_RANGE_CENTS = 8192, 200.0  # what General MIDI starts with
VIBRATO_CENTS, VIBRATO_HZ = 50.0, 5.5  # vibrato of a modulation wheel at its end, to either side


class Bends:
    """Bends of a track over time; a value holds until the next one."""

    def __init__(self, wheel: list[tuple[float, float]], depth: list[tuple[float, float]]):
        """wheel, depth: (time in s, cents), ascending: of the bend itself, and of the vibrato's depth."""
        self.wheel, self.depth = (_steps(points) for points in (wheel, depth))

    def __call__(self, times_s: np.ndarray) -> np.ndarray:
        """[n] cents at times [n]."""
        wave = np.sin(2 * np.pi * VIBRATO_HZ * times_s)
        return _held(self.wheel, times_s) + _held(self.depth, times_s) * wave


def bends_of(track: Track) -> Bends | None:
    """Read the bends of a track.

    Args:
        track: of a MIDI file.

    Returns:
        Its bends; None where nothing moves its pitch.
    """
    ranges = _ranges(track.controls)
    bent = [(time_s, value / WHEEL_END * _at(ranges, time_s)) for time_s, value in track.pitch_bends]
    depth = [
        (time_s, value / 127 * VIBRATO_CENTS)
        for time_s, number, value in track.controls
        if number == MODULATION
    ]
    if not any(cents for _, cents in bent + depth):
        return None
    return Bends(bent, depth)


def _ranges(controls: tuple[Control, ...]) -> list[tuple[float, float]]:
    """(time, range in cents) as registered parameter 0 sets it."""
    coarse = fine = 127  # none chosen
    found, semitones, cents = [(0.0, USUAL_RANGE_CENTS)], 2, 0
    for time_s, number, value in controls:
        coarse = value if number == RPN_COARSE else coarse
        fine = value if number == RPN_FINE else fine
        if (coarse, fine) != (0, 0) or number not in (DATA_COARSE, DATA_FINE):
            continue
        semitones, cents = (value, 0) if number == DATA_COARSE else (semitones, value)
        found.append((time_s, 100.0 * semitones + cents))
    return found


def _at(points: list[tuple[float, float]], time_s: float) -> float:
    return [value for at_s, value in points if at_s <= time_s][-1]


def _steps(points: list[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    """(times, values) of points, at rest before them; of those at one time the last."""
    last = {-np.inf: 0.0} | dict(points)
    return np.array(list(last)), np.array(list(last.values()))


def _held(steps: tuple[np.ndarray, np.ndarray], times_s: np.ndarray) -> np.ndarray:
    times, values = steps
    return values[np.searchsorted(times, times_s, side="right") - 1]

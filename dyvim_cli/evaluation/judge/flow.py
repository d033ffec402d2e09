"""Measure whether music continues between its hits, from the waveform alone.

Sync alone rewards a comb: silence, a stab on the cut, silence. These figures hold against that. They know
neither film nor generator; what they mean for a film depends on its length.
"""

from dataclasses import dataclass

import numpy as np

from dyvim_cli.evaluation.judge.audio_events import SAMPLE_RATE, analysis_signal
from dyvim_cli.evaluation.judge.onsets import FRAME_RATE, log_mel_rise, pick_onsets

SHORTEST_S = 2.5  # a shorter sound is no flow: the pulse needs two of its longest periods
ENDING_S = 1.0  # the last second may ring out: it needs no onsets
EMPTY_WINDOW_S = 0.5
# dB, mean over the bands: a sound in which nothing rises more is one long note, whatever its ripples
LEAST_RISE_DB = 2.0
PULSE_S = (0.25, 1.2)  # shortest and longest period: eighths at 120 and beats at 50 beats a minute
STEP_S = 0.01  # levels are taken every 10 ms
HOLE_WINDOW_S, HOLE_MEDIAN_S = 0.05, 2.0
HOLE_DB, HOLE_S = 15.0, (0.03, 0.6)
RANGE_WINDOW_S, RANGE_STEP_S = 0.4, 0.1  # EBU R 128's momentary loudness, without its weighting
RANGE_PERCENTILES = (10, 90)
LOWEST_DB = -70.0  # dB relative to the loudest step of 10 ms; quieter steps count as this


@dataclass(frozen=True)
class FlowReport:
    """Measures of flow; each function says what exactly it counts."""

    empty: float  # 0..1, share of the half seconds without an onset; 0 is the best
    longest_gap_s: float  # seconds without an onset, at the most
    holes_a_minute: float  # short dips of the level, 15 dB or more
    pulse: float  # 0..1, how regular the onsets are; a drum machine reaches 1
    range_db: float  # dB from the quiet passages to the loud ones
    onsets_a_s: float  # onsets a second


def flow(samples: np.ndarray, sample_rate: int, duration_s: float | None = None) -> FlowReport | None:
    """Measure the flow of a sound.

    Args:
        samples: [n] or [n, channels] float; the volume does not matter.
        sample_rate: Hz.
        duration_s: of the film, whose length the sound is cut or filled with silence to; None or 0 takes
            the unchanged sound.

    Returns:
        The figures; None below SHORTEST_S. Silence is all empty, one gap, and has no holes, pulse or range.
    """
    mono = analysis_signal(samples, sample_rate)
    if duration_s:
        wanted = round(duration_s * SAMPLE_RATE)
        mono = np.pad(mono[:wanted], (0, max(0, wanted - len(mono))))
    heard_s = len(mono) / SAMPLE_RATE
    if heard_s < SHORTEST_S:
        return None
    rise, powers = _rise(mono), _step_powers(mono)
    onsets = pick_onsets(rise)
    return FlowReport(
        empty=empty_share(onsets, heard_s),
        longest_gap_s=longest_gap_s(onsets, heard_s),
        holes_a_minute=60 * count_holes(powers) / heard_s,
        pulse=pulse(rise, FRAME_RATE),
        range_db=range_db(powers),
        onsets_a_s=len(onsets) / heard_s,
    )


def _rise(mono: np.ndarray) -> np.ndarray:
    """Onset strength [F], dB; none where it is nothing but ripples."""
    rise = log_mel_rise(mono)
    return rise if rise.max(initial=0.0) >= LEAST_RISE_DB else np.zeros(0)


def empty_share(onsets_s: np.ndarray, duration_s: float) -> float:
    """Share of the whole half seconds before the last second that no onset falls into.

    Args:
        onsets_s: [N] onset times, seconds.
        duration_s: of the sound.

    Returns:
        0..1; 0 where the sound has no whole half second before its last one.
    """
    n = int((duration_s - ENDING_S) / EMPTY_WINDOW_S + 1e-9)
    if n < 1:
        return 0.0
    windows = np.floor(np.asarray(onsets_s) / EMPTY_WINDOW_S).astype(int)
    return 1 - len(np.unique(windows[windows < n])) / n


def longest_gap_s(onsets_s: np.ndarray, duration_s: float) -> float:
    """Measure the longest time without an onset, the start and the last second being borders.

    Args:
        onsets_s: [N] onset times in seconds, ascending.
        duration_s: of the sound.

    Returns:
        Seconds from the start, or an onset, to the next one, or to the beginning of the last second.
    """
    end_s = max(duration_s - ENDING_S, 0.0)
    inside = np.asarray(onsets_s)[np.asarray(onsets_s) < end_s]
    return float(np.diff([0.0, *inside, end_s]).max())


def pulse(rise: np.ndarray, frame_rate: float) -> float:
    """Highest normalised autocorrelation, 0..1, of the logarithm of an onset strength within PULSE_S.

    Args:
        rise: [F] not negative; log(1 + rise) is correlated, so that one crash does not drown the groove.
        frame_rate: Hz.

    Returns:
        0 for what is constant or less than two of the longest periods long.
    """
    lags = np.arange(np.ceil(PULSE_S[0] * frame_rate), PULSE_S[1] * frame_rate).astype(int)
    if len(rise) < 2 * lags[-1]:
        return 0.0
    level = np.log1p(rise)
    level -= level.mean()
    power = level @ level
    if power <= 1e-9:
        return 0.0
    return float(max(0.0, max(level[lag:] @ level[:-lag] for lag in lags) / power))


def count_holes(powers: np.ndarray) -> int:
    """Count dips of the level by HOLE_DB that recover within HOLE_S seconds.

    The level is that of windows of 50 ms, the dip is below its median over the 2 s around. What begins
    with the sound or ends with it is no hole.

    Args:
        powers: [F] mean square of every step of 10 ms.

    Returns:
        The number of holes.
    """
    from scipy.ndimage import median_filter

    level = _levels_db(powers, HOLE_WINDOW_S)
    if not len(level):
        return 0
    # beyond its ends the sound is taken to continue as it begins and ends: no hole touches them
    usual = median_filter(level, round(HOLE_MEDIAN_S / STEP_S) + 1, mode="nearest")
    edges = np.diff((level <= usual - HOLE_DB).astype(int), prepend=0, append=0)
    lengths_s = np.round((np.flatnonzero(edges < 0) - np.flatnonzero(edges > 0)) * STEP_S, 3)
    return int(((lengths_s >= HOLE_S[0]) & (lengths_s <= HOLE_S[1])).sum())


def range_db(powers: np.ndarray) -> float:
    """Measure the range of the level: 10th to 90th percentile of windows of 0.4 s.

    Args:
        powers: [F] mean square of every step of 10 ms.

    Returns:
        dB; 0 without any window.
    """
    level = _levels_db(powers, RANGE_WINDOW_S, RANGE_STEP_S)
    low, high = np.percentile(level, RANGE_PERCENTILES) if len(level) else (0.0, 0.0)
    return float(high - low)


def _step_powers(mono: np.ndarray) -> np.ndarray:
    """[F] mean square of every whole step of STEP_S of an analysis signal [n]."""
    width = STEP_S * SAMPLE_RATE  # not a whole number of samples
    edges = np.round(np.arange(int(len(mono) / width) + 1) * width).astype(int)
    return np.add.reduceat(np.square(mono[: edges[-1]]), edges[:-1], dtype=np.float64) / np.diff(edges)


def _levels_db(powers: np.ndarray, window_s: float, every_s: float = STEP_S) -> np.ndarray:
    """[W] levels of the windows that begin every `every_s`, dB; none for silence."""
    width, every = round(window_s / STEP_S), round(every_s / STEP_S)
    if len(powers) < width or powers.max() <= 0:
        return np.zeros(0)
    windows = np.lib.stride_tricks.sliding_window_view(powers, width)[::every].mean(axis=1)
    return 10 * np.log10(np.maximum(windows / powers.max(), 10 ** (LOWEST_DB / 10)))

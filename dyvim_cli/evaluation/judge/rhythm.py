"""Onset strength, onsets and beats of a spectrogram.

Definitions are librosa's where a source of the literature names it; see spectra.py for why it is not
called, and tests/golden for the comparison.
"""

import math

import numpy as np

TEMPO_BPM, TEMPO_OCTAVES = 120.0, 1.0  # centre and deviation of the tempo that is expected beforehand
FASTEST_BPM = 320.0
TEMPO_WINDOW_S = 8.0
TIGHTNESS = 100.0  # what a beat off the tempo costs (Ellis 2007)
# single precision rounds otherwise on another processor: that must not decide where nothing sounds
ROUNDING = 1e-6  # share of the greatest rise below which a rise is none
TIE = 1e-3  # least difference of two chains' scores; else the one with the longer last step is taken


def onset_strength(bands: np.ndarray, lag: int = 1) -> np.ndarray:
    """Mean rise of the bands from frame to frame; falls count as 0.

    Args:
        bands: [bands, F] level or power of each band.
        lag: frames over which the rise is taken.

    Returns:
        [F] in the unit of the bands; the first `lag` frames are 0.
    """
    rise = np.maximum(0.0, bands[:, lag:] - bands[:, :-lag]).mean(axis=0, dtype=np.float64)
    rise[rise < ROUNDING * rise.max(initial=0.0)] = 0.0
    return np.pad(rise, (lag, 0))[: bands.shape[1]]


def pick_peaks(
    strength: np.ndarray, before: int, after: int, mean_before: int, mean_after: int, delta: float, wait: int
) -> np.ndarray:
    """Pick frames that are the greatest near them and `delta` above the mean.

    After each the next `wait` frames are passed over (Boeck, Krebs and Schedl, ISMIR 2012).

    Args:
        strength: [F] onset strength.
        before: frames before a peak that must not be greater.
        after: end, in frames after a peak, of the same span (not included).
        mean_before: frames before a peak whose mean counts.
        mean_after: end, in frames after a peak, of that span (not included).
        delta: how far a peak rises above that mean, in the unit of the strength.
        wait: frames that are passed over after each peak.

    Returns:
        [N] int frames, ascending.
    """
    peaks, free = [], 0
    for n, value in enumerate(strength):
        if n < free or value < strength[max(0, n - before) : n + after].max():
            continue
        if value >= strength[max(0, n - mean_before) : n + mean_after].mean() + delta:
            peaks.append(n)
            free = n + wait + 1
    return np.array(peaks, int)


def tempo(strength: np.ndarray, frame_rate: float) -> float:
    """Find the strongest periodicity of an onset strength, weighted by what tempo is expected.

    Args:
        strength: [F] onset strength.
        frame_rate: frames a second.

    Returns:
        Beats a minute; TEMPO_BPM where nothing can be measured.
    """
    longest = min(round(TEMPO_WINDOW_S * frame_rate), len(strength) - 1)
    if longest < 2:
        return TEMPO_BPM
    size = 1 << math.ceil(math.log2(2 * len(strength)))
    spectrum = np.fft.rfft(strength - strength.mean(), size)
    likeness = np.fft.irfft(np.abs(spectrum) ** 2)[: longest + 1]
    lags = np.arange(max(1, math.ceil(60 * frame_rate / FASTEST_BPM)), longest + 1)
    if not len(lags) or likeness[0] <= 0:
        return TEMPO_BPM
    bpm = 60 * frame_rate / lags
    expected = -0.5 * (np.log2(bpm / TEMPO_BPM) / TEMPO_OCTAVES) ** 2
    heard = np.log1p(1e6 * np.maximum(likeness[lags] / likeness[0], 0))
    return float(bpm[np.argmax(heard + expected)])


def beats(strength: np.ndarray, frame_rate: float) -> np.ndarray:
    """Track beats: on strong onsets, at an even pace (Ellis 2007, dynamic programming).

    Args:
        strength: [F] onset strength.
        frame_rate: frames a second.

    Returns:
        [B] int frames, ascending; none in silence.
    """
    if not np.any(strength):
        return np.zeros(0, int)
    period = max(2, round(60 * frame_rate / tempo(strength, frame_rate)))
    local = _blurred(strength / strength.std(ddof=1), period)
    score, before = _best_paths(local, period)
    return _trace(score, before, local)


def _blurred(strength: np.ndarray, period: int) -> np.ndarray:
    """The strength under a narrow Gaussian, so that a beat may be a little early or late."""
    from scipy.ndimage import gaussian_filter1d

    return gaussian_filter1d(strength, period / 32, mode="constant")


def _best_paths(local: np.ndarray, period: int) -> tuple[np.ndarray, np.ndarray]:
    """Best chain of beats that ends at each frame: its score and its previous beat (-1: none)."""
    steps = np.arange(2 * period, period // 2 - 1, -1)
    cost = TIGHTNESS * np.log(steps / period) ** 2
    score, before = local.copy(), np.full(len(local), -1)
    loud = 0.01 * local.max()
    started = False
    for n in range(len(local)):
        started = started or local[n] >= loud  # silence before the music has no beats
        reach = min(len(steps), n - steps[-1] + 1)
        if reach <= 0:
            continue
        chains = score[n - steps[-reach] : n - steps[-1] + 1] - cost[-reach:]
        best = np.argmax(chains > chains.max() - TIE)
        score[n] += chains[best]
        if started:
            before[n] = n - steps[-reach] + best
    return score, before


def _trace(score: np.ndarray, before: np.ndarray, local: np.ndarray) -> np.ndarray:
    """The chain that ends at the last frame which scores like a beat, without silent ends."""
    from scipy.signal import argrelmax

    tops = argrelmax(score)[0]
    like_beats = tops[score[tops] >= 0.5 * np.median(score[tops])] if len(tops) else tops
    chain = [int(like_beats[-1] if len(like_beats) else score.argmax())]
    while before[chain[-1]] >= 0:
        chain.append(int(before[chain[-1]]))
    sounding = np.flatnonzero(local > 0)
    return np.array([n for n in reversed(chain) if sounding[0] <= n <= sounding[-1]], int)

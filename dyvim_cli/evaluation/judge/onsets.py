"""Detect onsets in a waveform as librosa 0.11 does by default: peaks of the rise of the log-mel spectrum.

audio_events finds onsets by their loudness, for accents; this is the general detector that figures of
others are made with. tests/golden compares the two implementations.
"""

from typing import Any

import numpy as np

from dyvim_cli.evaluation.judge.audio_events import N_FFT, SAMPLE_RATE
from dyvim_cli.evaluation.judge.rhythm import onset_strength, pick_peaks
from dyvim_cli.evaluation.judge.spectra import decibels, mel_power

LIBROSA_FFT, LIBROSA_HOP = 2048, 512  # samples
LIBROSA_MELS = 128  # bands
LIBROSA_PICKING = {"before": 1, "after": 1, "mean_before": 4, "mean_after": 5, "delta": 0.07, "wait": 1}
FRAME_RATE = SAMPLE_RATE / LIBROSA_HOP  # Hz, of the strength


def log_mel_rise(mono: np.ndarray) -> np.ndarray:
    """Onset strength of an analysis signal.

    Args:
        mono: [n] float, at SAMPLE_RATE (see audio_events.analysis_signal).

    Returns:
        [F] float64, dB: mean rise of the mel bands from frame to frame, FRAME_RATE frames a second;
        no frames for silence and for less than one analysis window.
    """
    if len(mono) < N_FFT or not np.any(mono):
        return np.zeros(0)
    rise = onset_strength(decibels(mel_power(mono, SAMPLE_RATE, LIBROSA_FFT, LIBROSA_HOP, LIBROSA_MELS)))
    late = LIBROSA_FFT // (2 * LIBROSA_HOP)  # librosa shifts by half a window
    return np.pad(rise, (late, 0))[: len(rise)]


def pick_onsets(rise: np.ndarray, picking: dict[str, Any] = LIBROSA_PICKING) -> np.ndarray:
    """Pick the peaks of an onset strength that stick out.

    Args:
        rise: [F] onset strength at FRAME_RATE, any unit.
        picking: arguments of rhythm.pick_peaks.

    Returns:
        [N] times in seconds, ascending.
    """
    return pick_peaks(rise / (rise.max(initial=0.0) or 1.0), **picking) * LIBROSA_HOP / SAMPLE_RATE


def detect_onsets(mono: np.ndarray, picking: dict[str, Any] = LIBROSA_PICKING) -> np.ndarray:
    """Detect the onsets of a sound as librosa 0.11 does.

    Args:
        mono: [n] analysis signal.
        picking: arguments of rhythm.pick_peaks.

    Returns:
        [N] times in seconds, ascending.
    """
    return pick_onsets(log_mel_rise(mono), picking)

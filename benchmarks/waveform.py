"""Draw a sound: waveform, short-time level and detected onsets."""

from pathlib import Path

import numpy as np

from dyvim_cli.evaluation.judge.audio_events import SAMPLE_RATE, analysis_signal
from dyvim_cli.evaluation.judge.extra import need
from dyvim_cli.evaluation.judge.onsets import log_mel_rise, pick_onsets

POINTS_A_SECOND = 400
LEVEL_WINDOW_S = 0.05
FLOOR_DB = -60.0


def draw_waveform(samples: np.ndarray, sample_rate: int, cuts_s: np.ndarray, path: Path) -> None:
    """Draw a sound; red lines are the film's cuts.

    Args:
        samples: [n, channels].
        sample_rate: Hz.
        cuts_s: [C] seconds.
        path: of the PNG.
    """
    need("matplotlib.figure")
    from matplotlib.figure import Figure

    mono = analysis_signal(samples, sample_rate)
    figure = Figure(figsize=(12, 3.2), layout="constrained", dpi=80)
    wave, level = figure.subplots(2, 1, sharex=True)
    block = max(1, SAMPLE_RATE // POINTS_A_SECOND)
    peaks = np.abs(mono[: len(mono) // block * block]).reshape(-1, block).max(axis=1)
    times_s = (np.arange(len(peaks)) + 0.5) * block / SAMPLE_RATE
    wave.fill_between(times_s, -peaks, peaks, color="#3d6b99", lw=0)
    wave.set_ylim(-1, 1)
    level.plot(*_levels(mono), color="#444444", lw=0.8)
    level.vlines(pick_onsets(log_mel_rise(mono)), FLOOR_DB, 0, color="#e39b27", lw=0.5)
    level.set(ylim=(FLOOR_DB, 0), ylabel="dB", xlabel="seconds")
    for axes in (wave, level):
        axes.vlines(cuts_s, *axes.get_ylim(), color="#c0392b", lw=0.7)
    figure.savefig(path, format="png")


def _levels(mono: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(times in seconds, dB of full scale) of windows of LEVEL_WINDOW_S."""
    n = max(1, round(LEVEL_WINDOW_S * SAMPLE_RATE))
    power = (mono[: len(mono) // n * n].reshape(-1, n) ** 2).mean(axis=1)
    return (np.arange(len(power)) + 0.5) * LEVEL_WINDOW_S, 10 * np.log10(
        np.maximum(power, 10 ** (FLOOR_DB / 10))
    )

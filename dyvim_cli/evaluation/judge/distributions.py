"""Distances between two sets of recordings (Frechet, density, coverage), over an embedding without download.

The embedding is plain signal statistics, so the figures compare with each other, never with a
paper's FAD.
"""

from collections.abc import Sequence

import numpy as np

from dyvim_cli.evaluation.judge import spectra
from dyvim_cli.evaluation.judge.audio_events import SAMPLE_RATE
from dyvim_cli.evaluation.judge.rhythm import onset_strength

WINDOW_S, STEP_S = 4.0, 2.0
N_FFT, STEP = 2048, 440  # samples; 20 ms
N_MELS = 24
N_MFCC = 12
TEMPO_LAGS_S = np.linspace(0.2, 1.0, 9)  # onset periodicities kept
SIZE = 2 * N_MELS + 2 * N_MFCC + 12 + len(TEMPO_LAGS_S) + 1
NEIGHBOURS = 5
# least deviation of a statistic (Bels or shares): one that hardly varies must not decide all
LEAST_DEVIATION = 0.02


def embed_sound(mono: np.ndarray) -> np.ndarray:
    """Describe a sound by signal statistics, a row for every 4 s, every 2 s.

    Mean and deviation of 24 log-mel bands and 12 MFCCs, sorted chroma (no key is better than
    another), periodicity and rate of the onsets. Relative to the window's level: volume is no style.

    Args:
        mono: [n] analysis signal (audio_events.analysis_signal).

    Returns:
        [W, SIZE] float64; windows of silence are left out, W is 0 where the sound is too short.
    """
    width, step = round(WINDOW_S * SAMPLE_RATE), round(STEP_S * SAMPLE_RATE)
    starts = range(0, len(mono) - width + 1, step)
    rows = [_describe(mono[s : s + width]) for s in starts if np.any(mono[s : s + width])]
    return np.array(rows) if rows else np.zeros((0, SIZE))


def _describe(window: np.ndarray) -> np.ndarray:
    """[SIZE] statistics of one window."""
    [power] = spectra.power_frames(window, N_FFT, STEP)
    mel = spectra.mel_filters(SAMPLE_RATE, N_FFT, N_MELS, 0.0, SAMPLE_RATE / 2) @ power
    log_mel = spectra.decibels(mel / mel.max()) / 10
    mfcc = spectra.cepstrum(log_mel, N_MFCC)
    chroma = spectra.chroma_filters(SAMPLE_RATE, N_FFT) @ power
    chroma = np.sort((chroma / np.maximum(chroma.max(axis=0), 1e-12)).mean(axis=1))
    rise = onset_strength(log_mel)
    rise = (rise - rise.mean()) / (rise.std() + 1e-9)
    lags = np.round(TEMPO_LAGS_S * SAMPLE_RATE / STEP).astype(int)
    periods = [float(rise[lag:] @ rise[:-lag]) / len(rise) for lag in lags]
    accents = [float((rise > 1.5).mean())]
    stats = [log_mel.mean(axis=1), log_mel.std(axis=1), mfcc.mean(axis=1), mfcc.std(axis=1)]
    return np.concatenate([*stats, chroma, periods, accents])


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Frechet distance of two sets taken as Gaussians (Dowson and Landau 1982).

    |mu_a - mu_b|^2 + tr(S_a + S_b - 2 (S_a S_b)^1/2). Biased upward below a few hundred rows.

    Args:
        a: [n, D] rows of an embedding.
        b: [m, D] rows of the same embedding.

    Returns:
        The squared distance, 0 for equal Gaussians; nan with fewer than two rows on a side.
    """
    if len(a) < 2 or len(b) < 2:
        return float("nan")
    cov_a, cov_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    # the eigenvalues of S_a S_b are real and not negative, as both are covariances
    roots = np.sqrt(np.maximum(np.linalg.eigvals(cov_a @ cov_b).real, 0.0))
    apart = a.mean(axis=0) - b.mean(axis=0)
    return float(max(0.0, apart @ apart + np.trace(cov_a) + np.trace(cov_b) - 2 * roots.sum()))


def density_coverage(real: np.ndarray, made: np.ndarray, k: int = NEIGHBOURS) -> tuple[float, float]:
    """Density and coverage of made music against real music (Naeem et al., ICML 2020).

    Args:
        real: [n, D] rows of the reference.
        made: [m, D] rows of what is judged.
        k: neighbours that span the ball around each real row.

    Returns:
        (density, coverage). Density may pass 1: made rows in dense regions; coverage 0..1: real rows with a
        made row in their ball. (0, 0) with no more than k real rows or no made row.
    """
    from scipy.spatial.distance import cdist

    if len(real) <= k or not len(made):
        return 0.0, 0.0
    radius = np.sort(cdist(real, real), axis=1)[:, k]  # column 0 is the row itself
    inside = cdist(real, made) <= radius[:, None]
    return float(inside.sum() / (k * len(made))), float(inside.any(axis=1).mean())


def standardise(real: np.ndarray, made: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scale both sets by the real one's mean and deviation, so that no unit outweighs another.

    Args:
        real: [n, D] rows of the reference.
        made: [m, D] rows of what is judged.

    Returns:
        (real, made), scaled; a column that hardly varies is divided by LEAST_DEVIATION.
    """
    mean, deviation = real.mean(axis=0), np.maximum(real.std(axis=0), LEAST_DEVIATION)
    return (real - mean) / deviation, (made - mean) / deviation


def distances(made: Sequence[np.ndarray], real: Sequence[np.ndarray]) -> dict[str, float]:
    """Compare music with reference music over the embedding.

    Args:
        made: analysis signals, [n] each, of the music that is judged.
        real: analysis signals of the reference.

    Returns:
        `frechet_distance` (nan where nothing can be compared), `density` and `coverage`.
    """
    sets = [np.concatenate([embed_sound(mono) for mono in music]) for music in (real, made)]
    if not len(sets[0]):
        return {"frechet_distance": float("nan"), "density": 0.0, "coverage": 0.0}
    real_rows, made_rows = standardise(*sets)
    density, coverage = density_coverage(real_rows, made_rows)
    return {
        "frechet_distance": frechet_distance(real_rows, made_rows),
        "density": density,
        "coverage": coverage,
    }

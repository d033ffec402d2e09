"""Short-time spectra and their features: mel bands, decibels, cepstrum, chroma.

The definitions are librosa's, and tests/golden compares with it; its import compiles for a quarter of
a minute in a fresh environment, into a cache that two processes may not fill at once.
"""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

FRAMES_AT_ONCE = 2048  # bounds the memory that a long film takes
LINEAR_MELS, LINEAR_HZ, LOG_STEP = 15.0, 1000.0, np.log(6.4) / 27  # Slaney's Auditory Toolbox, 1998
A0_HZ = 27.5


def power_frames(mono: np.ndarray, n_fft: int, hop: int) -> Iterator[np.ndarray]:
    """Compute power spectra with a Hann window; frame i is centred on sample i * hop.

    Args:
        mono: [n] signal.
        n_fft: samples of a window.
        hop: samples from frame to frame.

    Yields:
        [n_fft // 2 + 1, F] float32, at most FRAMES_AT_ONCE frames at a time, in order.
    """
    from scipy.fft import rfft
    from scipy.signal import get_window

    window = get_window("hann", n_fft).astype(np.float32)
    padded = np.pad(np.asarray(mono, np.float32), n_fft // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop]
    for start in range(0, len(frames), FRAMES_AT_ONCE):
        spectrum = rfft(frames[start : start + FRAMES_AT_ONCE] * window, axis=1)
        yield (spectrum.real**2 + spectrum.imag**2).T


def mel_hz(n_mels: int, low_hz: float, high_hz: float) -> np.ndarray:
    """Spread frequencies evenly over Slaney's mel scale: linear to 1 kHz, then logarithmic.

    Args:
        n_mels: how many.
        low_hz: the first.
        high_hz: the last.

    Returns:
        [n_mels] Hz, ascending.
    """

    def to_mel(hz: float) -> np.ndarray:
        return np.where(
            hz < LINEAR_HZ,
            hz * LINEAR_MELS / LINEAR_HZ,
            LINEAR_MELS + np.log(np.maximum(hz, 1e-9) / LINEAR_HZ) / LOG_STEP,
        )

    mels = np.linspace(to_mel(low_hz), to_mel(high_hz), n_mels)
    bent = LINEAR_HZ * np.exp(LOG_STEP * (mels - LINEAR_MELS))
    return np.where(mels < LINEAR_MELS, mels * LINEAR_HZ / LINEAR_MELS, bent)


@lru_cache
def mel_filters(sample_rate: int, n_fft: int, n_mels: int, low_hz: float, high_hz: float) -> np.ndarray:
    """Make mel filters: triangles of unit area.

    Args:
        sample_rate: Hz.
        n_fft: samples of a window.
        n_mels: number of bands.
        low_hz: where the lowest band begins.
        high_hz: where the highest band ends.

    Returns:
        [n_mels, n_fft // 2 + 1] float32.
    """
    hz = np.fft.rfftfreq(n_fft, 1 / sample_rate)
    edges = mel_hz(n_mels + 2, low_hz, high_hz)
    low, centre, high = (edges[i : n_mels + i, None] for i in range(3))
    rising, falling = (hz - low) / (centre - low), (high - hz) / (high - centre)
    return (np.maximum(0, np.minimum(rising, falling)) * 2 / (high - low)).astype(np.float32)


def mel_power(
    mono: np.ndarray,
    sample_rate: int,
    n_fft: int,
    hop: int,
    n_mels: int,
    low_hz: float = 0.0,
    high_hz: float | None = None,
) -> np.ndarray:
    """Compute the power in mel bands over time.

    Args:
        mono: [n] signal.
        sample_rate: Hz.
        n_fft: samples of a window.
        hop: samples from frame to frame.
        n_mels: number of bands.
        low_hz: where the lowest band begins.
        high_hz: where the highest band ends; None = half the sample rate.

    Returns:
        [n_mels, F] float32.
    """
    filters = mel_filters(sample_rate, n_fft, n_mels, low_hz, high_hz or sample_rate / 2)
    return np.concatenate([filters @ power for power in power_frames(mono, n_fft, hop)], axis=1)


def decibels(power: np.ndarray, range_db: float = 80.0) -> np.ndarray:
    """Convert power to decibels, never more than `range_db` below the greatest.

    Args:
        power: any shape, at least 0.
        range_db: from the greatest value to the floor.

    Returns:
        The shape of `power`, dB re 1.
    """
    level = 10 * np.log10(np.maximum(power, 1e-10))
    return np.maximum(level, level.max() - range_db)


def cepstrum(log_mel: np.ndarray, n: int) -> np.ndarray:
    """Compute mel-frequency cepstral coefficients 1..n; 0, the level, is left out.

    Args:
        log_mel: [bands, F] in dB.
        n: number of coefficients.

    Returns:
        [n, F].
    """
    from scipy.fft import dct

    return dct(log_mel, axis=0, type=2, norm="ortho")[1 : n + 1]


@lru_cache
def chroma_filters(sample_rate: int, n_fft: int) -> np.ndarray:
    """Make filters from bins to pitch classes, C first (Ellis 2007).

    A bump of a semitone's width, wider where bins lie further apart, and less weight away from the
    octave above 880 Hz.

    Args:
        sample_rate: Hz.
        n_fft: samples of a window.

    Returns:
        [12, n_fft // 2 + 1] float32, how far each bin belongs to each pitch class.
    """
    hz = np.fft.rfftfreq(n_fft, 1 / sample_rate)[1:]
    pitch = 12 * np.log2(hz / A0_HZ) + 9  # semitones above a C
    width = np.maximum(np.diff(pitch, append=pitch[-1]), 1.0)
    away = (pitch - np.arange(12)[:, None] + 6) % 12 - 6
    bumps = np.exp(-0.5 * (2 * away / width) ** 2)
    bumps /= np.linalg.norm(bumps, axis=0)
    bumps *= np.exp(-0.5 * ((np.log2(hz / A0_HZ) - 5) / 2) ** 2)
    return np.pad(bumps, ((0, 0), (1, 0))).astype(np.float32)  # nothing of the constant


def a_weighting_db(hz: np.ndarray) -> np.ndarray:
    """The ear's sensitivity at each frequency (IEC 61672-1, equation E.6).

    Args:
        hz: frequencies, any shape.

    Returns:
        The same shape, dB re 1 kHz.
    """
    f2 = np.asarray(hz, float) ** 2
    ends = (f2 + 20.598997**2) * (f2 + 12194.217**2)
    middle = np.sqrt((f2 + 107.65265**2) * (f2 + 737.86223**2))
    return 2.0 + 20 * np.log10(12194.217**2 * f2**2 / (ends * middle))

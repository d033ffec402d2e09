"""Extract onsets with salience, beats and loudness from a waveform.

Salience is how much the specific loudness rises at an onset (Stevens' power law, exponent 0.3,
in mel bands): twice the salience sounds about twice as strong, whatever the volume control.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dyvim_cli.evaluation.judge import rhythm, spectra

SAMPLE_RATE = 22050  # Hz; everything is analysed at this rate
HOP = 220  # samples; 10 ms
N_FFT = 1024
N_MELS, LOW_HZ, HIGH_HZ = 48, 30.0, 10000.0
LOUDNESS_EXPONENT = 0.3  # Stevens: loudness grows as intensity to this power
RISE_FRAMES = 3  # a note may take 30 ms to speak
ONSET_SPACING_FRAMES = 5
FAINT = 0.05  # onsets below this share of the strongest are noise
FLOOR_DB = -70.0
MIN_BEATS = 4


@dataclass(frozen=True)
class AudioEvents:
    """The sound's side of the comparison."""

    duration_s: float
    onset_times_s: np.ndarray  # [N] float64, ascending
    onset_saliences: np.ndarray  # [N] float64 > 0, rise of loudness; only ratios mean something
    beat_times_s: np.ndarray  # [B] float64, ascending
    times_s: np.ndarray  # [F] float64, every 10 ms
    loudness_db: np.ndarray  # [F] float64, A-weighted level, dB relative to the loudest


def read_sound(path: Path | str) -> tuple[np.ndarray, int]:
    """Read a whole sound file.

    Args:
        path: any file with sound that ffmpeg reads.

    Returns:
        ([n, 2] float32 samples, sample rate in Hz).

    Raises:
        InputError: the file cannot be read or holds no sound.
    """
    from dyvim_cli.media.sound_reading import read_audio

    return read_audio(Path(path))


def read_film_sound(path: Path | str) -> tuple[np.ndarray, int]:
    """Read a film's first sound track, from its first picture on.

    Args:
        path: the film.

    Returns:
        ([n, 2] float32 samples, sample rate in Hz); sample 0 sounds with the first picture.

    Raises:
        InputError: the film cannot be read or holds no sound.
    """
    from dyvim_cli.media.listening import film_sound

    return film_sound(Path(path))


def analysis_signal(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """Make a sound ready for the judge: one channel, SAMPLE_RATE, no constant.

    Args:
        samples: [n] or [n, channels] float, at any rate.
        sample_rate: of the samples, Hz.

    Returns:
        [m] float32 at SAMPLE_RATE.
    """
    from math import gcd

    from scipy.signal import resample_poly

    mono = np.asarray(samples, np.float32)
    mono = mono.mean(axis=1) if mono.ndim == 2 else mono
    if not len(mono):
        return mono
    mono = mono - mono.mean(dtype=np.float64).astype(np.float32)  # first: its edges would sound
    if sample_rate != SAMPLE_RATE:
        common = gcd(sample_rate, SAMPLE_RATE)
        mono = resample_poly(mono, SAMPLE_RATE // common, sample_rate // common)
    return mono


def audio_events(samples: np.ndarray, sample_rate: int) -> AudioEvents:
    """Extract onsets, beats and loudness from a sound.

    Args:
        samples: [n] or [n, channels] float; the volume does not matter.
        sample_rate: of the samples, Hz.

    Returns:
        The events. Silence, or less sound than one analysis window, has no onsets and no beats.
    """
    mono = analysis_signal(samples, sample_rate)
    if len(mono) < N_FFT or np.abs(mono).max() < 1e-6:
        return _nothing(len(mono) / SAMPLE_RATE)
    power = spectra.mel_power(mono, SAMPLE_RATE, N_FFT, HOP, N_MELS, LOW_HZ, HIGH_HZ)
    times = np.arange(power.shape[1]) * HOP / SAMPLE_RATE
    rise = rhythm.onset_strength(power**LOUDNESS_EXPONENT, RISE_FRAMES)
    peaks = _peaks(rise)
    return AudioEvents(
        duration_s=len(mono) / SAMPLE_RATE,
        onset_times_s=times[peaks],
        onset_saliences=rise[peaks],
        beat_times_s=_beats(rise),
        times_s=times,
        loudness_db=_level_db(power),
    )


def _peaks(rise: np.ndarray) -> np.ndarray:
    """Frames of the onsets: local maxima that are not faint, the first frame included."""
    from scipy.signal import find_peaks

    peaks = find_peaks(np.pad(rise, 1), distance=ONSET_SPACING_FRAMES)[0] - 1
    return peaks[rise[peaks] > FAINT * rise.max()]


def _beats(rise: np.ndarray) -> np.ndarray:
    """Beat times; none where fewer than MIN_BEATS are found."""
    beats = rhythm.beats(rise, SAMPLE_RATE / HOP)
    return beats * HOP / SAMPLE_RATE if len(beats) >= MIN_BEATS else np.zeros(0)


def _level_db(power: np.ndarray) -> np.ndarray:
    """A-weighted level of each frame relative to the loudest, never below FLOOR_DB."""
    weights_db = spectra.a_weighting_db(spectra.mel_hz(N_MELS, LOW_HZ, HIGH_HZ))
    level = 10 ** (weights_db / 10) @ power
    return np.maximum(10 * np.log10(level / level.max() + 1e-12), FLOOR_DB)


def _nothing(duration_s: float) -> AudioEvents:
    times = np.arange(0.0, max(duration_s, HOP / SAMPLE_RATE), HOP / SAMPLE_RATE)
    nothing = np.zeros(0)
    return AudioEvents(duration_s, nothing, nothing, nothing, times, np.full(len(times), FLOOR_DB))

"""Measure the music alone from its waveform, without the film.

Silence has defined values: no clarity, no entropy, no beat, all of it silent.
"""

from dataclasses import dataclass

import numpy as np

from dyvim_cli.evaluation.judge import spectra
from dyvim_cli.evaluation.judge.audio_events import N_FFT, SAMPLE_RATE, AudioEvents, analysis_signal
from dyvim_cli.evaluation.judge.extra import need

# Krumhansl and Kessler 1982: how well each scale degree fits a major and a minor key
MAJOR = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
MINOR = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])
TONICS = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
TONAL_FFT, TONAL_HOP = 4096, 1024  # samples; semitones are distinguished from 100 Hz on
LASTING_FRAMES = 3  # 140 ms: longer than a drum, shorter than most notes
SILENT_DBFS = -60.0
BLOCK_S = 0.1
FULL_SCALE = 0.999
SEGMENT_S = 1.0  # length of a segment of the self-similarity
FAR_SEGMENTS = 4  # a repetition comes back after at least this many segments
ENDING_S = 0.25


@dataclass(frozen=True)
class Musicality:
    """Figures of one piece of music."""

    key: str  # best fitting key; empty where nothing is tonal
    key_clarity: float  # 0..1, correlation with that key's profile
    pitch_class_entropy_bits: float  # 0 (one pitch class) .. 3.58 (all alike)
    groove_consistency: float  # 0..1, likeness of neighbouring bars' rhythm (Wu and Yang 2020)
    groove_beyond_chance: float  # the same less what bars so full agree by chance (Cohen's kappa)
    beat_strength: float  # 0..1, autocorrelation of the onsets at the beat
    tempo_bpm: float  # 0 where there is no beat
    repetition: float  # 0..1, how alike each second is to its best match elsewhere
    novelty: float  # 0..1, mean change of chroma and timbre from second to second
    silence: float  # share of the time below -60 dBFS
    clipping: float  # share of the samples at full scale
    loudness_lufs: float  # integrated (ITU-R BS.1770); -inf for silence
    true_peak_dbtp: float  # four-fold oversampled; -inf for silence
    ending_drop_db: float  # level of the last quarter second below the whole; an abrupt end is near 0


def musicality(samples: np.ndarray, sample_rate: int, sound: AudioEvents) -> Musicality:
    """Measure a piece of music alone.

    Args:
        samples: [n] or [n, channels] float, -1..1.
        sample_rate: Hz.
        sound: the events of the same music.

    Returns:
        The figures; silence has defined values (see the module's text).
    """
    samples = np.asarray(samples, np.float64)
    samples = samples[:, None] if samples.ndim == 1 else samples
    mono = analysis_signal(samples, sample_rate)
    chroma, timbre = _features(mono)
    pitch_classes = chroma.sum(axis=1)
    key, clarity = key_of(np.sqrt(pitch_classes))
    rhythms, (strength, tempo) = bar_rhythms(sound), beat_strength(sound)
    repetition, novelty = repetition_and_novelty(np.concatenate([chroma, timbre]))
    return Musicality(
        key=key,
        key_clarity=clarity,
        pitch_class_entropy_bits=entropy_bits(pitch_classes),
        groove_consistency=groove_consistency(rhythms),
        groove_beyond_chance=groove_beyond_chance(rhythms),
        beat_strength=strength,
        tempo_bpm=tempo,
        repetition=repetition,
        novelty=novelty,
        silence=silence(samples, sample_rate),
        clipping=float((np.abs(samples) >= FULL_SCALE).mean()) if samples.size else 0.0,
        loudness_lufs=loudness_lufs(samples, sample_rate),
        true_peak_dbtp=true_peak_dbtp(samples),
        ending_drop_db=ending_drop_db(samples, sample_rate),
    )


def _features(mono: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Chroma [12, F] (energy by pitch class) and timbre [12, F] (MFCC 1-12), frames of 46 ms."""
    if len(mono) < N_FFT or not np.any(mono):
        return np.zeros((12, 0)), np.zeros((12, 0))
    to_chroma = spectra.chroma_filters(SAMPLE_RATE, TONAL_FFT)
    to_mel = spectra.mel_filters(SAMPLE_RATE, TONAL_FFT, 40, 0.0, SAMPLE_RATE / 2)
    frames = [(to_chroma @ _tones(p), to_mel @ p) for p in spectra.power_frames(mono, TONAL_FFT, TONAL_HOP)]
    chroma, mel = (np.concatenate(parts, axis=1) for parts in zip(*frames, strict=True))
    return chroma, spectra.cepstrum(spectra.decibels(mel), 12)


def _tones(power: np.ndarray) -> np.ndarray:
    """Power spectra [bins, F] without drums and leakage: what lasts and is louder than its neighbours."""
    lasting = power.copy()
    lasting[:, :-LASTING_FRAMES] = np.minimum(power[:, :-LASTING_FRAMES], power[:, LASTING_FRAMES:])
    peak = np.zeros(power.shape, bool)
    peak[1:-1] = (lasting[1:-1] >= lasting[:-2]) & (lasting[1:-1] > lasting[2:])
    return np.where(peak, lasting, np.float32(0))


def key_of(pitch_classes: np.ndarray) -> tuple[str, float]:
    """Find the best fitting of 24 keys (Krumhansl and Schmuckler).

    Args:
        pitch_classes: [12] weights, C first.

    Returns:
        (name, correlation 0..1 with that key's profile); ("", 0) where all weigh alike.
    """
    weights = np.asarray(pitch_classes, float)
    if weights.size != 12 or weights.max() - weights.min() < 1e-9:
        return "", 0.0
    fits = {
        f"{tonic} {mode}": float(np.corrcoef(np.roll(profile, i), weights)[0, 1])
        for mode, profile in (("major", MAJOR), ("minor", MINOR))
        for i, tonic in enumerate(TONICS)
    }
    best = max(fits, key=fits.__getitem__)
    return best, max(0.0, fits[best])


def entropy_bits(weights: np.ndarray) -> float:
    """Shannon entropy of weights.

    Args:
        weights: [n] at least 0; they need not sum to 1.

    Returns:
        Bits, 0..log2(n); 0 where there is nothing.
    """
    share = np.asarray(weights, float)
    share = share[share > 0] / max(share.sum(), 1e-12)
    return float(-(share * np.log2(share)).sum()) + 0.0


def bar_rhythms(sound: AudioEvents) -> np.ndarray:
    """Quantise the onsets to the sixteenths of bars of four tracked beats.

    Args:
        sound: onsets and beats of the music.

    Returns:
        [bars, 16] bool, which sixteenths hold an onset; no row below one whole bar.
    """
    beats = sound.beat_times_s
    n_bars = (len(beats) - 1) // 4
    if n_bars < 1:
        return np.zeros((0, 16), bool)
    position = np.interp(sound.onset_times_s, beats, np.arange(len(beats)) * 4.0, left=-1, right=-1)
    steps = np.round(position[position >= 0]).astype(int)
    grid = np.zeros(n_bars * 16, bool)
    grid[steps[steps < len(grid)]] = True
    return grid.reshape(n_bars, 16)


def groove_consistency(rhythms: np.ndarray) -> float:
    """Mean over neighbouring bars of 1 - share of the steps that differ.

    The grooving pattern similarity of Wu and Yang, The Jazz Transformer, ISMIR 2020, between
    neighbours instead of all pairs.

    Args:
        rhythms: [bars, steps] bool.

    Returns:
        0..1; 0 below two bars.
    """
    if len(rhythms) < 2:
        return 0.0
    return float(1 - (rhythms[1:] != rhythms[:-1]).mean())


def groove_beyond_chance(rhythms: np.ndarray) -> float:
    """Cohen's kappa (1960) of neighbouring bars: 0 for bars that are full, empty or random.

    Args:
        rhythms: [bars, steps] bool.

    Returns:
        At most 1, where each bar repeats the one before; 0 below two bars.
    """
    if len(rhythms) < 2:
        return 0.0
    share = rhythms.mean()
    by_chance = share**2 + (1 - share) ** 2
    if by_chance > 1 - 1e-9:
        return 0.0
    return float((groove_consistency(rhythms) - by_chance) / (1 - by_chance))


def beat_strength(sound: AudioEvents) -> tuple[float, float]:
    """Measure how periodic the onsets are at the tracked beat.

    Args:
        sound: onsets and beats of the music.

    Returns:
        (autocorrelation of the onset train one beat later, 0..1; tempo in beats a minute). (0, 0) without a
        beat.
    """
    from scipy.ndimage import gaussian_filter1d

    if len(sound.beat_times_s) < 2 or not len(sound.onset_times_s):
        return 0.0, 0.0
    period_s = float(np.median(np.diff(sound.beat_times_s)))
    train = np.zeros(len(sound.times_s))
    np.add.at(train, np.minimum(np.round(sound.onset_times_s / 0.01).astype(int), len(train) - 1), 1.0)
    train = gaussian_filter1d(train, 2.0)
    train -= train.mean()
    lag = round(period_s / 0.01)
    return float(np.clip(train[lag:] @ train[:-lag] / (train @ train + 1e-12), 0.0, 1.0)), 60 / period_s


def repetition_and_novelty(features: np.ndarray) -> tuple[float, float]:
    """Measure how far the music repeats itself and how far it changes, second by second.

    Cosine likeness of standardised means, as in Foote's self-similarity matrix (2000).

    Args:
        features: [D, F] chroma and timbre in frames of 46 ms.

    Returns:
        (likeness of each second to its best match elsewhere, 0..1; unlikeness to the second before, 0..1).
    """
    width = round(SEGMENT_S * SAMPLE_RATE / TONAL_HOP)
    n = features.shape[1] // width
    if n <= FAR_SEGMENTS:
        return 0.0, 0.0
    means = features[:, : n * width].reshape(len(features), n, width).mean(axis=2)
    means = (means - means.mean(axis=1, keepdims=True)) / (means.std(axis=1, keepdims=True) + 1e-6)
    unit = means / (np.linalg.norm(means, axis=0) + 1e-9)
    alike = unit.T @ unit
    near = np.abs(np.subtract.outer(np.arange(n), np.arange(n))) < FAR_SEGMENTS
    best = np.where(near, -1.0, alike).max(axis=1)
    return float(np.clip(best, 0, 1).mean()), float((1 - np.diagonal(alike, 1)).mean() / 2)


def silence(samples: np.ndarray, sample_rate: int) -> float:
    """Share of the blocks of 100 ms below -60 dBFS.

    Args:
        samples: [n, channels] float, -1..1.
        sample_rate: Hz.

    Returns:
        0..1; 1 for no samples.
    """
    width = max(1, min(len(samples), round(BLOCK_S * sample_rate)))
    blocks = [samples[i : i + width] for i in range(0, len(samples) - width + 1, width)]
    return float(np.mean([_level_db(block) < SILENT_DBFS for block in blocks])) if blocks else 1.0


def ending_drop_db(samples: np.ndarray, sample_rate: int) -> float:
    """Measure the level of the last quarter second relative to the whole.

    Args:
        samples: [n, channels] float.
        sample_rate: Hz.

    Returns:
        dB, at most 120; 0 for silence, near 0 for an abrupt end.
    """
    last = samples[-max(1, round(ENDING_S * sample_rate)) :]
    if not np.any(samples):
        return 0.0
    return float(min(_level_db(samples) - _level_db(last), 120.0))


def _level_db(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(np.square(samples)) + 1e-12))


def loudness_lufs(samples: np.ndarray, sample_rate: int) -> float:
    """Integrated loudness (ITU-R BS.1770-4).

    Args:
        samples: [n, channels] float, -1..1.
        sample_rate: Hz.

    Returns:
        LUFS; -inf for silence or under 0.4 s.

    Raises:
        EnvironmentFault: pyloudnorm is not installed.
    """
    pyloudnorm = need("pyloudnorm")
    if len(samples) < 0.4 * sample_rate or not np.any(samples):
        return float("-inf")
    return float(pyloudnorm.Meter(sample_rate).integrated_loudness(samples))


def true_peak_dbtp(samples: np.ndarray) -> float:
    """Peak after four-fold oversampling.

    Args:
        samples: [n, channels] float, -1..1.

    Returns:
        dB re full scale; -inf for silence.
    """
    from scipy.signal import resample_poly

    peak = max((np.abs(resample_poly(c, 4, 1)).max() for c in samples.T if len(c)), default=0.0)
    return float(20 * np.log10(peak)) if peak > 0 else float("-inf")

"""Measure a mix: balance by third octaves, crest, width by band, air, the tune against the pad, time taken.

Reference for the balance: the power density of records that sold well falls by about 5 dB an octave from
100 Hz to 4 kHz in their long-term spectrum (Pestana and others, "Spectral characteristics of popular
commercial recordings 1950-2010", 2013). A third octave is twice as wide an octave higher, so levels of third
octaves fall by 3 dB less. The figure `off` is how far a mix strays from such a line, fitted to its own level,
on average.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dyvim_cli.types import SAMPLE_RATE, Score

THIRDS_HZ = 1000 * 2.0 ** (np.arange(-15, 14) / 3)  # centres of third octaves: 31 Hz to 20 kHz
DENSITY_FALL_DB, WIDER_DB = -5.0, 10 * float(np.log10(2))  # dB an octave
FALL_DB, LINE_HZ = DENSITY_FALL_DB + WIDER_DB, (100.0, 4000.0)  # fall of third octaves, and where it is so
WIDTH_BANDS_HZ = ((30.0, 120.0), (120.0, 2000.0), (2000.0, 16000.0))
AIR_HZ, TUNE_HZ = 9000.0, (300.0, 4000.0)
N_FFT = 16384
STEADY_DB = -40.0  # level against the tune's loudest moment from which on the tune plays
MOST_S = 0.08  # most processor time a second of music
WIDEST_BASS_DB, LEAST_AIR_DB = -15.0, -45.0  # side against middle below 120 Hz; above 9 kHz against the whole


@dataclass(frozen=True)
class MixFigures:
    """Measures of one mix."""

    style: str
    thirds_db: np.ndarray  # [29] level of each third octave against the whole
    off_db: float  # mean distance from the line
    crest_db: float
    side_db: tuple[float, float, float]  # side against middle in WIDTH_BANDS_HZ
    air_db: float  # level above AIR_HZ against the whole
    tune_db: float  # the tune's level against the pad's where the tune plays, in TUNE_HZ; nan without one
    cpu_s: float  # processor time a second of music


def produced(score: Score, duration_s: float, soundfont=None):
    """Render a score with stems, and time the rendering without them.

    Args:
        score: the score.
        duration_s: length of the sound.
        soundfont: path of other instruments; None = the shipped ones.

    Returns:
        (soundtrack with stems, processor seconds a second of music without them).
    """
    from dyvim_cli.music.mixing.mastering import produce

    begun = time.process_time()
    produce(score, duration_s, soundfont=soundfont)
    cpu_s = (time.process_time() - begun) / duration_s
    return produce(score, duration_s, keep_stems=True, soundfont=soundfont), cpu_s


def measure(style: str, samples: np.ndarray, stems: dict[str, np.ndarray], cpu_s: float) -> MixFigures:
    """Measure a mix.

    Args:
        style: of the music.
        samples: [n, 2] the mix.
        stems: [n, 2] each, by name.
        cpu_s: processor seconds a second of music.

    Returns:
        Figures of the mix.
    """
    hz = np.fft.rfftfreq(N_FFT, 1 / SAMPLE_RATE)
    left, right = (spectrum(samples[:, side]) for side in (0, 1))
    middle, side = spectrum(samples.mean(axis=1)), spectrum((samples[:, 0] - samples[:, 1]) / 2)
    power = left + right
    edges_hz = [(centre * 2 ** (-1 / 6), centre * 2 ** (1 / 6)) for centre in THIRDS_HZ]
    thirds_db = np.array([_db(_band(power, hz, *edges), power) for edges in edges_hz])
    widths = tuple(_db(_band(side, hz, *band), _band(middle, hz, *band)) for band in WIDTH_BANDS_HZ)
    mono = samples.astype(np.float64)
    crest_db = 20 * np.log10(np.abs(mono).max() / np.sqrt((mono**2).mean()))
    air_db = _db(_band(power, hz, AIR_HZ, 20000.0), power)
    tune_db = tune_over_pad_db(stems)
    return MixFigures(style, thirds_db, off_line_db(thirds_db), crest_db, widths, air_db, tune_db, cpu_s)


def spectrum(sound: np.ndarray) -> np.ndarray:
    """Average the power spectra of windows that overlap by half.

    Args:
        sound: [n].

    Returns:
        [N_FFT / 2 + 1] power.
    """
    n_windows = max(1, (len(sound) - N_FFT) // (N_FFT // 2) + 1)
    padded = np.pad(sound, (0, max(0, N_FFT - len(sound))))
    window, total = np.hanning(N_FFT), np.zeros(N_FFT // 2 + 1)
    for i in range(n_windows):
        piece = padded[i * N_FFT // 2 : i * N_FFT // 2 + N_FFT]
        total += np.abs(np.fft.rfft(piece * window)) ** 2
    return total / n_windows


def off_line_db(thirds_db: np.ndarray) -> float:
    """Measure how far the third octaves in LINE_HZ are from a line that falls by FALL_DB an octave.

    Args:
        thirds_db: [29] levels.

    Returns:
        Mean distance, dB.
    """
    low_hz, high_hz = LINE_HZ
    inside = (low_hz <= THIRDS_HZ) & (high_hz >= THIRDS_HZ)
    off = thirds_db[inside] - FALL_DB * np.log2(THIRDS_HZ[inside] / low_hz)
    return float(np.abs(off - np.median(off)).mean())


def tune_over_pad_db(stems: dict[str, np.ndarray]) -> float:
    """Compare tune and pad in TUNE_HZ, over the moments in which the tune plays.

    Args:
        stems: [n, 2] each, by name.

    Returns:
        Level of the tune against the pad, dB; nan without one of them.
    """
    if not {"melody", "pad"} <= set(stems):
        return float("nan")
    tune, pad = (_in_band(stems[name]) for name in ("melody", "pad"))
    plays = tune > tune.max() * 10 ** (STEADY_DB / 10)
    return _db(tune[plays], pad[plays])


def _in_band(stem: np.ndarray) -> np.ndarray:
    """Power of a stem [n, 2] in TUNE_HZ, of every tenth of a second."""
    from scipy.signal import butter, sosfilt

    band = butter(2, TUNE_HZ, "bandpass", fs=SAMPLE_RATE, output="sos")
    heard, hop = sosfilt(band, stem.mean(axis=1)), SAMPLE_RATE // 10
    return (heard[: len(heard) // hop * hop].reshape(-1, hop) ** 2).mean(axis=1)


def _band(power: np.ndarray, hz: np.ndarray, low_hz: float, high_hz: float) -> np.ndarray:
    return power[(hz >= low_hz) & (hz < high_hz)]


def _db(one: np.ndarray, other: np.ndarray) -> float:
    return float(10 * np.log10((one.sum() + 1e-20) / (other.sum() + 1e-20)))


def faults(one: MixFigures, has_cymbals: bool) -> list[str]:
    """List the bands that the mix of a style misses.

    Args:
        one: its figures.
        has_cymbals: True where the style has a kit with cymbals.

    Returns:
        A line for each.
    """
    missed = {
        "bass is not mono": one.side_db[0] > WIDEST_BASS_DB,
        "no air": has_cymbals and one.air_db < LEAST_AIR_DB,
        "pad over tune": one.tune_db < 0,
        "slow": one.cpu_s > MOST_S,
    }
    return [name for name, is_missed in missed.items() if is_missed]


def table(found: Sequence[MixFigures]) -> str:
    """Tabulate figures, one line per style.

    Args:
        found: figures of the styles.

    Returns:
        Text.
    """
    rows = ["style        off dB  crest  side<120  120-2k   >2k  air>9k  tune/pad  cpu s/s"]
    for one in found:
        widths = "{:9.1f} {:7.1f} {:5.1f}".format(*one.side_db)
        balance = f"{one.style:12} {one.off_db:6.1f} {one.crest_db:6.1f}"
        rows.append(f"{balance} {widths} {one.air_db:7.1f} {one.tune_db:9.1f} {one.cpu_s:8.3f}")
    return "\n".join(rows)

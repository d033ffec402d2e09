"""Detect drums that play alone: unlike strokes of unlike force on an even pulse.

Strokes are rises of the level in four bands. Steps, hammers and clocks strike evenly, but always the same;
applause, rain, keys and voices have no pulse; the strokes of most machines are unlike, but equally strong.
Drummers play accents, and more than one drum.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from dyvim_cli.filters import butterworth, filter_from_silence, find_peaks
from dyvim_cli.hearing.partials import SAMPLE_RATE

HOP = 160  # samples: a level every 10 ms
HOP_S = HOP / SAMPLE_RATE
BANDS_HZ = ((30, 150), (200, 1200), (1500, 4000), (5000, 7900))  # kick, toms and snare, its wires, cymbals
BAND_ORDER = 3
RISE_HOPS = 3  # hops over which the rise of a level is measured
BELOW_LOUDEST = 1e-2  # share of a band's loudest power below which nothing counts as a rise
BELOW_WHOLE = 1e-6  # share of the loudest power of all bands below which nothing counts as a rise
LOUDEST = 0.995  # quantile of a band's powers that stands for its loudest
# least rise of a stroke, all bands together: in dB, and as a share of the strongest rises
LEAST_RISE_DB, LEAST_RISE_SHARE = 8.0, 0.15
APART_HOPS = 6  # least distance between two strokes, hops
FEWEST = 8  # least number of strokes in which a pulse can be seen
FASTEST = 8.5  # most strokes a second, sixteenths at 128 beats a minute: machines strike faster
# pulses that are tried, seconds: eighths of slow music to sixteenths of fast music
PULSES_S = 1 / np.linspace(1 / 0.36, 1 / 0.085, 700)
NEAR_BEST = 0.93  # share of the best pulse's evenness with which a slower pulse is taken
STRUCK = 0.5  # share of a band's strong rises from which on the band takes part in a stroke
MANY_KINDS = 5  # least number of kinds of strokes of a whole kit, mastered or in a room
MANY_EASE = 0.15  # amount of contrast that is not asked of so many kinds
OF_A_KIND = 0.06  # least share of the strokes that makes a kind of its own


@dataclass(frozen=True)
class Drumming:
    """Similarity of a window to drums."""

    strokes_per_s: float = 0.0
    evenness: float = 0.0  # 0..1, agreement of the strokes with a pulse (a circular mean's length)
    struck: float = 0.0  # 0..1, share of the pulses that have a stroke
    kinds: int = 0  # sets of bands that are struck together, those that recur
    contrast: float = 0.0  # spread of the strokes' rises, of their mean
    certainty: float = 0.0  # strokes times evenness squared: strokes by chance reach 5 to 8 with some pulse
    begins_s: float = 0.0  # first and last stroke, from the window's start
    ends_s: float = 0.0

    def is_music(self) -> bool:
        """Check whether the window passes all tests.

        Returns:
            True for drums.
        """
        return self._passes(strokes_per_s=2.0, evenness=0.7, struck=0.4, contrast=0.35, certainty=9.0)

    def goes_on(self) -> bool:
        """Tell whether drums before or after the window go on in it.

        Returns:
            True where it nearly passes the tests.
        """
        return self._passes(strokes_per_s=1.6, evenness=0.6, struck=0.35, contrast=0.28, certainty=6.0)

    def _passes(
        self, *, strokes_per_s: float, evenness: float, struck: float, contrast: float, certainty: float
    ) -> bool:
        least_contrast = contrast - (MANY_EASE if self.kinds >= MANY_KINDS else 0.0)
        return (
            self.kinds >= 2
            and strokes_per_s <= self.strokes_per_s <= FASTEST
            and self.certainty >= certainty
            and self.evenness >= evenness
            and self.struck >= struck
            and self.contrast >= least_contrast
        )


def drumming(samples: np.ndarray) -> Drumming:
    """Measure how much a window is like drums.

    Args:
        samples: [n] float, mono, at partials.SAMPLE_RATE.

    Returns:
        The figures; all 0 with too few strokes.
    """
    times_s, rises = _strokes(samples)
    if len(times_s) < FEWEST:
        return Drumming()
    strengths = rises.sum(axis=1)
    evenness, pulse_s, offset_s = _pulse(times_s, np.minimum(strengths, np.median(strengths)))
    places = np.round((times_s - offset_s) / pulse_s).astype(int)
    return Drumming(
        strokes_per_s=len(times_s) * SAMPLE_RATE / len(samples),
        evenness=evenness,
        struck=len(set(places.tolist())) / int(np.ptp(places) + 1),
        kinds=_kinds(rises),
        contrast=float(strengths.std() / strengths.mean()),
        certainty=len(times_s) * evenness**2,
        begins_s=float(times_s[0]),
        ends_s=float(times_s[-1]),
    )


def _strokes(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(times [S] in seconds, rises [S, bands] in dB) of what is struck in a window."""
    rises = _rises_db(samples)
    if not rises.shape[1]:
        return np.zeros(0), np.zeros((0, len(BANDS_HZ)))
    total = rises.sum(axis=0)
    least = max(LEAST_RISE_DB, LEAST_RISE_SHARE * float(np.quantile(total, 0.99)))
    peaks, _ = find_peaks(total, height=least, distance=APART_HOPS)
    # 5 hops around each peak: their centre is finer than a hop
    around = np.clip(peaks[:, None] + np.arange(-2, 3), 0, len(total) - 1)
    times_s = (around * total[around]).sum(axis=1) / total[around].sum(axis=1) * HOP_S
    return times_s, rises[:, around].max(axis=2).T


def _rises_db(samples: np.ndarray) -> np.ndarray:
    """[bands, F] by how much each band's level rises, dB, one value every 10 ms."""
    powers = _band_powers(samples)
    if not powers.shape[1]:
        return powers
    padded = np.pad(powers, ((0, 0), (1, 1)), mode="edge")
    powers = 0.5 * powers + 0.25 * (padded[:, :-2] + padded[:, 2:])
    loudest = np.quantile(powers, LOUDEST, axis=1, keepdims=True)
    levels = 10 * np.log10(powers + BELOW_LOUDEST * loudest + BELOW_WHOLE * powers.max() + 1e-12)
    rises = np.maximum(0.0, levels[:, RISE_HOPS:] - levels[:, :-RISE_HOPS])
    return np.pad(rises, ((0, 0), (RISE_HOPS, 0)))


def _band_powers(samples: np.ndarray) -> np.ndarray:
    """[bands, F] mean squares of every 10 ms."""
    n = len(samples) // HOP * HOP
    filters = [butterworth(BAND_ORDER, band, "bandpass", SAMPLE_RATE) for band in BANDS_HZ]
    bands = np.stack([filter_from_silence(each, samples[:n]) for each in filters])
    return (bands**2).reshape(len(bands), -1, HOP).mean(axis=2)


def _pulse(times_s: np.ndarray, weights: np.ndarray) -> tuple[float, float, float]:
    """(evenness, pulse, offset of its first stroke) of strokes [S], seconds: the slowest pulse that fits."""
    turns = (weights * np.exp(2j * np.pi * times_s / PULSES_S[:, None])).sum(axis=1) / weights.sum()
    fits = np.abs(turns)
    best = int(np.argmax(fits >= NEAR_BEST * fits.max()))
    while best + 1 < len(fits) and fits[best + 1] > fits[best]:
        best += 1
    pulse_s = float(PULSES_S[best])
    return float(fits[best]), pulse_s, float(np.angle(turns[best])) / (2 * np.pi) * pulse_s


def _kinds(rises: np.ndarray) -> int:
    """Number of sets of bands that are struck together and recur, of strokes [S, bands]."""
    taking_part = rises >= STRUCK * np.quantile(rises, 0.9, axis=0)
    sets = Counter(map(tuple, taking_part.tolist()))
    return sum(count >= max(2, OF_A_KIND * len(rises)) for count in sets.values())

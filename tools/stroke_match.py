"""Compare two strokes: the sound that they do not share, their bands and how these die away."""

import numpy as np

from tools.another_stroke import BANDS_AN_OCTAVE, bands

LEAST_SHARE = 1 / 500  # octaves that hold a smaller share of a stroke's energy are not compared
FALLS_DB = (10.0, 20.0)  # what is left of an octave's energy is compared after such falls


def unshared_db(one: np.ndarray, other: np.ndarray, rate: int) -> float:
    """Measure how much two strokes do not share.

    Args:
        one: [n].
        other: [m].
        rate: frames a second.

    Returns:
        Power of the one that no copy of the other within 5 ms explains, dB; 0 = nothing is shared.
    """
    from scipy.signal import correlate

    n, reach = min(len(one), len(other)), rate // 200
    one, other = one[:n].astype(np.float64), other[:n].astype(np.float64)
    together = correlate(one, other, method="fft")[n - 1 - reach : n + reach]
    shared = (together**2).max() / ((one**2).sum() * (other**2).sum())
    return float(10 * np.log10(max(1 - shared, 1e-9)))


def off_db(own: np.ndarray, made: np.ndarray, rate: int) -> float:
    """Measure how far a stroke is from another one's bands and decays.

    Args:
        own: [n] the one.
        made: [n] the other.
        rate: frames a second.

    Returns:
        Largest deviation in dB of an octave's energy, and of what is left of it where the one has fallen by
        FALLS_DB.
    """
    worst, whole = 0.0, float((own.astype(np.float64) ** 2).sum())
    for one, other in zip(_octaves(own, rate), _octaves(made, rate), strict=True):
        left, left_there = (np.cumsum(each[::-1].astype(np.float64) ** 2)[::-1] for each in (one, other))
        if left[0] < whole * LEAST_SHARE:
            continue
        places = [0, *(int(np.argmax(left < left[0] * 10 ** (-fall / 10))) for fall in FALLS_DB)]
        off = [10 * np.log10((left_there[min(i, len(other) - 1)] + 1e-20) / left[i]) for i in places]
        worst = max(worst, *map(abs, off))
    return worst


def _octaves(sound: np.ndarray, rate: int) -> list[np.ndarray]:
    parts = list(bands(sound, rate))
    return [np.sum(parts[i : i + BANDS_AN_OCTAVE], axis=0) for i in range(0, len(parts), BANDS_AN_OCTAVE)]

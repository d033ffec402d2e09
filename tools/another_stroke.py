"""Make another stroke of a drum out of one recording of it.

A cymbal that is struck again rings in the same bands, as loud and as long, while its fine structure is new.
Here that structure is taken from another recording (of another hat, or of the same by another microphone), or
from the drum's own spectrum with other phases and other strengths of its partials; band by band it is then
given the course of level that the drum's own recording has. A share of the own recording is kept, as strokes
of one drum share a part of their sound.
"""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

LOWEST_HZ, BANDS_AN_OCTAVE, NARROWEST_HZ = 150.0, 3, 150.0  # centre of the lowest band; spacing of the others
HOP = 16  # frames between two values of a level
SHORTEST_S, GROWTH = 0.0008, 0.25  # window of a level at the onset, and how it grows with the time since
ROUNDS = 4  # how often the levels are corrected
MOST_GAIN = 30.0  # linear, of a correction
ONSET_DB = -20.0  # level against the loudest millisecond from which on a stroke has begun
RISE_S = 0.0005  # length of the fade before the onset
PEAK = 1.12  # largest value against that of the drum's own recording
FELL_DB = -30.0  # level against its loudest at which another recording gives way to the own spectrum
HELD_BACK = 1e-9  # power against a band's loudest that counts as silence


def another(
    own: np.ndarray,
    rate: int,
    rng: np.random.Generator,
    kept: float,
    other: np.ndarray | None = None,
    first: np.ndarray | None = None,
) -> np.ndarray:
    """Make another stroke of a drum.

    Args:
        own: [n] its recording.
        rate: frames a second.
        rng: where the partials' phases and strengths come from.
        kept: share 0..1 of the first stroke's power that is kept.
        other: [m] another recording whose fine structure is used as far as it goes; None = none.
        first: [n] the stroke of which a share is kept; None = the own recording.

    Returns:
        [n] float32, as loud and as long in every band, its onset in the same place.
    """
    own = own.astype(np.float32)
    made = matched(own, imagined(own, rng), rate)
    if other is not None:
        made = _joined(own, other.astype(np.float32), made, rate)
    first = own if first is None else first.astype(np.float32)
    return matched(own, np.sqrt(kept) * first + np.sqrt(1 - kept) * made, rate)


def imagined(own: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw a steady sound with a recording's spectrum, its partials in other phases and strengths.

    Args:
        own: [n].
        rng: of the draw.

    Returns:
        [n] float32.
    """
    from scipy.fft import irfft, rfft

    spectrum = np.abs(rfft(own))
    strengths = np.sqrt(rng.exponential(1.0, len(spectrum)))
    phases = np.exp(2j * np.pi * rng.uniform(size=len(spectrum)))
    return irfft(spectrum * strengths * phases, len(own)).astype(np.float32)


def matched(own: np.ndarray, sound: np.ndarray, rate: int, rounds: int = ROUNDS) -> np.ndarray:
    """Give a sound the course of level that a recording has in every band.

    Args:
        own: [n] the recording.
        sound: [n] whose fine structure is kept.
        rate: frames a second.
        rounds: corrections.

    Returns:
        [n] float32.
    """
    at, peak = onset(own, rate), PEAK * float(np.abs(own).max())
    wanted = [level(band, at, width) for band, width in zip(bands(own, rate), widths(rate), strict=True)]
    sound = sound.astype(np.float32)
    for _ in range(rounds):
        found = np.zeros_like(sound)
        for band, width, power in zip(bands(sound, rate), widths(rate), wanted, strict=True):
            gain = np.sqrt(power / (level(band, at, width) + power.max() * HELD_BACK + 1e-20))
            found += band * _stretched(np.minimum(gain, MOST_GAIN), len(band))
        sound = np.clip(found, -peak, peak)
    return sound * _risen(at, rate, len(sound))


def onset(sound: np.ndarray, rate: int) -> int:
    """Find where a stroke begins.

    Args:
        sound: [n].
        rate: frames a second.

    Returns:
        The first frame within ONSET_DB of the loudest millisecond.
    """
    n = max(1, rate // 1000)
    power = np.convolve(sound.astype(np.float64) ** 2, np.ones(n) / n)[: len(sound)]
    return int(np.argmax(power >= power.max() * 10 ** (ONSET_DB / 10)))


def aligned(sound: np.ndarray, at: int, rate: int) -> np.ndarray:
    """Move a stroke so that it begins at a frame.

    Args:
        sound: [n].
        at: the frame.
        rate: frames a second.

    Returns:
        [m].
    """
    late = at - onset(sound, rate)
    return np.pad(sound, (late, 0)) if late > 0 else sound[-late:]


def bands(sound: np.ndarray, rate: int) -> Iterator[np.ndarray]:
    """Split a sound into bands that add up to it.

    Args:
        sound: [n].
        rate: frames a second.

    Yields:
        [n] float32 each, from low to high.
    """
    from scipy.fft import irfft, next_fast_len, rfft

    n = next_fast_len(len(sound) + rate // 10, real=True)
    spectrum = rfft(sound.astype(np.float32), n)
    centres = _centres_hz(rate)
    place = np.interp(np.arange(len(spectrum)) * rate / n, centres, np.arange(len(centres)))
    for i in range(len(centres)):
        share = np.cos(np.pi / 2 * np.minimum(np.abs(place - i), 1)) ** 2
        yield irfft(spectrum * share.astype(np.float32), n)[: len(sound)]


def widths(rate: int) -> list[int]:
    """List the shortest window of each band's level: as short as the band is wide.

    Args:
        rate: frames a second.

    Returns:
        Frames.
    """
    spacing = np.gradient(np.array(_centres_hz(rate)))
    return [round(max(1.2 / hz, SHORTEST_S) * rate) for hz in spacing]


def level(band: np.ndarray, at: int, width: int) -> np.ndarray:
    """Follow the level of a band in windows that grow with the time since the onset.

    Args:
        band: [n].
        at: frame of the onset.
        width: frames of the shortest window.

    Returns:
        [n / HOP] mean square.
    """
    n = len(band)
    frames = np.arange(0, n, HOP)
    half = np.maximum(width / 2, GROWTH / 2 * np.maximum(frames - at, 0))
    summed = np.concatenate([[0.0], np.cumsum(band.astype(np.float64) ** 2)])
    low, high = (np.clip(frames + side * half, 0, n).astype(int) for side in (-1, 1))
    high = np.maximum(high, low + 1).clip(max=n)
    return (summed[high] - summed[low]) / np.maximum(high - low, 1)


@lru_cache(maxsize=8)
def _centres_hz(rate: int) -> tuple[float, ...]:
    centres = [LOWEST_HZ]
    while (following := max(centres[-1] * 2 ** (1 / BANDS_AN_OCTAVE), centres[-1] + NARROWEST_HZ)) < rate / 2:
        centres.append(following)
    return tuple(centres)


def _stretched(values: np.ndarray, n: int) -> np.ndarray:
    """Values of every HOP, with straight lines between, for every frame [n]."""
    return np.interp(np.arange(n), np.arange(len(values)) * HOP, values).astype(np.float32)


def _risen(at: int, rate: int, n: int) -> np.ndarray:
    """Gain [n] that lets nothing sound before the onset."""
    before = (np.arange(n) - at) / (RISE_S * rate)
    return np.sin(np.pi / 2 * np.clip(before + 1, 0, 1)).astype(np.float32) ** 2


def _joined(own: np.ndarray, other: np.ndarray, made: np.ndarray, rate: int) -> np.ndarray:
    """Another recording at the drum's levels, that goes over into what was made as it dies away."""
    other = aligned(other, onset(own, rate), rate)[: len(own)]
    power = level(other, onset(own, rate), rate // 100)
    heard = np.nonzero(power > power.max() * 10 ** (FELL_DB / 10))[0][-1] * HOP
    n = int(min(len(other), max(heard, rate // 20)))
    over = np.zeros(len(own), np.float32)
    over[:n] = np.cos(np.pi / 2 * np.clip((np.arange(n) - n / 2) / (n / 2), 0, 1))
    given = matched(own, np.pad(other, (0, len(own) - len(other))), rate)
    return given * over + made * np.sqrt(1 - over**2)

"""Synthesise a room's stereo impulse response from a few numbers."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from dyvim_cli.stylebook.record import Room
from dyvim_cli.types import SAMPLE_RATE

BANDS_HZ = (250.0, 1000.0, 4000.0)  # edges of the four bands that decay on their own
BAND_DECAY = (1.1, 1.0, 0.8, 0.45)  # decay time of each band, times the room's: air swallows treble


@lru_cache(maxsize=1)
def impulse_response(room: Room, seed: int = 0) -> np.ndarray:
    """Synthesise a room: sparse early reflections, then band-wise decaying noise, its two sides independent.

    After Moorer, "About this reverberation business", 1979.

    Args:
        room: size and colour.
        seed: of noise and reflections.

    Returns:
        [2, n] float32 at 48 kHz, unit energy; kept, not to be changed.
    """
    rng = np.random.default_rng(seed)
    n = int((room.predelay_s + room.decay_s) * SAMPLE_RATE)
    start = int(room.predelay_s * SAMPLE_RATE)
    times_s = np.arange(n - start) / SAMPLE_RATE
    response = np.zeros((2, n))
    bands = _bands(rng.standard_normal((2, n - start)))
    for band, factor in zip(bands, BAND_DECAY, strict=True):
        decay_s = room.decay_s * factor * (room.brightness if factor < 0.5 else 1.0)
        response[:, start:] += band * 10 ** (-3 * times_s / decay_s)
    response[:, start:] *= np.minimum(1, times_s / 0.025)  # density builds up
    response /= np.sqrt((response**2).sum(axis=1, keepdims=True))
    _add_early(response, room, start, rng)
    response *= np.linspace(1, 0, n) ** 0.5
    return (response / np.sqrt((response**2).sum(axis=1, keepdims=True))).astype(np.float32)


def _bands(noise: np.ndarray) -> Iterator[np.ndarray]:
    """Split noise [2, n] by frequency; the parts [2, n] add up to the whole.

    Both sides go through one complex transform: at lengths with large prime factors that is half the work.
    """
    rest = noise[0] + 1j * noise[1]
    spectrum, hz = np.fft.fft(rest), np.abs(np.fft.fftfreq(len(rest), 1 / SAMPLE_RATE))
    for low, high in zip((0.0, *BANDS_HZ), BANDS_HZ, strict=False):
        band = np.fft.ifft(np.where((hz >= low) & (hz < high), spectrum, 0))
        rest = rest - band
        yield np.stack([band.real, band.imag])
    yield np.stack([rest.real, rest.imag])


def _add_early(response: np.ndarray, room: Room, start: int, rng: np.random.Generator) -> None:
    """Six reflections a side within the first 60 ms after the predelay's half."""
    for side in range(2):
        arrivals_s = np.sort(rng.uniform(0.004, 0.06, 6))
        for arrival_s in arrivals_s:
            at = start // 2 + int(arrival_s * SAMPLE_RATE)
            if at < response.shape[1]:
                response[side, at] += rng.choice((-1, 1)) * room.early * 0.4 * np.exp(-arrival_s / 0.03)

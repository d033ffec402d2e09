"""Synthesise a room's stereo impulse response from a few numbers."""

import numpy as np

from dyvim_cli.stylebook.record import Room
from dyvim_cli.types import SAMPLE_RATE

BANDS_HZ = (250.0, 1000.0, 4000.0)  # edges of the four bands that decay on their own
BAND_DECAY = (1.1, 1.0, 0.8, 0.45)  # decay time of each band, times the room's: air swallows treble


def impulse_response(room: Room, seed: int = 0) -> np.ndarray:
    """Synthesise a room: sparse early reflections, then band-wise decaying noise, its two sides independent.

    After Moorer, "About this reverberation business", 1979.

    Args:
        room: size and colour.
        seed: of noise and reflections.

    Returns:
        [2, n] float32 at 48 kHz, unit energy.
    """
    rng = np.random.default_rng(seed)
    n = int((room.predelay_s + room.decay_s) * SAMPLE_RATE)
    start = int(room.predelay_s * SAMPLE_RATE)
    times_s = np.arange(n - start) / SAMPLE_RATE
    response = np.zeros((2, n))
    for side in range(2):
        noise = _bands(rng.standard_normal(n - start))
        for band, factor in zip(noise, BAND_DECAY, strict=True):
            decay_s = room.decay_s * factor * (room.brightness if factor < 0.5 else 1.0)
            response[side, start:] += band * 10 ** (-3 * times_s / decay_s)
        response[side, start:] *= np.minimum(1, times_s / 0.025)  # density builds up
    response /= np.sqrt((response**2).sum(axis=1, keepdims=True))
    _add_early(response, room, start, rng)
    response *= np.linspace(1, 0, n) ** 0.5
    return (response / np.sqrt((response**2).sum(axis=1, keepdims=True))).astype(np.float32)


def _bands(noise: np.ndarray) -> list[np.ndarray]:
    """Split noise by frequency; the parts add up to the whole."""
    spectrum, hz = np.fft.rfft(noise), np.fft.rfftfreq(len(noise), 1 / SAMPLE_RATE)
    edges = (0.0, *BANDS_HZ, SAMPLE_RATE)
    return [
        np.fft.irfft(np.where((hz >= low) & (hz < high), spectrum, 0), len(noise))
        for low, high in zip(edges, edges[1:], strict=False)
    ]


def _add_early(response: np.ndarray, room: Room, start: int, rng: np.random.Generator) -> None:
    """Six reflections a side within the first 60 ms after the predelay's half."""
    for side in range(2):
        arrivals_s = np.sort(rng.uniform(0.004, 0.06, 6))
        for arrival_s in arrivals_s:
            at = start // 2 + int(arrival_s * SAMPLE_RATE)
            if at < response.shape[1]:
                response[side, at] += rng.choice((-1, 1)) * room.early * 0.4 * np.exp(-arrival_s / 0.03)

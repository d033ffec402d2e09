"""Synthesise impacts of film music: booms, sub drops, risers, reversed cymbals.

All of it is computed here, from sines and noise, as long as its note: a riser ends where its note ends, to
the frame. Three strengths differ in what sounds, not in level alone, and two takes in noise and fall.
"""

from functools import lru_cache

import numpy as np

from dyvim_cli.filters import butterworth, filter_from_silence
from dyvim_cli.types import SAMPLE_RATE

STRENGTHS = (80, 104)  # velocities from which a blow is of the second and of the third strength
BODY_HZ = (350.0, 900.0, 2600.0)  # highest frequency of the body's noise at each strength
CLICK = (0.0, 0.12, 0.3)  # level of the first crack at each strength
DROP_FROM_S = 2.0  # a blow with at least this ring falls by an octave
EDGE_S = 0.008  # length of the fade where a sound is cut
BLOW_LEVEL, RISE_LEVEL = 0.3, 0.12  # peak of the hardest
SHORT_RISE_S = 1.3  # a shorter rise is a reversed cymbal, a longer one wind with a tone in it
SINE_FRAMES = 512  # frames of a stretch of steady sines
CYMBAL_HZ, WIND_HZ = 3500.0, (300.0, 9000.0)


@lru_cache(maxsize=8)
def blow(key: int, velocity: int, n: int, take: int) -> np.ndarray:
    """Synthesise a boom whose deep tone settles on a key; low frequencies are the same on both sides.

    Args:
        key: MIDI number.
        velocity: MIDI velocity; it changes what sounds, not the level alone.
        n: frames.
        take: variant of noise and fall.

    Returns:
        [2, n] float32.
    """
    strength = sum(velocity >= edge for edge in STRENGTHS)
    times_s = np.arange(n) / SAMPLE_RATE
    rng = np.random.default_rng((strength, take % 2))
    tone = _deep(key, times_s, take)
    body = _body(times_s, BODY_HZ[strength], rng)
    crack = CLICK[strength] * rng.standard_normal((2, n)) * np.exp(-times_s / 0.004)
    sound = np.tanh(1.6 * tone + 0.5 * body + crack)
    level = BLOW_LEVEL * (velocity / 127) ** 1.5 / np.abs(sound).max(initial=1e-9)
    return _cut(level * sound, 0.0)


def _deep(key: int, times_s: np.ndarray, take: int) -> np.ndarray:
    """The tone [n]: it falls within 50 ms from two octaves above, and on by an octave where it rings long."""
    lasts_s = len(times_s) / SAMPLE_RATE
    octaves = 2.2 * np.exp(-times_s / (0.045 + 0.008 * (take % 2)))
    if lasts_s >= DROP_FROM_S:
        octaves = octaves - np.clip((times_s - 0.25) / (lasts_s - 0.25), 0, 1)
    hz = 440 * 2 ** ((key - 69) / 12 + octaves)
    decay_s = 0.45 if lasts_s < DROP_FROM_S else 0.9
    return np.sin(2 * np.pi * np.cumsum(hz) / SAMPLE_RATE) * np.exp(-times_s / decay_s)


def _body(times_s: np.ndarray, up_to_hz: float, rng: np.random.Generator) -> np.ndarray:
    """The skin's noise [2, n], without the lowest octaves, which belong to the tone."""
    band = butterworth(2, (110.0, up_to_hz), "bandpass", SAMPLE_RATE)
    noise = filter_from_silence(band, rng.standard_normal((2, len(times_s))))
    return noise / noise.std() * 0.35 * np.exp(-times_s / 0.18)


@lru_cache(maxsize=8)
def rise(key: int, velocity: int, n: int, take: int) -> np.ndarray:
    """Synthesise a swell that is loudest at its end.

    Args:
        key: MIDI number.
        velocity: MIDI velocity.
        n: frames.
        take: variant of the noise.

    Returns:
        [2, n] float32.
    """
    times_s = np.arange(n) / SAMPLE_RATE
    rng = np.random.default_rng((7, take % 2))
    is_short = n < SHORT_RISE_S * SAMPLE_RATE
    sound = _reversed_cymbal(times_s, rng) if is_short else _wind(key, times_s, rng)
    level = RISE_LEVEL * (velocity / 127) ** 1.5 / np.abs(sound).max(initial=1e-9)
    return _cut(level * sound, EDGE_S)


def _reversed_cymbal(times_s: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Noise and high partials that grow by 50 dB, as a cymbal's ring played backwards."""
    metal = rng.standard_normal((2, len(times_s)))
    metal = filter_from_silence(butterworth(2, CYMBAL_HZ, "highpass", SAMPLE_RATE), metal)
    partials_hz = CYMBAL_HZ * 2 ** rng.uniform(-1.0, 1.5, 24)
    phases = rng.uniform(0, 2 * np.pi, (2, 24, 1))
    ring = np.stack([_sines(partials_hz, phase[:, 0], len(times_s)) for phase in phases]) / len(partials_hz)
    return (metal + 4 * ring) * 10 ** (-50 / 20 * (1 - times_s / max(times_s[-1], 1e-3)))


def _sines(hz: np.ndarray, phases: np.ndarray, n: int) -> np.ndarray:
    """Sum [n] of steady sines [k]: turns of whole stretches times turns within one, a product of matrices."""
    turn = 2j * np.pi * hz / SAMPLE_RATE
    stretches = np.exp(1j * phases + turn * SINE_FRAMES * np.arange(-(-n // SINE_FRAMES))[:, None])
    within = np.exp(turn[:, None] * np.arange(SINE_FRAMES))
    return (stretches @ within).imag.ravel()[:n]


def _wind(key: int, times_s: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Noise that opens from low to high over a tone that climbs an octave to `key` and its fifth."""
    progress = times_s / times_s[-1]
    noise, hz = _swept(rng.standard_normal((2, len(times_s))), progress), 440 * 2 ** ((key - 69) / 12)
    climb = hz * 2 ** (progress**2 - 1)
    tone = sum(
        np.sin(2 * np.pi * np.cumsum(ratio * climb) / SAMPLE_RATE) / ratio for ratio in (1, 1.5, 2, 3, 4)
    )
    return (noise / noise.std() + 0.35 * tone) * progress**2.5


def _swept(noise: np.ndarray, progress: np.ndarray) -> np.ndarray:
    """Noise [2, n] through ever higher bands, each of which fades into the next."""
    centres = np.geomspace(*WIND_HZ, 6)
    place, swept = progress * (len(centres) - 1), np.zeros_like(noise)
    for i, centre in enumerate(centres):
        band = butterworth(1, (centre / 1.6, min(centre * 1.6, 20000)), "bandpass", SAMPLE_RATE)
        weight = np.clip(1 - np.abs(place - i) / 1.5, 0, 1)
        swept += filter_from_silence(band, noise) * weight / np.sqrt(centre)
    return swept


def _cut(sound: np.ndarray, fade_s: float) -> np.ndarray:
    """The sound [2, n] float32, faded at its end: over fade_s, or over its last third."""
    n = sound.shape[1]
    n_fade = min(n, round(fade_s * SAMPLE_RATE) or n // 3)
    if n_fade:
        sound[:, n - n_fade :] *= 0.5 + 0.5 * np.cos(np.pi * np.arange(1, n_fade + 1) / n_fade)
    return sound.astype(np.float32)

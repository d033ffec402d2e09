"""Music made by hand whose flow is known: clicks, a drum loop, the same with holes, a comb, a pad."""

import numpy as np

from helpers.evaluation_planted import SAMPLE_RATE, clicks, every

DURATION_S = 16.0
BPM = 120.0
HOLES_S = (2.8, 5.3, 7.8, 11.3, 14.3)  # where the loop is cut out, between two beats


def seconds(duration_s: float) -> np.ndarray:
    """[n] times of the samples."""
    return np.arange(round(duration_s * SAMPLE_RATE)) / SAMPLE_RATE


def kick() -> np.ndarray:
    """A drum that drops from 80 to 50 Hz and rings for a third of a second."""
    t = seconds(0.4)
    return 0.6 * np.exp(-t / 0.1) * np.sin(2 * np.pi * (50 * t + 0.9 * (1 - np.exp(-t / 0.03))))


def noise(decay_s: float, level: float, seed: int) -> np.ndarray:
    """A burst of noise that falls to a third in `decay_s`."""
    t = seconds(0.3)
    return level * np.exp(-t / decay_s) * np.random.default_rng(seed).normal(size=len(t))


def struck(sound: np.ndarray, times_s, duration_s: float) -> np.ndarray:
    """[n] the sound at each of the times."""
    track = np.zeros(round(duration_s * SAMPLE_RATE) + len(sound))
    for time in times_s:
        start = round(time * SAMPLE_RATE)
        track[start : start + len(sound)] += sound
    return track[: round(duration_s * SAMPLE_RATE)]


def drum_loop(duration_s: float = DURATION_S) -> np.ndarray:
    """Kick, snare and hats at BPM over a bass that is held."""
    beat_s = 60 / BPM
    bass = 0.2 * np.sin(2 * np.pi * 55 * seconds(duration_s))
    return bass + sum(
        struck(sound, np.arange(first, duration_s - 0.05, step) * 1.0, duration_s)
        for sound, first, step in (
            (kick(), 0.0, 2 * beat_s),
            (noise(0.06, 0.2, 1), beat_s, 2 * beat_s),
            (noise(0.02, 0.08, 2), 0.0, beat_s / 2),
        )
    )


def with_holes(track: np.ndarray, length_s: float, starts_s=HOLES_S) -> np.ndarray:
    """The track with nothing for `length_s` from each of the starts on."""
    cut = track.copy()
    for start_s in starts_s:
        cut[round(start_s * SAMPLE_RATE) : round((start_s + length_s) * SAMPLE_RATE)] = 0.0
    return cut


def pad(duration_s: float = DURATION_S) -> np.ndarray:
    """A chord that swells for two seconds and then stays, 0.4 dB up and down."""
    t = seconds(duration_s)
    level = 0.1 * np.minimum(1.0, t / 2) * (1 + 0.05 * np.sin(2 * np.pi * 0.2 * t))
    return level * sum(np.sin(2 * np.pi * hz * t) / k for k, hz in enumerate((110, 165, 220, 277, 330), 1))


def comb(times_s, duration_s: float = DURATION_S) -> np.ndarray:
    """A stab at each of the times that has died away before the next."""
    t = seconds(0.9)
    chord = sum(np.sin(2 * np.pi * hz * t) for hz in (110, 220, 277, 330))
    return struck(0.15 * np.exp(-t / 0.12) * chord, times_s, duration_s)


def tracks() -> dict[str, np.ndarray]:
    """The tracks by name."""
    return {
        "click track": clicks(every(BPM, DURATION_S), DURATION_S),
        "drum loop": drum_loop(),
        "loop with holes": with_holes(drum_loop(), 0.18),
        "comb": comb([0.7, 2.1, 5.4, 6.2, 9.0, 11.9, 13.1]),
        "pad": pad(),
        "loop over a pad": 0.3 * drum_loop() + pad(),
        "silence": np.zeros(round(DURATION_S * SAMPLE_RATE)),
    }

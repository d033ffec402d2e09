"""Baseline soundtracks with less information than they should have, for any real one to beat."""

import numpy as np

from dyvim_cli.evaluation.judge.visual_events import VisualEvents

SAMPLE_RATE = 44100
CLICK_HZ, CLICK_S = 1500.0, 0.08
TEMPI_BPM = np.arange(60.0, 180.5, 0.5)
N_PHASES = 48
NEAR_S = 0.04  # how sharply the metronome aims, standard deviation


def random_shift(samples: np.ndarray, sample_rate: int, seed: int | list[int]) -> np.ndarray:
    """Start the same music somewhere else, wrapped round: the level of chance.

    Args:
        samples: [n, ...] music.
        sample_rate: Hz.
        seed: of the shift, which lies between an eighth and seven eighths of the music.

    Returns:
        The same shape.
    """
    share = np.random.default_rng(seed).uniform(0.125, 0.875)
    return np.roll(samples, round(share * len(samples)), axis=0)


def best_metronome(picture: VisualEvents) -> tuple[float, float]:
    """Find the steady beat that is nearest to the events.

    The best of all tempi from 60 to 180 and their phases, by the events' weights: the most that a fixed tempo
    can do.

    Args:
        picture: events of the film.

    Returns:
        (tempo in BPM, first beat in seconds); 120 and 0 without events.
    """
    best, best_score = (120.0, 0.0), 0.0
    events, weights = picture.event_times_s, picture.event_weights
    for tempo in TEMPI_BPM:
        period_s = 60 / tempo
        phases = np.arange(N_PHASES) / N_PHASES * period_s
        past = (events[None, :] - phases[:, None]) % period_s
        distance = np.minimum(past, period_s - past)
        near = np.exp(-0.5 * (distance / NEAR_S) ** 2) @ weights
        # twice as many beats hit twice as often by chance: subtract it
        score = near - weights.sum() * NEAR_S * np.sqrt(2 * np.pi) / period_s
        if len(events) and score.max() > best_score:
            best, best_score = (float(tempo), float(phases[score.argmax()])), float(score.max())
    return best


def metronome(picture: VisualEvents) -> np.ndarray:
    """Click the best metronome from the film's start to its end.

    Args:
        picture: events of the film.

    Returns:
        [n] float32 at SAMPLE_RATE.
    """
    tempo, first_s = best_metronome(picture)
    beats = np.arange(first_s, max(picture.duration_s, first_s + 1e-3), 60 / tempo)
    return clicks(beats, np.full(len(beats), 0.5), picture.duration_s)


def clicks(times_s: np.ndarray, levels: np.ndarray, duration_s: float) -> np.ndarray:
    """Make a short decaying tone at each time.

    Args:
        times_s: [C] seconds.
        levels: [C] 0..1.
        duration_s: length of the sound.

    Returns:
        [n] float32 at SAMPLE_RATE.
    """
    t = np.arange(round(CLICK_S * SAMPLE_RATE)) / SAMPLE_RATE
    click = np.sin(2 * np.pi * CLICK_HZ * t) * np.exp(-t / (CLICK_S / 5))
    track = np.zeros(max(1, round(duration_s * SAMPLE_RATE)) + len(click), np.float32)
    for start, level in zip(np.round(np.asarray(times_s) * SAMPLE_RATE).astype(int), levels, strict=True):
        if 0 <= start < len(track) - len(click):
            track[start : start + len(click)] += level * click
    return track[: -len(click)]

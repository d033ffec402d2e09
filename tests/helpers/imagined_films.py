"""Imaginary films as features: random events, cuts, scenes and motion."""

import numpy as np

from dyvim_cli.types import STYLES, FilmFeatures


def film(seed: int, duration_s=10.0) -> FilmFeatures:
    """Events, cuts, scenes and motion by chance; length, frames and mood are the same for every seed."""
    rng = np.random.default_rng(seed)
    times = np.arange(0, duration_s, 0.08)
    events = np.sort(rng.uniform(0.5, duration_s - 0.5, 9))
    return FilmFeatures(
        duration_s=duration_s, times_s=times,
        dynamics=rng.normal(size=(len(times), 64)).astype(np.float32),
        energy=rng.uniform(0, 0.5, len(times)).astype(np.float32), novelty=np.zeros(len(times), np.float32),
        event_times_s=events, event_weights=rng.uniform(0.3, 1, 9).astype(np.float32),
        event_kinds=rng.integers(0, 2, 9).astype(np.int8),
        scene_starts_s=np.array([0.0, events[4]]), scene_moods=np.tile([0.2, 0.3], (2, 1)).astype(np.float32),
        scene_labels=np.arange(2, dtype=np.int16), key_times_s=np.array([1.0]),
        key_features=np.zeros((1, 12), np.float32),
        style_scores=np.full(len(STYLES), 1 / len(STYLES), np.float32),
    )  # fmt: skip

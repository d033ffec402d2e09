"""Features of an imaginary film, with distinct values in every field."""

import numpy as np

from dyvim_cli.types import STYLES, FilmFeatures


def features(seed: int = 0) -> FilmFeatures:
    rng = np.random.default_rng(seed)
    return FilmFeatures(
        duration_s=2.5,
        times_s=np.arange(30) / 12.5,
        dynamics=rng.normal(size=(30, 64)).astype(np.float32),
        energy=rng.random(30).astype(np.float32),
        novelty=rng.random(30).astype(np.float32),
        event_times_s=np.array([0.7, 1.3]),
        event_weights=np.array([0.9, 0.2], np.float32),
        event_kinds=np.array([0, 1], np.int8),
        scene_starts_s=np.array([0.0, 0.7]),
        scene_moods=np.zeros((2, 2), np.float32),
        scene_labels=np.array([0, 1], np.int16),
        key_times_s=np.array([0.1]),
        key_features=rng.random((1, 8)).astype(np.float32),
        style_scores=np.full(len(STYLES), 0.1, np.float32),
    )

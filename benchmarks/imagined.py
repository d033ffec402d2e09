"""Draw features of imaginary films at random: scenes, cuts, impacts, motion.

They let the composer be judged without a folder of films and without watching any.
"""

import numpy as np

from dyvim_cli.types import EVENT_KINDS, STYLES, FilmFeatures

FRAMES_PER_S = 12.5
SCENE_S = (3.0, 12.0)
IMPACTS_PER_S = (0.0, 0.5)
D_DYNAMICS, D_KEYS = 64, 8
CUT, IMPACT = EVENT_KINDS.index("cut"), EVENT_KINDS.index("impact")


def imagined_film(rng: np.random.Generator, duration_s: float, style: str) -> FilmFeatures:
    """Draw the features of a film that looks like a style.

    Args:
        rng: draws scenes, events and motion.
        duration_s: length of the film.
        style: one of types.STYLES.

    Returns:
        Features as `analyse` would give them.
    """
    times = np.arange(0.0, duration_s, 1 / FRAMES_PER_S)
    starts = _scene_starts(rng, duration_s)
    labels = rng.integers(0, max(1, round(0.6 * len(starts))), len(starts))
    events, weights, kinds = _events(rng, starts, duration_s)
    scores = np.full(len(STYLES), 0.02, dtype=np.float32)
    scores[STYLES.index(style)] = 1 - 0.02 * (len(STYLES) - 1)
    moods = np.clip(rng.normal(0, 0.3, 2) + rng.normal(0, 0.2, (len(starts), 2)), -1, 1)
    keys = times[:: round(2 * FRAMES_PER_S)]
    return FilmFeatures(
        duration_s=duration_s,
        times_s=times,
        dynamics=np.zeros((len(times), D_DYNAMICS), dtype=np.float32),
        energy=_motion(rng, times, starts, events[kinds == IMPACT]).astype(np.float32),
        novelty=np.zeros(len(times), dtype=np.float32),
        event_times_s=events,
        event_weights=weights.astype(np.float32),
        event_kinds=kinds.astype(np.int8),
        scene_starts_s=starts,
        scene_moods=moods.astype(np.float32),
        scene_labels=labels.astype(np.int16),
        key_times_s=keys,
        key_features=np.zeros((len(keys), D_KEYS), dtype=np.float32),
        style_scores=scores,
    )


def still_film(duration_s: float, style: str) -> FilmFeatures:
    """Make the features of a photograph.

    Args:
        duration_s: length of the film.
        style: one of types.STYLES.

    Returns:
        Features without motion and events.
    """
    times = np.arange(0.0, duration_s, 1 / FRAMES_PER_S)
    nothing = np.zeros(0)
    scores = np.zeros(len(STYLES), dtype=np.float32)
    scores[STYLES.index(style)] = 1.0
    return FilmFeatures(
        duration_s, times, np.zeros((len(times), D_DYNAMICS), np.float32), np.zeros(len(times), np.float32),
        np.zeros(len(times), np.float32), nothing, nothing.astype(np.float32), nothing.astype(np.int8),
        np.zeros(1), np.array([[0.1, -0.6]], np.float32), np.zeros(1, np.int16), np.zeros(1),
        np.zeros((1, D_KEYS), np.float32), scores,
    )  # fmt: skip


def _scene_starts(rng: np.random.Generator, duration_s: float) -> np.ndarray:
    starts = [0.0]
    while (start := starts[-1] + rng.uniform(*SCENE_S)) < duration_s - 2.0:
        starts.append(start)
    return np.array(starts)


def _events(rng, starts: np.ndarray, duration_s: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(times, weights, kinds) of a cut at each scene's beginning and of impacts in between."""
    impacts = rng.uniform(0, duration_s, rng.poisson(rng.uniform(*IMPACTS_PER_S) * duration_s))
    times = np.concatenate([starts[1:], impacts])
    weights = np.concatenate([rng.uniform(0.7, 1, len(starts) - 1), rng.beta(2, 2, len(impacts))])
    kinds = np.repeat([CUT, IMPACT], [len(starts) - 1, len(impacts)])
    order = np.argsort(times)
    return times[order], weights[order], kinds[order]


def _motion(rng, times: np.ndarray, starts: np.ndarray, impacts: np.ndarray) -> np.ndarray:
    """[T] picture widths a second: a level and a slow wave a scene, a burst at each impact."""
    scene = np.searchsorted(starts, times, side="right") - 1
    level = 10 ** rng.uniform(-2.0, -0.3, len(starts))[scene]
    wave = 10 ** (0.2 * np.sin(2 * np.pi * times / rng.uniform(4, 9) + rng.uniform(0, 6)))
    since = times[:, None] - impacts[None]
    bursts = np.where(since >= 0, np.exp(-np.maximum(since, 0) / 0.4), 0).sum(axis=1)
    return level * wave + 0.15 * bursts

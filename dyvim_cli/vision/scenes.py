"""Divide a film into scenes, group those that look alike, and choose their key frames.

Letters: C scenes, M key frames, T analysed frames. Times are seconds from the first frame.
"""

import numpy as np

from dyvim_cli.filters import find_peaks

LEAST_SCENE_S = 2.5  # about a bar: shorter scenes are cuts inside a section, not sections
LONG_SHOT_S = 12.0  # a shot this long may hold more than one scene
STRONG_NOVELTY = 0.6  # a new scene inside a shot: the pan ended elsewhere, the light went on
NOVELTY_RISE = 0.3  # rise of novelty above its surroundings: a restless shot is new all the time
KEY_SPACING_S = 5.0  # twelve key frames for a minute in one shot
ALIKE_COSINE = 0.72  # least cosine of two scenes' closest key frames
ALIKE_COLOUR = 0.2  # largest difference in any colour measure (0..1)


def scene_starts(
    duration_s: float,
    cut_times_s: np.ndarray,
    cut_weights: np.ndarray,
    times_s: np.ndarray,
    novelty: np.ndarray,
) -> np.ndarray:
    """Divide a film into scenes, none shorter than 2.5 s.

    Cuts begin scenes, where they crowd the heavier one does; novelty begins further ones inside long shots. A
    film below 5 s is one scene.

    Args:
        duration_s: of the film.
        cut_times_s: [K] of the cuts.
        cut_weights: [K] 0..1.
        times_s: [T] of the analysed frames.
        novelty: [T] 0..1.

    Returns:
        [C] float64 seconds, the first 0.0.
    """
    starts = _add_apart([0.0, duration_s], cut_times_s, cut_weights, LEAST_SCENE_S)
    peaks = _novelty_peaks(times_s, novelty)
    ends = np.sort(starts)
    shots = np.diff(ends)[np.clip(np.searchsorted(ends, times_s[peaks], side="right") - 1, 0, len(ends) - 2)]
    peaks = peaks[shots >= LONG_SHOT_S]
    starts = _add_apart(starts, times_s[peaks], novelty[peaks], 2 * LEAST_SCENE_S)
    return np.array(sorted(starts)[:-1], dtype=np.float64)  # all but the film's end


def _add_apart(kept_s: list[float], times_s: np.ndarray, weights: np.ndarray, apart_s: float) -> list[float]:
    """kept_s and those of the times, heaviest first, that stay apart_s from all kept ones."""
    kept = list(kept_s)
    for i in np.argsort(-np.asarray(weights, dtype=float), kind="stable"):
        if np.abs(np.array(kept) - times_s[i]).min() >= apart_s:
            kept.append(float(times_s[i]))
    return kept


def _novelty_peaks(times_s: np.ndarray, novelty: np.ndarray) -> np.ndarray:
    """Indices of strong peaks that stand out from their surroundings."""
    return find_peaks(novelty, height=STRONG_NOVELTY, prominence=NOVELTY_RISE)[0]


def choose_key_times(starts: np.ndarray, duration_s: float, most: int = 48) -> np.ndarray:
    """Choose the times of key frames: the middle of each scene, more than one in long scenes.

    One key frame for every 5 s begun; when that is too many, fewer a scene, then the longest scenes.

    Args:
        starts: [C] where scenes begin, seconds.
        duration_s: of the film.
        most: key frames.

    Returns:
        [M] float64 seconds, ascending, M <= most.
    """
    lengths = np.diff(np.append(starts, duration_s))
    spacing_s = KEY_SPACING_S
    while np.ceil(lengths / spacing_s).sum() > most and spacing_s < lengths.max():
        spacing_s *= 1.1
    longest = np.sort(np.argsort(-lengths, kind="stable")[:most])
    times = []
    for start, length in zip(starts[longest], lengths[longest], strict=True):
        count = max(1, int(np.ceil(length / spacing_s)))
        times.append(start + (np.arange(count) + 0.5) * length / count)
    return np.concatenate(times)


def scene_of_keys(key_times_s: np.ndarray, starts: np.ndarray) -> list[np.ndarray]:
    """Find the key frames of each scene, or the nearest one where it has none.

    Args:
        key_times_s: [M] seconds.
        starts: [C] where scenes begin, seconds.

    Returns:
        For each scene indices into the key frames.
    """
    ends = np.append(starts[1:], np.inf)
    before, after = starts[:, None] - key_times_s, key_times_s - ends[:, None]  # [C, M]
    outside = np.maximum(0.0, np.maximum(before, after))  # seconds from the scene to the key frame
    outside[after == 0] = 1e-9  # a frame on the border belongs to the scene that begins there
    return [np.flatnonzero(row == 0) if row.min() == 0 else row.argmin(keepdims=True) for row in outside]


def scene_labels(
    features: np.ndarray, colours: np.ndarray, key_times_s: np.ndarray, starts: np.ndarray
) -> np.ndarray:
    """Number scenes as they appear; scenes that look alike share a label.

    A scene takes the label of the earlier scene that it resembles most, if it does so enough: their closest
    key frames agree in content (cosine) and in colour.

    Args:
        features: [M, F] image embeddings of the key frames.
        colours: [M, ...] colour measures, 0..1.
        key_times_s: [M] seconds.
        starts: [C] where scenes begin, seconds.

    Returns:
        [C] int16.
    """
    unit = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-9)
    cosine = unit @ unit.T  # [M, M]
    flat = np.asarray(colours, dtype=float).reshape(len(features), -1)
    distance = np.abs(flat[:, None] - flat[None]).max(axis=-1)
    alike = np.where(distance <= ALIKE_COLOUR, cosine, -1.0)
    keys = scene_of_keys(key_times_s, starts)
    labels: list[int] = []
    for c, mine in enumerate(keys):
        likeness = [alike[np.ix_(mine, keys[b])].max() for b in range(c)]
        best = int(np.argmax(likeness)) if c else 0
        returns = c > 0 and likeness[best] >= ALIKE_COSINE
        labels.append(labels[best] if returns else max(labels, default=-1) + 1)
    return np.array(labels, dtype=np.int16)

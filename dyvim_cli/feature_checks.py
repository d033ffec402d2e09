"""Check that features that were read from a file make sense, before music is composed to them."""

import numpy as np

from dyvim_cli.types import EVENT_KINDS, FilmFeatures

LONGEST_S = 1e6  # longest film
EDGE_S = 1.0  # how far a time may lie beyond the film's end: containers round
ROUNDING = 1e-3  # how far single precision and smoothing may exceed a range
SHAPES = {  # field -> [rows, columns] by letter; a letter is the same number everywhere, T at least 2
    "times_s": "T", "dynamics": "TD", "energy": "T", "novelty": "T",
    "event_times_s": "E", "event_weights": "E", "event_kinds": "E",
    "scene_starts_s": "C", "scene_moods": "C2", "scene_labels": "C",
    "key_times_s": "M", "key_features": "MF", "style_scores": "S",
}  # fmt: skip
LEAST = {"T": 2, "C": 1, "D": 1, "S": 1}
ASCENDING = ("times_s", "event_times_s", "scene_starts_s", "key_times_s")
RANGES = {
    "energy": (0.0, 1e6), "novelty": (0.0, 1.0), "event_weights": (0.0, 1.0), "scene_moods": (-1.0, 1.0),
    "event_kinds": (0, len(EVENT_KINDS) - 1), "style_scores": (0.0, 1.0),
}  # fmt: skip


def nonsense_in(features: FilmFeatures) -> str:
    """Find what in features cannot be, as in a file that a broken disk filled with zeros.

    Args:
        features: as they were read.

    Returns:
        What it is, in words; "" where all makes sense.
    """
    if not 0 < features.duration_s <= LONGEST_S:
        return f"a film of {features.duration_s:g} s"
    return _misshapen(features) or _out_of_range(features) or _disordered(features)


def _misshapen(features: FilmFeatures) -> str:
    """A field whose shape does not go with the others'."""
    sizes = {"2": 2}
    for name, letters in SHAPES.items():
        shape = np.shape(getattr(features, name))
        if len(shape) != len(letters):
            return f"{name} of {len(shape)} dimensions"
        for letter, size in zip(letters, shape, strict=True):
            if sizes.setdefault(letter, size) != size or size < LEAST.get(letter, 0):
                return f"{name} of {size} entries"
    return ""


def _out_of_range(features: FilmFeatures) -> str:
    """A field with numbers that it cannot have."""
    for name in SHAPES:
        values = getattr(features, name)
        if not np.isfinite(values).all():
            return f"{name} that is no number"
        low, high = RANGES.get(name, (-np.inf, np.inf))
        if values.size and (values.min() < low - ROUNDING or values.max() > high + ROUNDING):
            return f"{name} from {values.min():g} to {values.max():g}"
    return "" if features.style_scores.sum() > 0 else "style_scores that add up to nothing"


def _disordered(features: FilmFeatures) -> str:
    """Times that do not follow each other within the film."""
    for name in ASCENDING:
        times = getattr(features, name)
        if (np.diff(times) < 0).any() or (times < 0).any() or (times > features.duration_s + EDGE_S).any():
            return f"{name} out of order"
    return ""

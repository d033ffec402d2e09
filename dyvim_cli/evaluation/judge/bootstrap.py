"""Bootstrap confidence intervals of a mean over films."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 2000
LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """A mean and its bootstrap interval; without two values the interval is the mean itself."""

    mean: float
    low: float
    high: float
    n: int


def mean_interval(
    values: Sequence[float | None], seed: int = 0, films: Sequence[Hashable] | None = None
) -> Interval | None:
    """Mean of the finite values with its 95 % percentile bootstrap interval (Efron 1979).

    Args:
        values: [n] figures; None and what is not finite is left out.
        seed: of the resampling.
        films: [n] whose value each is; None = each of another film. Values of one film (its seeds) are
            averaged first, since films are what is resampled; of a single film the values themselves are.

    Returns:
        The mean and its interval; None where no value is finite.
    """
    from scipy.stats import bootstrap

    films = range(len(values)) if films is None else films
    by_film: dict[Hashable, list[float]] = {}
    for film, value in zip(films, values, strict=True):
        if value is not None and np.isfinite(value):
            by_film.setdefault(film, []).append(float(value))
    groups = list(by_film.values())
    known = np.array(groups[0] if len(groups) == 1 else [np.mean(group) for group in groups])
    if not len(known):
        return None
    mean = float(known.mean())
    if len(known) < 2 or np.ptp(known) == 0:
        return Interval(mean, mean, mean, len(known))
    bounds = bootstrap(
        (known,), np.mean, n_resamples=RESAMPLES, confidence_level=LEVEL, method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval  # fmt: skip
    return Interval(mean, float(bounds.low), float(bounds.high), len(known))

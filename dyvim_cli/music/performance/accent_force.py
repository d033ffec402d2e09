"""Grade accents by the weight of their events: players answer a nod more softly than a fall."""

import numpy as np

from dyvim_cli.types import TempoMap

# Share of its velocity by which the accent of an event that weighs nothing would be softer; it shrinks with
# the square of what an event lacks to weight 1.
WEIGHT_SHARE = 0.6


def accent_forces(tempo_map: TempoMap, is_accented: np.ndarray) -> dict[int, float]:
    """Find how hard the accents of the film's events are played.

    Where all are played as hard, the heaviest are heard no more than the others.

    Args:
        tempo_map: its hits count; of several at one step the heaviest.
        is_accented: [S] bool.

    Returns:
        Accented step with an event -> share of the velocity, 1 for an event of weight 1.
    """
    heaviest: dict[int, float] = {}
    for hit in tempo_map.hits:
        if hit.step < len(is_accented) and is_accented[hit.step]:
            heaviest[hit.step] = max(hit.weight, heaviest.get(hit.step, 0.0))
    return {step: 1 - WEIGHT_SHARE * (1 - weight) ** 2 for step, weight in heaviest.items()}

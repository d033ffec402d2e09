"""Derive a seed for each stage of a piece from the piece's seed, so that no numbers are drawn twice."""

from typing import Literal, get_args

import numpy as np

Stage = Literal[
    "style", "tempo", "key", "grid", "phrases", "chords", "arrangement", "patterns", "decoder", "reroll",
    "band", "players", "deviations", "orchestra", "audio", "gestures",
]  # fmt: skip
STAGES: tuple[Stage, ...] = get_args(Stage)  # a stage's place decides its seed: new ones come last


def seed_of(seed: int, stage: Stage, *numbers: int) -> int:
    """Derive a stage's seed.

    Args:
        seed: of the piece, at least 0.
        stage: which one draws.
        numbers: each at least 0; they tell draws of one stage apart, such as the variant of a reroll.

    Returns:
        The seed, 0 to 2**64 - 1; of a new stage it changes no other's.
    """
    return int(_sequence(seed, stage, numbers).generate_state(1, np.uint64)[0])


def generator_of(seed: int, stage: Stage, *numbers: int) -> np.random.Generator:
    """Make a stage's random generator.

    Args:
        seed: of the piece, at least 0.
        stage: which one draws.
        numbers: each at least 0; they tell draws of one stage apart.

    Returns:
        A new generator, which begins the same every time.
    """
    return np.random.default_rng(_sequence(seed, stage, numbers))


def _sequence(seed: int, stage: Stage, numbers: tuple[int, ...]) -> np.random.SeedSequence:
    """The child that the piece's sequence spawns at the stage's place (and that child's own children)."""
    return np.random.SeedSequence(seed, spawn_key=(STAGES.index(stage), *numbers))

"""The generator as the judge sees it: a film, alpha and a seed in, a sound file out.

The only part of the evaluation that knows the pipeline; the judge's measures never import it.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

Generate = Callable[[Path, float, int], Path]  # film, alpha, seed -> music


def dyvim_generator(folder: Path, candidates: int = 3) -> Generate:
    """Our own generator, writing wav files into `folder`; films are watched once and then cached.

    candidates: takes a piece, of which the best is kept; fewer is faster.
    """
    from dyvim_cli.model.composition import Wishes
    from dyvim_cli.pipeline import Delivery, features_of, generate

    def write(film: Path, alpha: float, seed: int) -> Path:
        music = folder / f"{film.stem}.alpha{alpha:g}.seed{seed}.wav"
        wishes = Wishes(alpha=alpha, seed=seed, candidates=candidates)
        generate(features_of(film), wishes, Delivery(music=music, overwrite=True))
        return music

    return write


def tempo_map_beats(film: Path, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Beat times [B] of the grid that the generator bends to the film, and which are downbeats [B]."""
    from dyvim_cli.model.composition import Wishes, choose_character, lay_grid
    from dyvim_cli.pipeline import features_of
    from dyvim_cli.types import STEPS_PER_BAR, STEPS_PER_BEAT

    features, wishes = features_of(film), Wishes(alpha=1.0, seed=seed)
    character = choose_character(features, wishes, np.random.default_rng(seed))
    grid = lay_grid(features, character, wishes).step_times_s
    beats = np.arange(0, len(grid), STEPS_PER_BEAT)
    return grid[beats], beats % STEPS_PER_BAR == 0

"""Generate the sound file of a film for a given alpha and seed.

The only part of the evaluation's sync that knows the pipeline; the measures never import it.
"""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dyvim_cli.progress import Silent
from dyvim_cli.types import STEPS_PER_BAR, STEPS_PER_BEAT, FilmFeatures, TempoMap

if TYPE_CHECKING:
    from dyvim_cli.options import ComposeOptions

Generate = Callable[[Path, float, int], Path]  # film, alpha, seed -> music


def dyvim_generator(folder: Path, candidates: int = 3, *, steady: bool = False) -> Generate:
    """The shipped decoder; candidates: takes a piece, of which the best is kept; fewer is faster."""
    from dyvim_cli.options import ComposeOptions
    from dyvim_cli.pipeline import load_embedded

    return generator_of(load_embedded(), ComposeOptions(candidates=candidates), folder, steady=steady)


def generator_of(model, options: "ComposeOptions", folder: Path, *, steady: bool = False) -> Generate:
    """`model` as it composes to the options (which name it; alpha and seed apart), wav files into `folder`.

    Films are watched once and then cached. steady: the embedded decoder alone, given the film as ever, but on
    a grid that ignores it.
    """
    from dyvim_cli.extras import sound_file
    from dyvim_cli.model.compose.score import write_score
    from dyvim_cli.options import Delivery
    from dyvim_cli.pipeline import compose, features_of

    def write(film: Path, alpha: float, seed: int) -> Path:
        features, own = features_of(film), replace(options, alpha=alpha, seed=seed)
        if steady:
            piece = write_score(features, own, model, tempo_map=film_grid(features, replace(own, alpha=0.0)))
        else:
            piece = compose(features, own, model, Silent())
        music = folder / f"{film.stem}.alpha{alpha:g}{'.steady' * steady}.seed{seed}.wav"
        with sound_file(piece, model, features.duration_s, Delivery(), Silent()) as sound:
            shutil.copyfile(sound, music)
        return music

    return write


def film_grid(features: FilmFeatures, options: "ComposeOptions") -> TempoMap:
    """The grid that the generator would lay for a film."""
    from dyvim_cli.model.compose.score import choose_character, fit_grid, with_own_seed

    options = with_own_seed(features, options)
    character = choose_character(features, options, np.random.default_rng(options.seed))
    return fit_grid(features, character, options)


def tempo_map_beats(film: Path, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Beat times [B] of the grid that the generator bends to the film, and which are downbeats [B]."""
    from dyvim_cli.options import ComposeOptions
    from dyvim_cli.pipeline import features_of

    grid = film_grid(features_of(film), ComposeOptions(alpha=1.0, seed=seed)).step_times_s
    beats = np.arange(0, len(grid), STEPS_PER_BEAT)
    beats = beats[np.append(np.diff(grid[beats]) > 0, True)]  # a short bar goes without some
    return grid[beats], beats % STEPS_PER_BAR == 0

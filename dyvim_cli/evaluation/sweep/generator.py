"""Generate the sound file of a film for a given alpha and seed.

The only part of the evaluation's sync that knows the pipeline; the measures never import it.
"""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from dyvim_cli.progress import Silent
from dyvim_cli.types import STEPS_PER_BAR, STEPS_PER_BEAT, FilmFeatures, TempoMap

if TYPE_CHECKING:
    from dyvim_cli.model.compose.recording import Recording
    from dyvim_cli.model.musicgen.loading import AudioModel
    from dyvim_cli.model.score.decoder import Decoder
    from dyvim_cli.options import ComposeOptions
    from dyvim_cli.types import Score

Generate = Callable[[Path, float, int], Path]  # film, alpha, seed -> music


def dyvim_generator(folder: Path, candidates: int = 3, *, steady: bool = False) -> Generate:
    """Make a generator of the shipped decoder's music.

    Args:
        folder: where the wav files go.
        candidates: pieces composed for each, of which the best is kept; fewer is faster.
        steady: make a grid that ignores the film; see generator_of.

    Returns:
        A function of film, alpha and seed that gives the path of a wav.
    """
    from dyvim_cli.options import ComposeOptions
    from dyvim_cli.pipeline import load_embedded

    return generator_of(load_embedded(), ComposeOptions(candidates=candidates), folder, steady=steady)


def generator_of(
    model: "Decoder | AudioModel", options: "ComposeOptions", folder: Path, *, steady: bool = False
) -> Generate:
    """Make a generator of a model's music.

    Films are watched once and then cached.

    Args:
        model: the decoder of score tokens, or MusicGen.
        options: options of composing, which name the model; alpha and seed are replaced.
        folder: where the wav files go.
        steady: the embedded decoder only: it is conditioned on the film as always, but on a grid that ignores
            it.

    Returns:
        A function of film, alpha and seed that gives the path of a wav.
    """
    from dyvim_cli.extras import sound_file
    from dyvim_cli.model.compose.score import write_score
    from dyvim_cli.options import Delivery
    from dyvim_cli.pipeline import compose, features_of

    def write(film: Path, alpha: float, seed: int) -> Path:
        features, own = features_of(film), replace(options, alpha=alpha, seed=seed)
        piece: Score | Recording
        if steady:
            grid = film_grid(features, replace(own, alpha=0.0))
            piece = write_score(features, own, cast("Decoder", model), tempo_map=grid)
        else:
            piece = compose(features, own, model, Silent())
        music = folder / f"{film.stem}.alpha{alpha:g}{'.steady' * steady}.seed{seed}.wav"
        with sound_file(piece, model, features.duration_s, Delivery(), Silent()) as sound:
            shutil.copyfile(sound, music)
        return music

    return write


def film_grid(features: FilmFeatures, options: "ComposeOptions") -> TempoMap:
    """Make the grid that the generator would make for a film.

    Args:
        features: motion, events, scenes and style of the film.
        options: options of composing.

    Returns:
        The time of every step.
    """
    from dyvim_cli.model.compose.character import choose_character, fit_grid, with_own_seed

    options = with_own_seed(features, options)
    character = choose_character(features, options)
    return fit_grid(features, character, options)


def seen_events_s(film: Path) -> np.ndarray:
    """Find the events that the generator sees in a film.

    Args:
        film: path; watched once and then cached.

    Returns:
        [E] seconds.
    """
    from dyvim_cli.pipeline import features_of

    return features_of(film).event_times_s


def tempo_map_beats(film: Path, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Find the beats of the grid that the generator bends to the film.

    Args:
        film: the film, watched once and then cached.
        seed: of the piece.

    Returns:
        ([B] times in seconds, [B] bool which are downbeats).
    """
    from dyvim_cli.options import ComposeOptions
    from dyvim_cli.pipeline import features_of

    grid = film_grid(features_of(film), ComposeOptions(alpha=1.0, seed=seed)).step_times_s
    beats = np.arange(0, len(grid), STEPS_PER_BEAT)
    beats = beats[np.append(np.diff(grid[beats]) > 0, True)]  # a short bar goes without some
    return grid[beats], beats % STEPS_PER_BAR == 0

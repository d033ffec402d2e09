"""Choose what kind of music it is to be: style, mood, key, tempo, and the grid that follows the film."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dyvim_cli.film_plan import FilmPlan
from dyvim_cli.influence import influence_of
from dyvim_cli.model.compose.obey import with_hits
from dyvim_cli.music.timing.bar_lines import realign_bar_lines
from dyvim_cli.music.timing.rubato import apply_rubato
from dyvim_cli.music.timing.tempo_map import fit_tempo_map
from dyvim_cli.options import ComposeOptions
from dyvim_cli.seeds import generator_of
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.types import FilmFeatures, Key, TempoMap
from dyvim_cli.vision.styles import draw_style

if TYPE_CHECKING:
    from dyvim_cli.stylebook.record import Palette

TEMPO_SPREAD_OCTAVES = 0.25  # how far a style's tempo may be left for the film's sake


@dataclass(frozen=True)
class Character:
    """General character of a piece: style, key, tempo, mood."""

    style: str
    valence: float
    arousal: float
    key: Key
    tempo_prior: tuple[float, float]  # centre in BPM, spread in octaves


def as_planned(
    features: FilmFeatures, options: ComposeOptions, planned: FilmPlan
) -> tuple[FilmFeatures, ComposeOptions, Character]:
    """Set a plan's choices in the film's features and the options.

    Args:
        features: motion, events, scenes and style of the film.
        options: options of composing.
        planned: the film's plan.

    Returns:
        (the film with the plan's hits, the options with its choices, the character that follows from it).
    """
    key, mood = planned.key, (planned.valence, planned.arousal)
    options = replace(
        options, style=planned.style, key=key, tempo_bpm=planned.bpm, alpha=planned.alpha, seed=planned.seed
    )
    character = Character(planned.style, *mood, key, (planned.bpm, TEMPO_SPREAD_OCTAVES))
    return with_hits(features, planned.hits), options, character


def with_own_seed(features: FilmFeatures, options: ComposeOptions) -> ComposeOptions:
    """Mix the seed with the film, so that one seed gives two films two keys and two bands.

    The seed depends on the film's length, frames and mood alone, rounded so that machines agree on them.

    Args:
        features: motion, events, scenes and style of the film.
        options: options of composing.

    Returns:
        The options with the mixed seed.
    """
    mood = features.scene_moods.mean(axis=0) if len(features.scene_moods) else np.zeros(2)
    film = [round(1000 * features.duration_s), len(features.times_s), *(10 + np.rint(10 * mood).astype(int))]
    state = np.random.SeedSequence([options.seed, *map(int, film)]).generate_state(1)
    return replace(options, seed=int(state[0]))


def choose_character(features: FilmFeatures, options: ComposeOptions) -> Character:
    """Choose style, mood, key and tempo: from the options, else from the film's features.

    Args:
        features: motion, events, scenes and style of the film.
        options: options of composing; tempo and key are drawn by its seed, so that two seeds differ.

    Returns:
        What kind of music it is to be.
    """
    style = options.style or draw_style(features.style_scores, generator_of(options.seed, "style"))
    palette = RECORDS[style].palette
    seen = features.scene_moods.mean(axis=0) if len(features.scene_moods) else np.zeros(2)
    valence, arousal = options.mood or (float(seen[0]), float(seen[1]))
    low, high = palette.bpm
    # faster for more arousal; a little of chance, so that two seeds differ
    place = np.clip(0.5 + 0.35 * arousal + generator_of(options.seed, "tempo").normal(0, 0.12), 0, 1)
    centre = low * (high / low) ** place
    key = options.key or _key(valence, palette, generator_of(options.seed, "key"))
    return Character(style, valence, arousal, key, (centre, TEMPO_SPREAD_OCTAVES))


def _key(valence: float, palette: Palette, rng: np.random.Generator) -> Key:
    """Draw a key: minor for dark films, in doubt the mode that the palette prefers; any tonic."""
    lean = 2.5 * valence + (-0.6 if palette.prefers_minor else 0.6)
    is_minor = rng.random() > 1 / (1 + np.exp(-2 * lean))
    return Key(int(rng.integers(12)), bool(is_minor))


def fit_grid(features: FilmFeatures, character: Character, options: ComposeOptions) -> TempoMap:
    """Fit the tempo map to the film's events: tempo, rubato, and bars that begin with the heavy cuts.

    Args:
        features: motion, events, scenes and style of the film.
        character: style and tempo prior.
        options: options of composing.

    Returns:
        The time of every step and the hits.
    """
    influence, palette = influence_of(options.alpha), RECORDS[character.style].palette
    tempo_map = fit_tempo_map(
        features.duration_s,
        features.event_times_s,
        features.event_weights,
        features.event_names,
        bpm_prior=character.tempo_prior,
        bpm=options.tempo_bpm,
        strength=influence.timing,
        max_drift=palette.drift,
        seed=options.seed,
        whole_bars=options.loops,
    )
    leaned = apply_rubato(tempo_map, influence.rubato, palette.rubato_steps, influence.lightest_rubato)
    timing = 0.0 if options.loops else influence.timing  # the bar that leads round is as long as the others
    return realign_bar_lines(leaned, timing, palette.steady_bars)

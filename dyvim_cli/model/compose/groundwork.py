"""Decide all that is fixed before the decoder draws: the film's curves, the form, and the conditions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dyvim_cli.film_plan import FilmPlan
from dyvim_cli.influence import influence_of
from dyvim_cli.model.compose.bands import Bands, bands_of
from dyvim_cli.model.compose.character import Character
from dyvim_cli.model.compose.form_edits import with_accents, with_patterns, with_silence, with_speech
from dyvim_cli.model.compose.marked_hits import marked_steps
from dyvim_cli.model.compose.obey import as_energetic, parts_on_grid, sections_on_grid, silent_steps
from dyvim_cli.model.conditioning import decoder_inputs
from dyvim_cli.model.conditioning.decoder_inputs import Conditions
from dyvim_cli.model.conditioning.film_curves import film_curves, motion_features
from dyvim_cli.music.form.accents import HEAVY
from dyvim_cli.music.form.film_on_grid import lay_on_grid
from dyvim_cli.music.form.form import Form
from dyvim_cli.music.form.planning import plan_form
from dyvim_cli.music.form.under_speech import (
    answered_energy,
    barred_steps,
    speech_on_grid,
)
from dyvim_cli.options import ComposeOptions
from dyvim_cli.types import SECTION_ROLES, STYLES, FilmFeatures, TempoMap

if TYPE_CHECKING:
    from dyvim_cli.music.form.sections import Section


@dataclass(frozen=True)
class Curves:
    """The film's curves for the music, on a grid of S steps."""

    hit: np.ndarray  # [S] weights of events, 0..1; less under speech
    cut: np.ndarray  # [S] 0..1
    energy: np.ndarray  # [S] 0..1; less under speech


@dataclass(frozen=True)
class Groundwork:
    """All that is decided before a token is drawn."""

    tempo_map: TempoMap
    curves: Curves
    form: Form
    conditions: Conditions  # the form and the curves as inputs of the decoder's network

    @property
    def bands(self) -> Bands:
        """Style -> [S] bool, the steps on which its band plays."""
        return bands_of(self.form.sections, self.form.style)

    @property
    def sections(self) -> tuple[tuple[int, int, str], ...]:
        """(first step, step after, role) of each section."""
        return tuple((section.start, section.end, section.role) for section in self.form.sections)


def curves_of(
    features: FilmFeatures,
    options: ComposeOptions,
    planned: FilmPlan,
    tempo_map: TempoMap,
    speech_s: np.ndarray | None,
) -> tuple[Curves, np.ndarray]:
    """Sample the film's curves on the grid, calmer under speech and as the plan's sections order.

    Args:
        features: motion, events, scenes and style of the film.
        options: options of composing.
        planned: the film's plan.
        tempo_map: the grid, S steps.
        speech_s: [N, 2] spans of speech, seconds; None = no speech.

    Returns:
        (the curves, [S] bool, True during speech).
    """
    hit, cut, energy = film_curves(features, tempo_map, influence_of(options.alpha).lightest_event)
    hit, energy, under_speech = calmer_under_speech(hit, energy, tempo_map, options, speech_s)
    return Curves(hit, cut, as_energetic(planned, tempo_map, energy)), under_speech


def lay_groundwork(
    features: FilmFeatures,
    options: ComposeOptions,
    character: Character,
    planned: FilmPlan,
    tempo_map: TempoMap,
    curves: Curves,
    under_speech: np.ndarray,
    final_step: int | None = None,
) -> Groundwork:
    """Decide the form, and edit it as speech, silences and events ask.

    Args:
        features: motion, events, scenes and style of the film.
        options: options of composing.
        character: style, mood and key.
        planned: the film's plan.
        tempo_map: the grid, S steps.
        curves: of the film on this grid.
        under_speech: [S] bool.
        final_step: where the last chord begins, if that is known.

    Returns:
        The groundwork; with_unlearned adds the patterns of styles that the decoder did not learn.
    """
    influence, silent = influence_of(options.alpha), silent_steps(planned, tempo_map)
    form = plan(features, tempo_map, character, curves.energy, curves.hit, options, planned, final_step)
    form = with_speech(form, under_speech, barred_steps(tempo_map, under_speech))
    form = with_silence(form, silent)
    form = with_accents(form, curves.hit * influence.follows * ~silent, influence.lightest_accent)
    form = replace(form, marked=marked_steps(tempo_map))
    conditions = condition(features, tempo_map, character, form, curves, options.loops)
    return Groundwork(tempo_map, curves, form, conditions)


def with_unlearned(ground: Groundwork, options: ComposeOptions, untrained: tuple[str, ...]) -> Groundwork:
    """Write the patterns of bands whose styles the decoder did not learn into the form.

    Args:
        ground: of lay_groundwork.
        options: options of composing.
        untrained: styles that the decoder did not learn.

    Returns:
        The groundwork with more decided tokens.
    """
    answered = 0.5 + influence_of(options.alpha).energy * (ground.curves.energy - 0.5)
    return replace(ground, form=with_patterns(ground.form, untrained, answered, options.seed))


def calmer_under_speech(
    hit: np.ndarray,
    energy: np.ndarray,
    tempo_map: TempoMap,
    options: ComposeOptions,
    speech_s: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ask for less during speech.

    Args:
        hit: [S] weights of events, 0..1.
        energy: [S] 0..1.
        tempo_map: the grid.
        options: options of composing; with under_speech "same" nothing changes.
        speech_s: [N, 2] spans in seconds; None = nobody speaks.

    Returns:
        (hit [S] without light events there, energy [S] less there, [S] bool, True during speech).
    """
    spoken = np.zeros((0, 2)) if speech_s is None or options.under_speech == "same" else speech_s
    under_speech = speech_on_grid(tempo_map, spoken, hit)
    hit = np.where(under_speech & (hit < HEAVY), 0.0, hit)
    return hit, answered_energy(energy, under_speech), under_speech


def plan(
    features: FilmFeatures,
    tempo_map: TempoMap,
    character: Character,
    energy: np.ndarray,
    hit: np.ndarray,
    options: ComposeOptions,
    planned: FilmPlan | None = None,
    final_step: int | None = None,
) -> Form:
    """Plan the form over the film; at alpha 0 of a film about which nothing is known.

    Args:
        features: motion, events, scenes and style of the film.
        tempo_map: the grid, S steps.
        character: style, mood and key.
        energy: [S] 0..1.
        hit: [S] weights of events, 0..1.
        options: options of composing.
        planned: its sections and parts count, where there is one.
        final_step: where the last chord begins, if that is known.

    Returns:
        Sections, phrases, chords, ending and who plays.
    """
    influence = influence_of(options.alpha)
    starts_s, labels, moods = features.scene_starts_s, features.scene_labels, features.scene_moods
    if not influence.follows:
        starts_s, labels = np.zeros(1), np.zeros(1, dtype=np.int16)
    if not influence.follows or options.mood is not None:
        moods = np.tile([character.valence, character.arousal], (len(starts_s), 1))
    film = lay_on_grid(tempo_map, starts_s, labels, moods, energy, hit, influence.energy)
    return plan_form(
        film,
        tempo_map,
        style=character.style,
        is_minor=character.key.is_minor,
        seed=options.seed,
        lightest_late=influence.lightest_late,
        sections=None if planned is None else sections_on_grid(planned, tempo_map),
        may_play=None if planned is None else parts_on_grid(planned, tempo_map),
        joining=() if planned is None else planned.last_chord,
        final_step=final_step,
        loops=options.loops,
    )


def condition(
    features: FilmFeatures,
    tempo_map: TempoMap,
    character: Character,
    form: Form,
    curves: Curves,
    loops: bool = False,
) -> Conditions:
    """Build the decoder's conditions.

    Args:
        features: motion, events, scenes and style of the film.
        tempo_map: the grid, S steps.
        character: style, mood and key of the whole piece.
        form: its sections and active streams.
        curves: of the film on this grid.
        loops: whether the piece has neither beginning nor end.

    Returns:
        The conditioning of all S steps.
    """
    n_steps = tempo_map.n_steps
    spans = [(s.start, s.end, SECTION_ROLES.index(s.role)) for s in form.sections]
    parts: tuple[Character | Section, ...] = (character, *form.sections)
    vectors = [
        decoder_inputs.semantic_vector(
            STYLES.index(character.style if part is character else part.style or character.style),
            part.valence,
            part.arousal,
            character.key.is_minor,
            tempo_map.bpm,
            is_global=part is character,
            is_known=True,
        )
        for part in parts
    ]
    activity = np.concatenate([form.active.T, np.ones_like(form.active.T)], axis=1).astype(np.float32)
    seen = decoder_inputs.event_curves(curves.hit, curves.cut, curves.energy)
    z = decoder_inputs.dynamics(seen, motion_features(features, tempo_map))
    place = decoder_inputs.form_place(n_steps, spans, to_end=not loops, from_start=not loops)
    return Conditions(z, place, activity, np.stack(vectors), decoder_inputs.section_rows(n_steps, spans))

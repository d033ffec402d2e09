"""Decide a film's plan: style, key, tempo, hits, sections and who plays, before a note is written."""

import numpy as np

from dyvim_cli.film_plan import CLOSING, PARTS, FilmPlan, PlannedHit, PlannedSection
from dyvim_cli.influence import influence_of
from dyvim_cli.model.compose.character import choose_character, fit_grid, with_own_seed
from dyvim_cli.model.compose.groundwork import calmer_under_speech, plan
from dyvim_cli.model.compose.obey import planned_speech, with_hits
from dyvim_cli.model.conditioning.film_curves import film_curves
from dyvim_cli.music.form.form import Form
from dyvim_cli.music.symbols import tokens
from dyvim_cli.options import ComposeOptions
from dyvim_cli.types import FilmFeatures, TempoMap

# decimals that a plan keeps: what is composed from it is the same whether it was a file in between or not
MOOD_DECIMALS, BPM_DECIMALS, TIME_DECIMALS, WEIGHT_DECIMALS = 3, 4, 4, 3
SAME_MOMENT_S = 0.06  # a marked hit takes the place of what was seen so near


def decide(
    features: FilmFeatures,
    options: ComposeOptions,
    marks: tuple[PlannedHit, ...] = (),
    tempo_map: TempoMap | None = None,
    speech_s: np.ndarray | None = None,
) -> FilmPlan:
    """Decide the plan that a piece for this film follows.

    Args:
        features: motion, events, scenes and style of the film.
        options: options of composing; what they fix is not decided here.
        marks: hits that a person asked for; tempo and sections are found with them.
        tempo_map: the grid; None = one is fitted to the film's events.
        speech_s: [N, 2] spans of speech, seconds.

    Returns:
        Style, key, tempo, mood, hits, sections and parts.
    """
    features = with_hits(features, with_marks(seen_hits(features), marks))
    options = with_own_seed(features, options)
    character = choose_character(features, options)
    tempo_map = tempo_map or fit_grid(features, character, options)
    lightest = influence_of(options.alpha).lightest_event
    hit, _, energy = film_curves(features, tempo_map, lightest)
    hit, energy, _ = calmer_under_speech(hit, energy, tempo_map, options, speech_s)
    form = plan(features, tempo_map, character, energy, hit, options)
    return FilmPlan(
        duration_s=round(features.duration_s, TIME_DECIMALS),
        style=character.style,
        key=character.key,
        bpm=round(tempo_map.bpm, BPM_DECIMALS),
        valence=round(character.valence, MOOD_DECIMALS),
        arousal=round(character.arousal, MOOD_DECIMALS),
        alpha=options.alpha,
        seed=options.seed,
        hits=seen_hits(features),
        sections=_sections(form, tempo_map, energy),
        speech=planned_speech(speech_s),
        last_chord=_joining(form),
    )


def _sections(form: Form, tempo_map: TempoMap, energy: np.ndarray) -> tuple[PlannedSection, ...]:
    """The form's sections in the film's time; energy: [S] of the film."""
    return tuple(
        PlannedSection(
            at_s=round(float(tempo_map.step_times_s[section.start]), TIME_DECIMALS),
            role=section.role,
            theme=section.label,
            valence=round(section.valence, MOOD_DECIMALS),
            arousal=round(section.arousal, MOOD_DECIMALS),
            parts=tuple(part for part in PARTS if form.active[tokens.STREAM_INDEX[part], section.start]),
            seen_energy=round(float(energy[section.start : section.end].mean()), MOOD_DECIMALS),
        )
        for section in form.sections
    )


def _joining(form: Form) -> tuple[str, ...]:
    """Parts that rest when the last chord begins, or in a section after it, and play it nevertheless."""
    starts = [section.start for section in form.sections if section.end > form.final_step]
    return tuple(part for part in CLOSING if not form.active[tokens.STREAM_INDEX[part], starts].all())


def seen_hits(features: FilmFeatures) -> tuple[PlannedHit, ...]:
    """List a film's events as hits of a plan.

    Args:
        features: motion, events, scenes and style of the film.

    Returns:
        In the order of the film; times and weights are rounded as a plan file has them.
    """
    events = zip(features.event_times_s, features.event_weights, features.event_names, strict=True)
    return tuple(
        PlannedHit(round(float(at_s), TIME_DECIMALS), round(float(weight), WEIGHT_DECIMALS), kind)
        for at_s, weight, kind in events
    )


def with_marks(hits: tuple[PlannedHit, ...], marks: tuple[PlannedHit, ...]) -> tuple[PlannedHit, ...]:
    """Merge marked hits into those that were seen.

    Args:
        hits: seen in the film.
        marks: asked for by a person; each replaces what was seen within SAME_MOMENT_S.

    Returns:
        All in order of time.
    """
    at_s = np.array([mark.at_s for mark in marks])
    kept = [hit for hit in hits if not len(at_s) or np.abs(at_s - hit.at_s).min() > SAME_MOMENT_S]
    return tuple(sorted([*kept, *marks], key=lambda hit: hit.at_s))

"""Plan the form of a piece over a film: sections, phrases, arrangement, harmony, ending."""

from dataclasses import replace

import numpy as np

from dyvim_cli.music.form.arrangement import plan_activity
from dyvim_cli.music.form.chord_plan import lead_round, plan_chords, write_cadence
from dyvim_cli.music.form.ending import LAST_CHORD_STREAMS, choose_final_step, last_chord, last_strokes
from dyvim_cli.music.form.film_on_grid import FilmOnGrid
from dyvim_cli.music.form.form import Form, decided_tokens, free_form
from dyvim_cli.music.form.motif_sources import gesture_sources
from dyvim_cli.music.form.recapitulation import periods, returns
from dyvim_cli.music.form.roles import assign_roles
from dyvim_cli.music.form.sections import Section, divide_film, without_frame
from dyvim_cli.music.symbols import tokens
from dyvim_cli.seeds import generator_of
from dyvim_cli.types import STEPS_PER_BAR, STYLES, TempoMap

HALF_BAR_STEPS = STEPS_PER_BAR // 2


def plan_form(
    film: FilmOnGrid,
    tempo_map: TempoMap,
    *,
    style: str,
    is_minor: bool,
    seed: int = 0,
    lightest_late: float = 0.0,
    sections: tuple[Section, ...] | None = None,
    may_play: np.ndarray | None = None,
    joining: tuple[str, ...] = (),
    final_step: int | None = None,
    loops: bool = False,
) -> Form:
    """Plan a piece for a film; the same seed gives the same form.

    Args:
        film: scenes, energy and hits on the grid.
        tempo_map: the grid, S steps.
        style: name of a style.
        is_minor: mode of the key.
        seed: of the piece.
        lightest_late: lighter events get no accent while the last chord rings.
        sections: None = found in the film.
        may_play: [K, S] bool who may play in them; None = by the film's energy.
        joining: streams that rest in the last section and play its last chord.
        final_step: where the last chord begins; None = found by the events.
        loops: the piece continues from its end to its beginning.

    Returns:
        Sections, phrases, chords, ending and who plays.

    Raises:
        ValueError: the style is unknown.
    """
    if style not in STYLES:
        raise ValueError(f"unknown style: {style}")
    sections = sections or assign_roles(divide_film(film), film)
    if loops:
        sections, final_step = without_frame(sections), film.n_steps
    phrase_starts = _phrase_starts(generator_of(seed, "phrases"), sections)
    final_step = choose_final_step(tempo_map, film.hits) if final_step is None else final_step
    form = replace(
        free_form(film.n_steps, style, is_minor),
        sections=sections,
        phrase_starts=phrase_starts,
        final_step=final_step,
        played=tempo_map.played,
        gesture_from=gesture_sources(sections, phrase_starts, film.hits, final_step),
        breath=_breaths(phrase_starts, sections, final_step, film.n_steps),
    )
    chords = _chords(form, film.hits, seed, loops)
    closing = _closing(final_step, may_play, joining)
    active = _active(form, film.energy, seed, may_play, closing)
    copy_from = _returning(form, film, chords, active)
    ending = (
        tokens.empty(film.n_steps) if loops else _ending(form, film.hits, tempo_map, lightest_late, closing)
    )
    forced = decided_tokens(active, form.played, chords, ending)
    return replace(form, active=active, forced=forced, copy_from=copy_from)


def _chords(form: Form, hits: np.ndarray, seed: int, loops: bool) -> np.ndarray:
    """[S] chord tokens that end in a cadence, or lead round to the first."""
    rng = generator_of(seed, "chords")
    chords = plan_chords(rng, form.sections, form.phrase_starts, hits, form.style, form.is_minor)
    if loops:
        lead_round(rng, chords, form.is_minor)
    else:
        write_cadence(rng, chords, form.final_step, form.sections[-1].style or form.style, form.is_minor)
    return chords


def _ending(
    form: Form, hits: np.ndarray, tempo_map: TempoMap, lightest_late: float, closing: np.ndarray
) -> np.ndarray:
    """[K, S] tokens of the last chord and its later strokes; closing: [K] bool who may play them."""
    strokes = last_strokes(tempo_map, hits, form.final_step, lightest_late)
    with_drums = bool(closing[tokens.STREAM_INDEX["drums"]])
    ending = last_chord(tempo_map, form.final_step, strokes, form.is_minor, with_drums)
    ending[~closing, form.final_step :] = tokens.REST
    return ending


def _closing(final_step: int, may_play: np.ndarray | None, joining: tuple[str, ...]) -> np.ndarray:
    """[K] bool: the streams that may play throughout the last chord, or join it and play somewhere."""
    if may_play is None:
        return np.ones(tokens.K, dtype=bool)
    joins = np.isin(np.arange(tokens.K), [tokens.STREAM_INDEX[part] for part in joining])
    return may_play[:, final_step:].all(axis=1) | (joins & may_play.any(axis=1))


def _active(
    form: Form, energy: np.ndarray, seed: int, may_play: np.ndarray | None, closing: np.ndarray
) -> np.ndarray:
    """[K, S] bool: the streams that may play, those of the last chord among them."""
    if may_play is None:
        active = plan_activity(generator_of(seed, "arrangement"), form.sections, energy, form.style)
    else:
        active = may_play.copy()
    chord = np.isin(np.arange(tokens.K), LAST_CHORD_STREAMS)
    active[:, form.final_step :] |= (chord & closing)[:, None]
    return active


def _returning(form: Form, film: FilmOnGrid, chords: np.ndarray, active: np.ndarray) -> np.ndarray:
    """[K, S] earlier steps whose tokens return, -1 = none: of themes, and of periods within them."""
    copy_from = returns(form.sections, form.phrase_starts, film, active, form.final_step)
    copy_from = periods(copy_from, form.sections, chords, film.hits, form.final_step)
    copy_from[~form.played[copy_from]] = -1
    return copy_from


def _phrase_starts(rng: np.random.Generator, sections: tuple[Section, ...]) -> np.ndarray:
    """[P] steps: phrases of four or eight bars from each section's first bar line; no phrase of one bar
    is left over."""
    starts = []
    for section in sections:
        bars = 8 if section.n_bars >= 8 and rng.random() < 0.5 else 4
        last = max(1, section.n_bars - 1)
        starts += [section.first_bar + b * STEPS_PER_BAR for b in range(0, last, bars)]
    return np.unique(starts)


def _breaths(
    phrase_starts: np.ndarray, sections: tuple[Section, ...], final_step: int, n_steps: int
) -> np.ndarray:
    """[S] the last half bar of every phrase of two bars or more; a build-up does not breathe."""
    breath = np.zeros(n_steps, dtype=bool)
    for start, end in zip(phrase_starts, phrase_starts[1:], strict=False):
        if end - start >= 2 * STEPS_PER_BAR:
            breath[end - HALF_BAR_STEPS : end] = True
    for section in sections:
        if section.role == "build":
            breath[section.start : section.end] = False
    breath[max(0, final_step - STEPS_PER_BAR) :] = False  # the melody leads into the last chord
    return breath

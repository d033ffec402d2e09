"""Quantise a plan to the music's grid: sections, parts, silences and hits."""

from dataclasses import replace

import numpy as np

from dyvim_cli.film_plan import PARTS, FilmPlan, PlannedHit, PlannedSection, Silence, Speech
from dyvim_cli.music.form.roles import mark_returns
from dyvim_cli.music.form.sections import Section
from dyvim_cli.music.symbols import tokens
from dyvim_cli.types import (
    EVENT_KINDS,
    STEPS_PER_BEAT,
    FilmFeatures,
    Note,
    Score,
    Stem,
    TempoMap,
)

EDGE_S = 0.001  # a step that begins so near a silence's edge belongs to it, or not
LATE_S = 0.06  # a note so little before a silence's end is played at its end


def sections_on_grid(plan: FilmPlan, tempo_map: TempoMap) -> tuple[Section, ...]:
    """Quantise the plan's sections to the nearest beats; of those that share a beat the last one counts.

    Args:
        plan: the film's plan.
        tempo_map: the grid.

    Returns:
        Sections that cover the grid without gaps, returns of a theme marked.
    """
    starts: dict[int, PlannedSection] = {}
    for section in plan.sections:
        starts[nearest_beat(tempo_map, section.at_s) if starts else 0] = section
    bounds = [*sorted(starts), tempo_map.n_steps]
    found = [_section(starts[start], start, end) for start, end in zip(bounds, bounds[1:], strict=False)]
    return mark_returns(found)


def _section(planned: PlannedSection, start: int, end: int) -> Section:
    mood = planned.valence, planned.arousal
    return Section(start, end, planned.role, planned.theme, *mood, style=planned.style)


def as_energetic(plan: FilmPlan, tempo_map: TempoMap, energy: np.ndarray) -> np.ndarray:
    """Draw the film's energy up or down to the mean that a section asks for.

    Args:
        plan: the film's plan.
        tempo_map: the grid, S steps.
        energy: [S] 0..1.

    Returns:
        [S] 0..1, a copy; sections that ask for nothing keep theirs.
    """
    drawn = energy.copy()
    for planned, (start, end) in zip(plan.sections, _spans(plan, tempo_map), strict=True):
        inside = energy[start:end]
        if planned.energy is None or not len(inside):
            continue
        mean = inside.mean()
        if planned.energy > mean:
            drawn[start:end] = 1 - (1 - inside) * (1 - planned.energy) / (1 - mean)
        elif planned.energy < mean:
            drawn[start:end] = inside * planned.energy / mean
    return drawn


def _spans(plan: FilmPlan, tempo_map: TempoMap) -> list[tuple[int, int]]:
    """(first step, step after) of each section of a plan."""
    starts = [0, *(nearest_beat(tempo_map, section.at_s) for section in plan.sections[1:])]
    return list(zip(starts, [*starts[1:], tempo_map.n_steps], strict=True))


def nearest_beat(tempo_map: TempoMap, at_s: float) -> int:
    """Find the beat nearest to a time, of those that last.

    Args:
        tempo_map: the grid.
        at_s: time in the film.

    Returns:
        Step of the beat, never the grid's end.
    """
    beats = np.arange(0, tempo_map.n_steps, STEPS_PER_BEAT)
    beats = beats[tempo_map.played[beats]]
    return int(beats[np.argmin(np.abs(tempo_map.step_times_s[beats] - at_s))])


def parts_on_grid(plan: FilmPlan, tempo_map: TempoMap) -> np.ndarray:
    """Find the streams that the plan's sections let play.

    Args:
        plan: the film's plan.
        tempo_map: the grid, S steps.

    Returns:
        [K, S] bool.
    """
    may = np.ones((tokens.K, tempo_map.n_steps), dtype=bool)
    for section, (start, end) in zip(plan.sections, _spans(plan, tempo_map), strict=True):
        for part in PARTS:
            may[tokens.STREAM_INDEX[part], start:end] = part in section.parts
    return may


def silent_steps(plan: FilmPlan, tempo_map: TempoMap) -> np.ndarray:
    """Find the steps that begin within a silence.

    Args:
        plan: the film's plan.
        tempo_map: the grid, S steps.

    Returns:
        [S] bool.
    """
    begins_s, silent = tempo_map.step_times_s[:-1], np.zeros(tempo_map.n_steps, dtype=bool)
    for silence in plan.silences:
        silent |= (begins_s >= silence.from_s - EDGE_S) & (begins_s < silence.to_s - EDGE_S)
    return silent


def planned_speech(speech_s: np.ndarray | None) -> tuple[Speech, ...] | None:
    """Write spans of speech as a plan holds them.

    Args:
        speech_s: [N, 2] seconds; None = not analysed.

    Returns:
        Spans; None = not analysed.
    """
    return None if speech_s is None else tuple(Speech(*map(float, span)) for span in speech_s)


def speech_told(plan: FilmPlan | None, heard_s: np.ndarray | None) -> np.ndarray | None:
    """Choose the speech that the composer knows of: the plan's, unless it says nothing of it.

    Args:
        plan: of the film; None = none.
        heard_s: [M, 2] seconds; None = not analysed.

    Returns:
        [N, 2] seconds; None where neither says anything.
    """
    if plan is None or plan.speech is None:
        return heard_s
    return np.array([[span.from_s, span.to_s] for span in plan.speech]).reshape(-1, 2)


def with_hits(features: FilmFeatures, hits: tuple[PlannedHit, ...]) -> FilmFeatures:
    """Replace a film's events.

    Args:
        features: motion, events, scenes and style of the film.
        hits: the events that count instead.

    Returns:
        The features with these events.
    """
    return replace(
        features,
        event_times_s=np.array([hit.at_s for hit in hits], dtype=np.float64),
        event_weights=np.array([hit.weight for hit in hits], dtype=np.float32),
        event_kinds=np.array([EVENT_KINDS.index(hit.kind) for hit in hits], dtype=np.int8),
    )


def silenced(score: Score, silences: tuple[Silence, ...]) -> Score:
    """Take the notes out of silences: held notes end, and notes that would begin there are dropped.

    Args:
        score: the score.
        silences: spans of the film.

    Returns:
        The score; stems without a note left are gone.
    """
    for silence in silences:
        stems = [replace(stem, notes=outside(stem, silence)) for stem in score.stems]
        score = replace(score, stems=tuple(stem for stem in stems if stem.notes))
    return score


def outside(stem: Stem, silence: Silence) -> tuple[Note, ...]:
    """Take a stem's notes out of one silence.

    Args:
        stem: one instrument's notes.
        silence: a span of the film.

    Returns:
        The notes that do not sound in it; one that begins shortly before its end begins at its end.
    """
    kept = []
    for note in stem.notes:
        if silence.from_s <= note.start_s < silence.to_s:
            if note.start_s < silence.to_s - LATE_S or note.end_s <= silence.to_s:
                continue
            note = replace(note, start_s=silence.to_s)
        elif note.start_s < silence.from_s < note.end_s:
            note = replace(note, end_s=silence.from_s)
        kept.append(note)
    return tuple(kept)

"""Quantise a plan to the music's grid: sections, parts, silences and hits."""

from dataclasses import replace

import numpy as np

from dyvim_cli.film_plan import MARKED, PARTS, FilmPlan, PlannedHit, PlannedSection, Silence, Speech
from dyvim_cli.music.form.roles import mark_returns
from dyvim_cli.music.form.sections import Section
from dyvim_cli.music.symbols import tokens
from dyvim_cli.types import (
    EVENT_KINDS,
    STEPS_PER_BAR,
    STEPS_PER_BEAT,
    FilmFeatures,
    Hit,
    Note,
    Score,
    Stem,
    TempoMap,
)

MET_S = 0.02  # sound within a frame of the picture reads as together
EDGE_S = 0.001  # a step that begins so near a silence's edge belongs to it, or not
LATE_S = 0.06  # a note so little before a silence's end is played at its end
# largest factor by which steps between two requested hits are stretched or squeezed: to make the later
# one per beat, and to make it a step at all; beyond, it is left out
BEAT_STRETCH, STEP_STRETCH = 1.35, 1.7
HARDEST = tokens.N_LEVELS - 1
LEVEL, BASS, PAD, DRUMS = (tokens.STREAM_INDEX[name] for name in ("level", "bass", "pad", "drums"))


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


def met_exactly(tempo_map: TempoMap) -> TempoMap:
    """The grid bent so that each marked hit is a step, best a beat; between two of them it gives way evenly.

    A hit that would stretch or squeeze the steps by more than STEP_STRETCH is left where it was.

    Args:
        tempo_map: the grid; its hits of kind "marked" are met.

    Returns:
        The grid with new step times and the hits' errors updated; unchanged without marked hits.
    """
    marked = [hit for hit in tempo_map.hits if hit.kind == MARKED]
    if not marked:
        return tempo_map
    grid, last = tempo_map.step_times_s, tempo_map.n_steps
    knots = {0: float(grid[0]), last: float(grid[last])}
    for hit in sorted(marked, key=lambda hit: -hit.weight):
        step = _step_for(tempo_map, knots, hit.film_time_s)
        if step is not None:
            knots[step] = hit.film_time_s
    steps = np.array(sorted(knots))
    bent = np.interp(grid, grid[steps], [knots[step] for step in steps.tolist()])
    return replace(tempo_map, step_times_s=bent, hits=tuple(_met(hit, bent, knots) for hit in tempo_map.hits))


def _step_for(tempo_map: TempoMap, knots: dict[int, float], at_s: float) -> int | None:
    """The beat that a hit may become, else the step; None where all would bend too far."""
    lasting = np.flatnonzero(tempo_map.played)
    for steps, most in ((lasting[lasting % STEPS_PER_BEAT == 0], BEAT_STRETCH), (lasting, STEP_STRETCH)):
        nearest = steps[np.argsort(np.abs(tempo_map.step_times_s[steps] - at_s), kind="stable")[:2]]
        for step in nearest.tolist():
            if step not in knots and _may_bend(tempo_map.step_times_s, knots, step, at_s, most):
                return step
    return None


def _may_bend(grid: np.ndarray, knots: dict[int, float], step: int, at_s: float, most: float) -> bool:
    """Check whether a step may move to a time, at most `most` times the distance of the knots around it."""
    before = max(knot for knot in knots if knot < step)
    after = min(knot for knot in knots if knot > step)
    for first, second, times in ((before, step, (knots[before], at_s)), (step, after, (at_s, knots[after]))):
        natural_s, asked_s = grid[second] - grid[first], times[1] - times[0]
        if natural_s <= 0 or not 1 / most <= asked_s / natural_s <= most:
            return False
    return True


def _met(hit: Hit, grid: np.ndarray, knots: dict[int, float]) -> Hit:
    """The hit on the bent grid."""
    step = hit.step
    if hit.kind == MARKED:
        step = next((knot for knot, time_s in knots.items() if time_s == hit.film_time_s), step)
    music_s = float(grid[step])
    is_met = abs(music_s - hit.film_time_s) <= MET_S
    on_beat = is_met and step % STEPS_PER_BEAT == 0
    return replace(
        hit,
        step=step,
        music_time_s=music_s,
        on_beat=on_beat,
        on_downbeat=on_beat and step % STEPS_PER_BAR == 0,
    )


def strike(piece: np.ndarray, steps: np.ndarray, may_play: np.ndarray) -> np.ndarray:
    """Make every marked step an accent.

    Without an onset there, chords and bass repeat their held notes, else the drums play.

    Args:
        piece: [K, S] tokens.
        steps: [M] int, the marked steps.
        may_play: [K, S] bool, which streams may be asked for it.

    Returns:
        [K, S] tokens, a copy.
    """
    accented = piece.copy()
    for step in steps.tolist():
        accented[LEVEL, step] = HARDEST
        if _has_onset(accented[:, step]):
            continue
        for row in (BASS, PAD):
            held = _held(accented[row], step)
            if may_play[row, step] and held:
                accented[row, step] = held
        if not _has_onset(accented[:, step]) and may_play[DRUMS, step]:
            accented[DRUMS, step] = tokens.drum_token(("kick", "crash"))
    return accented


def _has_onset(column: np.ndarray) -> bool:
    """Check whether a note begins in a column [K] of tokens."""
    pitched = [tokens.STREAM_INDEX[name] for name in tokens.PITCHED]
    return bool((column[pitched] >= tokens.FIRST_PITCH).any() or column[DRUMS] > 0)


def _held(row: np.ndarray, step: int) -> int:
    """The note that a pitched row [S] holds at a step, or had last; 0 without one."""
    begun = np.flatnonzero(row[: step + 1] >= tokens.FIRST_PITCH)
    return int(row[begun[-1]]) if len(begun) else 0


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


def marked_steps(tempo_map: TempoMap) -> np.ndarray:
    """Find the steps of the hits that a person asked for.

    Args:
        tempo_map: the grid.

    Returns:
        [M] int, ascending.
    """
    return np.unique([hit.step for hit in tempo_map.hits if hit.kind == MARKED]).astype(int)


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

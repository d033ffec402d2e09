"""The plan of a piece over a film: sections, phrases, who plays, harmony, and how it ends."""

from dataclasses import dataclass

import numpy as np

from dyvim_cli.music import tokens
from dyvim_cli.music.arrangement import plan_activity
from dyvim_cli.music.ending import LAST_CHORD_STREAMS, choose_final_step, last_chord, last_strokes
from dyvim_cli.music.ground import Ground, plan_ground
from dyvim_cli.music.motifs import gesture_sources
from dyvim_cli.music.returns import periods, returns
from dyvim_cli.music.roles import assign_roles
from dyvim_cli.music.sections import FilmOnGrid, Section, divide_film
from dyvim_cli.music.skeleton import hold_in_stillness, plan_chords, write_cadence
from dyvim_cli.types import STEPS_PER_BAR, STEPS_PER_BEAT, STYLES, TempoMap

HALF_BAR = STEPS_PER_BAR // 2


@dataclass(frozen=True)
class Form:
    """A plan on the grid of S steps and K streams."""

    sections: tuple[Section, ...]  # cover 0..S without gaps
    phrase_starts: np.ndarray  # [P] int, bar lines where a phrase begins (a section's first bar line)
    breath: np.ndarray  # [S] bool, where the melody rests between phrases
    active: np.ndarray  # [K, S] bool, which streams may play
    chords: np.ndarray  # [S] int16 chord tokens
    ending: np.ndarray  # [K, S] int16 tokens of the last chord as it rings, UNKNOWN = free
    copy_from: np.ndarray  # [K, S] int64 earlier step whose token returns here, -1 = none
    gesture_from: np.ndarray  # [S] int64 earlier step whose melodic gesture may be taken up, -1 = none
    final_step: int  # where the last chord is struck
    played: np.ndarray  # [S] bool, steps that last
    ground: Ground  # what the style's drums and bass would play

    def groove_from(self, hits: np.ndarray) -> np.ndarray:
        """[S] the step a bar ago whose pattern may go on, -1 where a section is new or an event is."""
        steps = np.arange(len(hits))
        first = np.concatenate([np.full(s.end - s.start, s.start) for s in self.sections])
        before = steps - STEPS_PER_BAR
        earlier = np.maximum(before, 0)
        eventless = (hits <= 0) & (hits[earlier] <= 0)
        free = (before >= first) & eventless & (steps < self.final_step) & self.played[earlier]
        return np.where(free, before, -1)


def plan_form(
    tempo_map: TempoMap,
    scene_starts_s: np.ndarray,
    scene_labels: np.ndarray,
    scene_moods: np.ndarray,
    energy: np.ndarray,
    event_steps: np.ndarray,
    event_weights: np.ndarray,
    *,
    style: str,
    is_minor: bool,
    seed: int = 0,
    alpha: float = 1.0,
) -> Form:
    """Plan a piece for scenes [C] (seconds, labels, moods [C, 2]) and events on the grid of tempo_map.

    energy is [S], 0..1. alpha scales how far energy shapes the arrangement; at 0 scenes and events
    are ignored. The same seed gives the same form. ValueError for arguments that contradict each other.
    """
    if style not in STYLES:
        raise ValueError(f"unknown style: {style}")
    film = _on_grid(
        tempo_map, scene_starts_s, scene_labels, scene_moods, energy, event_steps, event_weights, alpha
    )
    rng = np.random.default_rng(seed)
    sections = assign_roles(divide_film(film), film)
    phrase_starts = _phrase_starts(rng, sections)
    final_step = choose_final_step(tempo_map, film.hits)
    chords = plan_chords(rng, sections, phrase_starts, film.hits, style, is_minor)
    chords = hold_in_stillness(chords, film.energy, film.hits)
    write_cadence(rng, chords, final_step, style, is_minor)
    active = plan_activity(rng, sections, film.energy, style)
    active[:, final_step:] |= np.isin(np.arange(tokens.K), LAST_CHORD_STREAMS)[:, None]
    copy_from = returns(sections, phrase_starts, film, active, final_step)
    copy_from = periods(copy_from, sections, chords, film.hits, final_step)
    copy_from[~tempo_map.played[copy_from]] = -1
    strokes = last_strokes(tempo_map, film.hits, final_step, alpha)
    return Form(
        sections=sections,
        phrase_starts=phrase_starts,
        breath=_breaths(phrase_starts, sections, final_step, film.n_steps),
        active=active,
        chords=chords,
        ending=last_chord(tempo_map, final_step, strokes, is_minor),
        copy_from=copy_from,
        gesture_from=gesture_sources(sections, phrase_starts, film.hits, final_step),
        final_step=final_step,
        played=tempo_map.played,
        ground=plan_ground(rng, sections, film.energy, film.hits, style, final_step),
    )


def _on_grid(tempo_map, starts_s, labels, moods, energy, event_steps, event_weights, alpha) -> FilmOnGrid:
    """The film in steps: scenes begin on the nearest beat, events weigh on theirs.

    At alpha 0 it is one scene without events, below one half its energy leans to the middle.
    """
    n_steps = tempo_map.n_steps
    starts_s, energy = np.asarray(starts_s, dtype=np.float64), np.asarray(energy, dtype=np.float64)
    labels, moods = np.asarray(labels), np.asarray(moods, dtype=np.float64).reshape(-1, 2)
    if len(energy) != n_steps or not len(starts_s) == len(labels) == len(moods) >= 1:
        raise ValueError(
            f"{n_steps} steps need as many energies, not {len(energy)}; scenes need one start, label and "
            f"mood each, not {len(starts_s)}, {len(labels)} and {len(moods)}"
        )
    hits = np.zeros(n_steps)
    if alpha > 0:
        steps = np.minimum(np.asarray(event_steps, dtype=np.int64), n_steps - 1)
        np.maximum.at(hits, steps, np.asarray(event_weights, dtype=np.float64))
    else:
        starts_s, labels, moods = starts_s[:1], np.zeros(1, dtype=int), moods.mean(axis=0, keepdims=True)
    trust = min(1.0, 2 * alpha)
    return FilmOnGrid(_nearest_beats(tempo_map, starts_s), labels, moods, 0.5 + trust * (energy - 0.5), hits)


def _nearest_beats(tempo_map: TempoMap, times_s: np.ndarray) -> np.ndarray:
    """[C] the step of the beat nearest to each time, the film's beginning for the first."""
    beats_s = tempo_map.step_times_s[::STEPS_PER_BEAT]
    nearest = np.searchsorted((beats_s[1:] + beats_s[:-1]) / 2, times_s)
    lasting = np.searchsorted(beats_s, beats_s[nearest], side="right") - 1  # the last of those at one time
    steps = np.minimum(STEPS_PER_BEAT * lasting, tempo_map.n_steps - 1)
    steps[0] = 0
    return steps


def _phrase_starts(rng: np.random.Generator, sections: tuple[Section, ...]) -> np.ndarray:
    """[P] steps: phrases of four or eight bars from each section's first bar line; no phrase of one bar
    is left over."""
    starts = []
    for section in sections:
        bars = 8 if section.n_bars >= 8 and rng.random() < 0.5 else 4
        last = max(1, section.n_bars - 1)
        starts += [section.first_bar + b * STEPS_PER_BAR for b in range(0, last, bars)]
    return np.unique(starts)


def _breaths(phrase_starts, sections, final_step: int, n_steps: int) -> np.ndarray:
    """[S] the last half bar of every phrase of two bars or more; a build-up does not breathe."""
    breath = np.zeros(n_steps, dtype=bool)
    for start, end in zip(phrase_starts, phrase_starts[1:], strict=False):
        if end - start >= 2 * STEPS_PER_BAR:
            breath[end - HALF_BAR : end] = True
    for section in sections:
        if section.role == "build":
            breath[section.start : section.end] = False
    breath[max(0, final_step - STEPS_PER_BAR) :] = False  # the melody leads into the last chord
    return breath

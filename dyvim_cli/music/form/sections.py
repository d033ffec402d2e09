"""Merge scenes into musical sections.

A section begins on the beat of its scene's first picture. Scenes too short to carry an idea join
their neighbour; long ones are divided into statements A A' B A; the piece is framed by an intro and
an outro.
"""

from bisect import bisect, insort
from dataclasses import dataclass, replace

import numpy as np

from dyvim_cli.music.form.film_on_grid import FilmOnGrid
from dyvim_cli.types import STEPS_PER_BAR

SHORTEST_BARS = 2  # least length of a section after a strong change of scene
SETTLED_BARS = 4  # least length of a section after an ordinary change of scene
STRONG = 1.0  # importance of a change of scene that may interrupt after SHORTEST_BARS
DIVIDE_BARS = 12  # sections from this length on are divided; a single one from SETTLED_BARS * 2 on
INTRO_SHARE = 6  # an opening scene is no longer an intro beyond this part of the piece


@dataclass(frozen=True)
class Section:
    """A stretch of music that is one idea: steps [start, end)."""

    start: int
    end: int
    role: str  # one of types.SECTION_ROLES
    label: int  # equal labels = same theme
    valence: float  # -1..1
    arousal: float  # -1..1
    recap_of: int | None = None  # index of the section whose theme returns
    style: str | None = None  # style of its band, where that is not the piece's

    @property
    def first_bar(self) -> int:
        """Step of the bar line at or before the start, from which the section's phrases count."""
        return self.start // STEPS_PER_BAR * STEPS_PER_BAR

    @property
    def n_bars(self) -> int:
        """Number of bars, incomplete ones included."""
        return -(-(self.end - self.first_bar) // STEPS_PER_BAR)


def divide_film(film: FilmOnGrid) -> list[Section]:
    """Divide a film into sections that cover all steps without gaps.

    Args:
        film: scenes on the grid.

    Returns:
        Themes, but for an intro and an outro.
    """
    return _divide(_frame(_merge_scenes(film), film))


def without_frame(sections: tuple[Section, ...]) -> tuple[Section, ...]:
    """Remove intro and outro from a piece that loops.

    Args:
        sections: of the piece.

    Returns:
        The same, intro and outro being themes.
    """
    return tuple(replace(s, role="theme") if s.role in ("intro", "outro") else s for s in sections)


def hit_near(hits: np.ndarray, step: int) -> float:
    """Find the heaviest event near a step.

    Args:
        hits: [S] weights of events.
        step: index into them.

    Returns:
        Its weight within a step to either side; 0 without one.
    """
    return float(hits[max(0, step - 1) : step + 2].max(initial=0.0))


def _merge_scenes(film: FilmOnGrid) -> list[Section]:
    """Sections of the scene changes that matter; label and mood of what fills most of each."""
    bounds = _chosen_bounds(film)
    scene = np.searchsorted(film.scene_steps, np.arange(film.n_steps), side="right") - 1
    sections = []
    for start, end in zip(bounds, bounds[1:], strict=False):
        labels, counts = np.unique(film.labels[scene[start:end]], return_counts=True)
        valence, arousal = film.moods[scene[start:end]].mean(axis=0)
        label = int(labels[np.argmax(counts)])
        sections.append(Section(start, end, "theme", label, float(valence), float(arousal)))
    return sections


def _chosen_bounds(film: FilmOnGrid) -> list[int]:
    """Steps of the section borders, heaviest scene changes first, two or four bars apart at least."""
    importance = _importance(film)
    bounds = [0, film.n_steps]
    for bars, least in ((SHORTEST_BARS, STRONG), (SETTLED_BARS, 0.0)):
        for scene in np.argsort(-importance, kind="stable"):
            step = int(film.scene_steps[scene])
            place = bisect(bounds, step)
            if importance[scene] < least or place in (0, len(bounds)):
                continue
            if min(step - bounds[place - 1], bounds[place] - step) >= bars * STEPS_PER_BAR:
                insort(bounds, step)
    return bounds


def _importance(film: FilmOnGrid) -> np.ndarray:
    """[C] how much each scene's beginning asks for a new section."""
    cuts = np.array([hit_near(film.hits, int(step)) for step in film.scene_steps])
    mood_change = np.abs(np.diff(film.moods, axis=0, prepend=film.moods[:1])).sum(axis=1)
    new_label = np.diff(film.labels, prepend=film.labels[:1]) != 0
    on_bar = film.scene_steps % STEPS_PER_BAR == 0
    return 0.6 * cuts + 0.4 * mood_change + 0.2 * new_label + 0.2 * on_bar


def _frame(sections: list[Section], film: FilmOnGrid) -> list[Section]:
    """Set an intro and an outro off from long outer sections, or name short ones so."""
    n_bars = film.n_steps // STEPS_PER_BAR
    return _with_outro(_with_intro(sections, n_bars), n_bars)


def _with_intro(sections: list[Section], n_bars: int) -> list[Section]:
    first, *others = sections
    if n_bars >= 16 and first.n_bars >= 8:
        is_calm_and_long = n_bars >= 32 and first.n_bars >= 16 and first.arousal < 0.2
        border = (4 if is_calm_and_long else 2) * STEPS_PER_BAR
        return [replace(first, end=border, role="intro"), replace(first, start=border), *others]
    if len(sections) > 2 and first.n_bars <= max(1, n_bars // INTRO_SHARE):
        return [replace(first, role="intro"), *others]
    return sections


def _with_outro(sections: list[Section], n_bars: int) -> list[Section]:
    *others, last = sections
    if n_bars >= 8 and last.n_bars >= 6:
        border = (n_bars - (4 if n_bars >= 32 and last.n_bars >= 8 else 2)) * STEPS_PER_BAR
        return [*others, replace(last, end=border), replace(last, start=border, role="outro")]
    if len(sections) > 2 and last.n_bars <= 5:
        return [*others, replace(last, role="outro")]
    return sections


def _divide(sections: list[Section]) -> list[Section]:
    """Long sections become statements of four or eight bars: A A' B A, then with another B."""
    longest = DIVIDE_BARS if sum(s.role == "theme" for s in sections) > 1 else 2 * SETTLED_BARS
    fresh = max(s.label for s in sections) + 1
    divided: list[Section] = []
    for section in sections:
        if section.role != "theme" or section.n_bars < longest:
            divided.append(section)
            continue
        bars = 8 if section.n_bars >= 24 else 4
        n_parts = section.n_bars // bars
        starts = [section.start] + [section.first_bar + i * bars * STEPS_PER_BAR for i in range(1, n_parts)]
        for i, (start, end) in enumerate(zip(starts, [*starts[1:], section.end], strict=True)):
            label = fresh + i // 4 % 3 if i % 4 == 2 else section.label
            divided.append(replace(section, start=start, end=end, label=label))
        fresh += min(3, -(-n_parts // 4))
    return divided

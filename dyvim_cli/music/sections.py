"""Scenes to sections: where the music changes its idea, and which idea returns.

A section begins on the beat of its scene's first picture. Scenes too short to carry an idea join
their neighbour; long ones are divided into statements A A' B A; the piece is framed by an intro and
an outro, and the heaviest cuts get a bar or two of build-up.
"""

from bisect import bisect, insort
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from dyvim_cli.types import STEPS_PER_BAR

SHORTEST_BARS = 2  # of a section after a strong change of scene
SETTLED_BARS = 4  # of a section after an ordinary one
STRONG = 1.0  # importance of a change of scene that may interrupt after SHORTEST_BARS
DIVIDE_BARS = 12  # sections from this length on are divided; a single one from SETTLED_BARS * 2 on
BUILD_WEIGHT = 0.7  # events lighter than this are not built up to
INTRO_SHARE = 6  # an opening scene is no longer an intro beyond this part of the piece
BUILD_MOTION = 0.12
BARS_PER_BUILD = 12  # a piece has no more builds than this allows: what is always announced is not news


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

    @property
    def first_bar(self) -> int:
        """Step of the bar line at or before the start: what the section's phrases count from."""
        return self.start // STEPS_PER_BAR * STEPS_PER_BAR

    @property
    def n_bars(self) -> int:
        """Whole or begun bars."""
        return -(-(self.end - self.first_bar) // STEPS_PER_BAR)


@dataclass(frozen=True)
class FilmOnGrid:
    """What the form listens to, in steps of the grid."""

    scene_steps: np.ndarray  # [C] int, on beats, ascending, the first 0
    labels: np.ndarray  # [C] int
    moods: np.ndarray  # [C, 2]
    energy: np.ndarray  # [S] 0..1
    hits: np.ndarray  # [S] weight of the heaviest event at each step

    @property
    def n_steps(self) -> int:
        """S."""
        return len(self.energy)


def plan_sections(film: FilmOnGrid) -> tuple[Section, ...]:
    """Sections that cover all steps without gaps."""
    sections = _merge_scenes(film)
    sections = _frame(sections, film)
    sections = _divide(sections)
    sections = _bring_theme_back(_assign_roles(sections, film))
    return _mark_recaps(_insert_builds(sections, film))


def hit_near(hits: np.ndarray, step: int) -> float:
    """Weight of the heaviest event within a step of a step."""
    return float(hits[max(0, step - 1) : step + 2].max(initial=0.0))


def _merge_scenes(film: FilmOnGrid) -> list[Section]:
    """Sections of the scene changes that matter; label and mood of what fills most of each."""
    bounds = _chosen_bounds(film)
    scene = np.searchsorted(film.scene_steps, np.arange(film.n_steps), side="right") - 1
    sections = []
    for start, end in zip(bounds, bounds[1:], strict=False):
        names, first = np.unique(film.labels[scene[start:end]], return_inverse=True)
        valence, arousal = film.moods[scene[start:end]].mean(axis=0)
        label = int(names[np.argmax(np.bincount(first))])
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
    first, last = sections[0], sections[-1]
    if n_bars >= 16 and first.n_bars >= 8:
        cut = (4 if n_bars >= 32 and first.n_bars >= 16 and first.arousal < 0.2 else 2) * STEPS_PER_BAR
        sections = [replace(first, end=cut, role="intro"), replace(first, start=cut), *sections[1:]]
    elif len(sections) > 2 and first.n_bars <= max(1, n_bars // INTRO_SHARE):
        sections = [replace(first, role="intro"), *sections[1:]]
    last = sections[-1]
    if n_bars >= 8 and last.n_bars >= 6:
        cut = (n_bars - (4 if n_bars >= 32 and last.n_bars >= 8 else 2)) * STEPS_PER_BAR
        sections = [*sections[:-1], replace(last, end=cut), replace(last, start=cut, role="outro")]
    elif len(sections) > 2 and last.n_bars <= 5:
        sections = [*sections[:-1], replace(last, role="outro")]
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
            other = i % 4 == 2
            label = fresh + i // 4 % 3 if other else section.label
            divided.append(replace(section, start=start, end=end, label=label))
        fresh += min(3, -(-n_parts // 4))
    return divided


def _assign_roles(sections: list[Section], film: FilmOnGrid) -> list[Section]:
    """Theme for the main idea, contrast for the others, break where the film goes quiet."""
    energies = np.array([film.energy[s.start : s.end].mean() for s in sections])
    quiet = np.percentile(energies, 30)
    named = []
    for i, section in enumerate(sections):
        role = section.role
        if role == "theme":
            settled = i > 0 and sections[i - 1].role != "intro"
            calms = settled and energies[i] <= quiet and energies[i] < energies[i - 1] - 0.15
            role = "break" if calms else "theme"
        named.append(replace(section, role=role))
    if named[-1].role == "break":
        named[-1] = replace(named[-1], role="outro")
    main = _main_label(named)
    return [replace(s, role="contrast") if s.role == "theme" and s.label != main else s for s in named]


def _main_label(sections: list[Section]) -> int | None:
    """What is heard most of the ideas that return; if none does, the first that is long enough to be one."""
    themes = [s for s in sections if s.role == "theme"]
    statements = Counter(s.label for s in themes)
    if statements and max(statements.values()) > 1:
        lengths = Counter()
        for section in themes:
            lengths[section.label] += (statements[section.label] > 1) * (section.end - section.start)
        return max(lengths, key=lengths.__getitem__)
    settled = [s.label for s in themes if s.n_bars >= SETTLED_BARS - 1]
    longest = sorted(themes, key=lambda s: s.start - s.end)[:1]
    return settled[0] if settled else longest[0].label if longest else None


def _bring_theme_back(sections: list[Section]) -> list[Section]:
    """A rondo where no picture returns: between two statements of the theme there is one other idea.

    A film of ever new pictures would have ever new music, which nobody remembers.
    """
    times = Counter(s.label for s in sections)
    main = next((s.label for s in sections if s.role == "theme"), None)
    result, away = [], None  # ideas since the theme; None = it was not heard yet
    for section in sections:
        returns = section.role == "outro" or (section.role == "contrast" and away)
        if away is not None and returns and times[section.label] == 1:
            section = replace(section, label=main, role="theme" if section.role == "contrast" else "outro")
        if section.role in ("theme", "contrast"):
            away = 0 if section.role == "theme" else away if away is None else away + 1
        result.append(section)
    return result


def _insert_builds(sections: list[Section], film: FilmOnGrid) -> list[Section]:
    """The last bars before the heaviest borders become a build-up of their own."""
    rise = {}
    for i in range(1, len(sections)):
        before, after = sections[i - 1], sections[i]
        weight = hit_near(film.hits, after.start)
        roomy = before.n_bars >= SETTLED_BARS and before.role not in ("intro", "outro")
        roomy &= _moves_before(film.energy, after.start)
        if roomy and weight >= BUILD_WEIGHT and after.role not in ("break", "outro"):
            rise[i] = weight + _energy_rise(film.energy, after.start)
    chosen = sorted(rise, key=lambda i: -rise[i])[: max(1, film.n_steps // (BARS_PER_BUILD * STEPS_PER_BAR))]
    built: list[Section] = []
    for i, section in enumerate(sections):
        if i in chosen:
            before = built.pop()
            start = (section.start // STEPS_PER_BAR - (2 if before.n_bars >= 6 else 1)) * STEPS_PER_BAR
            built += [replace(before, end=start), replace(before, start=start, role="build")]
        built.append(section)
    return built


def _moves_before(energy: np.ndarray, step: int) -> bool:
    """Whether the film moves in the bar before a step: stillness is not built up from."""
    return bool(energy[max(0, step - STEPS_PER_BAR) : step].mean() > BUILD_MOTION)


def _energy_rise(energy: np.ndarray, step: int) -> float:
    """How much more the film moves in the two bars from a step on than in the two before it."""
    width = 2 * STEPS_PER_BAR
    return float(energy[step : step + width].mean() - energy[max(0, step - width) : step].mean())


def _mark_recaps(sections: list[Section]) -> tuple[Section, ...]:
    """Point every later statement of a label at its first."""
    first: dict[int, int] = {}
    marked = []
    for i, section in enumerate(sections):
        if section.role in ("theme", "contrast", "break", "outro"):
            if section.label in first:
                section = replace(section, recap_of=first[section.label])
            else:
                first[section.label] = i
        marked.append(section)
    return tuple(marked)

"""Assign a role to each section: theme, contrast, break, build-up, or a return."""

from collections import Counter
from dataclasses import replace

import numpy as np

from dyvim_cli.music.form.film_on_grid import FilmOnGrid
from dyvim_cli.music.form.sections import SETTLED_BARS, Section, hit_near
from dyvim_cli.types import STEPS_PER_BAR

QUIET_PERCENT = 30  # percentage of the sections, the stillest ones, that may be breaks
CALMER = 0.15  # motion by which the section before a break must exceed it
BUILD_WEIGHT = 0.7  # events lighter than this are not built up to
BUILD_MOTION = 0.12  # mean energy of a bar: stillness is not built up from
BARS_PER_BUILD = 12  # a piece has no more builds than this allows: what is always announced is not news


def assign_roles(sections: list[Section], film: FilmOnGrid) -> tuple[Section, ...]:
    """Give each section its role in the form.

    Args:
        sections: themes between intro and outro.
        film: energy and hits on the grid.

    Returns:
        Sections with roles; those that bring a theme back know which one.
    """
    named = _name_contrasts(_name_breaks(sections, film))
    return mark_returns(_insert_builds(_bring_theme_back(named), film))


def _name_breaks(sections: list[Section], film: FilmOnGrid) -> list[Section]:
    """A theme is a break where the film goes quiet; a break that ends the piece is its outro."""
    energies = np.array([film.energy[s.start : s.end].mean() for s in sections])
    is_quiet = energies <= np.percentile(energies, QUIET_PERCENT)
    calms_down = is_quiet[1:] & (energies[1:] < energies[:-1] - CALMER)
    named = sections[:1]
    for before, section, calms in zip(sections, sections[1:], calms_down, strict=False):
        is_break = section.role == "theme" and calms and before.role != "intro"
        named.append(replace(section, role="break") if is_break else section)
    if named[-1].role == "break":
        named[-1] = replace(named[-1], role="outro")
    return named


def _name_contrasts(sections: list[Section]) -> list[Section]:
    """Theme is the main idea alone; the others are contrasts to it."""
    main = _main_label([s for s in sections if s.role == "theme"])
    return [replace(s, role="contrast") if s.role == "theme" and s.label != main else s for s in sections]


def _main_label(themes: list[Section]) -> int | None:
    """Most frequent of the returning ideas; if none returns, the first that is long enough."""
    statements = Counter(s.label for s in themes)
    heard_steps: Counter[int] = Counter()
    for section in themes:
        if statements[section.label] > 1:
            heard_steps[section.label] += section.end - section.start
    if heard_steps:
        return max(heard_steps, key=heard_steps.__getitem__)  # the first of equals
    settled = [s for s in themes if s.n_bars >= SETTLED_BARS - 1]
    longest = sorted(themes, key=lambda s: s.start - s.end)
    return next((s.label for s in settled + longest), None)


def _bring_theme_back(sections: list[Section]) -> list[Section]:
    """A rondo where no picture returns: between two statements of the theme there is one other idea.

    A film of ever new pictures would have ever new music without a memorable theme.
    """
    times = Counter(s.label for s in sections)
    main = next((s.label for s in sections if s.role == "theme"), None)
    result, is_known, is_away = [], False, False  # whether the theme was heard, and another idea since
    for section in sections:
        is_due = section.role == "outro" or (section.role == "contrast" and is_away)
        if main is not None and is_known and is_due and times[section.label] == 1:
            role = "outro" if section.role == "outro" else "theme"
            section = replace(section, label=main, role=role)
        if section.role == "theme":
            is_known, is_away = True, False
        elif section.role == "contrast" and is_known:
            is_away = True
        result.append(section)
    return result


def _insert_builds(sections: list[Section], film: FilmOnGrid) -> list[Section]:
    """Turn the last bars before the heaviest borders into build-ups."""
    worth = {}
    for before, after in zip(sections, sections[1:], strict=False):
        weight = hit_near(film.hits, after.start)
        has_room = before.n_bars >= SETTLED_BARS and before.role not in ("intro", "outro")
        is_aim = weight >= BUILD_WEIGHT and after.role not in ("break", "outro")
        if has_room and is_aim and _moves_before(film.energy, after.start):
            worth[after.start] = weight + _energy_rise(film.energy, after.start)
    n_most = max(1, film.n_steps // (BARS_PER_BUILD * STEPS_PER_BAR))
    chosen = sorted(worth, key=lambda start: -worth[start])[:n_most]
    built: list[Section] = []
    for section in sections:
        if section.start in chosen:
            before = built.pop()
            start = (section.start // STEPS_PER_BAR - (2 if before.n_bars >= 6 else 1)) * STEPS_PER_BAR
            built += [replace(before, end=start), replace(before, start=start, role="build")]
        built.append(section)
    return built


def _moves_before(energy: np.ndarray, step: int) -> bool:
    """Check whether the film moves in the bar before a step."""
    return bool(energy[max(0, step - STEPS_PER_BAR) : step].mean() > BUILD_MOTION)


def _energy_rise(energy: np.ndarray, step: int) -> float:
    """Motion of the two bars from a step on minus that of the two before it."""
    width = 2 * STEPS_PER_BAR
    return float(energy[step : step + width].mean() - energy[max(0, step - width) : step].mean())


def mark_returns(sections: list[Section]) -> tuple[Section, ...]:
    """Point every later statement of a label at its first.

    Args:
        sections: in their order.

    Returns:
        The same with recap_of; intros and build-ups bring nothing back.
    """
    first: dict[int, int] = {}
    marked = []
    for i, section in enumerate(sections):
        if section.role not in ("intro", "build"):
            statement = first.setdefault(section.label, i)
            section = replace(section, recap_of=statement if statement < i else None)
        marked.append(section)
    return tuple(marked)

"""Share a piece out among bands: one for its own style, one for every other style that sections have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from dyvim_cli.music.form.accents import Accents, plan_accents
from dyvim_cli.music.form.sections import Section
from dyvim_cli.music.performance.band_names import stem_name
from dyvim_cli.music.performance.humanize import Habits
from dyvim_cli.music.performance.perform import perform
from dyvim_cli.music.symbols import tokens
from dyvim_cli.seeds import seed_of
from dyvim_cli.types import Key, Note, Score, Stem, TempoMap

Bands = Mapping[str, np.ndarray]  # style -> [S] bool, where its band plays; the piece's own style comes first
EFFECTS = ("impact", "riser")  # stems that belong to no band
LEVEL = tokens.STREAM_INDEX["level"]


def bands_of(sections: tuple[Section, ...], style: str) -> Bands:
    """Find where each style's band plays.

    Args:
        sections: of the piece, covering all S steps.
        style: the piece's, which sections without one of their own have.

    Returns:
        Style -> [S] bool, the piece's own style first.
    """
    bands = {style: np.zeros(sections[-1].end, dtype=bool)}
    for section in sections:
        own = section.style or style
        bands.setdefault(own, np.zeros(sections[-1].end, dtype=bool))[section.start : section.end] = True
    return bands


def each_in_its_place(bands: Bands, made: Callable[[str], np.ndarray]) -> np.ndarray:
    """Join the versions of all styles: from each the stretch where its band plays.

    Args:
        bands: style -> [S] bool.
        made: makes the version [..., S] of a style.

    Returns:
        [..., S].
    """
    first, *others = bands
    together = made(first)
    for style in others:
        together = np.where(bands[style], made(style), together)
    return together


def accents_of(bands: Bands, hit: np.ndarray, lightest: float, drums_play: np.ndarray) -> Accents:
    """Plan the accents of events as each band plays them.

    Args:
        bands: style -> [S] bool.
        hit: [S] weights of events, 0 = none.
        lightest: events that weigh less are left to the decoder.
        drums_play: [S] bool, where the arrangement has drums.

    Returns:
        Least levels and drum strokes, [S] each.
    """
    planned = {style: plan_accents(hit, style, lightest, drums_play) for style in bands}
    return Accents(
        each_in_its_place(bands, lambda style: planned[style].level),
        each_in_its_place(bands, lambda style: planned[style].drums),
    )


def perform_bands(
    piece: np.ndarray,
    tempo_map: TempoMap,
    key: Key,
    bands: Bands,
    duration_s: float,
    seed: int,
    sections: tuple[tuple[int, int, str], ...] = (),
    programs: Mapping[str, int] | None = None,
    loops: bool = False,
    habits: Habits | None = None,
) -> Score:
    """Play a piece with its bands.

    Stems of other bands than the piece's own are called by their style as well: melody-jazz.

    Args:
        piece: [K, S] tokens.
        tempo_map: when each step sounds.
        key: of the piece.
        bands: style -> [S] bool, the piece's own style first.
        duration_s: of the film.
        seed: of the piece; instruments and human deviations of each band are drawn apart.
        sections: (first step, step after, role).
        programs: General MIDI programs by the stems' names, which are not drawn.
        loops: the beginning follows the end.
        habits: deviations of an earlier cut's steps; None = each step has its own.

    Returns:
        The score; effects of all bands are in one stem each.
    """
    main, programs = next(iter(bands)), dict(programs or {})
    stems: dict[str, Stem] = {}
    for number, (style, plays) in enumerate(bands.items()):
        part = piece if plays.all() else _part_of_band(piece, plays)
        named = _programs_of(programs, None if style == main else style)
        how = (tempo_map, key, style, duration_s, seed_of(seed, "band", number), sections, named)
        for stem in perform(part, *how, loops=loops, habits=habits).stems:
            name = stem.name if style == main or stem.name in EFFECTS else stem_name(stem.name, style)
            stems[name] = _together(stems.get(name), replace(stem, name=name))
    return Score(tuple(stems.values()), tempo_map, key, main, piece, sections)


def _part_of_band(piece: np.ndarray, plays: np.ndarray) -> np.ndarray:
    """Select the steps [S] of a piece [K, S] in which a band plays; notes held over its entry start there."""
    part = piece.copy()
    for name in tokens.PITCHED:
        row = tokens.STREAM_INDEX[name]
        for step in np.flatnonzero(plays & ~np.roll(plays, 1)).tolist():
            if step and part[row, step] == tokens.HOLD:
                part[row, step] = tokens.sounding(piece[row], step)
        part[row, ~plays] = tokens.REST
    part[tokens.STREAM_INDEX["drums"], ~plays] = 0
    part[LEVEL, ~plays] = 0  # no accent, no blow
    return part


def _programs_of(programs: dict[str, int], style: str | None) -> dict[str, int]:
    """Programs by part of the band of a style; None: of the piece's own."""
    if style is None:
        return programs
    mark = stem_name("", style)
    return {name.removesuffix(mark): each for name, each in programs.items() if name.endswith(mark)}


def _together(before: Stem | None, stem: Stem) -> Stem:
    """One stem of the notes of both."""
    if before is None:
        return stem
    return replace(before, notes=tuple(sorted((*before.notes, *stem.notes), key=_start)))


def _start(note: Note) -> float:
    return note.start_s

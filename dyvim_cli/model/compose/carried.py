"""Carry an old piece's plan and tokens into a new cut: sections, silences and hits go with their pictures."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from dyvim_cli.film_plan import CLOSING, FilmPlan, PlannedHit, PlannedSection, Silence
from dyvim_cli.model.compose.decide import BPM_DECIMALS, MOOD_DECIMALS, TIME_DECIMALS, seen_hits
from dyvim_cli.model.compose.obey import nearest_beat
from dyvim_cli.music.performance.humanize import Habits
from dyvim_cli.music.symbols import tokens
from dyvim_cli.music.timing.relaid import NONE, Relaid, Span
from dyvim_cli.old_piece import FootageRun, OldPiece, Recut
from dyvim_cli.types import STEPS_PER_BAR, FilmFeatures, TempoMap

SAME_CUT_S = 0.06  # a cut of the new film is the same as an old one within this time
OWN_SECTION_STEPS = 2 * STEPS_PER_BAR  # a new stretch from this length on is a section of its own


def carried_plan(recut: Recut, grid: Relaid, features: FilmFeatures) -> FilmPlan:
    """Carry the old plan into the new cut.

    Args:
        recut: the old piece and where its pictures are now.
        grid: the old grid fitted to the new cut.
        features: motion, events, scenes and style of the new cut.

    Returns:
        The old plan with sections, silences and hits at their new times, and the hits of new pictures.
    """
    plan, sections = recut.old.plan, _sections(recut.old, grid, features)
    ends_alike = _idea(sections[-1]) == _idea(plan.sections[-1])
    return replace(
        plan,
        duration_s=round(features.duration_s, TIME_DECIMALS),
        bpm=round(plan.bpm * _speed(recut.runs), BPM_DECIMALS),
        hits=_hits(recut, features),
        sections=sections,
        silences=tuple(_silences(recut.runs, plan)),
        speech=None,  # the new cut is listened to
        last_chord=plan.last_chord if ends_alike else CLOSING,
    )


def _speed(runs: tuple[FootageRun, ...]) -> float:
    """Speed of most of the kept pictures, relative to their old speed."""
    lengths: dict[float, float] = {}
    for run in runs:
        if run.old_s is not None:
            lengths[run.rate] = lengths.get(run.rate, 0.0) + run.to_s - run.from_s
    return max(lengths, key=lambda rate: lengths[rate], default=1.0)


def _hits(recut: Recut, features: FilmFeatures) -> tuple[PlannedHit, ...]:
    """Old events where their pictures are now, the new film's cuts, and what new pictures show."""
    plan, seen = recut.old.plan, seen_hits(features)
    found: dict[float, PlannedHit] = {}
    for run in recut.runs:
        inside = [hit for hit in seen if run.from_s - SAME_CUT_S / 2 <= hit.at_s < run.to_s - SAME_CUT_S / 2]
        if run.old_s is None:
            found |= {hit.at_s: hit for hit in inside}
            continue
        cuts = [hit for hit in inside if hit.kind == "cut"]
        kept = [_as_planned(hit, run, recut.old) for hit in cuts]
        moved = [hit for hit in plan.hits if hit.kind != "cut" and run.old_s <= hit.at_s < run.old_end_s]
        moved = [replace(hit, at_s=round(run.when(hit.at_s), TIME_DECIMALS)) for hit in moved]
        found |= {hit.at_s: hit for hit in [*moved, *kept] if hit is not None}
    return tuple(found[at_s] for at_s in sorted(found))


def _as_planned(cut: PlannedHit, run: FootageRun, old: OldPiece) -> PlannedHit | None:
    """A new film's cut with its old weight; None where the user removed it from the old plan."""
    at_s = run.at(cut.at_s)
    if not len(old.footage.edges_s[1:-1]) or np.abs(old.footage.edges_s[1:-1] - at_s).min() > SAME_CUT_S:
        return cut
    known = [hit for hit in old.plan.hits if hit.kind == "cut" and abs(hit.at_s - at_s) <= SAME_CUT_S]
    return replace(known[0], at_s=cut.at_s) if known else None


def _silences(runs: tuple[FootageRun, ...], plan: FilmPlan) -> Iterator[Silence]:
    for run in runs:
        if run.old_s is None:
            continue
        for silence in plan.silences:
            from_s, to_s = max(silence.from_s, run.old_s), min(silence.to_s, run.old_end_s)
            if from_s < to_s:
                yield Silence(round(run.when(from_s), TIME_DECIMALS), round(run.when(to_s), TIME_DECIMALS))


def _sections(old: OldPiece, grid: Relaid, features: FilmFeatures) -> tuple[PlannedSection, ...]:
    """Old sections where their steps are now; a long new stretch is a contrast with a theme of its own."""
    begins = {_old_beat(old, section.at_s): section for section in old.plan.sections}
    starts = np.array(sorted(begins))
    found: list[tuple[int, PlannedSection]] = []
    for span in grid.spans:
        for step, index in _begun(span, starts):
            section = begins[int(starts[index])]
            if not found or _idea(found[-1][1]) != _idea(section):
                found.append((step, section))
        if not span.is_old and span.n >= OWN_SECTION_STEPS:
            found.append((span.first, _contrast(old.plan, span, features, len(found))))
    found = found or [(0, old.plan.sections[0])]
    times = {0: 0.0} | {step: float(grid.step_times_s[step]) for step, _ in found[1:]}
    return tuple(
        replace(section, at_s=round(times[step if i else 0], TIME_DECIMALS))
        for i, (step, section) in enumerate(found)
    )


def _old_beat(old: OldPiece, at_s: float) -> int:
    """The old beat that a section begins on."""
    return nearest_beat(TempoMap(old.step_times_s, old.bpm), at_s) if at_s > 0 else 0


def _begun(span: Span, starts: np.ndarray) -> Iterator[tuple[int, int]]:
    """(new step, index of the old section) of those that a span shows, in order."""
    if not span.is_old:
        return
    first = int(np.searchsorted(starts, span.start, side="right")) - 1
    yield span.first, first
    for index in range(first + 1, len(starts)):
        if starts[index] < span.end:
            yield span.first + int(starts[index]) - span.start, index


def _idea(section: PlannedSection) -> PlannedSection:
    return replace(section, at_s=0.0)


def _contrast(plan: FilmPlan, span: Span, features: FilmFeatures, n_before: int) -> PlannedSection:
    scene = np.searchsorted(features.scene_starts_s, span.run.from_s + SAME_CUT_S, side="right") - 1
    valence, arousal = (round(float(mood), MOOD_DECIMALS) for mood in features.scene_moods[scene])
    fresh = max(section.theme for section in plan.sections) + 1 + n_before
    parts = max((section.parts for section in plan.sections), key=len)
    return PlannedSection(span.run.from_s, "contrast", fresh, valence, arousal, parts)


def carried_tokens(old: OldPiece, grid: Relaid, end: int) -> np.ndarray:
    """Carry the old tokens to where they are now.

    A note that is held over a seam starts again after it.

    Args:
        old: the old piece.
        grid: the old grid fitted to the new cut, S steps.
        end: old step from which on nothing is carried.

    Returns:
        [K, S] int64 tokens, UNKNOWN where the piece is new.
    """
    known = (grid.source != NONE) & (grid.source < end)
    piece = np.where(known, old.tokens[:, np.maximum(grid.source, 0)], tokens.UNKNOWN)
    for seam in grid.seams:
        if not known[seam]:
            continue
        for name in tokens.PITCHED:
            row = tokens.STREAM_INDEX[name]
            if piece[row, seam] == tokens.HOLD:
                piece[row, seam] = tokens.sounding(old.tokens[row], int(grid.source[seam]))
    return piece.astype(np.int64)


def carried_habits(old: OldPiece, grid: Relaid) -> Habits:
    """Carry the players' deviations to where their steps are now; new steps have deviations of their own.

    Args:
        old: the old piece.
        grid: the old grid fitted to the new cut, S steps.

    Returns:
        Of each step, by which its deviations are drawn and measured.
    """
    known, source = grid.source != NONE, np.maximum(grid.source, 0)
    drawn_as = np.arange(len(old.hit)) if old.drawn_as is None else old.drawn_as
    fresh = int(drawn_as.max(initial=-1)) + 1 + np.arange(len(source))
    rates = np.ones(len(source))
    for span in grid.spans:
        rates[span.first : span.first + span.n] = span.run.rate
    kept_s, own_s = np.diff(old.step_times_s)[source] / rates, np.diff(grid.step_times_s)
    return Habits(np.where(known, drawn_as[source], fresh), np.where(known, kept_s, own_s))


def theme_goes_on(old: OldPiece, grid: Relaid) -> np.ndarray:
    """Find the chords of short new stretches: those of the section before them continue.

    Args:
        old: the old piece.
        grid: the old grid fitted to the new cut, S steps.

    Returns:
        [S] int64 chord tokens, UNKNOWN outside short new stretches.
    """
    chords = np.full(len(grid.source), tokens.UNKNOWN, dtype=np.int64)
    row = old.tokens[tokens.STREAM_INDEX["chord"]]
    starts = [_old_beat(old, section.at_s) for section in old.plan.sections]
    for before, span in zip(grid.spans, grid.spans[1:], strict=False):
        if span.is_old or not before.is_old or span.n >= OWN_SECTION_STEPS:
            continue
        start = max(start for start in [0, *starts] if start < before.end)
        length = max(STEPS_PER_BAR, (before.end - start) // STEPS_PER_BAR * STEPS_PER_BAR)
        steps = start + (before.end - start + np.arange(span.n)) % length
        chords[span.first : span.first + span.n] = row[np.minimum(steps, len(row) - 1)]
    return chords

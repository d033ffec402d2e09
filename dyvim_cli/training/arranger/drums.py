"""Write drums: grooves (dyvim_cli/stylebook), fills, rolls into cuts, accents on top of the groove."""

from typing import Any

import numpy as np

from dyvim_cli.music.form.accents import HEAVY, MEDIUM
from dyvim_cli.music.idioms.grooves import FILL_FROM, FILLS, NEVER, ROLLING_FILLS, needs
from dyvim_cli.music.performance.drumming import CRASH_STEPS
from dyvim_cli.music.symbols import tokens
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.training.arranger.frame import PieceFrame, lay
from dyvim_cli.training.arranger.response import Response, entry
from dyvim_cli.types import STEPS_PER_BAR


def write_drums(rng: np.random.Generator, plan: PieceFrame, response: Response) -> np.ndarray:
    """Write grooves, fills at the ends of phrases, rolls towards cuts and accents on the film's hits.

    Args:
        rng: draws grooves and fills.
        plan: frame of the piece, S steps.
        response: what the film asks of the parts, [S] a row.

    Returns:
        [S] int16 tokens of the stream drums: a bit a drum class.
    """
    strikes = {name: onsets_of(row, response) for name, row in _grooves(rng, plan).items()}
    _fill_ends(rng, plan, response, strikes)
    _roll(plan, response, strikes)
    row = np.zeros(plan.n_steps, dtype=np.int16)
    for name, steps in strikes.items():
        row[steps] |= tokens.drum_token([name])
    for step in np.flatnonzero(response.force["drums"]):
        row[step] = _accent(plan, response, int(step), int(row[step]))
    row[plan.final :] = _ending(plan, response)
    return row


def onsets_of(needs_row: np.ndarray, response: Response) -> np.ndarray:
    """Find where one drum class plays by its pattern; the notes of the events are added later.

    Args:
        needs_row: [S] density that each step of the pattern waits for.
        response: what the film asks of the parts.

    Returns:
        [S] bool.
    """
    return (needs_row <= response.density["drums"]) & ~response.breath


def _grooves(rng: np.random.Generator, plan: PieceFrame) -> dict[str, np.ndarray]:
    """Class -> [S] needs; a label keeps its groove, half of the labels share the piece's."""
    pool = RECORDS[plan.style].grooves
    main = pool[rng.integers(len(pool))]
    of_label: dict[int, Any] = {}
    for scene in plan.scenes:
        of_label.setdefault(scene.label, main if rng.random() < 0.5 else pool[rng.integers(len(pool))])
    rows = {}
    for name in tokens.DRUM_CLASSES[:5]:
        patterns = {}
        for i, scene in enumerate(plan.scenes):
            pattern = needs(of_label[scene.label].get(name, "." * STEPS_PER_BAR))
            patterns[i] = pattern + entry(plan, "drums", scene)
        rows[name] = lay(patterns, plan)
    return rows


def _fill_ends(
    rng: np.random.Generator, plan: PieceFrame, response: Response, strikes: dict[str, np.ndarray]
) -> None:
    """Write a fill before a new section, unless a build-up leads there or an event forbids it."""
    if not plan.habits.plays_kit:
        return
    for scene in plan.scenes[1:]:
        start = scene.start - STEPS_PER_BAR
        silent = start < 0 or "drums" in plan.scene_at(start).silent
        idle = response.motion[start] < FILL_FROM or response.build[max(0, scene.start - 1)] > 0
        if silent or idle or scene.start > plan.final or rng.random() < 0.35:
            continue
        fills = ROLLING_FILLS if RECORDS[plan.style].fills_on_toms else FILLS
        fill = {name: needs(p) < NEVER for name, p in fills[rng.integers(len(fills))].items()}
        first = min(int(np.flatnonzero(p)[0]) for p in fill.values())
        for name in strikes:
            span = slice(start + first, scene.start)
            strikes[name][span] = (
                fill.get(name, np.zeros(STEPS_PER_BAR, bool))[first:] & ~response.breath[span]
            )


def _roll(plan: PieceFrame, response: Response, strikes: dict[str, np.ndarray]) -> None:
    """Add build-ups: eighths, then sixteenths on one drum, until the rest before the cut."""
    steps = np.arange(plan.n_steps)
    on_grid = np.where(response.build > 0.6, True, steps % 2 == 0) & (response.build > 0.25)
    roll = on_grid & ~response.breath
    for scene in plan.scenes:
        if "drums" in scene.silent:
            roll[scene.start : scene.end] = False
    if plan.habits.roll is not None:
        strikes[plan.habits.roll] |= roll


def _accent(plan: PieceFrame, response: Response, step: int, groove: int) -> int:
    """The groove's strokes of a step with those of an event added; a light event opens the hat.

    A crash that still rings is not played again (music/performance/drumming.py: CRASH_STEPS).
    """
    strokes, weight = RECORDS[plan.style].accent_strokes, response.hit[step]
    if not plan.follows:
        return groove | tokens.drum_token(("kick", "crash") if plan.habits.plays_kit else ("tom",))
    if weight < HEAVY:
        return groove | tokens.drum_token(strokes.hint if weight < MEDIUM else strokes.medium)
    rings = np.any(response.hit[max(0, step - CRASH_STEPS) : step] >= HEAVY)
    return groove | tokens.drum_token(strokes.medium if rings else strokes.heavy)


def _ending(plan: PieceFrame, response: Response) -> np.ndarray:
    """One last stroke under the final chord when the drums play, then silence but for events."""
    tail = np.zeros(plan.n_steps - plan.final, dtype=np.int16)
    if "drums" not in plan.scenes[-1].silent and plan.habits.plays_kit:
        tail[0] = tokens.drum_token(("kick", "crash") if RECORDS[plan.style].keeps_beat else ("kick",))
    for step in np.flatnonzero(response.force["drums"][plan.final :]):
        tail[step] = _accent(plan, response, plan.final + int(step), int(tail[step]))
    return tail

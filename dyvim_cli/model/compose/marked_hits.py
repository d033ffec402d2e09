"""Meet the hits that a person asked for: the grid bends to them, and an accent is played there."""

from dataclasses import replace

import numpy as np

from dyvim_cli.film_plan import MARKED
from dyvim_cli.music.symbols import tokens
from dyvim_cli.types import STEPS_PER_BAR, STEPS_PER_BEAT, Hit, TempoMap

MET_S = 0.02  # sound within a frame of the picture reads as together
# largest factor by which steps between two requested hits are stretched or squeezed: to make the later
# one per beat, and to make it a step at all; beyond, it is left out
BEAT_STRETCH, STEP_STRETCH = 1.35, 1.7
HARDEST = tokens.N_LEVELS - 1
LEVEL, BASS, PAD, DRUMS = (tokens.STREAM_INDEX[name] for name in ("level", "bass", "pad", "drums"))


def marked_steps(tempo_map: TempoMap) -> np.ndarray:
    """Find the steps of the hits that a person asked for.

    Args:
        tempo_map: the grid.

    Returns:
        [M] int, ascending.
    """
    return np.unique([hit.step for hit in tempo_map.hits if hit.kind == MARKED]).astype(int)


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

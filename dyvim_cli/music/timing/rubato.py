"""Apply rubato: move grid steps to events that fall between two of them.

The tempo map brings the heavy events onto beats within a few per cent of drift; the others are up to
half a sixteenth off the grid, 70 ms at 108 BPM, which is visible. A player would push or hold the
beat around such a moment: the step moves to the event and its neighbours yield, over a beat where no part
dances, and hardly at all where drums keep time.
"""

from bisect import bisect
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from dyvim_cli.music.timing.tempo_map import hit_table
from dyvim_cli.types import STEPS_PER_BEAT, Hit, TempoMap

# most that a step between two moved steps, or towards the ends, is squeezed (share of its length)
MOST_SQUEEZE = 0.35
NEAR_ENOUGH_S = 0.008  # inaudible distance (a third of a frame) that is left of each shift
# cost in steps of moving a step off the beat, by step % STEPS_PER_BEAT
OFF_BEAT_COST = {1: 0.2, 2: 0.1, 3: 0.2}


def apply_rubato(
    tempo_map: TempoMap, strength: float, reach_steps: int = STEPS_PER_BEAT, least_weight: float = 0.0
) -> TempoMap:
    """Move the steps of the hits towards their events.

    Events are served by weight; one that would squeeze the steps between it and a heavier one too far is
    left where it was.

    Args:
        tempo_map: the grid and its hits.
        strength: 0..1, share of the distance that is moved.
        reach_steps: steps over which the neighbours give way; 1 leaves them where they are.
        least_weight: lighter events move no step.

    Returns:
        the tempo map with new step times and hits.
    """
    events = tuple(hit for hit in tempo_map.hits if hit.weight >= least_weight)
    if strength == 0 or not events or tempo_map.n_steps < 2:
        return tempo_map
    grid = tempo_map.step_times_s
    steps, shifts = _placed(grid, events)
    shifts = strength * np.sign(shifts) * np.maximum(np.abs(shifts) - NEAR_ENOUGH_S, 0)
    leaned = grid + np.interp(np.arange(len(grid)), *_with_rests(steps, shifts, len(grid) - 1, reach_steps))
    hits = tempo_map.hits
    table = hit_table(
        TempoMap(leaned, tempo_map.bpm),
        np.array([hit.film_time_s for hit in hits]),
        np.array([hit.weight for hit in hits]),
        [hit.kind for hit in hits],
    )
    return replace(tempo_map, step_times_s=leaned, hits=table)


def _placed(grid: np.ndarray, hits: tuple[Hit, ...]) -> tuple[np.ndarray, np.ndarray]:
    """(steps [A] ascending, shifts [A] in seconds) of the steps that move; the ends stay."""
    steps, shifts = [0, len(grid) - 1], [0.0, 0.0]
    for hit in sorted(hits, key=lambda hit: (-hit.weight, abs(hit.error_s))):
        if found := list(_moves(grid, hit.film_time_s, steps, shifts)):
            _, place, step, shift = min(found)
            steps.insert(place, step)
            shifts.insert(place, shift)
    return np.array(steps), np.array(shifts)


def _moves(
    grid: np.ndarray, time_s: float, steps: list[int], shifts: list[float]
) -> Iterator[tuple[float, int, int, float]]:
    """(cost, place, step, shift in seconds) of the ways to bring a step to a time: the step before it or the
    one after, unless it has been moved for another event, or would squeeze those between it and the moved."""
    after = int(np.clip(np.searchsorted(grid, time_s), 1, len(grid) - 1))
    length_s = grid[after] - grid[after - 1]
    for step in (after - 1, after):
        place = bisect(steps, step)
        if not 0 < place < len(steps) or steps[place - 1] == step:
            continue
        shift = time_s - grid[step]
        gaps = np.array([step - steps[place - 1], steps[place] - step])
        squeeze = np.max(np.abs(shift - np.array(shifts[place - 1 : place + 1])) / (gaps * length_s))
        if squeeze <= MOST_SQUEEZE:
            off_beat = OFF_BEAT_COST.get(step % STEPS_PER_BEAT, 0.0)
            yield abs(shift) / length_s + squeeze + off_beat, place, step, shift


def _with_rests(
    steps: np.ndarray, shifts: np.ndarray, n_steps: int, reach_steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Corners of the shift over the steps: back to 0 within reach_steps of a moved one, given room."""
    corners = {}
    for step in steps:
        for rest in (step - reach_steps, step + reach_steps):
            if 0 < rest < n_steps and np.abs(steps - rest).min() >= reach_steps:
                corners[rest] = 0.0
    corners |= dict(zip(steps.tolist(), shifts.tolist(), strict=True))
    at = np.array(sorted(corners))
    return at, np.array([corners[step] for step in at.tolist()])

"""Move the steps of an older cut's grid to the events of a new cut."""

from dataclasses import replace

import numpy as np

from dyvim_cli.music.timing.relaid import NONE, Relaid
from dyvim_cli.music.timing.rubato import apply_rubato
from dyvim_cli.music.timing.tempo_map import HIT_TOLERANCE_S, hit_table
from dyvim_cli.old_piece import OldPiece
from dyvim_cli.types import STEPS_PER_BAR, STEPS_PER_BEAT, FilmFeatures, Hit, TempoMap

STEADY_S = 0.01  # a cut that is nearer to its old time has not moved


def with_events(tempo_map: TempoMap, features: FilmFeatures) -> TempoMap:
    """Put a film's events on a grid, each on a step that lasts.

    Args:
        tempo_map: the grid; its own hits are dropped.
        features: motion, events, scenes and style of the film.

    Returns:
        The grid with the hits.
    """
    events = features.event_times_s, features.event_weights, features.event_names
    hits = tuple(_lasting(hit, tempo_map.step_times_s) for hit in hit_table(tempo_map, *events))
    return replace(tempo_map, hits=hits)


def _lasting(hit: Hit, grid: np.ndarray) -> Hit:
    """Move a hit to the last of the steps that begin at the same time."""
    step = min(int(np.searchsorted(grid, grid[hit.step], side="right")) - 1, len(grid) - 2)
    on_beat = abs(hit.error_s) <= HIT_TOLERANCE_S and step % STEPS_PER_BEAT == 0
    return replace(hit, step=step, on_beat=on_beat, on_downbeat=on_beat and step % STEPS_PER_BAR == 0)


def _has_moved(hit: Hit, old: OldPiece, grid: Relaid) -> bool:
    """Check whether a cut has moved by about a frame from its old time."""
    run = next((s.run for s in grid.spans if s.is_old and s.run.from_s <= hit.film_time_s < s.run.to_s), None)
    if run is None or hit.kind != "cut":
        return False
    off_s = np.abs(old.footage.edges_s - run.at(hit.film_time_s)).min()
    return bool(off_s > STEADY_S)


def leaned(old: OldPiece, grid: Relaid, features: FilmFeatures, reach_steps: int) -> Relaid:
    """Move steps of a carried grid to new events, and to all events where the film's speed changed.

    Events that the old piece met at the same place leave the grid as it was.

    Args:
        old: the old piece.
        grid: its grid fitted to the new cut, S steps.
        features: motion, events, scenes and style of the new cut.
        reach_steps: steps around an event over which the rubato spreads.

    Returns:
        The grid with other step times.
    """
    tempo_map = with_events(TempoMap(grid.step_times_s, old.bpm), features)
    lasting = np.append(np.flatnonzero(tempo_map.played), tempo_map.n_steps)
    other_speed = {
        step for span in grid.spans if span.run.rate != 1 for step in range(span.first, span.first + span.n)
    }
    new = tuple(
        replace(hit, step=int(np.searchsorted(lasting, hit.step)))
        for hit in tempo_map.hits
        if grid.source[hit.step] == NONE or hit.step in other_speed or _has_moved(hit, old, grid)
    )
    closed_up = TempoMap(grid.step_times_s[lasting], old.bpm, new)
    moved_s = apply_rubato(closed_up, 1.0, reach_steps).step_times_s
    index = np.searchsorted(lasting, np.arange(len(grid.step_times_s)))
    return replace(grid, step_times_s=moved_s[index])

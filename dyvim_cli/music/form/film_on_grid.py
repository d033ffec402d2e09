"""The film as the form needs it, in steps of the music's grid."""

from dataclasses import dataclass

import numpy as np

from dyvim_cli.types import STEPS_PER_BEAT, TempoMap


@dataclass(frozen=True)
class FilmOnGrid:
    """C scenes, and energy and events at S steps."""

    scene_steps: np.ndarray  # [C] int, on beats, ascending, the first 0
    labels: np.ndarray  # [C] int
    moods: np.ndarray  # [C, 2]
    energy: np.ndarray  # [S] 0..1
    hits: np.ndarray  # [S] weight of the heaviest event at each step

    @property
    def n_steps(self) -> int:
        """S."""
        return len(self.energy)


def lay_on_grid(
    tempo_map: TempoMap,
    scene_starts_s: np.ndarray,
    scene_labels: np.ndarray,
    scene_moods: np.ndarray,
    energy: np.ndarray,
    hits: np.ndarray,
    energy_share: float = 1.0,
) -> FilmOnGrid:
    """Quantise scenes to the nearest beats.

    Args:
        tempo_map: the grid, S steps.
        scene_starts_s: [C] where scenes begin, ascending.
        scene_labels: [C] alike for scenes that look alike.
        scene_moods: [C, 2] valence and arousal, -1..1.
        energy: [S] 0..1.
        hits: [S] weights of the events.
        energy_share: 0..1, how far energy shapes the music; at 0 the film is one scene without events.

    Returns:
        The film step by step: scenes, moods, energy and hits.

    Raises:
        ValueError: the arguments contradict each other.
    """
    starts_s, labels = np.asarray(scene_starts_s, dtype=np.float64), np.asarray(scene_labels)
    moods = np.asarray(scene_moods, dtype=np.float64).reshape(-1, 2)
    if not len(energy) == len(hits) == tempo_map.n_steps:
        raise ValueError(f"{tempo_map.n_steps} steps, {len(energy)} energies, {len(hits)} weights of hits")
    if not len(starts_s) == len(labels) == len(moods) >= 1:
        raise ValueError(f"scenes: {len(starts_s)} starts, {len(labels)} labels, {len(moods)} moods")
    if energy_share == 0:
        starts_s, labels, moods = starts_s[:1], np.zeros(1, dtype=int), moods.mean(axis=0, keepdims=True)
        hits = np.zeros(len(hits))
    energy = 0.5 + energy_share * (np.asarray(energy, dtype=np.float64) - 0.5)
    return FilmOnGrid(_nearest_beats(tempo_map, starts_s), labels, moods, energy, hits)


def _nearest_beats(tempo_map: TempoMap, times_s: np.ndarray) -> np.ndarray:
    """[C] the step of the beat nearest to each time, the film's beginning for the first."""
    beats_s = tempo_map.step_times_s[::STEPS_PER_BEAT]
    nearest = np.searchsorted((beats_s[1:] + beats_s[:-1]) / 2, times_s)
    lasting = np.searchsorted(beats_s, beats_s[nearest], side="right") - 1  # the last of those at one time
    steps = np.minimum(STEPS_PER_BEAT * lasting, tempo_map.n_steps - 1)
    steps[0] = 0
    return steps

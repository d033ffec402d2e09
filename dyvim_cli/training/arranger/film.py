"""Imagine a film: hits, cuts and an energy curve with the statistics of real ones."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dyvim_cli.training.arranger.form import Scene
from dyvim_cli.types import STEPS_PER_BAR, STEPS_PER_BEAT

# kind of film: how often, impacts a second (low, high), extra cuts a second (low, high). Real films hold .2
# to 1.9 events a second, half of them doubtful (weights of single takes, quartiles: .06, .18, .34)
KINDS = (
    ("static", 0.12, (0.0, 0.0), (0.0, 0.0)),
    ("sparse", 0.20, (0.0, 0.3), (0.0, 0.05)),
    ("medium", 0.24, (0.2, 0.9), (0.0, 0.2)),
    ("busy", 0.13, (0.8, 2.0), (0.0, 0.1)),
    ("montage", 0.13, (0.0, 0.6), (0.3, 1.1)),
    ("fast", 0.07, (0.0, 0.8), (1.0, 2.0)),
    ("action", 0.11, (0.6, 2.0), (0.0, 0.5)),
)
WEIGHTS = ((0.7, 2.4), (0.8, 1.8), (1.6, 1.8))  # beta: a take, an edited film, clear impacts
ON_GRID = (0.05, 0.12, 0.03)  # odds that an impact is on a downbeat, a beat, an off-beat eighth
CUTS_ON_GRID = (0.4, 0.4, 0.1)
STILL = 0.04  # energy below which nothing moves (as model.conditioning flags it)
SLOW_STEPS = STEPS_PER_BAR // 2  # energy is averaged over this many steps, as model.film_curves does


@dataclass(frozen=True)
class FilmCurves:
    """Event curves, each [S] float, 0..1."""

    hit: np.ndarray
    cut: np.ndarray
    energy: np.ndarray

    @property
    def curves(self) -> np.ndarray:
        """[S, 3] float32 in the order of piece.BASE_CURVES."""
        return np.stack([self.hit, self.cut, self.energy], axis=1).astype(np.float32)


def draw_film(rng: np.random.Generator, scenes: tuple[Scene, ...], bpm: float) -> FilmCurves:
    """Draw a film over the scenes: cuts at their beginnings, events inside them, energy by mood.

    Args:
        rng: draws kind of film, cuts, hits and energy.
        scenes: of the whole piece, in steps.
        bpm: tempo, beats a minute, from which the length of the film in seconds follows.

    Returns:
        Its curves, [S] each.
    """
    n_steps = scenes[-1].end
    kind = KINDS[rng.choice(len(KINDS), p=[k[1] for k in KINDS])]
    duration_s = n_steps * 60 / bpm / STEPS_PER_BEAT
    cut, hit = np.zeros(n_steps), np.zeros(n_steps)
    _cut_scenes(rng, scenes, cut, static=kind[0] == "static")
    for step in _draw_steps(rng, n_steps, rng.uniform(*kind[3]) * duration_s, CUTS_ON_GRID):
        cut[step] = 1
    weights = WEIGHTS[rng.integers(len(WEIGHTS))]
    for step in _draw_steps(rng, n_steps, rng.uniform(*kind[2]) * duration_s, ON_GRID):
        hit[step] = 0.03 + 0.97 * rng.beta(*weights)
    hit = np.where(cut > 0, np.maximum(hit, rng.uniform(0.55, 1.0, n_steps)), hit)
    energy = _energy(rng, scenes, cut, hit)
    if kind[0] == "static" and rng.random() < 0.4:  # a photograph
        energy = np.full(n_steps, rng.choice([0.0, 0.02, 0.08, 0.12]))
    return FilmCurves(hit, cut, moving_mean(energy, SLOW_STEPS))


def own_film(rng: np.random.Generator, scenes: tuple[Scene, ...]) -> FilmCurves:
    """Make the curves of ordinary music without a film: a steady level a section, a mark where one begins.

    Args:
        rng: draws the levels.
        scenes: of the whole piece, in steps.

    Returns:
        Curves, [S] each; energy 0.3..1.
    """
    n_steps = scenes[-1].end
    energy = np.zeros(n_steps)
    hit, cut = np.zeros(n_steps), np.zeros(n_steps)
    for scene in scenes:
        level = float(np.clip(0.58 + 0.25 * scene.arousal + rng.normal(0, 0.06), 0.35, 0.95))
        rise = 0.25 if scene.role == "build" else 0.05
        energy[scene.start : scene.end] = level + rise * np.linspace(-0.5, 0.5, scene.n_steps)
        if scene.start and scene.role in ("theme", "contrast", "break"):
            hit[scene.start], cut[scene.start] = 0.45, 1
    return FilmCurves(hit, cut, np.clip(energy, 0.3, 1))


def neutral(n_steps: int) -> FilmCurves:
    """Make the curves of a film without events, of medium energy throughout.

    Args:
        n_steps: length of the piece.

    Returns:
        No hit, no cut, energy 0.5 throughout.
    """
    return FilmCurves(np.zeros(n_steps), np.zeros(n_steps), np.full(n_steps, 0.5))


def moving_mean(values: np.ndarray, n_steps: int) -> np.ndarray:
    """Average over a centred window; the first and the last value are repeated beyond the ends.

    Args:
        values: [S].
        n_steps: width of the window.

    Returns:
        [S] float.
    """
    from scipy.ndimage import uniform_filter1d

    return uniform_filter1d(np.asarray(values, dtype=float), n_steps, mode="nearest")


def _cut_scenes(rng: np.random.Generator, scenes: Sequence[Scene], cut: np.ndarray, static: bool) -> None:
    for scene in scenes[1:]:  # some scenes dissolve: a new section without a cut
        if rng.random() < (0.2 if static else 0.9):
            cut[scene.start] = 1
    if not static and rng.random() < 0.3:
        cut[0] = 1


def _draw_steps(
    rng: np.random.Generator, n_steps: int, expected: float, odds: Sequence[float] | np.ndarray
) -> list[int]:
    """Random steps; odds: on a downbeat, on a beat, on an off-beat eighth; the rest anywhere."""
    steps = []
    for _ in range(rng.poisson(expected)):
        where = rng.random()
        grid = next((g for g, p in zip((16, 4, 2), np.cumsum(odds), strict=True) if where < p), 1)
        steps.append(int(rng.integers(0, max(1, n_steps // grid))) * grid + (2 if grid == 2 else 0))
    return [s for s in steps if s < n_steps]


def _energy(
    rng: np.random.Generator, scenes: Sequence[Scene], cut: np.ndarray, hit: np.ndarray
) -> np.ndarray:
    n_steps = len(cut)
    energy = np.zeros(n_steps)
    spread = rng.choice([0.15, 0.5, 0.9])  # from calm films to restless ones
    jumps = rng.random() < 0.7
    borders = sorted({0, n_steps, *(s.start for s in scenes), *(np.flatnonzero(cut) if jumps else ())})
    level = rng.uniform(0.1, 0.9)
    for start, end in zip(borders[:-1], borders[1:], strict=True):
        scene = next(s for s in scenes if s.start <= start < s.end)
        energy[start:end], level = _stretch(rng, end - start, scene, level, spread, jumps)
    energy += _bumps(hit) * rng.choice([0.0, 0.15, 0.3])
    if rng.random() < 0.5 and n_steps >= 64:  # real films' energy is ranked over the film
        energy = energy.argsort().argsort() / (n_steps - 1) * 0.7 + 0.3 * np.clip(energy, 0, 1)
    energy = np.maximum(energy + _smooth(rng.normal(0, rng.choice([0.06, 0.12, 0.2]), n_steps)), 1.2 * STILL)
    for start, end in _still_stretches(rng, n_steps):
        energy[start:end] = rng.uniform(0, 0.03)
    return np.clip(energy, 0, 1)


def _stretch(
    rng: np.random.Generator, n_steps: int, scene: Scene, level: float, spread: float, jumps: float
) -> tuple[np.ndarray, float]:
    """A smooth walk through a stretch; returns (energy, last value)."""
    centre = np.clip(0.45 + 0.35 * scene.arousal, 0.1, 0.9)
    n_knots = 2 + n_steps // int(rng.choice([16, 32, 64]))
    knots = np.clip(rng.normal(centre, 0.3 * spread, n_knots), 0.08, 1)
    if not jumps:
        knots[0] = level
    if scene.role == "build":
        knots.sort()
    at = np.linspace(0, n_knots - 1, n_steps)
    low = np.minimum(at.astype(int), n_knots - 2)
    ease = 0.5 - 0.5 * np.cos(np.pi * (at - low))
    walk = knots[low] * (1 - ease) + knots[low + 1] * ease
    return walk, walk[-1]


def _bumps(hit: np.ndarray) -> np.ndarray:
    """Motion [S] after each impact, which dies away within about two beats."""
    kernel = np.exp(-np.arange(16) / 4)
    return np.convolve(hit, kernel)[: len(hit)]


def _smooth(values: np.ndarray) -> np.ndarray:
    return np.convolve(values, np.ones(STEPS_PER_BEAT) / STEPS_PER_BEAT, mode="same")[: len(values)]


def _still_stretches(rng: np.random.Generator, n_steps: int) -> list[tuple[int, int]]:
    """Spans where the picture is still: a beat to several bars."""
    if rng.random() > 0.55:
        return []
    spans = []
    for _ in range(int(rng.integers(1, 2 + n_steps // 160))):
        length = int(round(np.exp(rng.uniform(np.log(4), np.log(4 * STEPS_PER_BAR)))))
        length = min(length, n_steps // 3)
        start = int(rng.integers(0, n_steps - length))
        spans.append((start, start + length))
    return spans

"""Derive from a film's curves what every part of the band does: how dense, how loud, which accents.

The base layer (time and harmony) continues through events; an event adds to it. Motion moves density,
register and loudness by degrees from a floor, slowly; only accents follow single events. The rules are
the same in every piece, so that a decoder can learn them from the curves alone.
"""

from dataclasses import dataclass

import numpy as np

from dyvim_cli.music.form.accents import HEAVY, LIGHT, MEDIUM, TOP_LEVEL, is_crowded
from dyvim_cli.music.idioms.grooves import density_of
from dyvim_cli.training.arranger.film import moving_mean
from dyvim_cli.training.arranger.form import Scene
from dyvim_cli.training.arranger.frame import SILENT, PieceFrame
from dyvim_cli.types import STEPS_PER_BAR

PARTS = ("melody", "bass", "drums", "pad", "arp")
NORMAL_LEVEL = TOP_LEVEL - 2  # accents own the two levels above the normal ones
FREE_MARK = 6  # level at which music without a film marks a new section
SOFTEST_LEVEL, LEVEL_SPAN = 1.6, 2.6  # level of no motion, and how much full motion adds
BREATH_WEIGHT = 0.8  # cuts from this weight on may have a breath before them
BREATH_SHARE = 0.5  # share of those cuts that get a breath
BREATH_BARS = 8  # bars between two breaths at least
BUILD_BARS = 8  # bars between two builds at least


@dataclass(frozen=True)
class Response:
    """The film's demands on every part; all arrays [S]."""

    density: dict[str, np.ndarray]  # part -> 0..1, compared with the need of each step of its pattern
    motion: np.ndarray  # 0..1 slow energy, builds included: register, length of notes
    build: np.ndarray  # 0..1 how far a build towards a cut has come
    breath: np.ndarray  # bool: a rest of an eighth at most, just before a few of the heaviest cuts
    force: dict[str, np.ndarray]  # part -> bool: a note starts here, whatever the pattern
    hit: np.ndarray  # weight of the accents


def respond(rng: np.random.Generator, plan: PieceFrame) -> Response:
    """Derive the response of all parts from the film's curves.

    Args:
        rng: draws builds, breaths and forced notes.
        plan: frame of the piece, S steps, with the film.

    Returns:
        Rows [S]; music that does not follow gets neither builds nor breaths.
    """
    hit = plan.film.hit.copy()
    build = _builds(rng, plan) if plan.follows else np.zeros(plan.n_steps)
    motion = np.clip(plan.film.energy + 0.35 * build, 0, 1)
    breath = _breaths(rng, plan) if plan.follows else np.zeros(plan.n_steps, dtype=bool)
    density = {part: np.zeros(plan.n_steps) for part in PARTS}
    for scene in plan.scenes:
        span = slice(scene.start, scene.end)
        for part in PARTS:
            first = scene.start % STEPS_PER_BAR
            density[part][span] = density_of(plan.style, scene.role, part, motion[span], first)
    return Response(density, motion, build, breath, _forced(rng, plan, hit), hit)


def onsets(needs: np.ndarray, part: str, response: Response) -> np.ndarray:
    """Find where a part starts a note.

    Args:
        needs: [S] density that each step waits for.
        part: its name.
        response: of the piece.

    Returns:
        [S] bool: allowed by the density outside rests, or forced.
    """
    return ((needs <= response.density[part]) & ~response.breath) | response.force[part]


def levels(plan: PieceFrame, response: Response) -> np.ndarray:
    """Write the stream level: slow energy first, then metre and phrase; accents are added to all of it.

    Args:
        plan: frame of the piece, S steps.
        response: of the piece.

    Returns:
        [S] int16 level tokens.
    """
    steps = np.arange(plan.n_steps)
    metre = np.select([steps % 16 == 0, steps % 4 == 0, steps % 2 == 0], [0.35, 0.1, -0.15], -0.3)
    phrase = 0.2 * np.sin(np.pi * (steps % (4 * STEPS_PER_BAR)) / (4 * STEPS_PER_BAR))
    lean = 1.0 if plan.follows else 1.8  # music without a film has stronger metric accents
    slow = moving_mean(plan.film.energy, STEPS_PER_BAR)
    level = SOFTEST_LEVEL + LEVEL_SPAN * slow + lean * metre + phrase + 0.8 * response.build
    level = np.clip(np.round(level), 0, NORMAL_LEVEL).astype(np.int16)
    for step in np.flatnonzero(response.hit).tolist():
        weight = response.hit[step]
        if not plan.follows:
            level[step] = FREE_MARK
        elif weight >= HEAVY and is_crowded(response.hit, step):
            level[step] = TOP_LEVEL - 1
        else:
            level[step] = _accent(weight, level[step])
    return level


def _accent(weight: float, level: int) -> int:
    """Level of an event of a weight: two above the groove for a clear one, one for a doubtful one."""
    if weight >= HEAVY:
        return TOP_LEVEL
    if weight >= MEDIUM:
        return TOP_LEVEL - 1
    return min(level + 1, NORMAL_LEVEL)


def _forced(rng: np.random.Generator, plan: PieceFrame, hit: np.ndarray) -> dict[str, np.ndarray]:
    """Choose the parts that play each event, by its weight; without a film drums, bass and pad."""
    force = {part: np.zeros(plan.n_steps, dtype=bool) for part in PARTS}
    for step in np.flatnonzero(hit).tolist():
        silent = plan.scene_at(step).silent
        for part in _strikers(rng, plan, hit[step], is_crowded(hit, step)):
            force[part][step] = part not in silent
    return force


def _strikers(rng: np.random.Generator, plan: PieceFrame, weight: float, crowded: bool) -> tuple[str, ...]:
    """The parts that play on an event; crowded: see is_crowded."""
    if not plan.follows:
        return ("drums", "bass", "pad")
    if weight >= HEAVY:
        return ("drums", "bass", "pad") if crowded else PARTS
    if weight >= MEDIUM:
        return ("drums", "pad", "bass", str(rng.choice(["melody", "melody", "arp"])))
    if weight >= LIGHT:
        return ("drums", str(rng.choice(["melody", "arp", "pad", "bass"])))
    return ("drums",)


def _section_cuts(plan: PieceFrame, weight: float) -> list[int]:
    """Steps of the cuts from a weight on that begin a section."""
    starts = [scene.start for scene in plan.scenes[1:]]
    return [s for s in starts if plan.film.cut[s] and plan.film.hit[s] >= weight]


def _breaths(rng: np.random.Generator, plan: PieceFrame) -> np.ndarray:
    """[S] bool: the sixteenth or eighth before some of the heaviest cuts that begin a section."""
    breath = np.zeros(plan.n_steps, dtype=bool)
    last = -BREATH_BARS * STEPS_PER_BAR
    for step in _section_cuts(plan, BREATH_WEIGHT):
        start = step - int(rng.integers(1, 3))
        is_free = not plan.film.hit[start:step].any() and step - last >= BREATH_BARS * STEPS_PER_BAR
        if is_free and step <= plan.final and rng.random() < BREATH_SHARE:
            breath[start:step] = True
            last = step
    return breath


def _builds(rng: np.random.Generator, plan: PieceFrame) -> np.ndarray:
    """[S] ramps 0..1 of two to eight beats that lead into the heaviest cuts that begin a section."""
    ramp = np.zeros(plan.n_steps)
    last = -BUILD_BARS * STEPS_PER_BAR
    for step in _section_cuts(plan, HEAVY):
        before = plan.scene_at(step - 1)
        length = min(before.n_steps // 2, int(rng.choice([8, 16, 16, 32]))) // 4 * 4
        moves = plan.film.energy[step - length : step].mean() > 0.15 if length else False
        if length >= 8 and moves and step - last >= BUILD_BARS * STEPS_PER_BAR:
            ramp[step - length : step] = np.linspace(1 / length, 1, length)
            last = step
    return ramp


def entry(plan: PieceFrame, part: str, scene: Scene) -> float:
    """Say how much more density a part waits for in a scene.

    Args:
        plan: frame of the piece; the habits of its style matter.
        part: its name.
        scene: one of the piece's.

    Returns:
        Added to the needs; SILENT when the orchestration leaves the part out.
    """
    if part in scene.silent:
        return SILENT
    return plan.habits.entries.get(part, 0.0) + ROLE_ENTRIES[scene.role].get(part, 0.0)


ROLE_ENTRIES = {  # the base layer follows grooves.ROLE_KEPT instead
    "intro": {"melody": 0.15},
    "theme": {},
    "contrast": {"arp": -0.05},
    "build": {"melody": 0.05, "arp": -0.15},
    "break": {},
    "outro": {"arp": 0.05},
}

"""How the music answers the film: where streams strike together, thin out, build, breathe and rest.

The rules are the same in every piece, so that a decoder can learn them from the curves alone:
an event is struck by several streams at once, thinner the lighter it is; nothing starts in the
steps before it; nothing else is ever that loud; no energy, no onsets.
"""

from dataclasses import dataclass

import numpy as np

from dyvim_cli.music.styles.grooves import reached
from dyvim_cli.music.symbols import tokens
from dyvim_cli.training.arranger.film import STILL
from dyvim_cli.training.arranger.plan import SILENT, Plan
from dyvim_cli.types import STEPS_PER_BAR, STEPS_PER_BEAT

PARTS = ("melody", "bass", "drums", "pad", "arp")
TIME_KEEPERS = ("bass", "drums")
HEAVY, MEDIUM, LIGHT = 0.6, 0.35, 0.12  # hit weights from which five, four and three streams strike, else two
TOP_LEVEL, NORMAL_LEVEL = tokens.N_LEVELS - 1, 5  # accents own the two levels above the normal ones
FREE_MARK = 6  # how loud free music marks a new section


@dataclass(frozen=True)
class Answer:
    """What the film asks of every part; all [S]."""

    drive: np.ndarray  # energy that thins or fills the parts, builds included
    pulse: np.ndarray  # the same for those who keep time (music/styles/grooves.py: reached)
    still: np.ndarray  # bool: nothing moves
    stir: np.ndarray  # bool: bar lines of a long stillness on which the harmony may move, softly
    build: np.ndarray  # 0..1, how far a build towards a cut has come
    breath: np.ndarray  # bool: silence just before a heavy hit
    allow: np.ndarray  # bool: an onset may stand here
    force: dict[str, np.ndarray]  # part -> bool: an onset stands here, whatever the pattern
    hit: np.ndarray  # weight of the accents


def answer(rng: np.random.Generator, plan: Plan) -> Answer:
    """Derive the answer of all parts from the film's curves."""
    hit = plan.film.hit.copy()
    still = still_steps(plan.film.energy)
    build = _builds(rng, plan, still) if plan.follows else np.zeros(plan.n_steps)
    drive = np.clip(smooth(plan.film.energy) + 0.35 * build, 0, 1)
    drive[still] = 0
    pulse = np.zeros(plan.n_steps)
    for scene in plan.scenes:
        span = slice(scene.start, scene.end)
        pulse[span] = reached(plan.style, scene.role, drive[span])
    stir = stirs(still, plan.final)
    room, breath = np.ones(plan.n_steps, dtype=bool), np.zeros(plan.n_steps, dtype=bool)
    for step in np.flatnonzero(hit):
        _clear_around(step, hit, plan, room, breath, still)
    room[hit > 0] = True
    force = _forced(rng, plan, hit)
    stir &= room
    _ring_in_stillness(plan, force, hit, still, stir)
    return Answer(drive, pulse, still, stir, build, breath, room & (~still | (hit > 0)), force, hit)


def still_steps(energy: np.ndarray) -> np.ndarray:
    """[S] bool: spans of at least three steps without motion."""
    still = energy < STILL
    for start, end in spans(still):
        if end - start < 3:
            still[start:end] = False
    return still


def spans(flags: np.ndarray) -> list[tuple[int, int]]:
    """[start, end) of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def stirs(still: np.ndarray, final: int) -> np.ndarray:
    """[S] bool: every second bar line of a stillness from its third half bar on, up to the last chord."""
    stir = np.zeros(len(still), dtype=bool)
    for start, end in spans(still):
        first = -(-(start + 3 * STEPS_PER_BAR // 2) // STEPS_PER_BAR) * STEPS_PER_BAR
        stir[first : min(end, final) : 2 * STEPS_PER_BAR] = True
    return stir


def smooth(values: np.ndarray) -> np.ndarray:
    """Centred mean over about a beat."""
    padded = np.pad(values, STEPS_PER_BEAT // 2, mode="edge")
    return np.convolve(padded, np.ones(STEPS_PER_BEAT + 1) / (STEPS_PER_BEAT + 1), mode="valid")[
        : len(values)
    ]


def onsets(needs: np.ndarray, part: str, reply: Answer) -> np.ndarray:
    """[S] bool: where a part starts a note; needs [S] is the energy that each step waits for."""
    energy = reply.pulse if part in TIME_KEEPERS else reply.drive
    return ((needs <= energy) & reply.allow) | reply.force[part]


def levels(plan: Plan, reply: Answer) -> np.ndarray:
    """[S] level tokens: energy first, then metre and phrase; accents stand above all of it."""
    steps = np.arange(plan.n_steps)
    metre = np.select([steps % 16 == 0, steps % 4 == 0, steps % 2 == 0], [0.35, 0.1, -0.15], -0.3)
    phrase = 0.2 * np.sin(np.pi * (steps % (4 * STEPS_PER_BAR)) / (4 * STEPS_PER_BAR))
    strength = 1.0 if plan.follows else 1.8  # free music leans on its metre
    energy = smooth(plan.film.energy)
    level = 0.1 + 4.9 * energy + strength * metre * (energy > 0.1) + phrase + 1.3 * reply.build
    level[reply.still] = 0
    level = np.clip(np.round(level), 0, NORMAL_LEVEL).astype(np.int16)
    for step in np.flatnonzero(reply.hit):
        level[step] = _accent(reply.hit[step], level[step]) if plan.follows else FREE_MARK
    return level


def _accent(weight: float, level: int) -> int:
    if weight >= HEAVY:
        return TOP_LEVEL
    if weight < LIGHT:  # a doubtful event is hinted at
        return min(level + 1, NORMAL_LEVEL)
    return TOP_LEVEL - 1 if weight >= MEDIUM or level >= 4 else TOP_LEVEL - 2


def _clear_around(step, hit, plan: Plan, room, breath, still) -> None:
    """Thin the steps before a hit and let it ring after; heavy ones get a breath of silence."""
    weight, busy = hit[step], plan.film.energy[step - 1] > 0.75 if step else False
    if weight < LIGHT:  # no groove stops for a hint
        return
    before = (2 if busy else 3) if weight >= HEAVY else (2 if weight >= MEDIUM else 1)
    after = 1 if busy or weight < MEDIUM else 2
    room[max(0, step - before) : step] = False
    room[step + 1 : step + 1 + after] = False
    if weight >= HEAVY and step and not still[step - 1]:
        pause = 2 if plan.film.cut[step] and weight >= 0.8 else 1
        start = max(0, step - pause)
        if not np.any(hit[start:step]):
            breath[start:step] = True


def _forced(rng, plan: Plan, hit) -> dict[str, np.ndarray]:
    """Which parts strike which hit, by its weight; in free music only drums, bass and pad mark."""
    force = {part: np.zeros(plan.n_steps, dtype=bool) for part in PARTS}
    for step in np.flatnonzero(hit):
        silent = plan.scene_at(step).silent
        for part in _strikers(rng, plan, hit[step]):
            force[part][step] = part not in silent
    return force


def _ring_in_stillness(plan: Plan, force, hit, still, stir) -> None:
    """Stillness is a chord that rings: the one of a hit at its edge, else one struck softly (in place)."""
    for start, _ in spans(still):
        if not hit[max(0, start - 4) : start + 4].any():
            for part in ("pad",) if start else ("pad", "bass"):
                force[part][start] = part not in plan.scene_at(start).silent
    for step in np.flatnonzero(stir):
        for part in ("pad", "bass", "melody"):
            force[part][step] = part not in plan.scene_at(step).silent


def _strikers(rng, plan: Plan, weight: float) -> tuple[str, ...]:
    if not plan.follows:
        return ("drums", "bass", "pad")
    if weight >= HEAVY:
        return PARTS
    if weight >= MEDIUM:
        return ("drums", "pad", "bass", str(rng.choice(["melody", "melody", "arp"])))
    if weight >= LIGHT:
        return ("drums", *rng.choice([["pad", "melody"], ["bass", "melody"], ["pad", "arp"]]))
    return ("drums", str(rng.choice(["pad", "melody", "bass", "arp"])))


def _builds(rng, plan: Plan, still) -> np.ndarray:
    """Ramps of two to eight beats that lead into the cuts that begin a section."""
    ramp = np.zeros(plan.n_steps)
    for scene, following in zip(plan.scenes[:-1], plan.scenes[1:], strict=True):
        step = following.start
        length = min(scene.n_steps // 2, int(rng.choice([8, 16, 16, 32]))) // 4 * 4
        span = slice(step - length, step)
        moves = plan.film.energy[span].mean() > 0.25 if length else False
        if plan.film.cut[step] and length >= 8 and moves and not still[span].any():
            ramp[span] = np.linspace(1 / length, 1, length)
    return ramp


def entry(plan: Plan, part: str, scene) -> float:
    """Extra energy a part waits for in a scene; NEVER when the orchestration leaves it out."""
    if part in scene.silent:
        return SILENT
    return plan.habits.entries.get(part, 0.0) + ROLE_ENTRIES[scene.role].get(part, 0.0)


ROLE_ENTRIES = {  # those who keep time follow grooves.ROLE_KEPT instead
    "intro": {"melody": 0.25},
    "theme": {},
    "contrast": {"arp": -0.05},
    "build": {"melody": 0.05, "arp": -0.15},
    "break": {},
    "outro": {"arp": 0.05},
}

"""Write the melody: a theme of motifs (or a source's phrases) set to the chords note by note.

A theme keeps, for each of its bars, when it speaks (needs) and where it wants to go (targets);
the search for pitches (tune.py) bends it to the harmony of the moment, so that it returns
recognisably over other chords, thinner or denser with the energy.
"""

from dataclasses import dataclass

import numpy as np

from dyvim_cli.music.idioms.grooves import NEVER
from dyvim_cli.training.arranger.form import Scene
from dyvim_cli.training.arranger.frame import PieceFrame, write_row
from dyvim_cli.training.arranger.pitch_path import approach, best_pitches
from dyvim_cli.training.arranger.response import Response, entry, onsets
from dyvim_cli.types import STEPS_PER_BAR

BEAT_CELLS = {  # rhythms of one beat and how often each style family takes them
    "lyrical": {"x...": 5, "....": 4.5, "x.x.": 1.6, "..x.": 0.8, "x..x": 0.5},
    "flowing": {"x...": 4, "x.x.": 4.5, "....": 2, "..x.": 1, "x..x": 1, "x.xx": 0.5},
    "syncopated": {"x..x": 2.5, "..x.": 4, "x.x.": 3, "....": 2, "x...": 2, ".x.x": 0.3},
    "swung": {"x..x": 5, "...x": 3, "x...": 3, "....": 3, "..x.": 0.5},
    "dance": {"x...": 3, "x.x.": 5, "x.xx": 1.5, "....": 1, "xxx.": 0.6, "xxxx": 0.5},
}
FORMS_4 = ("abac", "abac", "aabc", "aaac", "abbc")
FORMS_8 = ("abacabad", "ababcdae", "aabcaabd", "abacefad")
# energy each kind of step waits for: downbeat, beat, eighth, sixteenth
METRIC_NEEDS = (0.1, 0.2, 0.3, 0.5)
ORNAMENT_NEEDS = {0: 0.55, 2: 0.75}  # steps of a beat that only a lively moment adds


@dataclass(frozen=True)
class Theme:
    """A theme of n bars."""

    needs: np.ndarray  # [n * 16] energy that each onset waits for
    targets: np.ndarray  # [n * 16] MIDI pitch it aims at
    pull: float  # how strongly the targets draw (a quoted tune more than a sketch)


def write_melody(rng: np.random.Generator, plan: PieceFrame, chords: np.ndarray, response: Response,
                 given: dict[int, Theme]) -> np.ndarray:  # fmt: skip
    """Write the melody: the theme of each scene's label, varied, on the best path of pitches.

    Args:
        rng: draws themes and variations.
        plan: frame of the piece, S steps.
        chords: [S] chord tokens.
        response: what the film asks of the parts, [S] a row.
        given: label -> theme that comes from a source; all other labels get a theme of their own.

    Returns:
        [S] int16 tokens of the stream melody.
    """
    themes = dict(given)
    row_needs, targets = np.full(plan.n_steps, NEVER), np.zeros(plan.n_steps)
    pulls = np.ones(plan.n_steps)
    for i, scene in enumerate(plan.scenes):
        theme = themes.setdefault(scene.label, compose_theme(rng, plan, scene))
        bars = np.arange(scene.start, scene.end) - scene.start // STEPS_PER_BAR * STEPS_PER_BAR
        at = bars % len(theme.needs)
        lift = 12 * _octave_up(rng, plan, i)
        row_needs[scene.start : scene.end] = theme.needs[at] + entry(plan, "melody", scene)
        targets[scene.start : scene.end] = (theme.targets + _variation(rng, plan, i, len(theme.targets)))[
            at
        ] + lift
        pulls[scene.start : scene.end] = theme.pull
    played = onsets(row_needs, "melody", response)
    played[plan.final + 1 :] &= response.force["melody"][plan.final + 1 :]
    played[plan.final] = np.any(played[max(0, plan.final - 24) : plan.final + 1]) and not _is_silent(plan)
    starts = np.flatnonzero(played)
    following = [*starts[1:], plan.n_steps][: len(starts)]
    ends = [_end(int(s), int(n), response, plan) for s, n in zip(starts, following, strict=True)]
    aims = (
        targets[starts]
        + 8 * (response.motion[starts] - 0.5)
        + 7 * response.build[starts]
        + 3 * response.hit[starts]
    )
    pitches = best_pitches(starts, ends, aims, pulls[starts], chords, plan)
    pitches = approach(rng, starts, pitches, plan.habits.chromatic)
    return write_row("melody", starts, pitches, ends, plan.n_steps)


def compose_theme(rng: np.random.Generator, plan: PieceFrame, scene: Scene) -> Theme:
    """Compose bars of a motif, its sequence or answer, and a close.

    Args:
        rng: draws form, rhythm and contour.
        plan: frame of the piece; style and tempo matter.
        scene: the first that plays it; a short one gets the short form.

    Returns:
        Theme of 4 or 8 bars.
    """
    form = str(rng.choice(FORMS_8 if scene.n_steps >= 8 * STEPS_PER_BAR and rng.random() < 0.6 else FORMS_4))
    cells = BEAT_CELLS[plan.habits.rhythm]
    rhythm = {kind: _bar_rhythm(rng, cells, closing=False) for kind in sorted(set(form))}
    shape = {kind: _contour(rng) for kind in sorted(set(form))}
    closing = {3, len(form) - 1}
    anchors = _anchors(rng, len(form))
    all_needs, targets = [], []
    for bar, kind in enumerate(form):
        ends_phrase = bar in closing
        cell = _bar_rhythm(rng, cells, closing=True) if ends_phrase else rhythm[kind]
        all_needs.append(_needs_of(cell, ends_phrase, plan.bpm > 126))
        targets.append(plan.habits.centre + anchors[bar] + (shape[kind] * (0.4 if ends_phrase else 1)))
    return Theme(np.concatenate(all_needs), np.concatenate(targets), 0.25)


def _bar_rhythm(rng: np.random.Generator, cells: dict[str, float], closing: bool) -> str:
    """Sixteen characters, x = onset; a closing bar comes to rest and may lift to the next phrase."""
    if closing:
        head = str(rng.choice(["x...............", "x...x...........", "x.x.x...........", "..x.............",
                               "x...........x.x.", "x.............x.", "x.......x......."]))  # fmt: skip
        return head
    names = list(cells)
    odds = np.array([cells[n] for n in names])
    while True:
        bar = "".join(rng.choice(names, size=4, p=odds / odds.sum()))
        if bar.count("x") >= 2 and "x" in bar[:7]:
            return bar


def _needs_of(bar: str, closing: bool, fast: bool) -> np.ndarray:
    """Onsets of the rhythm wait by metric weight (a syncopation takes its beat's); others ornament."""
    row = np.full(STEPS_PER_BAR, NEVER)
    for step, char in enumerate(bar):
        if char == "x":
            kind = 0 if step == 0 else 1 if step % 4 == 0 else 2 if step % 2 == 0 else 3
            anticipates = kind >= 2 and bar[(step // 4 + 1) * 4 % 16] == "."
            row[step] = METRIC_NEEDS[kind - 1 if anticipates else kind]
        elif not closing and step % 4 in ORNAMENT_NEEDS:
            row[step] = ORNAMENT_NEEDS[step % 4] + (0.2 if fast else 0)
    return row


def _contour(rng: np.random.Generator) -> np.ndarray:
    """[16] semitones around the bar's anchor: a line, an arch or a turn."""
    x = np.linspace(0, 1, STEPS_PER_BAR)
    kind = rng.integers(4)
    size = rng.uniform(2, 6) * rng.choice([-1, 1])
    if kind == 0:
        return size * (x - 0.5) * 1.6
    if kind == 1:
        return size * np.sin(np.pi * x)
    if kind == 2:
        return size * 0.7 * np.sin(2 * np.pi * x)
    return size * np.where(x < 0.3, -0.6, 0.8) * (1.2 - x)


def _anchors(rng: np.random.Generator, n_bars: int) -> np.ndarray:
    """[n] register of each bar: rises to one climax after the middle of each phrase, then falls."""
    step = rng.choice([1, 2, 2, 3])
    phrase = np.array([0, step, 2 * step, -1]) if rng.random() < 0.6 else np.array([step, 0, 2 * step, 0])
    if n_bars == 4:
        return phrase
    return np.concatenate([phrase, phrase + np.array([0, 1, 3, -1])])


def _is_silent(plan: PieceFrame) -> bool:
    return "melody" in plan.scenes[-1].silent


def _octave_up(rng: np.random.Generator, plan: PieceFrame, index: int) -> int:
    """A theme that comes back in a lively scene may sing an octave higher."""
    scene = plan.scenes[index]
    returns = any(s.label == scene.label for s in plan.scenes[:index])
    room = plan.habits.centre < 74
    return int(returns and room and scene.role == "theme" and scene.arousal > 0.3 and rng.random() < 0.4)


def _variation(rng: np.random.Generator, plan: PieceFrame, index: int, n_steps: int) -> np.ndarray:
    """[n] semitones that set a returning theme off from its first statement, in one of its bars."""
    shift = np.zeros(n_steps)
    scene = plan.scenes[index]
    if any(s.label == scene.label for s in plan.scenes[:index]):
        bar = int(rng.integers(1, n_steps // STEPS_PER_BAR)) * STEPS_PER_BAR
        shift[bar : bar + STEPS_PER_BAR] = rng.choice([-3, 2, 4])
    return shift


def _end(start: int, following: int, response: Response, plan: PieceFrame) -> int:
    """Step at which a note ends: at the next one, earlier in long gaps and at a breath, later in calm."""
    if start >= plan.final:
        return plan.n_steps
    ring = plan.habits.ring
    gap = following - start
    end = following if gap <= ring else start + max(2, min(ring, gap - 2))
    if response.motion[start] < 0.2 and not plan.habits.ring <= 3:
        end = min(following, start + 32)
    stops = np.flatnonzero(response.breath[start + 1 : end])
    return start + 1 + int(stops[0]) if len(stops) else max(end, start + 1)

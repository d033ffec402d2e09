"""Write the bass: patterns by style (dyvim_cli/stylebook)."""

import numpy as np

from dyvim_cli.music.idioms.grooves import BASS_IDIOMS, NEVER, needs
from dyvim_cli.music.symbols import tokens
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.training.arranger.plan import (
    SILENT,
    Plan,
    chord_changes,
    lay,
    nearest,
    write_row,
)
from dyvim_cli.training.arranger.response import Response, entry, onsets

LOW, HIGH = 28, 47


def write_bass(rng: np.random.Generator, plan: Plan, chords: np.ndarray, response: Response) -> np.ndarray:
    """[S] bass tokens."""
    needs_row, figure, ring = _lay_idioms(rng, plan)
    changes = chord_changes(chords)
    moved = (
        changes & (needs_row >= NEVER / 2) & (needs_row < SILENT)
    )  # a chord that enters off the figure takes its root along
    needs_row[moved] = 0.15
    figure[changes] = "R"
    figure[plan.final :] = "R"
    played = onsets(needs_row, "bass", response)
    played[plan.final + 1 :] &= response.force["bass"][plan.final + 1 :]
    played[plan.final] |= "bass" not in plan.scenes[-1].silent
    starts = np.flatnonzero(played)
    pitches = _pitches(starts, figure, chords)
    ends = [_end(int(s), ring, chords, response, plan) for s in starts]
    return write_row("bass", starts, pitches, ends, plan.n_steps)


def _lay_idioms(rng, plan: Plan):
    """([S] needs, [S] figure letters, [S] ring); a label keeps its idiom."""
    pool = RECORDS[plan.style].bass
    of_label = {}
    patterns, letters, rings = {}, {}, np.zeros(plan.n_steps, dtype=int)
    for i, scene in enumerate(plan.scenes):
        name = of_label.setdefault(scene.label, pool[rng.integers(len(pool))])
        if scene.role == "break" or (scene.arousal < -0.6 and rng.random() < 0.5):
            name = "roots"
        figure, need, ring = BASS_IDIOMS[name]
        pattern = needs(need)
        patterns[i] = pattern + entry(plan, "bass", scene)
        letters[i] = np.array([ord(c) for c in figure])
        rings[scene.start : scene.end] = ring
    figure_row = np.array([chr(int(c)) for c in lay(letters, plan)])
    return lay(patterns, plan), figure_row, rings


def _pitches(starts, figure, chords) -> list[int]:
    """Roots stay near where the line is; the other letters stand around the root."""
    pitches, previous = [], 38.0
    for i, step in enumerate(starts):
        root, quality = tokens.chord_of(int(chords[step]))
        low_root = nearest(root, 0.6 * previous + 0.4 * 36, LOW, HIGH - 6)
        following = int(chords[starts[i + 1]]) if i + 1 < len(starts) else int(chords[step])
        pitch = _letter(figure[step], low_root, quality, root, following)
        pitches.append(min(max(pitch, LOW), HIGH))
        previous = low_root
    return pitches


def _letter(letter: str, low_root: int, quality: str, root: int, following: int) -> int:
    intervals = tokens.CHORD_QUALITIES[quality]
    if letter == "5":
        fifth = low_root + intervals[2]
        return fifth if fifth <= HIGH - 3 else fifth - 12
    if letter == "3":
        return low_root + intervals[1]
    if letter == "8":
        return low_root + 12 if low_root + 12 <= HIGH else low_root
    if letter == "A":
        return _approach(low_root, root, intervals, following)
    if letter == "P":  # the tonic stays below as long as it suits the chord
        return 36 if (0 - root) % 12 in intervals else low_root
    return low_root


def _approach(low_root: int, root: int, intervals, following: int) -> int:
    """A half or whole step into the next root, the one that suits the present chord better."""
    goal = tokens.chord_of(following)
    if goal is None or goal[0] == root:
        return low_root + intervals[2] - (12 if low_root + intervals[2] > HIGH - 3 else 0)
    target = nearest(goal[0], low_root, LOW + 2, HIGH - 2)
    steps = sorted((-1, 2, -2, 1), key=lambda d: ((target + d - root) % 12 not in intervals, abs(d)))
    return target + steps[0]


def _end(start: int, ring: int, chords, response: Response, plan: Plan) -> int:
    """A note ends with its ring, its chord, or a breath; the last one rings on."""
    if start >= plan.final:
        return plan.n_steps
    ring_steps = int(ring[start]) * (2 if response.motion[start] < 0.3 or response.hit[start] else 1)
    end = min(start + ring_steps, plan.n_steps)
    blocked = response.breath[start + 1 : end] | (chords[start + 1 : end] != chords[start])
    stops = np.flatnonzero(blocked)
    return start + 1 + int(stops[0]) if len(stops) else end

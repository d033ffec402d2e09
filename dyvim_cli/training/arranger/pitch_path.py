"""Search a melody's pitches: chord tones, small steps, a contour (second-order Viterbi, chromatic range)."""

from functools import lru_cache
from typing import Any

import numpy as np

from dyvim_cli.training.arranger.frame import PieceFrame
from dyvim_cli.training.arranger.harmony import pitch_class_costs

LOW, HIGH = 58, 89
PITCHES = np.arange(LOW, HIGH + 1)
# cost of a melodic interval in semitones: repeats a little dull, steps free, leaps dearer
INTERVAL_COSTS = np.array([0.9, 0.15, 0.0, 0.35, 0.5, 0.9, 4.0, 1.2, 2.2, 2.4, 5.0, 6.0, 2.2])


# the last note: home, else the third or the fifth
FINAL_COSTS = np.array([0, 9, 9, 1.0, 1.0, 9, 9, 1.6, 9, 9, 9, 9])


@lru_cache(maxsize=1)
def _transitions() -> tuple[np.ndarray, np.ndarray]:
    """([P, P] cost of j -> k, [P, P, P] extra cost of i -> j -> k)."""
    distance = np.abs(PITCHES[:, None] - PITCHES[None, :])
    pair = INTERVAL_COSTS[np.minimum(distance, 12)] + np.where(distance > 12, 6.0, 0.0)
    first = (PITCHES[None, :, None] - PITCHES[:, None, None]) * np.ones((1, 1, len(PITCHES)))
    second = (PITCHES[None, None, :] - PITCHES[None, :, None]) * np.ones((len(PITCHES), 1, 1))
    leap = np.abs(first) >= 5
    onward = (np.sign(first) == np.sign(second)) & (np.abs(second) >= 3)
    turned = (np.sign(first) == -np.sign(second)) & (np.abs(second) <= 2)
    stuck = (first == 0) & (second == 0)
    to_and_fro = (first == -second) & (first != 0)
    line = (np.sign(first) == np.sign(second)) & (np.abs(first) <= 2) & (np.abs(second) <= 2) & (first != 0)
    triple = 2.0 * (leap & onward) - 0.6 * (leap & turned) + 1.2 * stuck + 0.9 * to_and_fro - 0.3 * line
    return pair, triple


def best_pitches(
    starts: np.ndarray,
    ends: Any,
    aims: np.ndarray,
    pulls: np.ndarray,
    chords: np.ndarray,
    plan: PieceFrame,
) -> list[int]:
    """Find the pitches of least cost over single notes, pairs and triples (Viterbi of second order).

    Args:
        starts: [N] steps, ascending.
        ends: [N] steps.
        aims: [N] MIDI numbers that the notes aim at.
        pulls: [N] how strongly.
        chords: [S] chord tokens, which say what suits.
        plan: frame of the piece; key and style matter.

    Returns:
        [N] MIDI numbers.
    """
    if len(starts) == 0:
        return []
    unary = _unary(starts, ends, aims, pulls, chords, plan)
    pair, triple = _transitions()
    n, size = unary.shape
    if n == 1:
        return [int(PITCHES[unary[0].argmin()])]
    cost = unary[0][:, None] + pair + unary[1][None, :]  # [j, k]: best ending in j, k
    back = []
    for note in range(2, n):
        joint = cost[:, :, None] + triple
        best = joint.argmin(axis=0)
        back.append(best)
        cost = np.take_along_axis(joint, best[None], axis=0)[0] + pair + unary[note][None, :]
    j, k = np.unravel_index(cost.argmin(), cost.shape)
    path = [k, j]
    for best in reversed(back):
        path.append(best[path[-1], path[-2]])
    return [int(PITCHES[p]) for p in reversed(path)]


def approach(rng: np.random.Generator, starts: np.ndarray, pitches: list[int], odds: float) -> list[int]:
    """Turn some short notes before a beat into chromatic approach notes (blue and swing colour).

    Args:
        rng: draws which.
        starts: [N] steps, ascending.
        pitches: [N] MIDI numbers.
        odds: probability of each note that could.

    Returns:
        [N] MIDI numbers.
    """
    leaning = list(pitches)
    for i in range(1, len(starts) - 1):
        short_upbeat = starts[i] % 4 and starts[i + 1] % 4 == 0 and starts[i + 1] - starts[i] <= 2
        if short_upbeat and rng.random() < odds:
            goal = pitches[i + 1]
            side = -1 if pitches[i - 1] <= goal else 1
            if 1 <= abs(goal + side - pitches[i - 1]) <= 5:
                leaning[i] = goal + side
    return leaning


def _unary(
    starts: np.ndarray,
    ends: np.ndarray,
    aims: np.ndarray,
    pulls: np.ndarray,
    chords: np.ndarray,
    plan: PieceFrame,
) -> np.ndarray:
    """[N, P] cost of each pitch for each note."""
    table = {int(c): pitch_class_costs(int(c), plan.is_minor)[PITCHES % 12] for c in np.unique(chords)}
    rows = []
    for start, end, aim, pull in zip(starts, ends, aims, pulls, strict=True):
        length = end - start
        strong = 2.5 if start % 8 == 0 else 1.8 if start % 4 == 0 else 0.6
        weight = strong + 0.25 * min(length, 8)
        row = weight * np.minimum(table[int(chords[start])], 8) + pull * np.abs(PITCHES - aim)
        for beat in range(start - start % 4 + 4, end, 4):  # what it meets while it sounds
            row = row + 0.8 * np.minimum(table[int(chords[beat])], 8) * (chords[beat] != chords[start])
        if start >= plan.final:
            row = row + FINAL_COSTS[PITCHES % 12]
        rows.append(row)
    return np.array(rows)

"""Write the arpeggio: broken chords, ostinati, and counter-melodies in the melody's rests.

A figure is a cycle of rungs on a ladder of chord tones; which positions of the bar sound depends on the
density alone (beats first, then eighths, then sixteenths). In styles without a beat it often keeps time.
"""

from typing import Any

import numpy as np

from dyvim_cli.music.idioms.grooves import NEVER, needs
from dyvim_cli.music.symbols import tokens
from dyvim_cli.training.arranger.frame import PieceFrame, lay, write_row
from dyvim_cli.training.arranger.response import Response, entry, onsets

RATES = {
    "halves": "2...6...3...6...", "quarters": "2.5.4.6.3.5.4.6.", "eighths": "2849485938494859",
    "sixteenths": "3747474737474747", "dotted": "3..5.84..58.4.58", "offbeat": "..4.8.5.8.4.8.5.",
    "shimmer": "2.5.4.7.3.5.4.59", "running": "3848584838485848", "tresillo": "3..4..3.3..4..37",
}  # fmt: skip
CYCLES = {
    "up": (0, 1, 2, 3), "up_down": (0, 1, 2, 3, 2, 1), "down": (3, 2, 1, 0), "alberti": (0, 2, 1, 2),
    "wide": (0, 2, 4, 2), "wave": (0, 1, 2, 4, 3, 2, 1, 2), "ostinato": (2, 0, 1, 0, 2, 0, 3, 0),
             "rock": (0, 0, 2, 0),
    "bell": (4, 2, 3, 1),
}  # fmt: skip
HIGH = 84  # top of the stream
MELODY = tokens.STREAM_INDEX["melody"]
COUNTER = "counter"  # a melody of its own where the tune leaves room
SECOND = "second"  # a second voice under the tune, in thirds and sixths
COUNTER_NEEDS, SECOND_NEED = "4.7.5.7.4.7.5.7.", 0.45


def write_arp(rng: np.random.Generator, plan: PieceFrame, chords: np.ndarray, response: Response,
              melody: np.ndarray) -> np.ndarray:  # fmt: skip
    """Write the broken chords that accompany the melody.

    Args:
        rng: draws figure, octave and ring of every scene.
        plan: frame of the piece, S steps.
        chords: [S] chord tokens.
        response: what the film asks of the parts, [S] a row.
        melody: [S] melody tokens; the figures keep out of its way.

    Returns:
        [S] int16 tokens of the stream arp.
    """
    choices = _choose(rng, plan)
    needs_row = _lay_needs(plan, choices, melody)
    played = onsets(needs_row, "arp", response)
    played[plan.final + 1 :] &= response.force["arp"][plan.final + 1 :]
    starts = np.flatnonzero(played)
    pitches, ends = [], []
    for step in starts:
        i = next(k for k, s in enumerate(plan.scenes) if s.start <= step < s.end)
        _, cycle, low, ring = choices[i]
        ladder = _ladder(int(chords[step]), low, response, int(step))
        if cycle:
            pitches.append(ladder[_rung(cycle, int(step))])
        elif choices[i][0] == SECOND and melody[step] >= tokens.FIRST_PITCH:
            pitches.append(_second(ladder, tokens.token_pitch(tokens.STREAMS[MELODY], melody[step])))
        else:
            pitches.append(_neighbour(ladder, pitches[-1] if pitches else low + 5))
        ends.append(_end(int(step), ring, chords, response, plan))
    return write_row("arp", starts, pitches, ends, plan.n_steps)


def _choose(rng: np.random.Generator, plan: PieceFrame) -> list[tuple[Any, ...]]:
    """A figure for every scene; a label keeps its own; where the arpeggio keeps time it is a figure."""
    pool = plan.habits.arps
    of_label: dict[int, Any] = {}
    figures = [choice for choice in pool if choice[1]] or pool
    for scene in plan.scenes:
        among = figures if scene.mover == "arp" else pool
        of_label.setdefault(scene.label, among[rng.integers(len(among))])
    return [of_label[s.label] for s in plan.scenes]


def _lay_needs(plan: PieceFrame, choices: list[tuple[Any, ...]], melody: np.ndarray) -> np.ndarray:
    patterns = {}
    for i, scene in enumerate(plan.scenes):
        rate = choices[i][0]
        pattern = needs(RATES.get(rate, COUNTER_NEEDS))
        if plan.bpm > 132:  # sixteenths would only blur
            pattern[1::2] += 0.3
        patterns[i] = pattern + entry(plan, "arp", scene)
    row = lay(patterns, plan)
    sings = melody >= tokens.FIRST_PITCH
    near = sings | np.roll(sings, 2) | np.roll(sings, -1)
    for choice, scene in zip(choices, plan.scenes, strict=True):
        part = row[scene.start : scene.end]
        if choice[0] == COUNTER:
            part[near[scene.start : scene.end] & (part < NEVER / 2)] = NEVER
        elif choice[0] == SECOND:
            follows = sings[scene.start : scene.end]
            part[:] = np.where(follows, SECOND_NEED, NEVER) + entry(plan, "arp", scene)
    return row


def _rung(cycle: str, step: int) -> int:
    """Rung of the ladder by place in the bar, so that thinning does not shift the figure."""
    rungs = CYCLES[cycle]
    return rungs[(step // 2 + step % 2 * (len(rungs) // 2 + 1)) % len(rungs)]


def _ladder(chord: int, low: int, response: Response, step: int) -> list[int]:
    """Chord tones upwards from the figure's lowest; energy lifts them, a build by an octave."""
    base = int(low + 5 * response.motion[step] + 12 * response.build[step])
    tones = [p for p in range(base, base + 26) if p % 12 in tokens.chord_pitch_classes(chord)]
    return [p if p <= HIGH else p - 12 for p in tones]


def _second(ladder: list[int], tune: int) -> int:
    """The chord tone a third to a sixth below the tune."""
    octave_down = {p - 12 for p in ladder} | set(ladder)
    return max((p for p in octave_down if tune - 10 <= p <= tune - 3), default=ladder[0])


def _neighbour(ladder: list[int], previous: int) -> int:
    """A counter-melody moves by the nearest other tone."""
    others = [p for p in ladder[:6] if p != previous] or ladder
    return min(others, key=lambda p: abs(p - previous))


def _end(start: int, ring: int, chords: np.ndarray, response: Response, plan: PieceFrame) -> int:
    if start >= plan.final:
        return plan.n_steps
    length = max(ring, 6) if response.motion[start] < 0.2 or response.hit[start] else ring
    end = min(start + length, plan.n_steps)
    stops = np.flatnonzero(response.breath[start + 1 : end] | (chords[start + 1 : end] != chords[start]))
    return start + 1 + int(stops[0]) if len(stops) else end

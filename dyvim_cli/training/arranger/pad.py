"""Write the pad: rhythmic or sustained chords, voiced for a smooth top line.

A pattern is (needs, ring): the energy each chord waits for and the longest chord in steps.
"""

from typing import Any

import numpy as np

from dyvim_cli.music.form.accents import HEAVY
from dyvim_cli.music.idioms.bass_lines import nearest
from dyvim_cli.music.idioms.grooves import NEVER, needs
from dyvim_cli.music.symbols import tokens
from dyvim_cli.training.arranger.frame import (
    SILENT,
    PieceFrame,
    chord_changes,
    lay,
    write_row,
)
from dyvim_cli.training.arranger.response import Response, entry, onsets

LOW, HIGH = 60, 77
STRUCK_STEPS = 6  # least ring of a chord on an event, in steps
SUSTAINED = ("0...............", 64)
PATTERNS = {
    "halves": ("1...9...5...9...", 16),
    "pulses": ("1...6...4...6...", 4),
    "eighths": ("1.6.4.6.3.6.4.6.", 2),
    "offbeats": ("..4...4...4...4.", 2),
    "stabs": ("2..4..4...5.....", 3),
    "charleston": ("2.....3...8...9.", 4),
    "comping": ("2......4..5.....", 3),
    "anticipated": ("......4.......3.", 6),
    "strum": ("1...4.6...6.4.6.", 8),
    "strum_full": ("1.4.3.463.4.3.46", 4),
    "power": ("1.......3...5...", 10),
    "chug": ("1.5.3.5.2.5.3.5.", 2),
    "lazy": ("1.....9...5...8.", 14),
    "house": ("2..4..5...4..5..", 3),
    "oompah": ("....3.8.....3.8.", 2),
    "oompah_8": ("..4...4...4...4.", 1),
    "bossa": ("1.....2...3...4.....2...3.....4.", 6),
    "bossa_sparse": ("1.....3.....2.......2.....3.....", 8),
    "tremolo": ("1.7.6.7.5.7.6.7.", 8),
    "march": ("1...5...3...5...", 3),
    "moving": ("1.4.3.5.2.4.3.5.", 3),
    "waves": ("1..4..3.2..4..3.", 5),
}  # fmt: skip


def write_pad(
    rng: np.random.Generator, plan: PieceFrame, chords: np.ndarray, response: Response
) -> np.ndarray:
    """Write held or pulsing chords, by the patterns of the style.

    Args:
        rng: draws the patterns.
        plan: frame of the piece, S steps.
        chords: [S] chord tokens.
        response: what the film asks of the parts, [S] a row.

    Returns:
        [S] int16 tokens of the stream pad, whose pitch is the top note.
    """
    needs_row, ring = _lay_patterns(rng, plan)
    changes = chord_changes(chords)
    sustained = ring >= 6
    carried = changes & sustained & (needs_row < SILENT)
    needs_row[carried] = np.minimum(needs_row[carried], 0.08)
    needs_row[~changes & (needs_row < 0.05)] = NEVER  # a sustained chord has one onset
    played = onsets(needs_row, "pad", response)
    played[plan.final + 1 :] &= response.force["pad"][plan.final + 1 :]
    played[plan.final] = "pad" not in plan.scenes[-1].silent
    starts = np.flatnonzero(played)
    tops = _tops(starts, chords, response)
    ends = [_end(int(s), ring, chords, response, plan) for s in starts]
    return write_row("pad", starts, tops, ends, plan.n_steps)


def _lay_patterns(rng: np.random.Generator, plan: PieceFrame) -> tuple[np.ndarray, ...]:
    pool = plan.habits.pads
    of_label: dict[int, Any] = {}
    patterns: dict[int, Any] = {}
    ring = np.zeros(plan.n_steps, dtype=int)
    for i, scene in enumerate(plan.scenes):
        among = plan.habits.moving_pads if scene.mover == "pad" else pool
        name = of_label.setdefault(scene.label, among[rng.integers(len(among))])
        calm = scene.mover != "pad" and (
            scene.role == "break" or (scene.role == "intro" and rng.random() < 0.5)
        )
        need, length = SUSTAINED if name is None or calm else PATTERNS[name]
        pattern = needs(need)
        patterns[i] = pattern + entry(plan, "pad", scene)
        ring[scene.start : scene.end] = length
    return lay(patterns, plan), ring


def _tops(starts: np.ndarray, chords: np.ndarray, response: Response) -> list[int]:
    """Voice-leading: the chord tone nearest to the last top, drawn to a centre that energy lifts."""
    tops, previous = [], 67.0
    for step in starts:
        centre = 64 + 7 * response.motion[step]
        pull = 0.8 * previous + 0.2 * centre + 2 * (response.hit[step] >= HEAVY)
        candidates = [nearest(p, pull, LOW, HIGH) for p in tokens.chord_pitch_classes(int(chords[step]))]
        top = min(candidates, key=lambda p: abs(p - pull))
        tops.append(top)
        previous = top
    return tops


def _end(start: int, ring: np.ndarray, chords: np.ndarray, response: Response, plan: PieceFrame) -> int:
    """Step at which a chord ends: with its ring, when the harmony changes, or at a breath."""
    if start >= plan.final:
        return plan.n_steps
    length = int(ring[start])
    length = max(length, STRUCK_STEPS) if response.hit[start] else length
    end = min(start + length, plan.n_steps)
    stops = np.flatnonzero(response.breath[start + 1 : end] | (chords[start + 1 : end] != chords[start]))
    return start + 1 + int(stops[0]) if len(stops) else end

"""Write the bass: patterns by style (dyvim_cli/stylebook)."""

from typing import Any

import numpy as np

from dyvim_cli.music.idioms.bass_lines import bass_pitches
from dyvim_cli.music.idioms.grooves import BASS_IDIOMS, NEVER, needs
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.training.arranger.frame import (
    SILENT,
    PieceFrame,
    chord_changes,
    lay,
    write_row,
)
from dyvim_cli.training.arranger.response import Response, entry, onsets


def write_bass(
    rng: np.random.Generator, plan: PieceFrame, chords: np.ndarray, response: Response
) -> np.ndarray:
    """Write the bass from the idioms of the style; a chord that enters off the figure takes its root along.

    Args:
        rng: draws the idioms.
        plan: frame of the piece, S steps.
        chords: [S] chord tokens.
        response: what the film asks of the parts, [S] a row.

    Returns:
        [S] int16 tokens of the stream bass.
    """
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
    pitches = bass_pitches(starts.tolist(), figure.tolist(), chords)
    ends = [_end(int(s), ring, chords, response, plan) for s in starts]
    return write_row("bass", starts, pitches, ends, plan.n_steps)


def _lay_idioms(rng: np.random.Generator, plan: PieceFrame) -> tuple[np.ndarray, ...]:
    """([S] needs, [S] figure letters, [S] ring); a label keeps its idiom."""
    pool = RECORDS[plan.style].bass
    of_label: dict[int, Any] = {}
    patterns: dict[int, Any] = {}
    letters: dict[int, Any] = {}
    rings = np.zeros(plan.n_steps, dtype=int)
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


def _end(start: int, ring: np.ndarray, chords: np.ndarray, response: Response, plan: PieceFrame) -> int:
    """Step at which a note ends: with its ring, its chord, or a breath; the last one rings out."""
    if start >= plan.final:
        return plan.n_steps
    ring_steps = int(ring[start]) * (2 if response.motion[start] < 0.3 or response.hit[start] else 1)
    end = min(start + ring_steps, plan.n_steps)
    blocked = response.breath[start + 1 : end] | (chords[start + 1 : end] != chords[start])
    stops = np.flatnonzero(blocked)
    return start + 1 + int(stops[0]) if len(stops) else end

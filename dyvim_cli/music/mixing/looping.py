"""Render a piece that loops: the tail of its end is mixed into its beginning, without a seam.

The piece is played around itself, as in the midst of many rounds: room, echo and mastering come to its first
beat from its last bars. Then one round is cut out, and what leads up to its beginning ends it.
"""

from dataclasses import replace
from math import ceil

import numpy as np

from dyvim_cli.types import SAMPLE_RATE, Hit, Note, Score, TempoMap

# how much of the rounds before and after is rendered: more than any room or mastering needs
LEAD_S, FOLLOW_S = 8.0, 4.0
SEAM_S = 0.02  # crossfade from a round's end to what leads up to its beginning


def around(score: Score, n_frames: int) -> tuple[Score, int, int]:
    """Put rounds of a piece before and after it.

    Args:
        score: a piece that goes round.
        n_frames: of a round.

    Returns:
        (the longer piece, frames before the round, frames in all).
    """
    round_s = n_frames / SAMPLE_RATE
    before, after = ceil(LEAD_S / round_s), ceil(FOLLOW_S / round_s)
    lead = min(before * n_frames, round(LEAD_S * SAMPLE_RATE))
    total = lead + n_frames + min(after * n_frames, round(FOLLOW_S * SAMPLE_RATE))
    shifts_s = [lead / SAMPLE_RATE + (k - before) * round_s for k in range(before + 1 + after)]
    stems = tuple(replace(stem, notes=_shifted(stem.notes, shifts_s, total)) for stem in score.stems)
    grid = score.tempo_map.step_times_s
    times_s = np.concatenate([grid[:-1] + shift for shift in shifts_s] + [grid[-1:] + shifts_s[-1]])
    tempo_map = TempoMap(times_s, score.tempo_map.bpm, _repeated(score.tempo_map, shifts_s))
    rounds = np.tile(score.tokens, len(shifts_s))
    return replace(score, stems=stems, tempo_map=tempo_map, tokens=rounds, sections=()), lead, total


def _repeated(tempo_map: TempoMap, shifts_s: list[float]) -> tuple[Hit, ...]:
    """The hits of all rounds."""
    return tuple(
        replace(
            hit,
            step=hit.step + number * tempo_map.n_steps,
            film_time_s=hit.film_time_s + shift,
            music_time_s=hit.music_time_s + shift,
        )
        for number, shift in enumerate(shifts_s)
        for hit in tempo_map.hits
    )


def _shifted(notes: tuple[Note, ...], shifts_s: list[float], total: int) -> tuple[Note, ...]:
    """Notes of all rounds that are rendered, in order."""
    end_s = total / SAMPLE_RATE
    found = [
        replace(note, start_s=note.start_s + shift, end_s=note.end_s + shift)
        for shift in shifts_s
        for note in notes
        if note.end_s + shift > 0 and note.start_s + shift < end_s
    ]
    return tuple(sorted(found, key=lambda note: note.start_s))


class OneRound:
    """Cuts frames lead .. lead + n out of blocks [m, 2] that come one after the other."""

    def __init__(self, lead: int, n: int):
        self.lead, self.end, self.seen = lead, lead + n, 0
        self.n_seam = min(round(SEAM_S * SAMPLE_RATE), lead, n)
        self.leads_up = np.zeros((0, 2), np.float32)  # the frames before the round

    def of(self, block: np.ndarray) -> np.ndarray:
        """Take from the next block what belongs to the round.

        Args:
            block: [m, 2].

        Returns:
            [<= m, 2]; its end is faded into what led up to its beginning.
        """
        first, self.seen = self.seen, self.seen + len(block)
        before = block[max(0, self.lead - self.n_seam - first) : max(0, self.lead - first)]
        self.leads_up = np.concatenate([self.leads_up, before])
        start = max(first, self.lead)
        inside = block[max(0, self.lead - first) : max(0, self.end - first)]
        at = np.arange(start, start + len(inside)) - (self.end - self.n_seam)  # frames of the seam
        seam = at >= 0
        if seam.any():
            share = (np.float32(0.5) - np.cos(np.pi * (at[seam] + 1) / self.n_seam) / 2)[:, None]
            inside = inside.copy()
            inside[seam] = (1 - share) * inside[seam] + share * self.leads_up[at[seam]]
        return inside

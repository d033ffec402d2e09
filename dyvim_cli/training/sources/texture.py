"""Split the notes of a piano or a band into the streams bass, pad and arp.

All times are grid steps. A part is four equal arrays: starts, ends, pitches, and (piano) hands.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from dyvim_cli.types import STEPS_PER_BAR, STEPS_PER_BEAT

PAD_NOTES = 3  # starting together, this many make a chord
NEAR, FAR = 3, 9  # semitones above the last bass note: beyond, within a beat / half a bar, no bass


@dataclass
class Notes:
    """Notes on the grid; the arrays have one entry per note, in order of start."""

    starts: np.ndarray
    ends: np.ndarray
    pitches: np.ndarray

    def __getitem__(self, chosen: Any) -> "Notes":
        return Notes(self.starts[chosen], self.ends[chosen], self.pitches[chosen])

    def __len__(self) -> int:
        return len(self.starts)


def bass_mask(notes: Notes) -> np.ndarray:
    """Find the bass: the lowest onset, unless it only leaps up from a bass before it.

    The upper notes of a broken chord or of an 'oom-pah' are figuration over the bass that opened it.

    Args:
        notes: N of them.

    Returns:
        [N] bool.
    """
    mask = np.zeros(len(notes), dtype=bool)
    anchor, anchor_step = None, 0
    for i in lowest_of_each_step(notes):
        step, pitch = notes.starts[i], notes.pitches[i]
        since = step - anchor_step
        off_beat = step % STEPS_PER_BEAT != 0
        if anchor is not None and (
            (since < STEPS_PER_BEAT and off_beat and pitch > anchor + NEAR)
            or (since < 2 * STEPS_PER_BEAT and pitch > anchor + FAR)
        ):
            continue
        mask[i] = True
        anchor, anchor_step = pitch, step
    return mask


def lowest_of_each_step(notes: Notes) -> np.ndarray:
    """Find the lowest notes.

    Args:
        notes: any.

    Returns:
        Indices of the lowest note of each step with an onset, by time.
    """
    order = np.lexsort((notes.pitches, notes.starts))
    return order[np.append(True, np.diff(notes.starts[order]) > 0)] if len(order) else order


def hold_through(bass: Notes, others: Notes) -> np.ndarray:
    """Extend each bass note while the figuration over it continues without a gap, a bar at most.

    The pedal does this; the score has only the short bass note.

    Args:
        bass: N notes.
        others: the figuration.

    Returns:
        [N] ends, steps.
    """
    n = int(max(others.ends.max(initial=0), bass.ends.max(initial=0))) + 1
    silent_after = np.zeros(n + 1)
    np.add.at(silent_after, others.starts, 1)
    np.add.at(silent_after, others.ends, -1)
    silence = np.append(np.flatnonzero(np.cumsum(silent_after) <= 0), n)
    until = silence[np.searchsorted(silence, bass.ends)]
    following = np.append(bass.starts[1:], n)
    reached = np.minimum(until, following)
    limit = bass.starts + STEPS_PER_BAR
    return np.maximum(bass.ends, np.minimum(reached, limit))


def chord_mask(notes: Notes, n_notes: int = PAD_NOTES) -> np.ndarray:
    """Find notes that start together with at least n_notes - 1 others of other pitch.

    Args:
        notes: N of them.
        n_notes: that make a chord.

    Returns:
        [N] bool: starts together with at least n_notes - 1 others of other pitch.
    """
    pairs = np.unique(np.stack([notes.starts, notes.pitches], axis=1), axis=0)
    steps, counts = np.unique(pairs[:, 0], return_counts=True)
    return np.isin(notes.starts, steps[counts >= n_notes])


def busier_by_bar(first: Notes, second: Notes, n_steps: int) -> np.ndarray:
    """Find the bars in which the second part has more onsets than the first.

    Args:
        first: notes of one part.
        second: notes of another.
        n_steps: length of the grid.

    Returns:
        [n_steps] bool: the second part has onsets on more steps of this bar than the first.
    """
    n_bars = -(-n_steps // STEPS_PER_BAR)
    counts = [
        np.bincount(np.unique(part.starts) // STEPS_PER_BAR, minlength=n_bars)[:n_bars]
        for part in (first, second)
    ]
    return np.repeat(counts[1] > counts[0], STEPS_PER_BAR)[:n_steps]


def join_parts(parts: list[Notes]) -> Notes:
    """Several parts as one, by start.

    Args:
        parts: any number.

    Returns:
        Their notes as one part, by start.
    """
    if not parts:
        return Notes(np.zeros(0, int), np.zeros(0, int), np.zeros(0, int))
    starts, ends, pitches = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("starts", "ends", "pitches")
    )
    order = np.argsort(starts, kind="stable")
    return Notes(starts[order], ends[order], pitches[order])

"""Say players' gestures in MIDI's words: pitch wheel, legato pedal (controller 68), notes that overlap.

A score is played by the same words that its file says, so both sound alike.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from dyvim_cli.music.symbols.midi_bends import WHEEL_END, Bends
from dyvim_cli.music.symbols.midi_tracks import Control, held_spans
from dyvim_cli.types import Gesture, Note

LEGATO = 68  # controller of the legato pedal
RANGE_SEMITONES = 12  # range of the wheel in tracks with gestures
POINT_S = 0.002  # time between two positions of the wheel
SCOOP_S, SLIDE_S = 0.055, 0.06  # time until a note that is scooped or slid into is in tune
BEND_FROM_S, BEND_TO_S = 0.05, 0.2  # when a bend begins to rise, and when it has risen
GLIDE_S = 0.025  # half of a glide's length: before the onset, and after it
FALL_S, FALLEN_S = (
    0.18,
    0.24,
)  # time that a fall takes to the note's end, and until the wheel is at rest again
AHEAD_S = 0.0005  # the wheel is where a note needs it so long before the note
OVERLAP_S, PEDAL_S = (
    0.02,
    0.03,
)  # how far a note reaches into one that is slurred to it; the pedal's time after it


def wheel_points(notes: Sequence[Note]) -> list[tuple[float, int]]:
    """Draw the pitch wheel of a part.

    Args:
        notes: in order.

    Returns:
        (seconds, -8192..8191 within RANGE_SEMITONES), ascending; none where nothing moves the pitch.
    """
    points: dict[float, int] = {}
    for i, note in enumerate(notes):
        if note.gesture is None or not note.gesture.cents:
            continue
        following_s = notes[i + 1].start_s if i + 1 < len(notes) else np.inf
        times_s, cents = _course(note, note.gesture, following_s)
        values = np.rint(cents / (100 * RANGE_SEMITONES) * WHEEL_END).astype(int).tolist()
        for time_s, value in zip(times_s.tolist(), values, strict=True):
            points[max(0.0, round(time_s, 4))] = value
    return sorted(points.items())


def _course(note: Note, gesture: Gesture, following_s: float) -> tuple[np.ndarray, np.ndarray]:
    """(times [n], cents [n]) of the wheel for one note; it ends at rest."""
    if gesture.kind == "fall":
        past_s = np.arange(0, FALL_S + POINT_S, POINT_S)
        rest_s = min(note.end_s + FALLEN_S, following_s - AHEAD_S)
        times_s = np.append(note.end_s - FALL_S + past_s, rest_s)
        return times_s, np.append(gesture.cents * np.minimum(past_s / FALL_S, 1) ** 2, 0.0)
    if gesture.kind == "slur":
        before_s = np.arange(-GLIDE_S, -AHEAD_S, POINT_S)
        after_s = np.append(-AHEAD_S, np.arange(POINT_S, GLIDE_S + POINT_S, POINT_S))
        from_s = np.concatenate([before_s, after_s])
        risen = _risen(from_s / (2 * GLIDE_S) + 0.5)
        return note.start_s + from_s, -gesture.cents * (risen - (from_s >= -AHEAD_S))
    begin_s, end_s = {"scoop": (0, SCOOP_S), "slide": (0, SLIDE_S)}.get(
        gesture.kind, (BEND_FROM_S, BEND_TO_S)
    )
    past_s = np.append(-AHEAD_S, np.arange(begin_s, end_s + POINT_S, POINT_S))
    return note.start_s + past_s, gesture.cents * (1 - _risen((past_s - begin_s) / (end_s - begin_s)))


def _risen(share: np.ndarray) -> np.ndarray:
    """A smooth way from 0 to 1."""
    return 0.5 - 0.5 * np.cos(np.pi * np.clip(share, 0, 1))


def bends_of_notes(notes: Sequence[Note]) -> Bends | None:
    """Find what the gestures of a part do to its pitch.

    Args:
        notes: in order.

    Returns:
        Cents over time, as the part's wheel says them; None where nothing moves.
    """
    points = wheel_points(notes)
    scale = 100 * RANGE_SEMITONES / WHEEL_END
    return Bends([(time_s, value * scale) for time_s, value in points], []) if points else None


def legato_spans(notes: Sequence[Note]) -> list[tuple[float, float]]:
    """Find where the legato pedal is down: from the midst of a note until the next, slurred one has begun.

    Args:
        notes: in order.

    Returns:
        (down, up) in seconds, ascending, apart from each other.
    """
    spans = []
    for before, note in zip(notes, notes[1:], strict=False):
        if is_slurred(note):
            spans.append(((before.start_s + note.start_s) / 2, note.start_s + PEDAL_S))
    return spans


def written_ends_s(notes: Sequence[Note]) -> list[float]:
    """Find when keys are let go: what is slurred without a glide overlaps.

    Args:
        notes: in order.

    Returns:
        [n] seconds.
    """
    ends_s = [note.end_s for note in notes]
    for i, note in enumerate(notes[1:]):
        if is_slurred(note):
            overlap_s = 0.0 if note.gesture and note.gesture.cents else OVERLAP_S
            ends_s[i] = note.start_s + overlap_s
    return ends_s


def is_slurred(note: Note) -> bool:
    """Tell whether a note is slurred to the one before.

    Args:
        note: of a part.

    Returns:
        True if so.
    """
    return note.gesture is not None and note.gesture.kind == "slur"


def slurred(notes: Sequence[Note], controls: Iterable[Control], end_s: float) -> list[Note]:
    """Read the legato pedal of a track: what begins while it is down is slurred to the note before.

    Args:
        notes: in order.
        controls: of the track, in order.
        end_s: of the file.

    Returns:
        The notes, in the same order.
    """
    spans = held_spans(controls, LEGATO, end_s)
    if not spans:
        return list(notes)
    return [
        replace(note, gesture=Gesture("slur"))
        if any(down <= note.start_s < up for down, up in spans)
        else note
        for note in notes
    ]

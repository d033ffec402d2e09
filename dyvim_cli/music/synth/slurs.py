"""Join a note to the one before without its attack, by a short crossfade whose middle is the note's time.

Strings, winds, horns and leads do it. The sound of the slurred note begins behind its attack, where the
recordings of its instrument have come to the level that they hold.
"""

from collections.abc import Sequence

import numpy as np

from dyvim_cli.types import SAMPLE_RATE, Note

FADE_FRAMES = round(0.02 * SAMPLE_RATE)  # length of the crossfade
MOST_GAP_S, MOST_OVERLAP_S = 0.03, 0.1  # silence or overlap of two notes that can be joined
# Seconds from the onset of a recording until its attack is over, by General MIDI program: levels of the
# shipped instruments are from there on within 3 dB of what they hold
ATTACKS_S = {
    40: 0.15, 42: 0.2, 43: 0.15, 56: 0.08, 58: 0.08, 59: 0.05, 60: 0.1, 66: 0.06, 68: 0.15, 70: 0.08,
    71: 0.06, 73: 0.12, 80: 0.04, 81: 0.06, 87: 0.04,
}  # fmt: skip


def slurred_from(notes: Sequence[Note], program: int, is_drums: bool) -> list[bool]:
    """Find the notes that an instrument slurs to the one before.

    Args:
        notes: in order.
        program: of General MIDI that plays them.
        is_drums: whether it is a kit.

    Returns:
        [n] bool.
    """
    if is_drums or program not in ATTACKS_S:
        return [False] * len(notes)
    return [bool(i) and _joins(notes[i - 1], note) for i, note in enumerate(notes)]


def _joins(before: Note, note: Note) -> bool:
    """Tell whether a note is slurred to one that ends as it begins; a voice that is held besides is none."""
    if note.gesture is None or note.gesture.kind != "slur" or before.start_s >= note.start_s:
        return False
    return -MOST_OVERLAP_S <= note.start_s - before.end_s <= MOST_GAP_S


def attack_frames(program: int) -> int:
    """Find the length of what a slurred note goes without.

    Args:
        program: of General MIDI, one that slurs.

    Returns:
        Frames from its onset.
    """
    return round(ATTACKS_S[program] * SAMPLE_RATE)


def joined(sound: np.ndarray, begin: int | None, end: int | None) -> np.ndarray:
    """Fade a tone in where it is slurred to what was before, and out where something is slurred to it.

    The fades are of equal power, as tones of two pitches add up.

    Args:
        sound: [n] float32, which stays unchanged.
        begin: frame of the middle of its fade in; None = it begins plainly.
        end: frame of the middle of its fade out; None = it ends plainly.

    Returns:
        [m] float32, from the first frame on; silent up to the fade in.
    """
    sound = sound[: None if end is None else end + FADE_FRAMES // 2].copy()
    if begin is not None:
        first = max(0, begin - FADE_FRAMES // 2)
        sound[:first] = 0
        _fade(sound[first : first + FADE_FRAMES], np.arange(FADE_FRAMES))
    if end is not None:
        first = max(0, end - FADE_FRAMES // 2)
        _fade(sound[first:], np.arange(FADE_FRAMES)[::-1])
    return sound


def _fade(part: np.ndarray, at: np.ndarray) -> None:
    """Fade a stretch [<= FADE_FRAMES] in place."""
    part *= np.sin(np.pi / 2 * (at[: len(part)] + 0.5) / FADE_FRAMES).astype(np.float32)

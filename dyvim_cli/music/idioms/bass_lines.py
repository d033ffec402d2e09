"""Choose the pitches of a bass figure over chords: roots near the line, fifths and octaves around them."""

from collections.abc import Sequence

import numpy as np

from dyvim_cli.music.symbols import tokens

LOW, HIGH = 28, 47  # MIDI pitches, above the tonic's C


def bass_pitches(starts: Sequence[int], figure: Sequence[str], chords: np.ndarray) -> list[int]:
    """MIDI pitches of the notes of a bass.

    Args:
        starts: [N] steps at which they begin.
        figure: [S] letters of grooves.BASS_IDIOMS.
        chords: [S] chord tokens.

    Returns:
        [N] pitches; roots stay near where the line is, the other letters are around the root.
    """
    pitches, previous = [], 38.0
    for i, step in enumerate(starts):
        root, quality = tokens.chord_of(int(chords[step])) or (0, "maj")
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


def _approach(low_root: int, root: int, intervals: tuple[int, ...], following: int) -> int:
    """A half or whole step into the next root, the one that suits the present chord better."""
    goal = tokens.chord_of(following)
    if goal is None or goal[0] == root:
        return low_root + intervals[2] - (12 if low_root + intervals[2] > HIGH - 3 else 0)
    target = nearest(goal[0], low_root, LOW + 2, HIGH - 2)
    steps = sorted((-1, 2, -2, 1), key=lambda d: ((target + d - root) % 12 not in intervals, abs(d)))
    return target + steps[0]


def nearest(pitch_class: int, target: float, low: int, high: int) -> int:
    """Find the pitch of a class that is nearest to a target.

    Args:
        pitch_class: 0..11, C = 0.
        target: MIDI number, may be a fraction.
        low: lowest MIDI number.
        high: highest one, at least an octave above.

    Returns:
        MIDI number inside low..high.
    """
    pitch = pitch_class + 12 * round((target - pitch_class) / 12)
    while pitch < low:
        pitch += 12
    while pitch > high:
        pitch -= 12
    return int(pitch)

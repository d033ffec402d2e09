"""Play long chords and bass notes again where their instruments die away.

A chord of a piano or a guitar is 10 to 25 dB softer after a second. Held through a slow bar it leaves a hole
before the next one; players repeat it on a strong beat.
"""

import numpy as np

from dyvim_cli.music.symbols import tokens
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.types import STEPS_PER_BAR, TempoMap

LONGEST_S = 1.5  # a held note of a decaying instrument is played again after this long
# least time between two onsets of one note, and from the last onset to its end
AGAIN_AFTER_S, AGAIN_BEFORE_S = 0.9, 0.5
STRONG_STEPS = STEPS_PER_BAR // 2  # it is played again on the first and the third beat
# General MIDI: pianos, bells and mallets, guitars without distortion, plucked basses, pizzicato and harp
DECAYING = frozenset({*range(16), *range(24, 29), *range(32, 40), 45, 46})
HARMONY = ("pad", "bass")


def play_again(
    piece: np.ndarray, may_begin: np.ndarray, tempo_map: TempoMap, style: str, final_step: int
) -> np.ndarray:
    """Divide the long notes of pad and bass before the last chord, where their instruments decay.

    Args:
        piece: [K, S] score tokens.
        may_begin: [K, S] bool, where notes may be added.
        tempo_map: when each step sounds.
        style: one of types.STYLES; its instruments decide.
        final_step: step of the last chord.

    Returns:
        [K, S] tokens; nothing that was written is taken away.
    """
    divided, times_s = piece.copy(), tempo_map.step_times_s
    parts = RECORDS[style].palette.parts
    for name in HARMONY:
        if DECAYING.isdisjoint(parts[name].programs):
            continue
        row = tokens.STREAM_INDEX[name]
        for start, end in _notes(piece[row, :final_step]):
            if times_s[end] - times_s[start] > LONGEST_S:
                for step in _again(times_s, start, end):
                    if may_begin[row, step]:
                        divided[row, step] = piece[row, start]
    return divided


def _notes(row: np.ndarray) -> list[tuple[int, int]]:
    """(first step, step after) of every note of a stream."""
    onsets = np.flatnonzero(row >= tokens.FIRST_PITCH)
    stops = np.append(np.flatnonzero(row != tokens.HOLD), len(row))
    return [(int(onset), int(stops[np.searchsorted(stops, onset, side="right")])) for onset in onsets]


def _again(times_s: np.ndarray, start: int, end: int) -> list[int]:
    """Strong beats on which a note from step `start` to `end` is played again."""
    found, last = [], start
    for step in range(start + 1, end):
        strong = step % STRONG_STEPS == 0
        since_s, left_s = times_s[step] - times_s[last], times_s[end] - times_s[step]
        if strong and since_s >= AGAIN_AFTER_S and left_s >= AGAIN_BEFORE_S:
            found.append(step)
            last = step
    return found

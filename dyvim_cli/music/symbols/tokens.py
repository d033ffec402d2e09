"""Score tokens: K parallel streams on a sixteenth-note grid, relative to the tonic.

A piece is an int16 array [K, S]. Pitches are written as if the tonic were C (major) or A minor's
sister C minor: pitch class 0 is always the tonic; the key is put back when notes are made.
UNKNOWN (-1) marks what a source does not contain; it is masked in the loss, never invented.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

UNKNOWN = -1
REST, HOLD, FIRST_PITCH = 0, 1, 2  # pitched streams: silence, the note continues, a new note
LONGEST_HOLD_STEPS = 64  # four bars; longer is a stuck note

# Chords: one token per step, absolute (the chord that sounds), so that harmony is always in view.
NO_CHORD = 0
CHORD_QUALITIES = {  # intervals above the root
    "maj": (0, 4, 7), "min": (0, 3, 7), "dim": (0, 3, 6), "aug": (0, 4, 8), "sus2": (0, 2, 7),
    "sus4": (0, 5, 7), "7": (0, 4, 7, 10), "maj7": (0, 4, 7, 11), "min7": (0, 3, 7, 10),
    "m7b5": (0, 3, 6, 10),
}  # fmt: skip
QUALITY_NAMES = tuple(CHORD_QUALITIES)

# Drums: a set of six classes as bits; 0 = no stroke.
DRUM_CLASSES = ("kick", "snare", "hat", "open_hat", "tom", "crash")  # hat: closed, ride, shaker
DRUM_KEYS = (36, 38, 42, 46, 45, 49)  # General MIDI keys of the classes

N_LEVELS = 8  # level 0: softest .. 7: an accent in full


@dataclass(frozen=True)
class Stream:
    """One of the K streams: its name, how many tokens it knows, and its lowest pitch."""

    name: str
    cardinality: int
    low: int = 0  # MIDI pitch of token FIRST_PITCH, for pitched streams


# The order is the order of decisions within a step (the delay pattern delays stream k by k
# steps): how loud, which chord, then the tune, then what carries it.
STREAMS = (
    Stream("level", N_LEVELS),  # how loud the onsets of this step are
    Stream("chord", 1 + 12 * len(QUALITY_NAMES)),
    Stream("melody", FIRST_PITCH + 37, 55),  # G3..G6 around the tonic C5 = 72
    Stream("bass", FIRST_PITCH + 25, 28),  # E1..E3
    Stream("drums", 1 << len(DRUM_CLASSES)),
    Stream("pad", FIRST_PITCH + 25, 55),  # a chord's onset, named by its top note G3..G5
    Stream("arp", FIRST_PITCH + 37, 48),  # arpeggio, counter-melody or inner voice C3..C6
)
K = len(STREAMS)
STREAM_INDEX = {stream.name: k for k, stream in enumerate(STREAMS)}
PITCHED = ("melody", "bass", "pad", "arp")  # streams with REST / HOLD / pitch tokens


def chord_token(root: int, quality: str) -> int:
    """Number a chord.

    Args:
        root: pitch class 0..11 above the tonic.
        quality: name in QUALITY_NAMES.

    Returns:
        Chord token.
    """
    return 1 + (root % 12) * len(QUALITY_NAMES) + QUALITY_NAMES.index(quality)


def chord_of(token: int) -> tuple[int, str] | None:
    """Read a chord token.

    Args:
        token: chord token.

    Returns:
        (root pitch class, quality); None for NO_CHORD.
    """
    if token <= NO_CHORD:
        return None
    root, quality = divmod(int(token) - 1, len(QUALITY_NAMES))
    return root, QUALITY_NAMES[quality]


def chord_pitch_classes(token: int) -> tuple[int, ...]:
    """List the pitch classes of a chord.

    Args:
        token: chord token.

    Returns:
        Semitones above the tonic, root first; empty for NO_CHORD.
    """
    chord = chord_of(token)
    if chord is None:
        return ()
    return tuple((chord[0] + interval) % 12 for interval in CHORD_QUALITIES[chord[1]])


def pitch_token(stream: Stream, pitch: int) -> int:
    """Number a pitch, moved by octaves into the stream's range.

    Args:
        stream: a pitched stream.
        pitch: MIDI number relative to the tonic C.

    Returns:
        Pitch token.
    """
    span = stream.cardinality - FIRST_PITCH
    while pitch < stream.low:
        pitch += 12
    while pitch >= stream.low + span:
        pitch -= 12
    return FIRST_PITCH + pitch - stream.low


def token_pitch(stream: Stream, token: int) -> int:
    """Read a pitch token.

    Args:
        stream: a pitched stream.
        token: FIRST_PITCH or above.

    Returns:
        MIDI number.
    """
    return stream.low + int(token) - FIRST_PITCH


def drum_token(classes: Iterable[str]) -> int:
    """Number a set of drum strokes.

    Args:
        classes: names in DRUM_CLASSES.

    Returns:
        Drum token, a bit a class.
    """
    return sum(1 << DRUM_CLASSES.index(name) for name in set(classes))


def drum_classes(token: int) -> tuple[str, ...]:
    """Read a drum token.

    Args:
        token: drum token.

    Returns:
        Names in DRUM_CLASSES.
    """
    return tuple(name for bit, name in enumerate(DRUM_CLASSES) if int(token) >> bit & 1)


def pad_voicing(chord: int, top: int, n_voices: int = 4) -> tuple[int, ...]:
    """Voice a chord closely below (and with) its top note.

    The top need not belong to the chord (a suspension stays one); NO_CHORD gives the top alone.

    Args:
        chord: chord token.
        top: MIDI number.
        n_voices: how many notes at most.

    Returns:
        MIDI numbers, ascending.
    """
    wanted = set(chord_pitch_classes(chord))
    below = [p for p in range(top - 1, top - 16, -1) if p % 12 in wanted and p % 12 != top % 12]
    seen: dict[int, int] = {}
    for pitch in below:
        seen.setdefault(pitch % 12, pitch)
    return tuple(sorted([top, *list(seen.values())[: n_voices - 1]]))


def sounding(row: np.ndarray, step: int) -> int:
    """Find the note that a pitched stream holds at a step.

    Args:
        row: [S] tokens.
        step: index into the row.

    Returns:
        Its pitch token; REST without one.
    """
    while step > 0 and row[step] == HOLD:
        step -= 1
    return int(row[step]) if row[step] >= FIRST_PITCH else REST


def empty(n_steps: int) -> np.ndarray:
    """Make a piece of which nothing is known.

    Args:
        n_steps: S.

    Returns:
        [K, S] int16 of UNKNOWN.
    """
    return np.full((K, n_steps), UNKNOWN, dtype=np.int16)


def validate(tokens: np.ndarray) -> None:
    """Check that every token is UNKNOWN or inside its stream's cardinality.

    Args:
        tokens: [K, S].

    Raises:
        ValueError: one is not, or the shape is another.
    """
    if tokens.ndim != 2 or tokens.shape[0] != K:
        raise ValueError(f"expected [{K}, S] tokens, got {tokens.shape}")
    for stream, row in zip(STREAMS, tokens, strict=True):
        if row.size and (row.min() < UNKNOWN or row.max() >= stream.cardinality):
            raise ValueError(f"stream {stream.name}: token outside -1..{stream.cardinality - 1}")

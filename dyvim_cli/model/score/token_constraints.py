"""Constrain the score tokens that may follow, as additions to the logits.

Rules of notation are absolute: only a sounding note can be held, and none without end. Harmony is a logit
bias: notes outside chord and scale become rare, not impossible.
"""

import numpy as np

from dyvim_cli.music.symbols import tokens
from dyvim_cli.types import STEPS_PER_BEAT

MELODY = tokens.STREAM_INDEX["melody"]
PITCHED = np.array([stream.name in tokens.PITCHED for stream in tokens.STREAMS])  # [K]
CARDINALITIES = np.array([stream.cardinality for stream in tokens.STREAMS])  # [K], and "nothing here"
FORBIDDEN = -1e9
OUTSIDE_SCALE = -3.0  # a note that is in neither the chord nor the scale
PASSING_CLASH = -0.3  # the same between the beats, where a tune passes through
CLASH = -2.0  # a semitone above a chord tone, in the scale but sharp against the harmony
MAJOR_SCALE = (0, 2, 4, 5, 7, 9, 11)
MINOR_SCALE = (0, 2, 3, 5, 7, 8, 10)  # a raised seventh comes with the chord that has it


def pitch_bias(chord: int, pitch_class: int, is_minor: bool, clash: float = CLASH) -> float:
    """Compute the logit bias of a pitch class over a chord.

    Args:
        chord: chord token.
        pitch_class: semitones above the tonic, 0..11.
        is_minor: mode of the key.
        clash: for a semitone above a chord tone.

    Returns:
        Added to the logit, 0 or below.
    """
    chord_classes = tokens.chord_pitch_classes(chord)
    if pitch_class in chord_classes:
        return 0.0
    if pitch_class not in (MINOR_SCALE if is_minor else MAJOR_SCALE):
        return OUTSIDE_SCALE
    return clash if (pitch_class - 1) % 12 in chord_classes else 0.0


def harmony_table(is_minor: bool, width: int, clash: float = CLASH) -> np.ndarray:
    """Tabulate the logit bias of every stream's tokens over every chord.

    Args:
        is_minor: mode of the key.
        width: number of tokens.
        clash: for a semitone above a chord tone.

    Returns:
        [n chords, K, width] float32 logits, 0 or below.
    """
    chord_stream = tokens.STREAMS[tokens.STREAM_INDEX["chord"]]
    table = np.zeros((chord_stream.cardinality, tokens.K, width), dtype=np.float32)
    for chord in range(chord_stream.cardinality):
        classes = np.array([pitch_bias(chord, pc, is_minor, clash) for pc in range(12)])
        for name in tokens.PITCHED:
            stream = tokens.STREAMS[tokens.STREAM_INDEX[name]]
            pitches = np.arange(stream.low, stream.low + stream.cardinality - tokens.FIRST_PITCH)
            row = table[chord, tokens.STREAM_INDEX[name]]
            row[tokens.FIRST_PITCH : stream.cardinality] = classes[pitches % 12]
    return table


def begins(written: np.ndarray) -> np.ndarray:
    """Find the notes that begin.

    Args:
        written: [B, K] tokens.

    Returns:
        [B, K] bool; False for streams without pitch.
    """
    return PITCHED & (written >= tokens.FIRST_PITCH) & (written < CARDINALITIES)


class Grammar:
    """State of B pieces while they are sampled, with the allowed next tokens of each stream."""

    def __init__(self, batch: int, is_minor: bool, width: int, n_positions: int):
        self.harmony = harmony_table(is_minor, width)
        self.passing = harmony_table(is_minor, width, PASSING_CLASH)[:, MELODY]
        self.streams = np.arange(tokens.K)
        self.pieces = np.arange(batch)[:, None]
        self.held = np.zeros((batch, tokens.K), dtype=np.int64)  # steps the sounding note has lasted
        # the bias of the position that is being written
        self.leaning = np.zeros((batch, tokens.K, width), dtype=np.float32)
        self.n_written = 0
        # For copies: the token of the note that sounded before each position (0 = none), and whether the
        # token written there suited its chord. 63 bytes a position for three pieces.
        self.sounding = np.zeros((n_positions + 1, batch, tokens.K), dtype=np.int16)
        self.suited = np.ones((n_positions, batch, tokens.K), dtype=bool)

    def bias(self, chords: np.ndarray, position: int) -> np.ndarray:
        """Compute the addition to the logits at a position.

        Args:
            chords: [B, K] chord token at each stream's own step.
            position: place in the delay pattern.

        Returns:
            [B, K, width].
        """
        bias = self.harmony[chords, self.streams]
        if (position - MELODY) % STEPS_PER_BEAT:
            bias[:, MELODY] = self.passing[chords[:, MELODY]]
        cannot_hold = PITCHED & ((self.held == 0) | (self.held >= tokens.LONGEST_HOLD_STEPS))
        bias[..., tokens.HOLD] += cannot_hold * FORBIDDEN
        self.leaning = bias
        return bias

    def advance(self, written: np.ndarray) -> None:
        """Update the state with the tokens just written.

        Args:
            written: [B, K].
        """
        goes_on = (written == tokens.HOLD) & (self.held > 0)
        starts = begins(written)
        self.held = np.where(starts, 1, np.where(goes_on, self.held + 1, 0))
        self.suited[self.n_written] = self._suits(written, self.streams)
        note = np.where(goes_on, self.sounding[self.n_written], 0)
        self.n_written += 1
        self.sounding[self.n_written] = np.where(starts, written, note)

    def begun(self, token: int, stream: int) -> np.ndarray:
        """Replace a hold that the form requires by a rest where no note was begun.

        Args:
            token: required by the form.
            stream: index k.

        Returns:
            [B] tokens.
        """
        lost = (token == tokens.HOLD) & PITCHED[stream] & (self.held[:, stream] == 0)
        return np.where(lost, tokens.REST, token)

    def may_copy(self, copied: np.ndarray, stream: int, source: int) -> np.ndarray:
        """Check whether tokens of an earlier position mean the same here.

        A note that suited its chord suits the one here; a hold continues the same note, and not for ever.

        Args:
            copied: [B] tokens.
            stream: index k.
            source: earlier position.

        Returns:
            [B] bool.
        """
        suits = self._suits(copied[:, None], stream)[:, 0]
        is_same_note = self.sounding[self.n_written, :, stream] == self.sounding[source, :, stream]
        lasts = is_same_note & (self.held[:, stream] < tokens.LONGEST_HOLD_STEPS)
        holds = PITCHED[stream] & (copied == tokens.HOLD)
        return np.where(holds, lasts, suits | ~self.suited[source, :, stream])

    def _suits(self, written: np.ndarray, streams: np.ndarray | int) -> np.ndarray:
        """Check that tokens [B, k] of streams do not clash with the chords of this position: [B, k] bool."""
        known = np.minimum(written, self.leaning.shape[-1] - 1)
        return self.leaning[self.pieces, streams, known] > CLASH

"""What may follow: the rules of the score tokens as additions to the logits.

Rules of notation are absolute (nothing can be held that does not sound, no note without end); of
harmony a leaning (notes outside chord and scale become rare, not impossible).
"""

import numpy as np
import torch

from dyvim_cli.music import tokens
from dyvim_cli.types import STEPS_PER_BEAT

MELODY = tokens.STREAM_INDEX["melody"]
FORBIDDEN = -1e9
OUTSIDE_SCALE = -3.0  # a note that is in neither the chord nor the scale
PASSING_CLASH = -0.3  # the same between the beats, where a tune passes through
CLASH = -2.0  # a semitone above a chord tone, in the scale but sharp against the harmony
BREATH = -3.0  # a new note of the melody where a phrase has ended: a singer would breathe
MAJOR_SCALE = (0, 2, 4, 5, 7, 9, 11)
MINOR_SCALE = (0, 2, 3, 5, 7, 8, 10)  # a raised seventh comes with the chord that has it


def pitch_bias(chord: int, pitch_class: int, is_minor: bool, clash: float = CLASH) -> float:
    """How unwelcome a pitch class (above the tonic) is over a chord token, 0 or below."""
    chord_classes = tokens.chord_pitch_classes(chord)
    if pitch_class in chord_classes:
        return 0.0
    if pitch_class not in (MINOR_SCALE if is_minor else MAJOR_SCALE):
        return OUTSIDE_SCALE
    return clash if (pitch_class - 1) % 12 in chord_classes else 0.0


def harmony_table(is_minor: bool, width: int, clash: float = CLASH) -> torch.Tensor:
    """[n chords, K, width] float32: the leaning of every stream's tokens over every chord."""
    chord_stream = tokens.STREAMS[tokens.STREAM_INDEX["chord"]]
    table = np.zeros((chord_stream.cardinality, tokens.K, width), dtype=np.float32)
    for chord in range(chord_stream.cardinality):
        classes = np.array([pitch_bias(chord, pc, is_minor, clash) for pc in range(12)])
        for name in tokens.PITCHED:
            stream = tokens.STREAMS[tokens.STREAM_INDEX[name]]
            pitches = np.arange(stream.low, stream.low + stream.cardinality - tokens.FIRST_PITCH)
            row = table[chord, tokens.STREAM_INDEX[name]]
            row[tokens.FIRST_PITCH : stream.cardinality] = classes[pitches % 12]
    return torch.from_numpy(table)


class Grammar:
    """Follows B pieces as they are written and says what each stream may say next."""

    def __init__(self, batch: int, is_minor: bool, width: int, n_positions: int):
        self.harmony = harmony_table(is_minor, width)
        self.passing = harmony_table(is_minor, width, PASSING_CLASH)[:, MELODY]
        self.pitched = torch.tensor([s.name in tokens.PITCHED for s in tokens.STREAMS])
        self.pad = torch.tensor([s.cardinality for s in tokens.STREAMS])  # "nothing here" strikes nothing
        self.held = torch.zeros(batch, tokens.K, dtype=torch.long)  # steps the sounding note has lasted
        # token of the note that sounds at each position, or 0; row 0 lies before the first
        self.sounding = torch.zeros(n_positions + 1, batch, tokens.K, dtype=torch.int16)
        self.n_written = 0
        self.leaning = torch.zeros(batch, tokens.K, width)  # the bias of the position that is being written
        self.suited = torch.ones(n_positions + 1, batch, tokens.K, dtype=torch.bool)  # its chord, as it stood
        self.streams = torch.arange(tokens.K)
        self.chord = tokens.STREAM_INDEX["chord"]

    def bias(self, chords: torch.Tensor, position: int) -> torch.Tensor:
        """[B, K, width] to add to the logits; chords [B, K]: the chord at each stream's own step."""
        bias = self.harmony[chords, self.streams]
        if (position - MELODY) % STEPS_PER_BEAT:
            bias[:, MELODY] = self.passing[chords[:, MELODY]]
        cannot_hold = self.pitched & ((self.held == 0) | (self.held >= tokens.LONGEST_HOLD_STEPS))
        bias[..., tokens.HOLD] += cannot_hold * FORBIDDEN
        self.leaning = bias
        return bias

    def advance(self, written: torch.Tensor) -> None:
        """Take note of the tokens [B, K] just written."""
        sounds_on = (written == tokens.HOLD) & (self.held > 0)
        starts = (written >= tokens.FIRST_PITCH) & (written < self.pad)
        self.held = torch.where(starts, 1, torch.where(sounds_on, self.held + 1, 0)) * self.pitched
        on = torch.where(sounds_on, self.sounding[self.n_written], 0)
        self.n_written += 1
        self.suited[self.n_written] = self._suits(written)
        self.sounding[self.n_written] = torch.where(starts, written, on) * self.pitched

    def begun(self, token: int, stream: int) -> torch.Tensor:
        """[B] a token that the form asks for: nothing can be held that was not begun."""
        lost = (token == tokens.HOLD) & self.pitched[stream] & (self.held[:, stream] == 0)
        return torch.where(lost, tokens.REST, token)

    def may_copy(self, copied: torch.Tensor, stream: int, source: int) -> torch.Tensor:
        """[B] whether tokens [B] of an earlier position mean here what they meant there: a note that
        suited its chord suits the one here, a hold goes on with the same note, and not for ever."""
        suits = self._suits(copied[:, None].expand(-1, tokens.K))[:, stream]
        same = self.sounding[self.n_written, :, stream] == self.sounding[source, :, stream]
        holds = self.pitched[stream] & (copied == tokens.HOLD)
        lasts = same & (self.held[:, stream] < tokens.LONGEST_HOLD_STEPS)
        return torch.where(holds, lasts, suits | ~self.suited[source + 1, :, stream])

    def _suits(self, written: torch.Tensor) -> torch.Tensor:
        """[B, K] whether tokens [B, K] do not clash with the chords of the position that is being written."""
        known = written.clamp(max=self.leaning.shape[-1] - 1)[..., None]
        return self.leaning.gather(-1, known)[..., 0] > CLASH

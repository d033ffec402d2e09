"""Bias the decoder's logits towards sung intervals, steady grooves and no long silences.

All are small against the decoder's own confidence (token_constraints.py has the rules); none concerns the
film's events.
"""

import numpy as np

from dyvim_cli.model.score.motif import lean_to_rhythm
from dyvim_cli.model.score.token_constraints import CARDINALITIES, PITCHED, begins
from dyvim_cli.music.symbols import tokens
from dyvim_cli.types import STEPS_PER_BAR

MELODY, BASS, DRUMS, PAD = (tokens.STREAM_INDEX[name] for name in ("melody", "bass", "drums", "pad"))
ACCOMPANIMENT = [tokens.STREAM_INDEX[name] for name in ("bass", "pad", "arp")]
# Logits by semitones from the note before: of the intervals of songs 45 % are steps, hardly any exceeds a f
INTERVALS = np.array([-0.2, 0.9, 1.1, 0.4, 0.3, 0.3, -1.0, 0.2, -0.8, -0.8, -1.5, -2.0, -0.4])
BEYOND_OCTAVE = -3.0  # logit of a wider interval
THIRD_TIME = -0.9  # logit of the same melody pitch once more after two in a row
GROOVE = 1.2  # logit of a drum stroke, or of none, as a bar ago
RHYTHM = 0.6  # logit of starting, holding or resting as a bar ago, in the accompaniment
LONGEST_SILENCE = 12  # steps without any note after which bass or pad come in
COME_IN = 9.0  # logit of a note that ends a silence
TUNELESS = 28  # steps of an optional melody's rest after which it re-enters at the next half bar
BASSLESS = STEPS_PER_BAR  # the same for the bass, where the arrangement has one
HALF_BAR_STEPS = STEPS_PER_BAR // 2


def interval_table(width: int) -> np.ndarray:
    """Tabulate the logit bias from each melody token to the next.

    Args:
        width: number of tokens.

    Returns:
        [width, width] float32 logits, row = token before; zero where either is no pitch.
    """
    pitches = np.arange(width)
    apart = np.abs(pitches[:, None] - pitches[None])
    table = np.where(apart > 12, BEYOND_OCTAVE, INTERVALS[np.minimum(apart, 12)])
    table[: tokens.FIRST_PITCH], table[:, : tokens.FIRST_PITCH] = 0, 0
    return table.astype(np.float32)


def _at(values: np.ndarray, step: int, otherwise: int) -> int:
    """The plan's value for a step; `otherwise` where it says nothing."""
    return values[step] if 0 <= step < len(values) else otherwise


class MusicalBias:
    """State of the bias while B pieces are sampled.

    groove_from [S]: the earlier step whose pattern may continue, -1 = none.
    """

    def __init__(self, batch: int, width: int, groove_from: np.ndarray | None):
        self.intervals = interval_table(width)
        self.groove_from = np.zeros(0, dtype=int) if groove_from is None else groove_from
        self.rows = np.arange(batch)
        self.last = np.zeros(batch, dtype=np.int64)  # melody's last pitch token
        self.repeats = np.zeros(batch, dtype=np.int64)
        # steps since a note was heard: the film is not left waiting for the first
        self.silent = np.full(batch, LONGEST_SILENCE)
        self.tuneless = np.zeros(batch, dtype=np.int64)  # steps since the melody sounded
        self.bassless = np.zeros(batch, dtype=np.int64)  # and the bass

    def bias(self, delayed: np.ndarray, position: int) -> np.ndarray:
        """Compute the addition to the logits at a position.

        Args:
            delayed: [B, K, P] tokens; what is written so far counts.
            position: place in the delay pattern.

        Returns:
            [B, K, width].
        """
        bias = np.zeros((len(self.last), tokens.K, len(self.intervals)), dtype=np.float32)
        self._prefer_sung_intervals(bias)
        self._continue_groove(bias, delayed, position)
        self._break_silence(bias, position)
        return bias

    def _prefer_sung_intervals(self, bias: np.ndarray) -> None:
        """Prefer steps in the tune, and no pitch three times in a row."""
        bias[:, MELODY] += self.intervals[self.last]
        again = (self.repeats >= 1) & (self.last >= tokens.FIRST_PITCH)
        bias[self.rows, MELODY, self.last] += again * THIRD_TIME

    def _continue_groove(self, bias: np.ndarray, delayed: np.ndarray, position: int) -> None:
        """Drums play, and the accompaniment moves, as a bar ago."""
        for k in (*ACCOMPANIMENT, DRUMS):
            source = int(_at(self.groove_from, position - k, -1))
            if source < 0:
                continue
            before = delayed[:, k, source + k]
            if k == DRUMS:
                bias[self.rows, k, before] += GROOVE
            else:
                lean_to_rhythm(bias[:, k], before, RHYTHM)

    def _break_silence(self, bias: np.ndarray, position: int) -> None:
        """Favour entries: bass or pad after a silence, tune and bass after a long rest, on a half bar."""
        nobody = (self.silent >= LONGEST_SILENCE)[:, None, None]
        bias[:, [BASS, PAD], tokens.FIRST_PITCH :] += COME_IN * nobody
        for k, rest, longest in ((MELODY, self.tuneless, TUNELESS), (BASS, self.bassless, BASSLESS)):
            if (position - k) % HALF_BAR_STEPS == 0:
                bias[:, k, tokens.FIRST_PITCH :] += COME_IN * (rest >= longest)[:, None]

    def advance(self, written: np.ndarray) -> None:
        """Take note of the tokens just written.

        Args:
            written: [B, K].
        """
        sounds = PITCHED & (written > tokens.REST) & (written < CARDINALITIES)
        self.silent = np.where(sounds.any(axis=1), 0, self.silent + 1)
        self.tuneless = np.where(sounds[:, MELODY], 0, self.tuneless + 1)
        self.bassless = np.where(sounds[:, BASS], 0, self.bassless + 1)
        note, starts = written[:, MELODY], begins(written)[:, MELODY]
        again = starts & (note == self.last)
        self.repeats = np.where(again, self.repeats + 1, np.where(starts, 0, self.repeats))
        self.last = np.where(starts, note, self.last)

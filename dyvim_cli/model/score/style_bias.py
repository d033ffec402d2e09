"""Leanings on top of the decoder's: a tune that is sung rather than broken, a groove that is the style's
and keeps its pattern. Nothing here strikes the film's events: about those steps it has no opinion.

All are additions to the logits, small beside what the decoder is sure of (rules: token_constraints.py).
"""

import numpy as np
import torch

from dyvim_cli.model.score.motif import lean_to_rhythm
from dyvim_cli.model.score.token_constraints import CARDINALITIES, PITCHED, begins
from dyvim_cli.music.form.style_patterns import Ground
from dyvim_cli.music.performance.humanize import ACCENT_LEVEL
from dyvim_cli.music.symbols import tokens
from dyvim_cli.types import STEPS_PER_BAR

MELODY, BASS, DRUMS, PAD = (tokens.STREAM_INDEX[name] for name in ("melody", "bass", "drums", "pad"))
LEVEL = tokens.STREAM_INDEX["level"]
GROUND = [tokens.STREAM_INDEX[name] for name in ("bass", "pad", "arp")]
# by semitones from the note before: in songs 45 % of the intervals are steps, hardly any beyond a fifth
INTERVALS = np.array([-0.2, 0.9, 1.1, 0.4, 0.3, 0.3, -1.0, 0.2, -0.8, -0.8, -1.5, -2.0, -0.4])
BEYOND_OCTAVE = -3.0
THIRD_TIME = -0.9  # the same pitch once more
GROOVE = 1.2  # for a drum stroke, or a silence, as it was a bar ago
RHYTHM = 0.6  # for starting, holding or resting as a bar ago, in the pitched streams of the ground
DRUM_IDIOM = 7.0  # for what the style's drums would strike: less, and sparser strokes that it is sure of win
MOVING_IDIOM = 7.0  # so much more where the film moves most: there the decoder saves itself for the events
BUILD_IDIOM = 40.0  # the same in a build-up, as good as decided: the decoder does not believe in rolls
BASS_IDIOM = 1.2  # for a bass note that begins where the style's would
BASS_REST = 0.3  # for none where the style has none
PULSE, PULSE_STEPS = 6.0, 2  # for eighths of bass, pad and arpeggio in a build-up's second half
SINK, LIFT = 3.0, 8.0  # for a build-up's first half, and more for its rise, between softest and
LIFT_TOP = ACCENT_LEVEL - 1  # loudest without being an accent: accents are for events
LOUDER = torch.linspace(-1, 1, LIFT_TOP + 1)  # levels 0..LIFT_TOP
LONGEST_SILENCE = 12  # steps without a note; then somebody comes in, if only with a held chord
COME_IN = 9.0
TUNELESS = 28  # steps without a tune where there may be one; then it goes on, on the next half bar
BASSLESS = STEPS_PER_BAR  # the same for the bass, where the arrangement has one
HALF_BAR = STEPS_PER_BAR // 2


def interval_table(width: int) -> torch.Tensor:
    """[width, width] leaning from each melody token (row) to the next; zero where either is no pitch."""
    pitches = np.arange(width)
    apart = np.abs(pitches[:, None] - pitches[None])
    table = np.where(apart > 12, BEYOND_OCTAVE, INTERVALS[np.minimum(apart, 12)])
    table[: tokens.FIRST_PITCH], table[:, : tokens.FIRST_PITCH] = 0, 0
    return torch.from_numpy(table.astype(np.float32))


def _at(values: np.ndarray, step: int, otherwise):
    """The plan's value for a step; `otherwise` where it says nothing."""
    return values[step] if 0 <= step < len(values) else otherwise


class Taste:
    """Follows B pieces; groove_from [S]: the earlier step whose pattern may go on, -1 = none."""

    def __init__(self, batch: int, width: int, groove_from: np.ndarray | None, ground: Ground | None = None):
        nothing = np.zeros(0, dtype=int)
        self.intervals = interval_table(width)
        self.groove_from = nothing if groove_from is None else groove_from
        self.ground = Ground(nothing, nothing) if ground is None else ground
        self.rows = torch.arange(batch)
        self.last = torch.zeros(batch, dtype=torch.long)  # melody's last pitch token
        self.repeats = torch.zeros(batch, dtype=torch.long)
        # steps since a note was heard: the film is not left waiting for the first
        self.silent = torch.full((batch,), LONGEST_SILENCE)
        self.tuneless = torch.zeros(batch, dtype=torch.long)  # steps since the melody sounded
        self.bassless = torch.zeros(batch, dtype=torch.long)  # and the bass

    def bias(self, delayed: torch.Tensor, position: int) -> torch.Tensor:
        """[B, K, width] to add to the logits at a position; delayed [B, K, P]: what is written so far."""
        bias = torch.zeros(len(self.last), tokens.K, self.intervals.shape[0])
        self._lean_on_intervals(bias)
        self._lean_on_groove(bias, delayed, position)
        self._lean_on_build(bias, position)
        self._lean_on_style(bias, position)
        self._break_silence(bias, position)
        return bias

    def _lean_on_intervals(self, bias: torch.Tensor) -> None:
        """A tune goes in steps, and strikes no pitch three times."""
        bias[:, MELODY] += self.intervals[self.last]
        again = (self.repeats >= 1) & (self.last >= tokens.FIRST_PITCH)
        bias[self.rows, MELODY, self.last] += again * THIRD_TIME

    def _lean_on_groove(self, bias: torch.Tensor, delayed: torch.Tensor, position: int) -> None:
        """Drums strike, and the ground moves, as a bar ago."""
        for k in (*GROUND, DRUMS):
            source = int(_at(self.groove_from, position - k, -1))
            if source < 0:
                continue
            before = delayed[:, k, source + k]
            if k == DRUMS:
                bias[self.rows, k, before] += GROOVE
            else:
                lean_to_rhythm(bias[:, k], before, RHYTHM)

    def _lean_on_build(self, bias: torch.Tensor, position: int) -> None:
        """A build-up gets louder, and goes in eighths in its second half."""
        lift = float(_at(self.ground.lift, position - LEVEL, 0.0))
        if lift:
            bias[:, LEVEL, : LIFT_TOP + 1] += (LIFT if lift > 0 else SINK) * lift * LOUDER
        for k in GROUND:
            lift = float(_at(self.ground.lift, position - k, 0.0))
            if lift > 0 and (position - k) % PULSE_STEPS == 0:
                bias[:, k, tokens.FIRST_PITCH :] += PULSE * lift

    def _lean_on_style(self, bias: torch.Tensor, position: int) -> None:
        """Drums strike as the style's would, and its bass begins its notes."""
        step = position - DRUMS
        drums = int(_at(self.ground.drums, step, tokens.UNKNOWN))
        if drums != tokens.UNKNOWN:
            moves = DRUM_IDIOM + MOVING_IDIOM * float(_at(self.ground.drive, step, 0.0))
            bias[:, DRUMS, drums] += BUILD_IDIOM if _at(self.ground.lift, step, 0.0) else moves
        begins_note = _at(self.ground.bass, position - BASS, tokens.UNKNOWN)
        if begins_note == 1:
            bias[:, BASS, tokens.FIRST_PITCH :] += BASS_IDIOM
        elif begins_note == 0:
            bias[:, BASS, : tokens.FIRST_PITCH] += BASS_REST

    def _break_silence(self, bias: torch.Tensor, position: int) -> None:
        """Somebody comes in after a silence, tune and bass after a long rest on a half bar."""
        nobody = (self.silent >= LONGEST_SILENCE)[:, None, None]
        bias[:, [BASS, PAD], tokens.FIRST_PITCH :] += COME_IN * nobody
        for k, rest, longest in ((MELODY, self.tuneless, TUNELESS), (BASS, self.bassless, BASSLESS)):
            if (position - k) % HALF_BAR == 0:
                bias[:, k, tokens.FIRST_PITCH :] += COME_IN * (rest >= longest)[:, None]

    def advance(self, written: torch.Tensor) -> None:
        """Take note of the tokens [B, K] just written."""
        sounds = PITCHED & (written > tokens.REST) & (written < CARDINALITIES)
        self.silent = torch.where(sounds.any(dim=1), 0, self.silent + 1)
        self.tuneless = torch.where(sounds[:, MELODY], 0, self.tuneless + 1)
        self.bassless = torch.where(sounds[:, BASS], 0, self.bassless + 1)
        note, starts = written[:, MELODY], begins(written)[:, MELODY]
        again = starts & (note == self.last)
        self.repeats = torch.where(again, self.repeats + 1, torch.where(starts, 0, self.repeats))
        self.last = torch.where(starts, note, self.last)

"""Leanings on top of the decoder's: a tune that is sung rather than broken, a groove that is the style's
and keeps its pattern. Nothing here strikes the film's events: about those steps it has no opinion.

All are additions to the logits, small beside what the decoder is sure of (grammar.py has the rules).
"""

import numpy as np
import torch

from dyvim_cli.music import tokens
from dyvim_cli.music.feel import ACCENT_LEVEL
from dyvim_cli.music.grooves import Ground
from dyvim_cli.types import STEPS_PER_BAR

MELODY, BASS, DRUMS, PAD = (tokens.STREAM_INDEX[name] for name in ("melody", "bass", "drums", "pad"))
LEVEL = tokens.STREAM_INDEX["level"]
PITCHED = [tokens.STREAM_INDEX[name] for name in tokens.PITCHED]
CARDINALITIES = torch.tensor([stream.cardinality for stream in tokens.STREAMS])
# by semitones from the note before: in songs 45 % of the intervals are steps, hardly any beyond a fifth
INTERVALS = np.array([-0.2, 0.9, 1.1, 0.4, 0.3, 0.3, -1.0, 0.2, -0.8, -0.8, -1.5, -2.0, -0.4])
BEYOND_OCTAVE = -3.0
THIRD_TIME = -0.9  # the same pitch once more
GROOVE = 1.2  # for a drum stroke, or a silence, as it was a bar ago
RHYTHM = 0.6  # for starting, holding or resting as a bar ago, in the pitched streams of the ground
GROUND = ("bass", "pad", "arp")
DRUM_IDIOM = 7.0  # for what the style's drums would strike: less, and sparser strokes that it is sure of win
MOVING_IDIOM = 7.0  # so much more where the film moves most: there the decoder saves itself for the events
BUILD_IDIOM = 40.0  # the same in a build-up, as good as decided: the decoder does not believe in rolls
BASS_IDIOM = 1.2  # for a bass note that begins where the style's would
BASS_REST = 0.3  # for none where the style has none
PULSE, PULSE_STEPS = 6.0, 2  # for eighths of bass, pad and arpeggio in a build-up's second half
SINK, LIFT = 3.0, 8.0  # for a build-up's first half, and more for its rise, between softest and
LIFT_TOP = ACCENT_LEVEL - 1  # loudest without being an accent: accents are for events
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


class Taste:
    """Follows B pieces; groove_from [S]: the earlier step whose pattern may go on, -1 = none."""

    def __init__(self, batch: int, width: int, groove_from: np.ndarray | None, ground: Ground | None = None):
        self.intervals = interval_table(width)
        self.groove_from = np.zeros(0, dtype=int) if groove_from is None else groove_from
        nothing = np.zeros(0, dtype=int)
        self.drums, self.bass = (nothing, nothing) if ground is None else (ground.drums, ground.bass)
        self.lift, self.drive = (np.zeros(0),) * 2 if ground is None else (ground.lift, ground.drive)
        self.last = torch.zeros(batch, dtype=torch.long)  # melody's last pitch token
        self.repeats = torch.zeros(batch, dtype=torch.long)
        # steps since a note was heard: the film is not left waiting for the first
        self.silent = torch.full((batch,), LONGEST_SILENCE)
        self.tuneless = torch.zeros(batch, dtype=torch.long)  # steps since the melody sounded
        self.bassless = torch.zeros(batch, dtype=torch.long)  # and the bass
        self.rows = torch.arange(batch)

    def bias(self, delayed: torch.Tensor, position: int) -> torch.Tensor:
        """[B, K, width] to add to the logits at a position; delayed [B, K, P]: what is written so far."""
        bias = torch.zeros(len(self.last), tokens.K, self.intervals.shape[0])
        bias[:, MELODY] += self.intervals[self.last]
        again = (self.repeats >= 1) & (self.last >= tokens.FIRST_PITCH)
        bias[self.rows, MELODY, self.last] += again * THIRD_TIME
        self._lean_on_groove(bias, delayed, position)
        self._lean_on_style(bias, position)
        return bias

    def _lean_on_groove(self, bias: torch.Tensor, delayed: torch.Tensor, position: int) -> None:
        for name in (*GROUND, "drums"):
            k = tokens.STREAM_INDEX[name]
            step = position - k
            if not 0 <= step < len(self.groove_from) or self.groove_from[step] < 0:
                continue
            before = delayed[:, k, int(self.groove_from[step]) + k]
            if name == "drums":
                bias[self.rows, k, before] += GROOVE
                continue
            bias[:, k, tokens.FIRST_PITCH :] += RHYTHM * (before >= tokens.FIRST_PITCH)[:, None]
            bias[:, k, : tokens.FIRST_PITCH] += (
                RHYTHM
                * torch.nn.functional.one_hot(before.clamp(max=tokens.FIRST_PITCH), tokens.FIRST_PITCH + 1)[
                    :, : tokens.FIRST_PITCH
                ]
            )

    def _lean_on_style(self, bias: torch.Tensor, position: int) -> None:
        drums, bass, level = position - DRUMS, position - BASS, position - LEVEL
        if level < len(self.lift) and self.lift[level]:
            rise, lift = torch.linspace(-1, 1, LIFT_TOP + 1), float(self.lift[level])
            bias[:, LEVEL, : LIFT_TOP + 1] += (LIFT if lift > 0 else SINK) * lift * rise
        for name in GROUND:
            k = tokens.STREAM_INDEX[name]
            step = position - k
            if 0 <= step < len(self.lift) and self.lift[step] > 0 and step % PULSE_STEPS == 0:
                bias[:, k, tokens.FIRST_PITCH :] += PULSE * float(self.lift[step])
        if 0 <= drums < len(self.drums) and self.drums[drums] != tokens.UNKNOWN:
            rises = drums < len(self.lift) and self.lift[drums] != 0
            drive = float(self.drive[drums]) if drums < len(self.drive) else 0.0
            lean = BUILD_IDIOM if rises else DRUM_IDIOM + MOVING_IDIOM * drive
            bias[:, DRUMS, int(self.drums[drums])] += lean
        if 0 <= bass < len(self.bass) and self.bass[bass] == 1:
            bias[:, BASS, tokens.FIRST_PITCH :] += BASS_IDIOM
        elif 0 <= bass < len(self.bass) and self.bass[bass] == 0:
            bias[:, BASS, : tokens.FIRST_PITCH] += BASS_REST
        lonely = (self.silent >= LONGEST_SILENCE)[:, None, None]
        bias[:, [BASS, PAD], tokens.FIRST_PITCH :] += COME_IN * lonely
        if (position - MELODY) % HALF_BAR == 0:
            bias[:, MELODY, tokens.FIRST_PITCH :] += COME_IN * (self.tuneless >= TUNELESS)[:, None]
        if bass % HALF_BAR == 0:
            bias[:, BASS, tokens.FIRST_PITCH :] += COME_IN * (self.bassless >= BASSLESS)[:, None]

    def advance(self, written: torch.Tensor) -> None:
        """Take note of the tokens [B, K] just written."""
        sounds = (written > tokens.REST) & (written < CARDINALITIES)
        self.silent = torch.where(sounds[:, PITCHED].any(dim=1), 0, self.silent + 1)
        self.tuneless = torch.where(sounds[:, MELODY], 0, self.tuneless + 1)
        self.bassless = torch.where(sounds[:, BASS], 0, self.bassless + 1)
        note = written[:, MELODY]
        starts = (note >= tokens.FIRST_PITCH) & (note < tokens.STREAMS[MELODY].cardinality)
        same = starts & (note == self.last)
        self.repeats = torch.where(same, self.repeats + 1, torch.where(starts, 0, self.repeats))
        self.last = torch.where(starts, note, self.last)

"""The token plan given to the decoder: silent streams, chords, returning themes, lasting grooves."""

from dataclasses import dataclass

import numpy as np
import torch

from dyvim_cli.model.score.token_constraints import CARDINALITIES, FORBIDDEN, Grammar
from dyvim_cli.music.form.accents import Accents
from dyvim_cli.music.form.under_speech import KEPT_DRUMS, LOUDEST_LEVEL, is_off_beat
from dyvim_cli.music.symbols import tokens

LEVEL, BASS, DRUMS, PAD = (tokens.STREAM_INDEX[name] for name in ("level", "bass", "drums", "pad"))


@dataclass(frozen=True)
class TokenPlan:
    """Decisions for S steps of K streams; what is None has no say."""

    forced: np.ndarray  # [K, S] int64 tokens, UNKNOWN = free
    copy_from: np.ndarray  # [K, S] int64 earlier step whose token returns here, -1 = none
    is_minor: bool
    breath: np.ndarray | None = None  # [S] bool, where the melody would rather rest between phrases
    groove_from: np.ndarray | None = None  # [S] earlier step whose pattern may go on, -1 = none
    accents: Accents | None = None  # the events that are accented whatever the decoder draws
    under_speech: np.ndarray | None = None  # [S] bool, where the film's own sound has somebody speak
    gesture_from: np.ndarray | None = None  # [S] earlier step whose gesture may be taken up, -1 = none

    def decided(
        self, drawn: torch.Tensor, delayed: torch.Tensor, position: int, grammar: Grammar
    ) -> torch.Tensor:
        """Decide the tokens of a position: those drawn, unless the plan or the grammar has others.

        Args:
            drawn: [B, K] tokens of the sampler.
            delayed: [B, K, P] tokens; what is written so far counts.
            position: place in the delay pattern.
            grammar: of these B pieces.

        Returns:
            [B, K] tokens.
        """
        streams = [self._decided(k, drawn[:, k], delayed[:, k], position, grammar) for k in range(tokens.K)]
        return torch.stack(streams, dim=1)

    def _decided(
        self, k: int, drawn: torch.Tensor, row: torch.Tensor, position: int, grammar: Grammar
    ) -> torch.Tensor:
        """The same [B] of one stream, whose row [B, P] is written so far."""
        step = position - k
        if not 0 <= step < self.forced.shape[1]:  # the delay pattern's corners: nothing is here
            return CARDINALITIES[k].expand(drawn.shape)
        if self.forced[k, step] != tokens.UNKNOWN:
            return grammar.begun(int(self.forced[k, step]), k)
        if self.copy_from[k, step] >= 0:
            source = int(self.copy_from[k, step]) + k
            drawn = torch.where(grammar.may_copy(row[:, source], k, source), row[:, source], drawn)
        return self._accented(k, self._subdued(k, drawn, step), step)

    def _subdued(self, k: int, drawn: torch.Tensor, step: int) -> torch.Tensor:
        """Tokens [B] of a stream as far as they are allowed while somebody speaks."""
        if self.under_speech is None or not self.under_speech[step]:
            return drawn
        if k == LEVEL:
            return drawn.clamp(max=LOUDEST_LEVEL)
        return drawn & KEPT_DRUMS if k == DRUMS else drawn

    def _accented(self, k: int, drawn: torch.Tensor, step: int) -> torch.Tensor:
        """Tokens [B] of a stream with a step's accent: as loud as planned, strokes added to the groove's."""
        if self.accents is None:
            return drawn
        if k == LEVEL:
            return drawn.clamp(min=int(self.accents.level[step]))
        return drawn | int(self.accents.drums[step]) if k == DRUMS else drawn

    def constrain(self, logits: torch.Tensor, position: int) -> None:
        """Rule out, in bass and pad, what is no new note at an accent or one off the beat under speech.

        Args:
            logits: [B, K, width] of the position, changed in place.
            position: place in the delay pattern.
        """
        for k in (BASS, PAD):
            step = position - k
            if not 0 <= step < self.forced.shape[1] or self.forced[k, step] != tokens.UNKNOWN:
                continue
            if self.accents is not None and self.accents.level[step]:
                logits[:, k, : tokens.FIRST_PITCH] += FORBIDDEN
            elif self.under_speech is not None and self.under_speech[step] and is_off_beat(step):
                logits[:, k, tokens.FIRST_PITCH :] += FORBIDDEN

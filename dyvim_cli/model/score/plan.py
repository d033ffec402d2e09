"""What is decided before the decoder writes: who is silent, chords, returning themes, grooves that go on."""

from dataclasses import dataclass

import numpy as np
import torch

from dyvim_cli.model.score.token_constraints import CARDINALITIES, FORBIDDEN, Grammar
from dyvim_cli.music.form.accents import Accents
from dyvim_cli.music.symbols import tokens

LEVEL, BASS, DRUMS, PAD = (tokens.STREAM_INDEX[name] for name in ("level", "bass", "drums", "pad"))


@dataclass(frozen=True)
class Plan:
    """Decisions for S steps of K streams; what is None has no say."""

    forced: np.ndarray  # [K, S] int64 tokens, UNKNOWN = free
    copy_from: np.ndarray  # [K, S] int64 earlier step whose token returns here, -1 = none
    is_minor: bool
    breath: np.ndarray | None = None  # [S] bool, where the melody would rather rest between phrases
    groove_from: np.ndarray | None = None  # [S] earlier step whose pattern may go on, -1 = none
    accents: Accents | None = None  # the events that are struck whatever the decoder draws
    gesture_from: np.ndarray | None = None  # [S] earlier step whose gesture may be taken up, -1 = none

    def decided(
        self, drawn: torch.Tensor, delayed: torch.Tensor, position: int, grammar: Grammar
    ) -> torch.Tensor:
        """[B, K] the tokens of a position: those drawn [B, K], unless the plan or the grammar has others.

        delayed [B, K, P]: what is written so far.
        """
        streams = [self._decided(k, drawn[:, k], delayed[:, k], position, grammar) for k in range(tokens.K)]
        return torch.stack(streams, dim=1)

    def _decided(self, k: int, drawn: torch.Tensor, row: torch.Tensor, position: int, grammar: Grammar):
        """The same [B] of one stream, whose row [B, P] is written so far."""
        step = position - k
        if not 0 <= step < self.forced.shape[1]:  # the delay pattern's corners: nothing is here
            return CARDINALITIES[k].expand(drawn.shape)
        if self.forced[k, step] != tokens.UNKNOWN:
            return grammar.begun(int(self.forced[k, step]), k)
        if self.copy_from[k, step] < 0:
            return self._accented(k, drawn, step)
        source = int(self.copy_from[k, step]) + k
        return torch.where(grammar.may_copy(row[:, source], k, source), row[:, source], drawn)

    def _accented(self, k: int, drawn: torch.Tensor, step: int) -> torch.Tensor:
        """Tokens [B] of a stream with a step's accent: as loud as planned, strokes added to the groove's."""
        if self.accents is None:
            return drawn
        if k == LEVEL:
            return drawn.clamp(min=int(self.accents.level[step]))
        return drawn | int(self.accents.drums[step]) if k == DRUMS else drawn

    def ask_for_notes(self, logits: torch.Tensor, position: int) -> None:
        """Rule out rests and holds of bass and pad at accents (in place).

        Args:
            logits: [B, K, width] of the position.
            position: place in the delay pattern.
        """
        if self.accents is None:
            return
        for k in (BASS, PAD):
            step = position - k
            is_free = 0 <= step < len(self.accents.level) and self.forced[k, step] == tokens.UNKNOWN
            if is_free and self.accents.level[step]:
                logits[:, k, : tokens.FIRST_PITCH] += FORBIDDEN

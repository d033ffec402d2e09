"""A leaning of the melody towards a gesture it has made before: when it speaks, and which way it goes."""

import numpy as np
import torch

from dyvim_cli.music import tokens

MELODY = tokens.STREAM_INDEX["melody"]
RHYTHM = 2.5  # for starting, holding or resting as the gesture did
CONTOUR = 2.0  # for the interval that it went, over whatever the harmony is now,
NEAR_SEMITONES = 1.5  # and less for one that differs by so much: in a scale a second is large or small


class Motif:
    """Follows the melodies of B pieces; sources [S]: the step whose gesture may be taken up, -1 = none."""

    def __init__(self, batch: int, sources: np.ndarray | None):
        self.sources = np.zeros(0, dtype=int) if sources is None else sources
        self.last = torch.zeros(batch, dtype=torch.long)  # the last pitch token, 0 = none yet
        self.before = torch.zeros(len(self.sources), batch, dtype=torch.long)  # `last` as each step found it

    def lean(self, logits: torch.Tensor, delayed: torch.Tensor, position: int) -> None:
        """Add to the logits [B, K, width] of a position; delayed [B, K, P]: what is written so far."""
        step = position - MELODY
        if not 0 <= step < len(self.sources):
            return
        self.before[step] = self.last
        source = int(self.sources[step])
        if source < 0:
            return
        melody, then = logits[:, MELODY], delayed[:, MELODY, source + MELODY]
        begins = then >= tokens.FIRST_PITCH
        for token in (tokens.HOLD, tokens.REST):
            melody[:, token] += RHYTHM * (then == token)
        melody[:, tokens.FIRST_PITCH :] += RHYTHM * begins[:, None]
        came_from = self.before[source]
        known = begins & (came_from > 0) & (self.last > 0)
        aim = self.last + then - came_from
        away = (torch.arange(tokens.FIRST_PITCH, melody.shape[1]) - aim[:, None]) / NEAR_SEMITONES
        melody[:, tokens.FIRST_PITCH :] += CONTOUR * known[:, None] * torch.exp(-away.square() / 2)

    def advance(self, written: torch.Tensor) -> None:
        """Take note of the tokens [B, K] just written."""
        note = written[:, MELODY]
        starts = (note >= tokens.FIRST_PITCH) & (note < tokens.STREAMS[MELODY].cardinality)
        self.last = torch.where(starts, note, self.last)

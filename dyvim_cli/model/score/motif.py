"""Bias the melody's logits towards rests between phrases and towards its own earlier motifs."""

import numpy as np

from dyvim_cli.model.score.token_constraints import begins
from dyvim_cli.music.symbols import tokens

MELODY = tokens.STREAM_INDEX["melody"]
BREATH = -3.0  # logit bias against a new note after the end of a phrase
RHYTHM = 2.5  # logit bias of starting, holding or resting as the gesture did
CONTOUR = 2.0  # logit bias of the gesture's interval, whatever the harmony is now
NEAR_SEMITONES = 1.5  # intervals that differ by this much get less, as seconds and thirds are major or minor


def lean_to_rhythm(logits: np.ndarray, then: np.ndarray, amount: float) -> None:
    """Favour tokens that start, hold or rest as earlier ones did.

    Args:
        logits: [B, width] of a pitched stream, changed in place.
        then: [B] earlier tokens.
        amount: added to the logits.
    """
    for token in (tokens.REST, tokens.HOLD):
        logits[:, token] += amount * (then == token)
    logits[:, tokens.FIRST_PITCH :] += amount * (then >= tokens.FIRST_PITCH)[:, None]


class Motif:
    """Follows the melodies of B pieces; sources [S]: the step whose gesture may be taken up, -1 = none;
    breath [S] bool: where rests are favoured."""

    def __init__(self, batch: int, sources: np.ndarray | None, breath: np.ndarray | None = None):
        self.sources = np.zeros(0, dtype=int) if sources is None else sources
        self.breath = np.zeros(0, dtype=bool) if breath is None else breath
        self.last = np.zeros(batch, dtype=np.int64)  # the last pitch token, 0 = none yet
        self.before = np.zeros((len(self.sources), batch), dtype=np.int64)  # `last` as each step found it

    def lean(self, logits: np.ndarray, delayed: np.ndarray, position: int) -> None:
        """Bias the melody towards a rest or towards an earlier motif.

        Args:
            logits: [B, K, width] of the position, changed in place.
            delayed: [B, K, P] tokens; what is written so far counts.
            position: place in the delay pattern.
        """
        step, melody = position - MELODY, logits[:, MELODY]
        if 0 <= step < len(self.breath) and self.breath[step]:
            melody[:, tokens.FIRST_PITCH :] += BREATH
        if 0 <= step < len(self.sources):
            self.before[step] = self.last
            if self.sources[step] >= 0:
                self._take_up(melody, delayed, int(self.sources[step]))

    def _take_up(self, melody: np.ndarray, delayed: np.ndarray, source: int) -> None:
        """Bias the melody's logits [B, width] towards its token at the step `source`."""
        then, came_from = delayed[:, MELODY, source + MELODY], self.before[source]
        lean_to_rhythm(melody, then, RHYTHM)
        is_interval = (then >= tokens.FIRST_PITCH) & (came_from > 0) & (self.last > 0)
        aim = self.last + then - came_from
        away = (np.arange(tokens.FIRST_PITCH, melody.shape[1]) - aim[:, None]) / NEAR_SEMITONES
        melody[:, tokens.FIRST_PITCH :] += CONTOUR * is_interval[:, None] * np.exp(-(away**2) / 2)

    def advance(self, written: np.ndarray) -> None:
        """Take note of the tokens just written.

        Args:
            written: [B, K].
        """
        self.last = np.where(begins(written)[:, MELODY], written[:, MELODY], self.last)

"""Apply a form while the decoder draws: silent streams, chords, returning themes, accents, speech."""

import numpy as np

from dyvim_cli.model.score.token_constraints import CARDINALITIES, FORBIDDEN, Grammar
from dyvim_cli.music.form.form import Form
from dyvim_cli.music.form.under_speech import KEPT_DRUMS, LOUDEST_LEVEL
from dyvim_cli.music.symbols import tokens
from dyvim_cli.types import STEPS_PER_BEAT

LEVEL, BASS, DRUMS, PAD = (tokens.STREAM_INDEX[name] for name in ("level", "bass", "drums", "pad"))
# How much less likely rests become in the pauses of speech: what was written under it would be gone on with
COMES_FORWARD = {tokens.STREAM_INDEX["melody"]: 3.5, tokens.STREAM_INDEX["arp"]: 2.0, DRUMS: 3.0}
STRUCK_STEPS = STEPS_PER_BEAT // 2  # the drums are asked for eighths


class FormRules:
    """Decisions of a form as the decoder obeys them, position by position."""

    def __init__(self, form: Form):
        self.form = form
        self.has_speech = bool(form.under_speech.any())

    def decided(self, drawn: np.ndarray, delayed: np.ndarray, position: int, grammar: Grammar) -> np.ndarray:
        """Decide the tokens of a position: those drawn, unless the form or the grammar has others.

        Args:
            drawn: [B, K] tokens of the sampler.
            delayed: [B, K, P] tokens; what is written so far counts.
            position: place in the delay pattern.
            grammar: of these B pieces.

        Returns:
            [B, K] tokens.
        """
        streams = [self._decided(k, drawn[:, k], delayed[:, k], position, grammar) for k in range(tokens.K)]
        return np.stack(streams, axis=1)

    def _decided(
        self, k: int, drawn: np.ndarray, row: np.ndarray, position: int, grammar: Grammar
    ) -> np.ndarray:
        """The same [B] of one stream, whose row [B, P] is written so far."""
        step = position - k
        if not 0 <= step < self.form.forced.shape[1]:  # the delay pattern's corners: nothing is here
            return np.full(drawn.shape, CARDINALITIES[k])
        if self.form.forced[k, step] != tokens.UNKNOWN:
            return grammar.begun(int(self.form.forced[k, step]), k)
        if self.form.copy_from[k, step] >= 0:
            source = int(self.form.copy_from[k, step]) + k
            drawn = np.where(grammar.may_copy(row[:, source], k, source), row[:, source], drawn)
        return self._accented(k, self._subdued(k, drawn, step), step)

    def _subdued(self, k: int, drawn: np.ndarray, step: int) -> np.ndarray:
        """Tokens [B] of a stream, replaced where they are not allowed during speech."""
        if not self.form.under_speech[step]:
            return drawn
        if k == LEVEL:
            return np.minimum(drawn, LOUDEST_LEVEL)
        return drawn & (0 if self._is_barred(step) else KEPT_DRUMS) if k == DRUMS else drawn

    def _is_pause(self, step: int) -> bool:
        """Check whether this step is a pause in a film with speech."""
        return self.has_speech and not self.form.under_speech[step]

    def _is_barred(self, step: int) -> bool:
        """Check whether no note may start on a step, except for an accented event."""
        return bool(self.form.barred[step])

    def _accented(self, k: int, drawn: np.ndarray, step: int) -> np.ndarray:
        """Tokens [B] of a stream with a step's accent: as loud as planned, strokes added to the groove's."""
        if k == LEVEL:
            return np.maximum(drawn, self.form.accents.level[step])
        return drawn | self.form.accents.drums[step] if k == DRUMS else drawn

    def free(self, position: int) -> list[int]:
        """List the streams that have a step at a position which the form does not decide.

        Args:
            position: place in the delay pattern.

        Returns:
            Indices k.
        """
        forced = self.form.forced
        steps = [(k, position - k) for k in range(tokens.K)]
        return [k for k, s in steps if 0 <= s < forced.shape[1] and forced[k, s] == tokens.UNKNOWN]

    def constrain(self, logits: np.ndarray, position: int) -> None:
        """Rule out, in bass and pad, what is no new note at an accent, or one on a barred step; in the pauses
        of speech make rests of the others less likely.

        Args:
            logits: [B, K, width] of the position, changed in place.
            position: place in the delay pattern.
        """
        for k in (BASS, PAD, *COMES_FORWARD):
            step = position - k
            if not 0 <= step < self.form.forced.shape[1] or self.form.forced[k, step] != tokens.UNKNOWN:
                continue
            if k in COMES_FORWARD:
                if self._is_pause(step) and (k != DRUMS or step % STRUCK_STEPS == 0):
                    logits[:, k, tokens.REST] -= COMES_FORWARD[k]
            elif self.form.accents.level[step]:
                logits[:, k, : tokens.FIRST_PITCH] += FORBIDDEN
            elif self._is_barred(step):
                logits[:, k, tokens.FIRST_PITCH :] += FORBIDDEN

"""Step through the decoder with N pieces at once, led away from what it would write without motion.

Classifier-free guidance (Ho and Salimans 2022): the second half of 2 N rows knows no dynamics.
"""

from collections.abc import Iterator

import numpy as np
import torch

from dyvim_cli.model.conditioning import decoder_inputs
from dyvim_cli.model.conditioning.decoder_inputs import Conditions
from dyvim_cli.model.score.decoder import Decoder
from dyvim_cli.model.score.stepping import Stepper
from dyvim_cli.music.symbols import tokens

CONDITIONING_CHUNK = 4096  # positions conditioned at a time; a two-hour film at once would take 200 MB


class GuidedDecoder:
    """The decoder on N pieces at once, position by position.

    alpha scales the dynamics term (0 = motion has no say); guidance is how far the logits go beyond those
    with motion, away from those without (1 = not at all).
    """

    def __init__(self, model: Decoder, conditions: Conditions, n: int, alpha: float, guidance: float):
        self.n, self.guidance = n, guidance
        self.is_guided = alpha > 0 and guidance != 1
        self.stepper = Stepper(model, torch.from_numpy(conditions.semantics), 2 * n if self.is_guided else n)
        self.chunks = conditioning_chunks(model, conditions, alpha)
        self.conditions = conditions
        self.turns = set(np.flatnonzero(np.diff(conditions.section_of_step, prepend=-1)).tolist())

    def logits(self, written: np.ndarray, position: int) -> np.ndarray:
        """Compute the logits at the next position.

        Args:
            written: [N, K] int64 tokens of the one before it.
            position: place in the delay pattern.

        Returns:
            [N, sum of cardinalities] float32.
        """
        self._turn_to_section(position)
        (place, extension), rows = next(self.chunks), torch.from_numpy(written)
        if not self.is_guided:
            return self.stepper.step(rows, place + extension).numpy()
        both = torch.stack([place + extension, place])[:, None]
        conditioned, unconditioned = self.stepper.step(rows, both).chunk(2)
        return torch.add(unconditioned, conditioned - unconditioned, alpha=self.guidance).numpy()

    def _turn_to_section(self, position: int) -> None:
        """Show the decoder the moods of a section from its first position on."""
        if position in self.turns:
            section, n_semantics = self.conditions.section_of_step[[position]], len(self.conditions.semantics)
            self.stepper.look_at(torch.from_numpy(decoder_inputs.memory_mask(section, n_semantics)[0]))


def conditioning_chunks(
    model: Decoder, conditions: Conditions, alpha: float
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield the note-independent inputs of each delayed position.

    Computed in chunks; the last step is repeated for the K - 1 positions of the delay.

    Args:
        model: the decoder that will sample.
        conditions: conditioning of all S steps.
        alpha: strength of the dynamics extension, 0..1.

    Yields:
        position embedding [d] and dynamics term [d] of each of the S + K - 1 positions.
    """
    strength = torch.tensor([alpha], dtype=torch.float32)
    dynamics, place, activity = map(
        torch.from_numpy, (conditions.dynamics, conditions.place, conditions.activity)
    )
    n_steps, reach = conditions.n_steps, tokens.K - 1
    for start in range(0, n_steps + reach, CONDITIONING_CHUNK):
        stop = min(start + CONDITIONING_CHUNK, n_steps + reach)
        first = max(0, start - reach)  # the delay pattern looks so far back
        extensions = model.extension(dynamics[None, first:stop], strength)[0, start - first : stop - first]
        own = slice(min(start, n_steps - 1), stop)
        places = model.embed_place(place[None, own], activity[None, own])[0]
        for i, extension in enumerate(extensions):
            yield places[min(i, len(places) - 1)], extension

"""Sample score tokens: one pass over the film with a key-value cache, all candidates in one batch."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from dyvim_cli.model.conditioning import decoder_inputs
from dyvim_cli.model.conditioning.decoder_inputs import Conditions
from dyvim_cli.model.score.decoder import Decoder
from dyvim_cli.model.score.delay import undelay
from dyvim_cli.model.score.form_rules import FormRules
from dyvim_cli.model.score.motif import Motif
from dyvim_cli.model.score.musical_bias import MusicalBias
from dyvim_cli.model.score.stepping import Stepper
from dyvim_cli.model.score.token_constraints import FORBIDDEN, Grammar
from dyvim_cli.music.form.form import Form
from dyvim_cli.music.symbols import tokens
from dyvim_cli.progress import Progress, Silent

CONDITIONING_CHUNK = 4096  # positions conditioned at a time; a two-hour film at once would take 200 MB
# Factors of the temperature: dynamics are sampled almost greedily, notes at full temperature.
STREAM_TEMPERATURES = [0.6 if stream.name == "level" else 1.0 for stream in tokens.STREAMS]


@dataclass(frozen=True)
class SamplingSettings:
    """Sampling settings."""

    alpha: float = 0.5  # scales the dynamics term added to every token; 0 = motion has no say
    temperature: float = 0.9
    top_p: float = 0.95
    guidance: float = 1.5  # how far beyond "with motion" away from "without" (1 = not at all)
    candidates: int = 1
    seed: int = 0


@torch.inference_mode()
def sample_pieces(
    model: Decoder,
    conditions: Conditions,
    form: Form,
    settings: SamplingSettings,
    progress: Progress | None = None,
) -> np.ndarray:
    """Sample pieces; same seed, same tokens.

    Args:
        model: the decoder.
        conditions: conditioning of all S steps.
        form: what is decided before notes.
        settings: how tokens are drawn.
        progress: notified of the stage "compose", in positions.

    Returns:
        [N, K, S] int16, N = settings.candidates.
    """
    progress = progress or Silent()
    n, n_positions = settings.candidates, conditions.n_steps + tokens.K - 1
    width = max(model.config.cardinalities)
    decoder = _GuidedDecoder(model, conditions, settings)
    grammar = Grammar(n, form.is_minor, width, n_positions)
    preferences = MusicalBias(n, width, form.groove_from)
    motif = Motif(n, form.gesture_from, form.breath)
    rules = FormRules(form)
    gather, absent = _padding(model)
    temperatures = settings.temperature * torch.tensor(STREAM_TEMPERATURES)[:, None]
    generator = torch.Generator().manual_seed(settings.seed)
    delayed = torch.empty(n, tokens.K, n_positions, dtype=torch.long)
    written = model.pad.expand(n, -1)
    for position in range(n_positions):
        logits = decoder.logits(written, position)[:, gather] / temperatures + absent
        logits += grammar.bias(_chords_at(delayed, position), position) + preferences.bias(delayed, position)
        motif.lean(logits, delayed, position)
        rules.constrain(logits, position)
        drawn = _draw(logits, settings.top_p, generator)
        written = rules.decided(drawn, delayed, position, grammar)
        delayed[:, :, position] = written
        for follower in (grammar, preferences, motif):
            follower.advance(written)
        if position % 32 == 0:
            progress.update("compose", position, n_positions)
    progress.update("compose", 1, 1)
    return undelay(delayed).to(torch.int16).numpy()


class _GuidedDecoder:
    """The decoder on N pieces at once, with classifier-free guidance: away from its logits without motion.

    Classifier-free guidance (Ho and Salimans 2022): the second half of its 2 N rows knows no dynamics.
    """

    def __init__(self, model: Decoder, conditions: Conditions, settings: SamplingSettings):
        self.n, self.guidance = settings.candidates, settings.guidance
        self.is_guided = settings.alpha > 0 and settings.guidance != 1
        self.n_rows = 2 * self.n if self.is_guided else self.n
        semantics = torch.from_numpy(conditions.semantics)
        self.stepper = Stepper(model, semantics, self.n_rows)
        self.chunks = _conditioning_chunks(model, conditions, settings.alpha)
        self.conditions = conditions
        self.turns = set(np.flatnonzero(np.diff(conditions.section_of_step, prepend=-1)).tolist())

    def logits(self, written: torch.Tensor, position: int) -> torch.Tensor:
        """[N, sum of cardinalities] at the next position, after the tokens [N, K] of the one before it."""
        self._turn_to_section(position)
        place, extension = next(self.chunks)
        condition = (place + extension).expand(self.n_rows, -1)
        if not self.is_guided:
            return self.stepper.step(written, condition)
        condition = condition.clone()
        condition[self.n :] = place
        conditioned, unconditioned = self.stepper.step(written.repeat(2, 1), condition).chunk(2)
        return unconditioned + self.guidance * (conditioned - unconditioned)

    def _turn_to_section(self, position: int) -> None:
        """Show the decoder the moods of a section from its first position on."""
        if position in self.turns:
            section, n_semantics = self.conditions.section_of_step[[position]], len(self.conditions.semantics)
            self.stepper.look_at(torch.from_numpy(decoder_inputs.memory_mask(section, n_semantics)[0]))


def _conditioning_chunks(
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


def _padding(model: Decoder) -> tuple[torch.Tensor, torch.Tensor]:
    """Index [K, width] into the concatenated logits, and what rules out the entries that are not there."""
    sizes = torch.tensor(model.config.cardinalities)
    starts = sizes.cumsum(0) - sizes
    column = torch.arange(int(sizes.max()))
    present = column[None] < sizes[:, None]
    return torch.where(present, starts[:, None] + column, 0), torch.where(present, 0.0, FORBIDDEN)


def _chords_at(delayed: torch.Tensor, position: int) -> torch.Tensor:
    """[B, K] chord token in force at each stream's step at this position."""
    chord = tokens.STREAM_INDEX["chord"]
    # step of stream k is position - k; the chord of that step is at (position - k) + chord
    where = position - torch.arange(tokens.K) + chord
    known = (where >= 0) & (where < position)
    chords = delayed[:, chord, where.clamp(0, max(position - 1, 0))]
    return torch.where(known, chords, 0).clamp(max=tokens.STREAMS[chord].cardinality - 1)


def _draw(logits: torch.Tensor, top_p: float, generator: torch.Generator) -> torch.Tensor:
    """Nucleus sampling (Holtzman et al. 2020) of [B, K] tokens from logits [B, K, width]."""
    probabilities = logits.softmax(dim=-1)
    ordered, order = probabilities.sort(dim=-1, descending=True)
    beyond = ordered.cumsum(dim=-1) - ordered >= top_p
    ordered = ordered.masked_fill(beyond, 0.0)
    noise = torch.rand(ordered.shape, generator=generator).clamp_min(1e-12)
    # exponential race: the smallest noise / weight wins with probability proportional to weight
    choice = (ordered / -noise.log()).argmax(dim=-1, keepdim=True)
    return order.gather(-1, choice)[..., 0]

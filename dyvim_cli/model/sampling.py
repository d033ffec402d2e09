"""Writes score tokens: one pass over the film with a key-value cache, all candidates side by side."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from dyvim_cli.model import conditioning
from dyvim_cli.model.conditioning import Conditions
from dyvim_cli.model.decoder import Decoder
from dyvim_cli.model.delay import undelay
from dyvim_cli.model.grammar import BREATH, FORBIDDEN, Grammar
from dyvim_cli.model.motif import Motif
from dyvim_cli.model.stepping import Stepper
from dyvim_cli.model.taste import Taste
from dyvim_cli.music import tokens
from dyvim_cli.music.grooves import Ground
from dyvim_cli.progress import Progress, Silent

MELODY = tokens.STREAM_INDEX["melody"]
TOLD_AHEAD = 4096  # positions whose conditions lie ready: of two hours they would take 200 MB
# Times the temperature: how loud a step is should be decided, not diced; what is played may surprise.
STREAM_TEMPERATURE = {"level": 0.6}


@dataclass(frozen=True)
class SamplingSettings:
    """How tokens are drawn."""

    alpha: float = 0.5  # scales the dynamics term added to every token; 0 = motion has no say
    temperature: float = 0.9
    top_p: float = 0.95
    guidance: float = 1.5  # how far beyond "with motion" away from "without" (1 = not at all)
    candidates: int = 1
    seed: int = 0


@dataclass(frozen=True)
class Plan:
    """What is decided before the decoder writes, [K, S] each."""

    forced: np.ndarray  # int64 tokens, UNKNOWN = free
    copy_from: np.ndarray  # int64 earlier step whose token returns here, -1 = none
    is_minor: bool
    breath: np.ndarray | None = None  # [S] bool, where the melody would rather rest between phrases
    groove_from: np.ndarray | None = None  # [S] earlier step whose pattern may go on, -1 = none
    ground: Ground | None = None  # what the style's drums and bass would play
    gesture_from: np.ndarray | None = None  # [S] earlier step whose gesture may be taken up, -1 = none


@torch.inference_mode()
def compose(
    model: Decoder,
    conditions: Conditions,
    plan: Plan,
    settings: SamplingSettings,
    progress: Progress | None = None,
) -> np.ndarray:
    """Token arrays [N, K, S] int16 of N = settings.candidates pieces; same seed, same tokens."""
    progress = progress or Silent()
    n, n_steps = settings.candidates, conditions.n_steps
    guided = settings.alpha > 0 and settings.guidance != 1
    rows = 2 * n if guided else n
    told = _told(model, conditions, settings.alpha)
    stepper = Stepper(model, torch.from_numpy(conditions.semantics), rows)
    n_positions = n_steps + tokens.K - 1
    grammar = Grammar(n, plan.is_minor, max(model.config.cardinalities), n_positions)
    motif = Motif(n, plan.gesture_from)
    taste = Taste(n, max(model.config.cardinalities), plan.groove_from, plan.ground)
    gather, absent = _padding(model)
    shares = [STREAM_TEMPERATURE.get(stream.name, 1.0) for stream in tokens.STREAMS]
    temperatures = settings.temperature * torch.tensor(shares)[:, None]
    breaths = _breaths(plan, n_steps)
    turns = set(np.flatnonzero(np.diff(conditions.section_of_step, prepend=-1)).tolist())
    generator = torch.Generator().manual_seed(settings.seed)
    delayed = torch.empty(n, tokens.K, n_positions, dtype=torch.long)
    previous = model.pad.expand(n, -1)
    for position, (place, extension) in enumerate(told):
        if position in turns:
            seen = conditioning.memory_mask(conditions.section_of_step[[position]], len(conditions.semantics))
            stepper.look_at(torch.from_numpy(seen[0]))
        condition = (place + extension).expand(rows, -1)
        if guided:
            condition = condition.clone()
            condition[n:] = place
        logits = stepper.step(previous.repeat(rows // n, 1), condition)
        if guided:
            logits = logits[n:] + settings.guidance * (logits[:n] - logits[n:])
        padded = logits[:, gather] / temperatures + absent
        padded += grammar.bias(_chords_at(delayed, position), position) + taste.bias(delayed, position)
        padded[:, MELODY, tokens.FIRST_PITCH :] += breaths[position]
        motif.lean(padded, delayed, position)
        drawn = _draw(padded, settings.top_p, generator)
        previous = _decided(drawn, delayed, position, plan, n_steps, model.pad, grammar)
        delayed[:, :, position] = previous
        grammar.advance(previous)
        taste.advance(previous)
        motif.advance(previous)
        if position % 32 == 0:
            progress.update("compose", position, n_positions)
    progress.update("compose", 1, 1)
    return undelay(delayed).to(torch.int16).numpy()


def _told(
    model: Decoder, conditions: Conditions, alpha: float
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """What does not depend on the notes, (place [d], extension [d]) of each of the S + K - 1 positions.

    Worked out some positions ahead; the last step's place goes on to the end.
    """
    strength = torch.tensor([alpha], dtype=torch.float32)
    dynamics, place, activity = map(
        torch.from_numpy, (conditions.dynamics, conditions.place, conditions.activity)
    )
    n_steps, reach = conditions.n_steps, tokens.K - 1
    for start in range(0, n_steps + reach, TOLD_AHEAD):
        stop = min(start + TOLD_AHEAD, n_steps + reach)
        first = max(0, start - reach)  # the delay pattern looks so far back
        extensions = model.extension(dynamics[None, first:stop], strength)[0, start - first : stop - first]
        own = slice(min(start, n_steps - 1), stop)
        places = model.embed_place(place[None, own], activity[None, own])[0]
        for i, extension in enumerate(extensions):
            yield places[min(i, len(places) - 1)], extension


def _breaths(plan: Plan, n_steps: int) -> list[float]:
    """Per position, how unwelcome a new note of the melody is."""
    leaning = np.zeros(n_steps + tokens.K - 1)
    if plan.breath is not None:
        leaning[MELODY : MELODY + n_steps] = np.where(plan.breath, BREATH, 0.0)
    return leaning.tolist()


def _padding(model: Decoder) -> tuple[torch.Tensor, torch.Tensor]:
    """Index [K, width] into the concatenated logits, and what rules out the entries that are not there."""
    sizes = torch.tensor(model.config.cardinalities)
    starts = sizes.cumsum(0) - sizes
    column = torch.arange(int(sizes.max()))
    present = column[None] < sizes[:, None]
    return torch.where(present, starts[:, None] + column, 0), torch.where(present, 0.0, FORBIDDEN)


def _chords_at(delayed: torch.Tensor, position: int) -> torch.Tensor:
    """[B, K] chord token in force at the step that each stream stands for at this position."""
    chord = tokens.STREAM_INDEX["chord"]
    # step of stream k is position - k; the chord of that step stands at (position - k) + chord
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


def _decided(
    drawn, delayed, position: int, plan: Plan, n_steps: int, pad: torch.Tensor, grammar: Grammar
) -> torch.Tensor:
    """[B, K] final tokens: drawn, unless forced, copied from a theme's statement, or outside the piece."""
    decided = drawn.clone()
    for k in range(tokens.K):
        step = position - k
        if not 0 <= step < n_steps:
            decided[:, k] = pad[k]
        elif plan.forced[k, step] != tokens.UNKNOWN:
            decided[:, k] = grammar.begun(int(plan.forced[k, step]), k)
        elif plan.copy_from[k, step] >= 0:
            source = int(plan.copy_from[k, step]) + k
            copied = delayed[:, k, source]
            decided[:, k] = torch.where(grammar.may_copy(copied, k, source), copied, drawn[:, k])
    return decided

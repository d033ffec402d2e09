"""Sample score tokens: one pass over the film with a key-value cache, all candidates in one batch."""

from dataclasses import dataclass

import numpy as np
import torch

from dyvim_cli import device
from dyvim_cli.model.conditioning.decoder_inputs import Conditions
from dyvim_cli.model.score.decoder import Decoder
from dyvim_cli.model.score.delay import undelay
from dyvim_cli.model.score.drawing import Race, draw
from dyvim_cli.model.score.form_rules import FormRules
from dyvim_cli.model.score.guidance import GuidedDecoder
from dyvim_cli.model.score.motif import Motif
from dyvim_cli.model.score.musical_bias import MusicalBias
from dyvim_cli.model.score.token_constraints import CARDINALITIES, FORBIDDEN, Grammar
from dyvim_cli.music.form.form import Form
from dyvim_cli.music.symbols import tokens
from dyvim_cli.progress import Progress, Silent

CHORD = tokens.STREAM_INDEX["chord"]
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


@device.one_numpy_thread()
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
    decoder = GuidedDecoder(model, conditions, n, settings.alpha, settings.guidance)
    grammar = Grammar(n, form.is_minor, width, n_positions)
    preferences = MusicalBias(n, width, form.groove_from)
    motif = Motif(n, form.gesture_from, form.breath)
    rules = FormRules(form)
    gather, absent = _padding()
    temperatures = (settings.temperature * np.array(STREAM_TEMPERATURES, dtype=np.float32))[:, None]
    race = Race(settings.seed, (n, tokens.K, width))
    delayed = np.empty((n, tokens.K, n_positions), dtype=np.int64)
    written = np.tile(CARDINALITIES, (n, 1))
    for position in range(n_positions):
        logits = decoder.logits(written, position)[:, gather] / temperatures + absent
        logits += grammar.bias(_chords_at(delayed, position), position) + preferences.bias(delayed, position)
        motif.lean(logits, delayed, position)
        rules.constrain(logits, position)
        drawn = _drawn(logits, rules.free(position), settings.top_p, next(race))
        written = rules.decided(drawn, delayed, position, grammar)
        delayed[:, :, position] = written
        for follower in (grammar, preferences, motif):
            follower.advance(written)
        if position % 32 == 0:
            progress.update("compose", position, n_positions)
    progress.update("compose", 1, 1)
    return undelay(torch.from_numpy(delayed)).to(torch.int16).numpy()


def _padding() -> tuple[np.ndarray, np.ndarray]:
    """Index [K, width] into the concatenated logits, and what rules out the entries that are not there."""
    starts, column = CARDINALITIES.cumsum() - CARDINALITIES, np.arange(CARDINALITIES.max())
    present = column < CARDINALITIES[:, None]
    return np.where(present, starts[:, None] + column, 0), np.where(present, 0, np.float32(FORBIDDEN))


def _chords_at(delayed: np.ndarray, position: int) -> np.ndarray:
    """[B, K] chord token in force at each stream's step at this position, 0 where it is not known."""
    # step of stream k is position - k; the chord of that step is at (position - k) + CHORD
    chords = np.zeros(delayed.shape[:2], dtype=np.int64)
    first, last = max(0, position + CHORD - tokens.K + 1), position - 1
    known = delayed[:, CHORD, first : last + 1][:, ::-1]
    chords[:, CHORD + 1 : CHORD + 1 + known.shape[1]] = known
    return np.minimum(chords, CARDINALITIES[CHORD] - 1)


def _drawn(logits: np.ndarray, free: list[int], top_p: float, speed: np.ndarray) -> np.ndarray:
    """[B, K] tokens drawn from logits [B, K, width]; 0 in streams whose tokens are not free."""
    drawn = np.zeros(logits.shape[:2], dtype=np.int64)
    if free:
        widest = CARDINALITIES[free].max()
        drawn[:, free] = draw(logits[:, free, :widest], top_p, speed[:, free])
    return drawn

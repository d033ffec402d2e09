"""Pre-train the decoder on music alone, conditioned on the music's own event curves.

No video is needed (V2M-Zero's idea: what must match between picture and music is when and how much
changes). It can be interrupted or killed at any time and resumes: weights, optimiser and clock are in one
file that is written as a whole, and what was logged behind it is dropped.
"""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from dyvim_cli import weights
from dyvim_cli.atomic import write_text
from dyvim_cli.errors import InputError, WeightsError
from dyvim_cli.model.conditioning import decoder_inputs
from dyvim_cli.model.score.checkpoint import (
    SEMANTICS,
    config_of,
    for_our_styles,
    load_tensors,
    save_decoder,
    save_tensors,
)
from dyvim_cli.model.score.decoder import Decoder, DecoderConfig
from dyvim_cli.music.symbols import tokens
from dyvim_cli.training.data.batches import Batch, Sampler
from dyvim_cli.training.data.piece import Piece
from dyvim_cli.training.figures.held_out import decoder_table, ngram_table
from dyvim_cli.training.figures.learning_curves import draw_curves
from dyvim_cli.training.learn.same_run import BEGAN_FROM, SETTINGS, check_same_run, read_log
from dyvim_cli.training.learn.score_loss import losses

STATE, DECODER, LOG, CURVES = "state.safetensors", "decoder.safetensors", "log.jsonl", "curves.png"
SAVE_EVERY_S = 60.0
JUDGED_BY = 4  # batches a source


@dataclass(frozen=True)
class PretrainSettings:
    """Settings of pre-training; the learning rate follows the elapsed minutes."""

    minutes: float = 90.0  # time of its updates
    n_steps: int = 384
    batch_size: int = 10
    peak_rate: float = 1.5e-3
    warmup: float = 0.03  # share of the time
    decay_from: float = 0.5
    weight_decay: float = 0.05
    evaluate_every_minutes: float = 6.0
    mixed_precision: str = "no"  # bf16: 1.6 to 1.7 x the updates where the processor multiplies it (AMX)
    seed: int = 0


def score_config() -> DecoderConfig:
    """Make the configuration of the embedded decoder.

    Returns:
        The embedded decoder's sizes.
    """
    return DecoderConfig(
        cardinalities=tuple(s.cardinality for s in tokens.STREAMS),
        place_sizes=decoder_inputs.PLACE_SIZES,
        d_dynamics=decoder_inputs.D_DYNAMICS,
        d_semantics=decoder_inputs.D_SEMANTICS,
        d_activity=2 * tokens.K,
        dropout=0.05,
    )


def learning_rate(progress: float, settings: PretrainSettings) -> float:
    """Rise linearly, stay, then fall linearly to 2 %.

    Args:
        progress: share of the time that is over, 0..1.
        settings: with peak, warm-up and the beginning of the fall.

    Returns:
        The rate of that moment.
    """
    if progress < settings.warmup:
        return settings.peak_rate * max(progress / settings.warmup, 0.01)
    left = (1 - progress) / (1 - settings.decay_from)
    return settings.peak_rate * min(1.0, max(left, 0.02))


class _Run:
    """A pre-training in progress: decoder, optimiser, clock, and the folder that it lives in."""

    def __init__(self, out: Path, settings: PretrainSettings, start_from: Path | None):
        torch.manual_seed(settings.seed)
        out.mkdir(parents=True, exist_ok=True)
        self.out, self.settings = out, settings
        self.model = Decoder(score_config())
        self.optimiser = _optimiser(self.model, settings)
        self.step, self.seconds = 0, 0.0
        # a longer run resumes where a shorter one ended
        self.lasting = {name: value for name, value in asdict(settings).items() if "minutes" not in name}
        self.began_from = weights.sha256(start_from) if start_from else ""
        if (out / STATE).exists():
            self._restore()
        elif start_from is not None:
            self._take(_decoder_tensors(start_from), start_from)
        self.model.train()

    def save(self) -> None:
        """Save the state to resume from, and the present decoder."""
        state = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        for i, moments in self.optimiser.state_dict()["state"].items():
            state |= {f"optimiser.{i}.{name}": value for name, value in moments.items()}
        clock = json.dumps({"step": self.step, "seconds": self.seconds})
        facts = {"clock": clock, SETTINGS: json.dumps(self.lasting), BEGAN_FROM: self.began_from}
        save_tensors(state, self.out / STATE, facts)
        save_decoder(self.model, self.out / DECODER, half=False)

    def _restore(self) -> None:
        """Go back to what `save` wrote. Raises OutputError for another run, WeightsError for a torn state."""
        path = self.out / STATE
        check_same_run(path, self.lasting, self.began_from)
        state, facts = load_tensors(path, f"delete {self.out} to start again")
        clock = json.loads(facts["clock"])
        self.step, self.seconds = clock["step"], clock["seconds"]
        self._take({n.removeprefix("model."): t for n, t in state.items() if n.startswith("model.")}, path)
        moments: dict[int, dict[str, Any]] = {}
        for name in (n for n in state if n.startswith("optimiser.")):
            _, index, field = name.split(".", 2)
            moments.setdefault(int(index), {})[field] = state[name]
        self.optimiser.load_state_dict(self.optimiser.state_dict() | {"state": moments})
        kept = [record for record in read_log(self.out / LOG) if record["step"] <= self.step]
        write_text(self.out / LOG, "".join(json.dumps(r) + "\n" for r in kept))

    def _take(self, tensors: dict[str, torch.Tensor], path: Path) -> None:
        try:
            self.model.load_state_dict(tensors)
        except RuntimeError as error:
            raise WeightsError(
                f"{path}: not a decoder of this architecture", "name another with --start-from"
            ) from error

    def update(self, batch: Batch) -> float:
        """One update at the rate of the moment; returns its loss."""
        rate = learning_rate(self.seconds / (60 * self.settings.minutes), self.settings)
        self.step += 1
        return _update(self.model, self.optimiser, batch, rate, self.settings.mixed_precision == "bf16")


def pretrain(
    pieces: list[Piece],
    held_out: list[Piece],
    out: Path,
    settings: PretrainSettings,
    start_from: Path | None = None,
    log: Callable[[dict[str, Any]], None] = lambda record: None,
) -> Path:
    """Train until the time is over; a folder that holds a state resumes where it stopped.

    Args:
        pieces: to learn from.
        held_out: to judge with.
        out: folder for decoder, state, log and curves.
        settings: how to train.
        start_from: weights to begin with; None begins with random ones.
        log: takes each record.

    Returns:
        The folder.

    Raises:
        InputError: there is nothing to learn from, or nothing is held out.
        OutputError: the folder holds another run's state.
    """
    if not pieces or not held_out:
        raise InputError(
            f"{len(pieces) + len(held_out)} piece to learn from: none can be held out",
            "more music: dyvim train prepare-music",
        )
    run = _Run(out, settings, start_from)
    sampler = Sampler(pieces, settings.n_steps, settings.batch_size, settings.seed + run.step)

    def record(facts: dict[str, Any]) -> None:
        facts = {"step": run.step, "minutes": round(run.seconds / 60, 3)} | facts
        with (out / LOG).open("a", encoding="utf-8") as file:
            file.write(json.dumps(facts) + "\n")
        log(facts)

    def judge() -> None:
        sizes, lines = (settings.n_steps, settings.batch_size), read_log(out / LOG)
        if any("held_out" in line and line["step"] == run.step for line in lines):
            return  # before it was stopped
        if not any("ngram" in line for line in lines):
            record({"ngram": ngram_table(pieces, held_out, JUDGED_BY, *sizes)})
        record({"held_out": decoder_table(run.model, held_out, JUDGED_BY, *sizes)})
        draw_curves(out / LOG, out / CURVES)

    try:
        _learn(run, sampler, record, judge)
    finally:
        run.save()
    judge()
    return out


def _learn(
    run: _Run, sampler: Sampler, record: Callable[[dict[str, Any]], None], judge: Callable[[], None]
) -> None:
    """Update until the time is over; evaluating and saving do not count."""
    settings, saved_s = run.settings, time.monotonic()
    looks = [line["minutes"] for line in read_log(run.out / LOG) if "held_out" in line]
    judged = 60 * looks[-1] if looks else None
    while run.seconds < 60 * settings.minutes:
        if judged is None or run.seconds - judged >= 60 * settings.evaluate_every_minutes:
            judged = run.seconds
            run.save()  # first: if it is killed during the evaluation, it resumes here
            judge()
        began = time.monotonic()
        loss = run.update(sampler.draw())
        run.seconds += time.monotonic() - began
        if run.step % 20 == 0 or run.step == 1:
            record({"loss": loss, "rate": run.optimiser.param_groups[0]["lr"]})
        if time.monotonic() - saved_s >= SAVE_EVERY_S:
            run.save()
            saved_s = time.monotonic()


def _decoder_tensors(path: Path) -> dict[str, torch.Tensor]:
    """The weights of a decoder, for the styles that there are now. Raises WeightsError."""
    tensors, metadata = load_tensors(path, "name a decoder with --start-from")
    try:
        return tensors | {SEMANTICS: for_our_styles(tensors[SEMANTICS], config_of(metadata))}
    except (KeyError, ValueError) as error:
        raise WeightsError(f"{path}: not a decoder ({error})", "name another with --start-from") from error


def _optimiser(model: Decoder, settings: PretrainSettings) -> torch.optim.AdamW:
    matrices = [p for p in model.parameters() if p.ndim >= 2]
    vectors = [p for p in model.parameters() if p.ndim < 2]
    groups = [
        {"params": matrices, "weight_decay": settings.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=settings.peak_rate, betas=(0.9, 0.95))


def _update(
    model: Decoder, optimiser: torch.optim.Optimizer, batch: Batch, rate: float, is_bf16: bool
) -> float:
    for group in optimiser.param_groups:
        group["lr"] = rate
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=is_bf16):
        loss = losses(model, batch).nansum() / tokens.K
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimiser.step()
    return float(loss.detach())

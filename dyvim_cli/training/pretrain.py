"""Pre-training: the decoder learns music alone, conditioned on the music's own event curves.

No video is needed (V2M-Zero's idea: what must match between picture and music is when and how much
changes). Stops and goes on at any time: the checkpoint holds weights, optimiser and clock, and the
weights alone are enough to go on from.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.nn import functional as F

from dyvim_cli.model import conditioning
from dyvim_cli.model.checkpoint import load_tensors, save_decoder, save_tensors
from dyvim_cli.model.decoder import Decoder, DecoderConfig
from dyvim_cli.model.delay import delay, delayed_times
from dyvim_cli.music import tokens
from dyvim_cli.training.batches import Batch, Sampler
from dyvim_cli.training.piece import Piece


@dataclass(frozen=True)
class PretrainSettings:
    """How to train; minutes are wall-clock and rule the learning rate."""

    minutes: float = 90.0
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
    """The embedded decoder's sizes."""
    return DecoderConfig(
        cardinalities=tuple(s.cardinality for s in tokens.STREAMS),
        place_sizes=conditioning.PLACE_SIZES,
        d_dynamics=conditioning.D_DYNAMICS,
        d_semantics=conditioning.D_SEMANTICS,
        d_activity=2 * tokens.K,
        dropout=0.05,
    )


def losses(model: Decoder, batch: Batch) -> torch.Tensor:
    """Cross-entropy [K] a stream (nats a known token; NaN where a stream has none)."""
    targets = delay(batch.tokens, torch.full((tokens.K,), tokens.UNKNOWN))
    written = torch.where(targets == tokens.UNKNOWN, model.pad[:, None], targets)
    start = model.pad[None, :, None].expand(len(written), -1, 1)
    inputs = torch.cat([start, written[..., :-1]], dim=-1)
    lead = delayed_times(batch.tokens.shape[-1], tokens.K)[:, 0].clamp(max=batch.tokens.shape[-1] - 1)
    conditions = model.extension(batch.dynamics, batch.alpha)
    conditions = conditions + model.embed_place(batch.place[:, lead], batch.activity[:, lead])
    logits = model(inputs, conditions, batch.semantics, batch.memory_mask[:, None, lead])
    return torch.stack(
        [
            F.cross_entropy(part.flatten(0, 1), targets[:, k].flatten(), ignore_index=tokens.UNKNOWN)
            for k, part in enumerate(model.split(logits))
        ]
    )


def learning_rate(progress: float, settings: PretrainSettings) -> float:
    """Linear warm-up, plateau, then linear to 2 %; progress is the share of the time that is over."""
    if progress < settings.warmup:
        return settings.peak_rate * max(progress / settings.warmup, 0.01)
    left = (1 - progress) / (1 - settings.decay_from)
    return settings.peak_rate * min(1.0, max(left, 0.02))


@torch.no_grad()
def held_out_losses(model: Decoder, sampler: Sampler, n_batches: int = 4) -> dict[str, list[float]]:
    """Mean loss per stream on held-out music: each source with its curves (alpha 1) and without."""
    model.eval()
    table = {}
    for source in sampler.sources:
        for alpha in (1.0, 0.0):
            sampler.rng = type(sampler.rng)(type(sampler.rng.bit_generator)(1))  # the same crops each time
            rows = torch.stack(
                [losses(model, sampler.draw(alpha=alpha, source=source)) for _ in range(n_batches)]
            )
            table[f"{source}/alpha{alpha:.0f}"] = [round(x, 4) for x in rows.nanmean(dim=0).tolist()]
    model.train()
    return table


def pretrain(
    pieces: list[Piece],
    held_out: list[Piece],
    out: Path,
    settings: PretrainSettings,
    start_from: Path | None = None,
    log: Callable[[dict], None] = lambda record: None,
) -> Path:
    """Train until the time is over; returns the folder `out` with decoder, optimiser state and log.

    start_from: weights to begin with. A folder that holds a state goes on where it stopped.
    """
    torch.manual_seed(settings.seed)
    out.mkdir(parents=True, exist_ok=True)
    model = Decoder(score_config())
    optimiser = _optimiser(model, settings)
    clock = _resume(model, optimiser, out, start_from)
    sampler = Sampler(pieces, settings.n_steps, settings.batch_size, settings.seed + clock["step"])
    judge = Sampler(held_out, settings.n_steps, settings.batch_size, 1)
    model.train()
    next_check, began = clock["seconds"] + 60, time.monotonic() - clock["seconds"]
    while (elapsed := time.monotonic() - began) < settings.minutes * 60:
        rate = learning_rate(elapsed / (settings.minutes * 60), settings)
        loss = _update(model, optimiser, sampler.draw(), rate, settings.mixed_precision == "bf16")
        clock["step"] += 1
        if clock["step"] % 20 == 0:
            record = {"step": clock["step"], "minutes": elapsed / 60, "rate": rate, "loss": loss}
            _append(out / "log.jsonl", record)
            log(record)
        if elapsed > next_check:
            next_check = elapsed + settings.evaluate_every_minutes * 60
            clock["seconds"] = elapsed
            _save(model, optimiser, clock, out)
            record = {"step": clock["step"], "held_out": held_out_losses(model, judge)}
            _append(out / "log.jsonl", record)
            log(record)
    clock["seconds"] = settings.minutes * 60
    _save(model, optimiser, clock, out)
    return out


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


def _append(path: Path, record: dict) -> None:
    with path.open("a") as file:
        file.write(json.dumps(record) + "\n")


def _save(model: Decoder, optimiser: torch.optim.Optimizer, clock: dict, out: Path) -> None:
    save_decoder(model, out / "decoder.safetensors", half=False)
    moments = {
        f"{i}.{name}": value
        for i, state in optimiser.state_dict()["state"].items()
        for name, value in state.items()
    }
    save_tensors(moments, out / "optimiser.safetensors", {"clock": json.dumps(clock)})


def _resume(model: Decoder, optimiser: torch.optim.Optimizer, out: Path, start_from: Path | None) -> dict:
    """Load what there is: the folder's own state, else weights to start from; returns the clock."""
    clock = {"step": 0, "seconds": 0.0}
    own = out / "decoder.safetensors"
    weights = own if own.exists() else start_from
    if weights is not None:
        model.load_state_dict(load_tensors(weights)[0])
    if own.exists():
        moments, metadata = load_tensors(out / "optimiser.safetensors")
        state: dict = {}
        for name, value in moments.items():
            index, field = name.split(".", 1)
            state.setdefault(int(index), {})[field] = value
        optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
        clock = json.loads(metadata["clock"])
    return clock

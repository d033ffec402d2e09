"""Tune a decoder on pairs of film and music: one loop for both token systems and all strategies.

Exact resume: what happens at update n depends on the seed, n and the state alone (data, dropout and
schedule are drawn again from (seed, n)), so a run that was stopped anywhere gives the same losses to the
last digit. Minutes are turned into a number of updates once, at the beginning, by timing a few: a schedule
that followed the clock could not be repeated.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
import torch
from torch import nn

from dyvim_cli import device
from dyvim_cli.atomic import write_text
from dyvim_cli.model.score.checkpoint import load_tensors, save_tensors
from dyvim_cli.training.learn.same_run import BEGAN_FROM, SETTINGS, check_same_run, read_log, weights_in_short
from dyvim_cli.training.learn.strategies import DECODER_RATE, LORA_RATE, Phase, add_lora, phase

STATE, LOG, ADAPTER = "state.safetensors", "log.jsonl", "adapter.safetensors"
PROBES = (0.0, 0.25, 0.5, 0.75, 1.0)  # shares of the run at which an update is timed


class Learner(Protocol):
    """A decoder with new modules, its data and its judge: an nn.Module whose forward is the loss."""

    def draw(self, dropout: float, rng: np.random.Generator) -> Any:
        """Draw the next batch; a share `dropout` of it without conditions.

        Args:
            dropout: share without conditions, 0..1.
            rng: draws all of it.

        Returns:
            The next batch, as its own forward takes it.
        """

    def __call__(self, batch: Any) -> torch.Tensor:
        """Mean loss in nats a token."""

    def new_modules(self) -> list[nn.Module]:
        """Return the modules that learn from the first update on.

        Returns:
            Modules that learn from the first update on.
        """

    def hold_back(self) -> None:
        """Clear the gradients of the new modules' frozen parts."""

    def parts(self) -> list[list[nn.Module]]:
        """List the parts in the order in which they thaw.

        Returns:
            The decoder's parts in the order in which they thaw, the top first.
        """

    @property
    def thaws_low_rank(self) -> bool:
        """True if annealing trains low-rank terms instead of the weights: megabytes, not gigabytes."""

    def held_out(self, *, alpha: float = 1.0) -> dict[str, float]:
        """Loss on held-out pairs at some alpha: at least "true", "shuffled" and "none".

        Args:
            alpha: how much the film has to say, 0..1.

        Returns:
            Loss on held-out pairs, nats a token: at least "true", "shuffled" and "none".
        """

    def film_losses(self, view: str) -> np.ndarray:
        """Compute the loss [n] of each held-out film under one of the views of `held_out`, alpha 1.

        Args:
            view: one of those of `held_out`.

        Returns:
            [n] loss of each held-out film at alpha 1, nats a token.
        """


@dataclass(frozen=True)
class TuneSettings:
    """Settings of tuning. updates overrides minutes (main thread's processor time; wall clock on a GPU)."""

    strategy: str = "annealing"
    minutes: float = 30.0
    updates: int | None = None
    evaluations: int = 6
    save_every_s: float = 60.0
    mixed_precision: str = "no"  # as accelerate: no, bf16, fp16
    seed: int = 0
    new_gain: float = 1.0  # factor of strategies.NEW_RATE: new modules from nothing may learn faster
    decoder_gain: float = 1.0  # factor of strategies.DECODER_RATE


@dataclass
class RunProgress:
    """Progress of a run."""

    update: int = 0
    total: int = 0
    seconds: float = 0.0


class TuningRun:
    """A tuning in progress: learner, optimiser, clock, and the folder that it lives in."""

    def __init__(self, learner: Learner, out: Path, settings: TuneSettings):
        from accelerate import Accelerator, DistributedDataParallelKwargs

        torch.manual_seed(settings.seed)
        self.settings, self.out, self.clock = settings, out, RunProgress()
        self.inner, self.decoder_gain = learner, settings.decoder_gain
        self.began_from = weights_in_short(cast(nn.Module, learner))
        parts = learner.parts()
        cast(nn.Module, learner).requires_grad_(False)
        self.parts = [[p for m in part for p in m.parameters()] for part in parts]
        self.new = [p for m in learner.new_modules() for p in m.parameters()]
        if settings.strategy == "lora" or settings.strategy == "annealing" and learner.thaws_low_rank:
            self.parts = [add_lora(part) for part in parts]
            self.decoder_gain *= LORA_RATE / DECODER_RATE
        for p in self.new:
            p.requires_grad_(True)
        self.decoder = [p for part in self.parts for p in part]
        optimizer = torch.optim.AdamW(
            [{"params": self.new}, {"params": self.decoder}], lr=0.0, betas=(0.9, 0.95), weight_decay=0.0
        )
        # parts thaw on the way, so not every parameter answers at every update
        parallel = DistributedDataParallelKwargs(find_unused_parameters=True)
        # without a GPU it has to be set: processes of torchrun would not find each other
        self.accelerator = Accelerator(
            cpu=device.choose("auto").type == "cpu",
            mixed_precision=settings.mixed_precision,
            kwargs_handlers=[parallel],
        )
        self.learner, self.optimizer = self.accelerator.prepare(learner, optimizer)

    def now_s(self) -> float:
        """Read the clock of the training.

        Returns:
            Seconds: of this thread's work on the processor, of the clock on a GPU.
        """
        return time.thread_time() if self.accelerator.device.type == "cpu" else time.monotonic()

    def phase(self) -> Phase:
        """Look up the schedule.

        Returns:
            Schedule of the next update.
        """
        return phase(self.settings.strategy, self.clock.update / max(1, self.clock.total), len(self.parts))

    def enter(self, now: Phase) -> None:
        """Thaw what is to learn and set the rates.

        Args:
            now: phase of the next update.
        """
        for p in self.decoder:
            p.requires_grad_(False)
        for p in (p for part in self.parts[: now.n_thawed] for p in part):
            p.requires_grad_(True)
        rates = self.settings.new_gain * now.new_rate, self.decoder_gain * now.decoder_rate
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = rate

    def backward(self, now: Phase, update: int) -> float:
        """Compute the gradients of one update's batch.

        Args:
            now: phase of the update.
            update: its number, which with settings.seed draws the batch.

        Returns:
            Its loss, nats a token.
        """
        seed = [self.settings.seed, update, self.accelerator.process_index]
        rng = np.random.default_rng(seed)
        torch.manual_seed(int(rng.integers(2**62)))
        self.learner.train()
        loss = self.learner(self.inner.draw(now.dropout, rng))
        self.optimizer.zero_grad(set_to_none=True)
        self.accelerator.backward(loss)
        self.inner.hold_back()
        return float(loss.detach())

    def update(self) -> dict[str, Any]:
        """Do one update; a gradient that is not finite changes nothing.

        Returns:
            Its line of the log.
        """
        began, now = self.now_s(), self.phase()
        self.enter(now)
        loss = self.backward(now, self.clock.update)
        answered = [p for p in [*self.new, *self.decoder] if p.grad is not None]
        norm = self.accelerator.clip_grad_norm_(answered, 1.0)
        if torch.isfinite(norm):  # else not one token of some stream was known
            self.optimizer.step()
        self.clock.update += 1
        self.clock.seconds += self.now_s() - began
        facts = {"update": self.clock.update, "loss": loss, "dropout": round(now.dropout, 4)}
        return facts | {"thawed": now.n_thawed, "rates": [now.new_rate, now.decoder_rate]}

    def plan(self) -> None:
        """Turn minutes into updates: the mean cost of an update over the phases of the run."""
        if self.settings.updates is not None:
            self.clock.total = self.settings.updates
            return
        from accelerate.utils import broadcast_object_list

        costs = []
        for share in (PROBES[-1], *PROBES):  # the first only warms up
            now = phase(self.settings.strategy, share, len(self.parts))
            self.enter(now)
            began = self.now_s()
            self.backward(now, 0)
            costs.append(self.now_s() - began)
        self.optimizer.zero_grad(set_to_none=True)
        total = max(1, int(60 * self.settings.minutes / np.mean(costs[1:])))
        (self.clock.total,) = broadcast_object_list([total])  # all processes stop at the same update

    def save(self) -> None:
        """Save the state to resume from, in one file, atomically."""
        if not self.accelerator.is_main_process:
            return
        state: dict[str, torch.Tensor] = {
            f"model.{name}": p
            for name, p in cast(nn.Module, self.inner).named_parameters()
            if self._has_learned(p)
        }
        for i, moments in self.optimizer.state_dict()["state"].items():
            state |= {f"optimizer.{i}.{k}": torch.as_tensor(v) for k, v in moments.items()}
        facts = {"clock": json.dumps(vars(self.clock)), SETTINGS: json.dumps(vars(self.settings))}
        save_tensors(state, self.out / STATE, facts | {BEGAN_FROM: self.began_from})

    def _has_learned(self, parameter: nn.Parameter) -> bool:
        return parameter in self.optimizer.state and len(self.optimizer.state[parameter]) > 0

    def restore(self) -> bool:
        """Go back to what `save` wrote.

        Returns:
            False when there is nothing.

        Raises:
            OutputError: it is another run's.
        """
        if not (self.out / STATE).exists():
            return False
        check_same_run(self.out / STATE, vars(self.settings), self.began_from)
        state, facts = load_tensors(self.out / STATE)
        self.clock = RunProgress(**json.loads(facts["clock"]))
        own = dict(cast(nn.Module, self.inner).named_parameters())
        moments: dict[int, dict[str, Any]] = {}
        for name, value in state.items():
            kind, rest = name.split(".", 1)
            if kind == "model":
                own[rest].data.copy_(value)
            else:
                index, field = rest.split(".", 1)
                moments.setdefault(int(index), {})[field] = value
        self.optimizer.load_state_dict(self.optimizer.state_dict() | {"state": moments})
        if self.accelerator.is_main_process:
            _cut_log(self.out / LOG, self.clock.update)
        return True


def tune(
    learner: Learner,
    out: Path,
    settings: TuneSettings,
    log: Callable[[dict[str, Any]], None] = lambda record: None,
    stop_after: int | None = None,
) -> dict[str, Any]:
    """Tune to the end; a folder that holds a state resumes where it stopped.

    Low-rank terms are left in place (merge_lora folds them in), every other weight trained.

    Args:
        learner: decoder, new modules, data and judge.
        out: folder for state and log, which is made.
        settings: how to tune.
        log: takes each record.
        stop_after: stop after so many more updates; None continues to the end.

    Returns:
        Plain facts about the finished run.

    Raises:
        OutputError: the folder holds another run's state.
    """
    out.mkdir(parents=True, exist_ok=True)
    run = TuningRun(learner, out, settings)
    has_state = run.restore()
    run.accelerator.wait_for_everyone()  # one of several saves right away what the others look for
    if not has_state:
        run.plan()
        run.save()  # even a run killed before the first update resumes with this number of updates
    clock, saved_s, done = run.clock, time.monotonic(), 0
    marks = {round(i * clock.total / settings.evaluations) for i in range(settings.evaluations + 1)}
    try:
        while clock.update < clock.total and done != stop_after:
            if clock.update in marks:
                _record(run, {"update": clock.update, "held_out": _held_out(run)}, log)
            _record(run, run.update(), log)
            done += 1
            if time.monotonic() - saved_s > settings.save_every_s:
                run.save()
                saved_s = time.monotonic()
    finally:
        run.save()
    if clock.update < clock.total:
        return {"update": clock.update, "total": clock.total}
    held_out = _held_out(run)
    _record(run, {"update": clock.update, "held_out": held_out}, log)
    return {
        "strategy": settings.strategy,
        "updates": clock.total,
        "seconds": round(clock.seconds, 2),
        "learned": sum(p.numel() for p in [*run.new, *run.decoder] if run._has_learned(p)),
        "held_out": held_out,
    }


@torch.no_grad()
def _held_out(run: TuningRun) -> dict[str, float]:
    run.learner.eval()
    return {name: round(float(loss), 5) for name, loss in run.inner.held_out().items()}


def _record(run: TuningRun, facts: dict[str, Any], log: Callable[[dict[str, Any]], None]) -> None:
    """Append one record to the log file and pass it to `log`."""
    if not run.accelerator.is_main_process:
        return
    with (run.out / LOG).open("a", encoding="utf-8") as file:
        file.write(json.dumps(facts) + "\n")
    log(facts | {"total": run.clock.total})


def _cut_log(path: Path, update: int) -> None:
    """Drop what came after the state was saved: it happens again."""
    kept = [r for r in read_log(path) if r["update"] <= update - ("held_out" in r)]
    write_text(path, "".join(json.dumps(r) + "\n" for r in kept))

"""Strategies for adapting a pre-trained decoder to film: annealing tuning and its rivals.

Of the paper's annealing schedule only the name is public (arXiv 2504.07594); this is ours. Stage 1: the
decoder is frozen, the new modules alone learn. Stage 2: its parts thaw from the top (head, last layer ..
first layer, embeddings), their rate is annealed from small to zero and the condition dropout from high
to low: a part that has just thawed hears mostly music without film, and so stays what it was.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn.utils import parametrize

STRATEGIES = ("annealing", "frozen", "full", "lora")
STAGE_1 = 0.35  # share of the run
THAWED_BY = 0.5  # share of stage 2 after which every part is thawed
WARMUP = 0.03
NEW_RATE = 4e-4  # faster, an extension that has learned curves already loses them in its first updates
DECODER_RATE, LORA_RATE = 1e-4, 1e-3
HIGH_DROPOUT, LOW_DROPOUT = 0.5, 0.1  # share of the crops that are heard without the film
LORA_RANK = 8


@dataclass(frozen=True)
class Phase:
    """Schedule at one moment of a run."""

    new_rate: float  # learning rate of the new modules
    decoder_rate: float
    n_thawed: int  # parts of the decoder that learn, from the top
    dropout: float


def phase(strategy: str, progress: float, n_parts: int) -> Phase:
    """Say what holds at one moment of a run.

    Args:
        strategy: frozen, full, lora or annealing.
        progress: share of the run, 0..1.
        n_parts: of the decoder that can thaw.

    Returns:
        Rates, how many parts learn, dropout.
    """
    rise, fall = min(1.0, (progress + 1e-3) / WARMUP), 1 - progress
    if strategy == "frozen":
        return Phase(NEW_RATE * rise * fall, 0.0, 0, LOW_DROPOUT)
    if strategy in ("full", "lora"):
        return Phase(NEW_RATE * rise * fall, DECODER_RATE * rise * fall, n_parts, LOW_DROPOUT)
    if progress < STAGE_1:
        return Phase(NEW_RATE * rise, 0.0, 0, LOW_DROPOUT)
    done = (progress - STAGE_1) / (1 - STAGE_1)
    n_thawed = min(n_parts, 1 + int(n_parts * done / THAWED_BY))
    dropout = HIGH_DROPOUT + (LOW_DROPOUT - HIGH_DROPOUT) * done
    return Phase(NEW_RATE * (1 - done), DECODER_RATE * (1 - done), n_thawed, dropout)


class LowRank(nn.Module):
    """weight + B A, B zero at first (LoRA, arXiv 2106.09685)."""

    def __init__(self, weight: torch.Tensor, rank: int = LORA_RANK):
        super().__init__()
        n_out, n_in = weight.shape
        self.down = nn.Parameter(torch.randn(rank, n_in, device=weight.device) / n_in**0.5)
        self.up = nn.Parameter(torch.zeros(n_out, rank, device=weight.device))

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        """The adapted weight [out, in].

        Args:
            weight: [out, in] of the layer.

        Returns:
            [out, in] adapted.
        """
        return weight + self.up @ self.down


def add_lora(parts: list[nn.Module]) -> list[nn.Parameter]:
    """Put low-rank terms (arXiv 2106.09685) on every linear layer inside the parts.

    Args:
        parts: of a decoder.

    Returns:
        The terms' parameters: what learns.
    """
    linears = [m for part in parts for m in part.modules() if isinstance(m, nn.Linear)]
    for linear in linears:
        parametrize.register_parametrization(linear, "weight", LowRank(linear.weight))
    return [p for linear in linears for p in _low_rank(linear).parameters()]


def _low_rank(module: nn.Module) -> Any:
    """The first parametrization of a module's weight."""
    parametrizations: Any = module.parametrizations
    return parametrizations.weight[0]


def _adapted(model: nn.Module) -> list[tuple[str, nn.Module]]:
    """Modules with a low-rank term, by name; EnCodec's weight norm is a parametrization as well."""
    return [
        (name, module)
        for name, module in model.named_modules()
        if parametrize.is_parametrized(module, "weight") and isinstance(_low_rank(module), LowRank)
    ]


def merge_lora(model: nn.Module) -> None:
    """Fold the low-rank terms into the weights, in place.

    Args:
        model: with terms of add_lora, or without any.
    """
    for _, module in _adapted(model):
        parametrize.remove_parametrizations(module, "weight")


def low_rank_terms(model: nn.Module) -> dict[str, torch.Tensor]:
    """{"<weight's name>.up" and ".down": factor} of all low-rank terms that have learned something.

    Args:
        model: with terms of add_lora.

    Returns:
        Factors "<weight's name>.up" and ".down" of all terms that have learned something.
    """
    terms: dict[str, torch.Tensor] = {}
    for name, module in _adapted(model):
        term = _low_rank(module)
        if term.up.any():
            terms |= {f"{name}.weight.up": term.up, f"{name}.weight.down": term.down}
    return terms

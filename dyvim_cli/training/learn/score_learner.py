"""The score decoder as a learner: rendered pairs in, loss out, held-out films for evaluation."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from dyvim_cli.influence import influence_of
from dyvim_cli.model.conditioning.decoder_inputs import N_CURVES
from dyvim_cli.model.score.decoder import Decoder
from dyvim_cli.music.symbols import tokens
from dyvim_cli.training.data.batches import Batch
from dyvim_cli.training.films.pairs import Ready, draw_batch, held_out_batches, hide
from dyvim_cli.training.learn.score_loss import losses

# Inputs from the film: (event curves, z_d), each of the film itself, of another one, or nothing.
VIEWS = {
    "true": ("own", "own"),
    "shuffled": ("other", "other"),
    "none": (None, None),
    "curves": ("own", None),
    "curves, shuffled z_d": ("own", "other"),
    "z_d": (None, "own"),
    "shuffled z_d": (None, "other"),
}
RIDGE = 2e-4  # nats per unit of the squared weights of z_d, against overfitting to a few dozen films
MAIN_VIEWS = ("true", "shuffled", "none", "curves", "curves, shuffled z_d")


class ScoreLearner(nn.Module):
    """A score decoder that learns from pairs."""

    thaws_low_rank = False

    def __init__(
        self, model: Decoder, training: Ready, held_out: Ready, n_steps: int = 256, batch_size: int = 6
    ):
        super().__init__()
        self.model = model
        self.training_pairs, self.n_steps, self.batch_size = training, n_steps, batch_size
        self.judged_by = held_out_batches(held_out, n_steps, batch_size)

    def draw(self, dropout: float, rng: np.random.Generator) -> Batch:
        """The next batch.

        Args:
            dropout: share without film, 0..1.
            rng: draws pieces, places and alphas.

        Returns:
            Batch_size crops of n_steps.
        """
        return draw_batch(self.training_pairs, self.n_steps, self.batch_size, dropout, rng)

    def forward(self, batch: Batch) -> torch.Tensor:
        """Compute the loss of a batch.

        Args:
            batch: B crops.

        Returns:
            Mean over the streams of the loss in nats a known token, and the price of z_d's weights; a scalar.
        """
        loss = losses(self.model, batch.to(self.model.head.weight.device)).nansum() / tokens.K
        return loss + RIDGE * self.model.extension.weight[:, N_CURVES:].pow(2).sum()

    def new_modules(self) -> list[nn.Module]:
        """Return the modules that learn from the first update on.

        Returns:
            The extension, of which `hold_back` lets only z_d's weights learn.
        """
        return [self.model.extension]

    def hold_back(self) -> None:
        """Keep the trust in the curves from pre-training, which rendered films would unlearn."""
        extension = self.model.extension
        extension.gate.grad = None
        if extension.weight.grad is not None:
            extension.weight.grad[:, :N_CURVES] = 0

    def parts(self) -> list[list[nn.Module]]:
        """List the parts in the order in which they thaw.

        Returns:
            Head, layers from the last to the first, embeddings.
        """
        m = self.model
        layers = [[block] for block in reversed(m.blocks)]
        return [[m.norm, m.head], *layers, [m.embedding, m.place, m.activity, m.semantics]]

    def held_out(self, views: Sequence[str] = MAIN_VIEWS, alpha: float = 1.0) -> dict[str, float]:
        """Judge on the held-out films by the inputs from them.

        Args:
            views: keys of VIEWS.
            alpha: the knob of a scoring, 0..1.

        Returns:
            View -> nats a token.
        """
        decoder_alpha = influence_of(alpha).decoder  # as a film is scored at this alpha
        return {view: float(self.stream_losses(view, decoder_alpha).nansum() / tokens.K) for view in views}

    @torch.no_grad()
    def stream_losses(self, view: str, alpha: float = 1.0) -> torch.Tensor:
        """Compute the loss of each stream on the held-out films.

        Args:
            view: one of VIEWS.
            alpha: scales the decoder's term itself.

        Returns:
            [K] mean loss a stream on the held-out films, nats a token.
        """
        rows = [
            losses(self.model, seen_as(b, view, alpha).to(self.model.head.weight.device))
            for b in self.judged_by
        ]
        return torch.stack(rows).nanmean(dim=0)

    @torch.no_grad()
    def film_losses(self, view: str) -> np.ndarray:
        """[n] loss of each held-out film under one of VIEWS, alpha 1.

        Args:
            view: one of VIEWS; alpha is 1.

        Returns:
            [n] loss of each held-out film, nats a token.
        """
        device = self.model.head.weight.device
        alone = (row for b in self.judged_by for row in rows_of(seen_as(b, view)))
        return np.array([float(losses(self.model, row.to(device)).nanmean()) for row in alone])


def rows_of(batch: Batch) -> list[Batch]:
    """Each crop as a batch of its own.

    Args:
        batch: B crops.

    Returns:
        B batches of one.
    """
    return [Batch(**{k: v[i : i + 1] for k, v in vars(batch).items()}) for i in range(len(batch.alpha))]


def seen_as(batch: Batch, view: str, alpha: float = 1.0) -> Batch:
    """Let through only those inputs from its films that a view has.

    Args:
        batch: B crops.
        view: one of VIEWS.
        alpha: of the decoder; 0 where the view has neither curves nor motion.

    Returns:
        The batch with dynamics of its own.
    """
    curves, motion = VIEWS[view]
    others = of_another(batch.dynamics)
    dynamics = batch.dynamics.clone()
    if curves == "other":
        dynamics[..., :N_CURVES] = others[..., :N_CURVES]
    if motion == "other":
        dynamics[..., N_CURVES:] = others[..., N_CURVES:]
    hide(dynamics, curves is not None, motion is not None)
    decoder_alpha = torch.full_like(batch.alpha, alpha if curves or motion else 0.0)
    return replace(batch, dynamics=dynamics, alpha=decoder_alpha)


def of_another(dynamics: torch.Tensor) -> torch.Tensor:
    """Replace the dynamics of each film by those of another.

    Args:
        dynamics: [B, S, D].

    Returns:
        [B, S, D] of the next film of the batch; a film that is alone is turned round by half instead.
    """
    alone = len(dynamics) == 1
    return dynamics.roll(dynamics.shape[1] // 2, dims=1) if alone else dynamics.roll(1, dims=0)

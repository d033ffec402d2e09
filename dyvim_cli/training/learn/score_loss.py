"""Cross-entropy of score tokens, for pre-training, tuning and held-out evaluation."""

import torch
from torch.nn import functional as F

from dyvim_cli.model.score.decoder import Decoder
from dyvim_cli.model.score.delay import delay, delayed_times
from dyvim_cli.music.symbols import tokens
from dyvim_cli.training.data.batches import Batch


def losses(model: Decoder, batch: Batch) -> torch.Tensor:
    """Judge each token by those before it, in the delayed pattern.

    Args:
        model: with its extension.
        batch: B crops.

    Returns:
        [K] cross-entropy a stream, nats a known token; NaN where a stream has none.
    """
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

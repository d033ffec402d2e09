"""What a decoder knows of music it never saw: loss by source and stream, beside an n-gram's.

With the event curves against without them is the proof that the dynamics are used.
"""

import numpy as np
import torch

from dyvim_cli.model.decoder import Decoder
from dyvim_cli.music import tokens
from dyvim_cli.training.batches import Sampler
from dyvim_cli.training.ngram import NGram
from dyvim_cli.training.piece import Piece
from dyvim_cli.training.pretrain import losses

MOST_STEPS = 2_000_000  # that an n-gram of one source is counted on


def held_out_table(
    model: Decoder, train: list[Piece], held_out: list[Piece], n_batches: int = 12, seed: int = 1
) -> dict[str, dict[str, dict[str, float]]]:
    """{source: {"with curves" | "without" | "n-gram": {stream: nats a token}}}, all on the same crops.

    Streams that a source does not have are left out.
    """
    model.eval()
    table = {}
    for source in sorted({piece.source for piece in held_out}):
        own = [piece for piece in held_out if piece.source == source]
        models = _ngrams([piece for piece in train if piece.source == source])
        rows = {"with curves": [], "without": [], "n-gram": []}
        for name, alpha in (("with curves", 1.0), ("without", 0.0)):
            sampler = Sampler(own, 384, 6, seed)
            for _ in range(n_batches):
                batch = sampler.draw(alpha=alpha)
                with torch.no_grad():
                    rows[name].append(losses(model, batch).numpy())
        sampler = Sampler(own, 384, 6, seed)
        crops = (sampler.draw(alpha=1.0).tokens.numpy() for _ in range(n_batches))
        rows["n-gram"] = [_ngram_losses(models, crop) for crop in crops]
        table[source] = {name: _by_stream(values) for name, values in rows.items()}
    return table


def _ngrams(pieces: list[Piece]) -> list[NGram | None]:
    """One model a stream, on the first MOST_STEPS steps; None for a stream that the source lacks."""
    chosen, n_steps = [], 0
    for piece in pieces:
        if n_steps < MOST_STEPS:
            chosen.append(piece.tokens)
            n_steps += piece.tokens.shape[1]
    found = []
    for k, stream in enumerate(tokens.STREAMS):
        rows = [rows[k] for rows in chosen if (rows[k] != tokens.UNKNOWN).any()]
        found.append(NGram(rows, stream.cardinality) if rows else None)
    return found


def _ngram_losses(models: list[NGram | None], batch: np.ndarray) -> np.ndarray:
    """[K] mean over a batch [B, K, S]; NaN for what is nowhere known."""
    means = np.full(len(models), np.nan)
    for k, model in enumerate(models):
        nats = np.concatenate([model.losses(row) for row in batch[:, k]]) if model else np.full(1, np.nan)
        if not np.isnan(nats).all():
            means[k] = np.nanmean(nats)
    return means


def _by_stream(values: list[np.ndarray]) -> dict[str, float]:
    columns = np.array(values).T
    pairs = zip(tokens.STREAMS, columns, strict=True)
    return {s.name: round(float(np.nanmean(c)), 4) for s, c in pairs if not np.isnan(c).all()}

"""Held-out loss of a decoder by source and stream, compared with an n-gram's.

With the event curves against without them is the proof that the dynamics are used.
"""

from dataclasses import replace

import numpy as np
import torch

from dyvim_cli.model.score.decoder import Decoder
from dyvim_cli.music.symbols import tokens
from dyvim_cli.training.data.batches import Batch, Sampler
from dyvim_cli.training.data.piece import Piece
from dyvim_cli.training.figures.ngram import NGram
from dyvim_cli.training.learn.score_loss import losses

MOST_STEPS = 2_000_000  # steps of one source that an n-gram is counted on
VIEWS = {"with curves": 1.0, "without": 0.0}  # alpha
NGRAM = "n-gram"

Table = dict[str, dict[str, dict[str, float]]]  # {source: {view: {stream: nats a token}}}


def held_out_table(model: Decoder, train: list[Piece], held_out: list[Piece], n_batches: int = 12) -> Table:
    """Judge the decoder with the curves and without, and an n-gram of the training pieces, on the same crops.

    Streams that a source does not have are left out.

    Args:
        model: left in the mode that it was in.
        train: pieces that the n-grams count.
        held_out: pieces that are judged.
        n_batches: of crops a source.

    Returns:
        Source -> view -> stream -> nats a token.
    """
    by_decoder, by_ngram = decoder_table(model, held_out, n_batches), ngram_table(train, held_out, n_batches)
    return {source: by_decoder[source] | by_ngram[source] for source in by_decoder}


@torch.no_grad()
def decoder_table(
    model: Decoder, held_out: list[Piece], n_batches: int, n_steps: int = 384, batch_size: int = 6
) -> Table:
    """Take a decoder's losses; it is left in the mode (training or not) that it was in.

    Args:
        model: of the score.
        held_out: pieces that are judged.
        n_batches: of crops a source.
        n_steps: length of a crop.
        batch_size: crops a batch.

    Returns:
        Source -> view -> stream -> nats a token.
    """
    was_training = model.training
    model.eval()
    table = {}
    for source, own in _by_source(held_out).items():
        crops = _crops(own, n_batches, n_steps, batch_size)
        table[source] = {
            view: _by_stream([losses(model, _at(batch, alpha)).numpy() for batch in crops])
            for view, alpha in VIEWS.items()
        }
    model.train(was_training)
    return table


def ngram_table(
    train: list[Piece], held_out: list[Piece], n_batches: int, n_steps: int = 384, batch_size: int = 6
) -> Table:
    """Take an n-gram's losses on the same crops, counted on the training pieces of the same source.

    Args:
        train: pieces that are counted.
        held_out: pieces that are judged.
        n_batches: of crops a source.
        n_steps: length of a crop.
        batch_size: crops a batch.

    Returns:
        Source -> {NGRAM: stream -> nats a token}.
    """
    learned, table = _by_source(train), {}
    for source, own in _by_source(held_out).items():
        models = _ngrams(learned.get(source, []))
        crops = _crops(own, n_batches, n_steps, batch_size)
        table[source] = {NGRAM: _by_stream([_ngram_losses(models, b.tokens.numpy()) for b in crops])}
    return table


def _by_source(pieces: list[Piece]) -> dict[str, list[Piece]]:
    sources = sorted({piece.source for piece in pieces})
    return {source: [piece for piece in pieces if piece.source == source] for source in sources}


def _crops(pieces: list[Piece], n_batches: int, n_steps: int, batch_size: int) -> list[Batch]:
    """The same ones each time, with their true curves."""
    sampler = Sampler(pieces, n_steps, batch_size, seed=1)
    return [sampler.draw(alpha=1.0) for _ in range(n_batches)]


def _at(batch: Batch, alpha: float) -> Batch:
    """The same crops at some alpha; drawing them again at 0 would give others."""
    return replace(batch, alpha=torch.full_like(batch.alpha, alpha))


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

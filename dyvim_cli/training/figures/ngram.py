"""N-gram baseline of each token stream, with Witten-Bell interpolation.

P_o(w | c) = (count(c, w) + T(c) P_{o-1}(w | c')) / (count(c) + T(c)), with T(c) the number of distinct
tokens seen after c (Witten and Bell 1991). A context is the place in the bar and the stream's own last
tokens; the lowest order is uniform. All orders are counted at once by hashing contexts.
"""

from dataclasses import dataclass

import numpy as np

from dyvim_cli.music.symbols import tokens
from dyvim_cli.types import STEPS_PER_BAR

ORDER = 8  # tokens looked back; two beats
# odd numbers that mix 64 bits well (splitmix64's): collisions of contexts are beyond rare
GOLDEN, MIX = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)


@dataclass(frozen=True)
class _Counts:
    """Counts of the tokens after each context of one length; arrays sorted by hash."""

    pairs: np.ndarray  # hash of (context, token)
    pair_counts: np.ndarray
    contexts: np.ndarray
    context_counts: np.ndarray
    distinct: np.ndarray


class NGram:
    """One stream's model."""

    def __init__(self, rows: list[np.ndarray], cardinality: int, order: int = ORDER):
        """Count rows [S] of a stream (each from a bar line on; UNKNOWN is not counted)."""
        self.cardinality, self.order = cardinality, order
        parts = [_hashed(row, order) for row in rows]
        known = np.concatenate([row != tokens.UNKNOWN for row in rows])
        contexts = np.concatenate([contexts for contexts, _ in parts], axis=1)[:, known]
        written = np.concatenate([row for _, row in parts])[known]
        self.counts = [_count(context, written) for context in contexts]

    def losses(self, row: np.ndarray) -> np.ndarray:
        """Judge each token by those before it (Witten-Bell interpolation of all orders).

        Args:
            row: [S] tokens of the stream.

        Returns:
            [S] nats; NaN where the token is UNKNOWN.
        """
        contexts, written = _hashed(row, self.order)
        probability = np.full(len(row), 1 / self.cardinality)
        for counts, context in zip(self.counts, contexts, strict=True):
            seen = _look_up(counts.contexts, counts.context_counts, context)
            distinct = _look_up(counts.contexts, counts.distinct, context)
            pair = _look_up(counts.pairs, counts.pair_counts, _extend(context, written))
            total = np.maximum(seen + distinct, 1)
            probability = np.where(seen > 0, (pair + distinct * probability) / total, probability)
        return np.where(row == tokens.UNKNOWN, np.nan, -np.log(probability))


def _hashed(row: np.ndarray, order: int) -> tuple[np.ndarray, np.ndarray]:
    """(contexts [order + 1, S] uint64: place in the bar, then with 1, 2 .. tokens before; the row)."""
    row = row.astype(np.int64)
    context = _extend(np.zeros(len(row), np.uint64), np.arange(len(row)) % STEPS_PER_BAR)
    contexts = [context]
    for back in range(1, order + 1):
        before = np.concatenate([np.full(min(back, len(row)), -2), row[: max(0, len(row) - back)]])
        context = _extend(context, before)
        contexts.append(context)
    return np.array(contexts), row


def _extend(context: np.ndarray, token: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        return (context ^ (context >> np.uint64(31))) * MIX + (token + 3).astype(np.uint64) * GOLDEN


def _count(context: np.ndarray, written: np.ndarray) -> _Counts:
    pairs, first, pair_counts = np.unique(_extend(context, written), return_index=True, return_counts=True)
    contexts, context_counts = np.unique(context, return_counts=True)
    followed = np.searchsorted(contexts, context[first])
    distinct = np.bincount(followed, minlength=len(contexts))
    return _Counts(pairs, pair_counts, contexts, context_counts, distinct)


def _look_up(keys: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    if not len(keys):
        return np.zeros(len(wanted))
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, values[place], 0)

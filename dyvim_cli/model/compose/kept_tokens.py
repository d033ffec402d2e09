"""Cache the decoder's tokens, so that a piece is not decoded a second time.

Sampling is a function of its inputs alone. A digest of all of them names the drawn tokens in the cache, so
that other instruments, stems, a preview or another part of the same piece cost no decoding.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from dyvim_cli import cache, code_digest
from dyvim_cli.model.conditioning.decoder_inputs import Conditions
from dyvim_cli.model.score import sampling
from dyvim_cli.model.score.decoder import Decoder
from dyvim_cli.model.score.sampling import SamplingSettings
from dyvim_cli.music.form.form import Form
from dyvim_cli.progress import Progress

PREFIX = "tokens-"  # beginning of a cache entry's name
CODE = ("model", "music", "stylebook", "types.py", "seeds.py")  # sources that what is drawn may depend on


@dataclass(frozen=True)
class _Drawn:
    """Pieces, as the cache writes them."""

    duration_s: float  # unused here
    pieces: np.ndarray  # [N, K, S] int16


def sampler(keeps_tokens: bool) -> Callable[..., np.ndarray]:
    """Choose what draws tokens.

    Args:
        keeps_tokens: whether they may come from the cache.

    Returns:
        `drawn_or_kept`, or `sampling.sample_pieces`.
    """
    return drawn_or_kept if keeps_tokens else sampling.sample_pieces


def drawn_or_kept(
    model: Decoder,
    conditions: Conditions,
    form: Form,
    settings: SamplingSettings,
    progress: Progress | None = None,
) -> np.ndarray:
    """Draw tokens as `sample_pieces` does, or take them from the cache where they are kept.

    Args:
        model: the decoder.
        conditions: conditioning of all S steps.
        form: what is decided before notes.
        settings: how tokens are drawn.
        progress: notified of the stage "compose", in positions.

    Returns:
        [N, K, S] int16, N = settings.candidates.
    """
    name = PREFIX + _digest(model, conditions, form, settings)
    kept = cache.load(name, _Drawn)
    if kept is not None:
        return np.asarray(kept.pieces)
    pieces = sampling.sample_pieces(model, conditions, form, settings, progress)
    cache.store(name, _Drawn(0.0, pieces), Path("drawn tokens"))
    return pieces


def _digest(model: Decoder, *inputs: Any) -> str:
    """Digest of everything that decides the tokens."""
    digest = hashlib.blake2b(digest_size=20)
    digest.update(f"{torch.__version__} {code_digest.digest(CODE)} {_weights(model)}".encode())
    for each in inputs:
        for value in _flat(astuple(each)):
            if isinstance(value, np.ndarray):
                digest.update(f"{value.dtype} {value.shape}".encode() + np.ascontiguousarray(value).tobytes())
            else:
                digest.update(repr(value).encode())
    return digest.hexdigest()


def _flat(values: tuple[Any, ...]) -> Iterator[Any]:
    """The values of nested tuples in order."""
    for value in values:
        if isinstance(value, tuple):
            yield from _flat(value)
        else:
            yield value


@lru_cache(maxsize=1)
def _weights(model: Decoder) -> str:
    """A digest of a decoder's weights."""
    digest = hashlib.blake2b(digest_size=20)
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode() + tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()

"""The delay pattern: stream k of step s is at position s + k, so that it sees streams < k of s.

MusicGen's pattern (Copet et al. 2023, section 2.1), for any K. Shapes: tokens [..., K, S] <->
delayed [..., K, S + K - 1].
"""

import torch


def delay(tokens: torch.Tensor, pad: torch.Tensor) -> torch.Tensor:
    """Shift stream k by k positions.

    Args:
        tokens: [..., K, S].
        pad: [K] fills what the shift leaves open.

    Returns:
        [..., K, S + K - 1].
    """
    k_streams, n_steps = tokens.shape[-2:]
    shape = (*tokens.shape[:-1], n_steps + k_streams - 1)
    delayed = pad.to(tokens)[:, None].expand(shape).clone()
    for k in range(k_streams):
        delayed[..., k, k : k + n_steps] = tokens[..., k, :]
    return delayed


def undelay(delayed: torch.Tensor) -> torch.Tensor:
    """Undo `delay`.

    Args:
        delayed: [..., K, S + K - 1].

    Returns:
        [..., K, S].
    """
    k_streams = delayed.shape[-2]
    n_steps = delayed.shape[-1] - k_streams + 1
    return torch.stack([delayed[..., k, k : k + n_steps] for k in range(k_streams)], dim=-2)


def delayed_times(n_steps: int, k_streams: int) -> torch.Tensor:
    """Find the step that each stream is at.

    Args:
        n_steps: S.
        k_streams: K.

    Returns:
        [S + K - 1, K] int64; it may fall outside 0..S.
    """
    positions = torch.arange(n_steps + k_streams - 1)
    return positions[:, None] - torch.arange(k_streams)[None]

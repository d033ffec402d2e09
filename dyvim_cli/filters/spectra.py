"""Transform sound to spectra and back, in its own precision."""

from typing import Any

import numpy as np

from dyvim_cli.filters.compiled import compiled

WHOLE, SHARE = 0, 2  # how sums are scaled in the compiled loops: not at all, and by the length


def fast_length(n: int) -> int:
    """Find a length that is transformed quickly.

    Args:
        n: samples that there are.

    Returns:
        As many or somewhat more.
    """
    loops = compiled("fft._pocketfft.pypocketfft", _is_as_known)
    if loops is None:
        from scipy.fft import next_fast_len

        return int(next_fast_len(n, real=True))
    return int(loops.good_size(n, True))


def spectrum(sound: np.ndarray, n: int) -> np.ndarray:
    """Transform real sound along its last axis.

    Args:
        sound: [..., m] float32 or float64, m <= n.
        n: samples that are transformed, zeros behind the sound.

    Returns:
        [..., n // 2 + 1] complex numbers of the same precision.
    """
    loops = compiled("fft._pocketfft.pypocketfft", _is_as_known)
    if loops is None:
        from scipy.fft import rfft

        return rfft(sound, n)
    padded = np.zeros((*sound.shape[:-1], n), sound.dtype)
    padded[..., : sound.shape[-1]] = sound
    return loops.r2c(padded, (padded.ndim - 1,), True, WHOLE, None, 1)


def from_spectrum(values: np.ndarray, n: int) -> np.ndarray:
    """Transform a spectrum back along its last axis.

    Args:
        values: [..., n // 2 + 1] complex.
        n: samples.

    Returns:
        [..., n] real, of the same precision.
    """
    loops = compiled("fft._pocketfft.pypocketfft", _is_as_known)
    if loops is None:
        from scipy.fft import irfft

        return irfft(values, n)
    return loops.c2r(values, (values.ndim - 1,), n, False, SHARE, None, 1)


def _is_as_known(loops: Any) -> bool:
    """Check the loops on a sample and the silence after it, whose spectrum is flat, and on a length."""
    sample = np.eye(1, 6, dtype=np.float32)
    flat = loops.r2c(sample, (1,), True, WHOLE, None, 1)
    back = loops.c2r(flat, (1,), 6, False, SHARE, None, 1)
    is_right = flat.tolist() == [[1, 1, 1, 1]] and np.allclose(back, sample, atol=1e-6)
    return bool(is_right and flat.dtype == np.complex64 and back.dtype == np.float32) and (
        loops.good_size(7 * 13, True) == 96
    )

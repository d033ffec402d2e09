"""Go to the frequencies of sound and back, in single precision where it is so."""

import numpy as np

from dyvim_cli.filters.compiled import compiled

FORWARD, BACKWARD = True, False
UNSCALED, BY_LENGTH = 0, 2  # the compiled loops' numbers of what a result is divided by
ONE_THREAD = 1


def fast_length(n: int) -> int:
    """Find a length from n on whose transform is quick.

    Args:
        n: least number of samples.

    Returns:
        A product of 2, 3 and 5.
    """
    return compiled("fft._pocketfft", "pypocketfft").good_size(n, True)


def spectra_of(signal: np.ndarray, size: int) -> np.ndarray:
    """Transform real signals, filled up with silence.

    Args:
        signal: [rows, n] floats.
        size: n or more.

    Returns:
        [rows, size // 2 + 1] complex.
    """
    padded = np.zeros((len(signal), size), signal.dtype)
    padded[:, : signal.shape[1]] = signal
    loops = compiled("fft._pocketfft", "pypocketfft")
    return loops.r2c(padded, (-1,), FORWARD, UNSCALED, None, ONE_THREAD)


def signals_of(spectra: np.ndarray, size: int) -> np.ndarray:
    """Transform spectra back.

    Args:
        spectra: [rows, size // 2 + 1] complex.
        size: samples of the signals.

    Returns:
        [rows, size] floats.
    """
    loops = compiled("fft._pocketfft", "pypocketfft")
    return loops.c2r(spectra, (-1,), size, BACKWARD, BY_LENGTH, None, ONE_THREAD)

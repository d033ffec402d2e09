"""Design filters: Butterworth's in sections of second order, and low-passes of a finite response."""

from math import pi, sqrt, tan

import numpy as np


def butterworth(order: int, corners_hz: float | tuple[float, float], kind: str, rate_hz: float) -> np.ndarray:
    """Design a Butterworth filter: flat where it lets through, 6 dB an octave and order steep outside.

    Args:
        order: of the filter; a band-pass has it on either side.
        corners_hz: where it takes 3 dB: two for a band-pass.
        kind: lowpass, highpass or bandpass.
        rate_hz: of the sound.

    Returns:
        [n, 6] sections of second order, for recursive.filter_by_sections: the least resonant first.
    """
    corners = [4 * tan(pi * corner / rate_hz) for corner in np.atleast_1d(corners_hz).tolist()]
    prototype = -np.exp(0.5j * pi * np.arange(1 - order, order, 2) / order)
    prototype = np.where(np.abs(prototype.imag) < 1e-12, prototype.real, prototype)  # an odd one's middle
    if kind == "lowpass":
        poles, n_at_zero, gain = corners[0] * prototype, 0, corners[0] ** order
    elif kind == "highpass":
        poles, n_at_zero, gain = corners[0] / prototype, order, 1.0
    else:
        width, middle = corners[1] - corners[0], sqrt(corners[0] * corners[1])
        half = 0.5 * width * prototype
        root = np.sqrt(half**2 - middle**2 + 0j)
        poles, n_at_zero, gain = np.concatenate([half + root, half - root]), order, width**order
    # the bilinear transform: zeros of the analogue filter at 0 come to 1, those at infinity to -1
    gain *= 4.0**n_at_zero / float(np.prod(4 - poles).real)
    zeros = [1.0] * n_at_zero + [-1.0] * (len(poles) - n_at_zero)
    return _sections((4 + poles) / (4 - poles), zeros, gain)


def windowed_low_pass(n_taps: int, corner: float) -> np.ndarray:
    """Design a low-pass of a finite, symmetric response, with Hamming's window.

    Args:
        n_taps: length of the response.
        corner: where it takes 6 dB, as a share of the highest frequency.

    Returns:
        [n_taps] coefficients; their sum is 1.
    """
    taps = corner * np.sinc(corner * (np.arange(n_taps) - 0.5 * (n_taps - 1))) * np.hamming(n_taps)
    return taps / taps.sum()


def _sections(poles: np.ndarray, zeros: list[float], gain: float) -> np.ndarray:
    """[n, 6] sections of pairs of poles, each with the zeros that lie nearest; the most resonant last."""
    rows, zeros = [], list(zeros)
    for pair in _pairs(poles):
        near = sorted(zeros, key=lambda zero: abs(zero - pair[0]))[: len(pair)]
        for zero in near:
            zeros.remove(zero)
        rows.append([*_polynomial(near), *_polynomial(pair)])
    sections = np.array(rows[::-1])
    sections[0, :3] *= gain
    return sections


def _pairs(poles: np.ndarray) -> list[list[complex]]:
    """Conjugate pairs, and pairs of real poles or a single one; the nearest to the unit circle first."""
    above = [complex(pole) for pole in poles if pole.imag > 1e-12]
    real = sorted(
        (pole.real for pole in poles if abs(pole.imag) <= 1e-12), key=lambda pole: abs(1 - abs(pole))
    )
    pairs = [[pole, pole.conjugate()] for pole in above]
    pairs += [[complex(pole) for pole in real[i : i + 2]] for i in range(0, len(real), 2)]
    return sorted(pairs, key=lambda pair: abs(1 - abs(pair[0])))


def _polynomial(roots: list[complex] | list[float]) -> list[float]:
    """Three real coefficients of a polynomial of one root or two, the highest power first."""
    coefficients = np.poly(roots).real.tolist()
    return coefficients + [0.0] * (3 - len(coefficients))

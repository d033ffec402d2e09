"""Streaming studio effects: filters, panning, convolution, echo, saturation, compressor.

Each maker returns an effect: a function from one block [2, n] to the next that keeps its state between
blocks, so that a film of any length passes through without a seam.
"""

from collections.abc import Callable

import numpy as np

from dyvim_cli.filters import (
    BlockFilter,
    butterworth,
    fast_length,
    filter_recursively,
    from_spectrum,
    gains_of,
    spectrum,
    straight_lines,
)
from dyvim_cli.types import SAMPLE_RATE

Effect = Callable[[np.ndarray], np.ndarray]

SPREAD_DELAY_S, SPREAD_FROM_HZ = 0.011, 250.0
SIDE_FROM_HZ = 140.0
ECHO_CROSSTALK = 0.25
LEVEL_HOP = 48  # frames between values of a level follower
GLUE_S = 0.08


def filter_sections(sos: np.ndarray, n_channels: int = 2) -> Effect:
    """Make a filter of second-order sections.

    Args:
        sos: [n, 6] as scipy has them.
        n_channels: of the blocks.

    Returns:
        The effect on [n_channels, n].
    """
    return BlockFilter(np.asarray(sos, np.float32), n_channels)


def high_pass(cutoff_hz: float) -> np.ndarray:
    """Design a second-order Butterworth high-pass.

    Args:
        cutoff_hz: where it takes 3 dB.

    Returns:
        Sections [1, 6].
    """
    return butterworth(2, cutoff_hz, "highpass", SAMPLE_RATE)


def low_pass(cutoff_hz: float, order: int = 2) -> np.ndarray:
    """Design a Butterworth low-pass.

    Args:
        cutoff_hz: where it takes 3 dB.
        order: 6 dB an octave each.

    Returns:
        Sections [ceil(order / 2), 6].
    """
    return butterworth(order, cutoff_hz, "lowpass", SAMPLE_RATE)


def shelf(corner_hz: float, db: float, high: bool) -> np.ndarray:
    """Design a low or high shelf (R. Bristow-Johnson, Audio EQ Cookbook, slope 1).

    Args:
        corner_hz: where half of the gain (in dB) is reached.
        db: gain of the shelf.
        high: above the corner instead of below.

    Returns:
        Sections [1, 6].
    """
    a, omega = 10 ** (db / 40), 2 * np.pi * corner_hz / SAMPLE_RATE
    cosine, edge = np.cos(omega), 2 * np.sqrt(a) * np.sin(omega) / np.sqrt(2)
    sign = 1 if high else -1
    b = [
        a * ((a + 1) + sign * (a - 1) * cosine + edge),
        -2 * sign * a * ((a - 1) + sign * (a + 1) * cosine),
        a * ((a + 1) + sign * (a - 1) * cosine - edge),
    ]
    c = [
        (a + 1) - sign * (a - 1) * cosine + edge,
        2 * sign * ((a - 1) - sign * (a + 1) * cosine),
        (a + 1) - sign * (a - 1) * cosine - edge,
    ]
    return np.array([[*b, *c]]) / c[0]


def bell(centre_hz: float, db: float, q: float = 0.8) -> np.ndarray:
    """Design a peaking filter (Audio EQ Cookbook).

    Args:
        centre_hz: of the peak.
        db: gain there.
        q: the larger, the narrower.

    Returns:
        Sections [1, 6].
    """
    a, omega = 10 ** (db / 40), 2 * np.pi * centre_hz / SAMPLE_RATE
    alpha, cosine = np.sin(omega) / (2 * q), np.cos(omega)
    top = 1 + alpha / a
    return np.array([[1 + alpha * a, -2 * cosine, 1 - alpha * a, top, -2 * cosine, 1 - alpha / a]]) / top


def delay_line(delay_s: float, n_channels: int = 2) -> Effect:
    """Make a delay.

    Args:
        delay_s: at least a frame.
        n_channels: of the blocks.

    Returns:
        The effect on [n_channels, n].
    """
    memory = np.zeros((n_channels, max(1, round(delay_s * SAMPLE_RATE))), np.float32)

    def effect(block: np.ndarray) -> np.ndarray:
        nonlocal memory
        line = np.concatenate([memory, block], axis=1)
        memory = line[:, block.shape[1] :].copy()
        return line[:, : block.shape[1]]

    return effect


def placed(level_db: float, pan: float, side_db: float, spread: float) -> Effect:
    """Make the level and place of a stem.

    Args:
        level_db: gain.
        pan: balance, -1 left .. 1 right.
        side_db: gain of the stem's own side signal.
        spread: pseudo-stereo, 0 = none (Lauridsen: the delayed middle added left, taken away right: mono
            stays clean).

    Returns:
        The effect on [2, n].
    """
    level, side_gain = 10 ** (level_db / 20), np.float32(10 ** (side_db / 20) / 2)
    left = np.float32(level * np.cos(np.pi / 4 * (1 + pan)) * 2**0.5)
    right = np.float32(level * np.sin(np.pi / 4 * (1 + pan)) * 2**0.5)
    late, thin = delay_line(SPREAD_DELAY_S, 1), filter_sections(high_pass(SPREAD_FROM_HZ), 1)

    def effect(block: np.ndarray) -> np.ndarray:
        middle, side = (block[0] + block[1]) * np.float32(0.5), (block[0] - block[1]) * side_gain
        if spread:
            side += np.float32(spread) * late(thin(middle[None]))[0]
        out = np.empty_like(block)
        np.multiply(middle + side, left, out=out[0])
        np.multiply(middle - side, right, out=out[1])
        return out

    return effect


def widened(side_db: float) -> Effect:
    """Make more (or less) side of the whole mix; the low end stays in the middle.

    Args:
        side_db: gain of the side signal.

    Returns:
        The effect on [2, n].
    """
    clear, side_gain = filter_sections(high_pass(SIDE_FROM_HZ), 1), np.float32(10 ** (side_db / 20) / 2)

    def effect(block: np.ndarray) -> np.ndarray:
        middle = (block[0] + block[1]) * np.float32(0.5)
        side = clear((block[0] - block[1])[None] * side_gain)[0]
        return np.stack([middle + side, middle - side])

    return effect


def convolver(response: np.ndarray) -> Effect:
    """Make a convolution, each side with its own response.

    Args:
        response: [2, m].

    Returns:
        The effect on [2, n]; the tail continues in the next blocks.
    """
    n_tail = response.shape[1] - 1
    tail, spectra = np.zeros((2, n_tail), np.float32), np.zeros((2, 0), np.complex64)
    size = 0

    def effect(block: np.ndarray) -> np.ndarray:
        nonlocal tail, spectra, size
        n = block.shape[1]
        if not block.any():
            full = np.zeros((2, n + n_tail), np.float32)
        else:
            if n + n_tail > size:
                size = fast_length(n + n_tail)
                spectra = spectrum(response.astype(np.float32), size)
            full = from_spectrum(spectrum(block, size) * spectra, size)[:, : n + n_tail]
        full[:, :n_tail] += tail
        tail = full[:, n:].copy()
        return full[:, :n]

    return effect


def echo(delay_s: float, feedback: float, n_taps: int = 5) -> Effect:
    """Make echoes of the middle that jump from side to side and are duller than their source.

    Args:
        delay_s: from one to the next.
        feedback: level of each against the one before, linear.
        n_taps: how many there are.

    Returns:
        The effect on [2, n]; the source itself is not in it.
    """
    dull = filter_sections(np.concatenate([low_pass(3500.0), high_pass(300.0)]), 1)
    delay, memory = round(delay_s * SAMPLE_RATE), np.zeros(round(delay_s * SAMPLE_RATE) * n_taps, np.float32)

    def effect(block: np.ndarray) -> np.ndarray:
        nonlocal memory
        n = block.shape[1]
        line = np.concatenate([memory, dull((block[0] + block[1])[None] * np.float32(0.5))[0]])
        wet = np.zeros_like(block)
        for tap in range(1, n_taps + 1):
            late = line[len(memory) - tap * delay :][:n] * np.float32(feedback**tap)
            wet[tap % 2] += late
            wet[1 - tap % 2] += np.float32(ECHO_CROSSTALK) * late
        memory = line[n:].copy()
        return wet

    return effect


def saturate(drive: float) -> Effect:
    """Make a soft clipper that leaves small signals unchanged.

    Args:
        drive: the larger, the earlier it bends; the ceiling is 1 / drive.

    Returns:
        The effect on any shape.
    """
    k = np.float32(drive)
    return lambda block: np.tanh(block * k) / k


def follower(release_s: float) -> Callable[[np.ndarray], np.ndarray]:
    """Make a level meter with one time constant both ways.

    It is taken every millisecond and drawn as a line between.

    Args:
        release_s: time constant.

    Returns:
        A function from a block [2, n] to its smoothed level [n].
    """
    decay = np.exp(-LEVEL_HOP / SAMPLE_RATE / release_s)
    state, last = np.zeros(1), 0.0

    def levels(block: np.ndarray) -> np.ndarray:
        nonlocal state, last
        n = block.shape[1]
        loudest = np.maximum(np.abs(block[0]), np.abs(block[1]))
        loudest = np.maximum.reduceat(loudest, np.arange(0, n, LEVEL_HOP))
        smooth, state = filter_recursively([1 - decay], [1, -decay], loudest, state)
        knots = np.append(last, smooth)
        last = smooth[-1]
        return straight_lines(knots, LEVEL_HOP)[:n]

    return levels


def glue(threshold_db: float, ratio: float) -> Effect:
    """Make a gentle bus compressor: the gain follows the smoothed level; both sides move together.

    Args:
        threshold_db: level from which on it works.
        ratio: dB in for a dB out above it.

    Returns:
        The effect on [2, n].
    """
    level = follower(GLUE_S)

    def effect(block: np.ndarray) -> np.ndarray:
        over_db = np.maximum(20 * np.log10(level(block) + 1e-6) - threshold_db, 0)
        return block * gains_of(over_db * (1 / ratio - 1))

    return effect


def chain(*effects: Effect) -> Effect:
    """Join effects, one after the other.

    Args:
        *effects: in the order of the signal.

    Returns:
        One effect.
    """

    def effect(block: np.ndarray) -> np.ndarray:
        for step in effects:
            block = step(block)
        return block

    return effect

"""Measure a drum's tone and ring, and the decay that makes a ring as long as another."""

import numpy as np

RING_DB = 30.0  # fall over which rings are compared
RINGS_ALIKE = 1.1  # a ring that is longer by this factor is shortened
TONE_HZ = (35.0, 400.0)  # where a drum's tone is looked for


def tone_hz(sound: np.ndarray, rate: int) -> float:
    """Find the frequency of a drum's tone: the strongest below 400 Hz in its first half second.

    Args:
        sound: [n].
        rate: frames a second.

    Returns:
        Hz.
    """
    power = np.abs(np.fft.rfft(sound[: rate // 2], 1 << 17))
    hz = np.fft.rfftfreq(1 << 17, 1 / rate)
    inside = (hz >= TONE_HZ[0]) & (hz <= TONE_HZ[1])
    return float(hz[inside][np.argmax(power[inside])])


def ring_s(sound: np.ndarray, rate: int) -> float:
    """Find how long a sound rings: until all but a thousandth of its energy is over.

    Args:
        sound: [n].
        rate: frames a second.

    Returns:
        Seconds.
    """
    left = np.cumsum(sound[::-1].astype(np.float64) ** 2)[::-1]
    return float(np.argmax(left < left[0] * 10 ** (-RING_DB / 10)) or len(sound)) / rate


def faster_db_per_s(sound: np.ndarray, rate: int, target_s: float) -> float:
    """Find the decay that brings a sound's ring to a target.

    Args:
        sound: [n].
        rate: frames a second.
        target_s: ring that is asked for, in seconds.

    Returns:
        dB a second; 0 where the sound rings no longer than that.
    """
    if ring_s(sound, rate) < RINGS_ALIKE * target_s:
        return 0.0
    low, high = 0.0, 200.0
    for _ in range(12):
        middle = (low + high) / 2
        gains = 10 ** (-middle * np.arange(len(sound)) / rate / 20)
        low, high = (middle, high) if ring_s(sound * gains, rate) > target_s else (low, middle)
    return high

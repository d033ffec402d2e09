"""Filter line spectra: a resonant ladder whose cutoff moves, vowels, and a high-pass."""

import numpy as np

from tools.synth.spectra import Loop, wave_of

POLES = 4  # poles of the ladder, which falls by 24 dB an octave
STEPS_PER_OCTAVE = 8  # settings of a moving cutoff; the sound is crossfaded between them
LOWEST_HZ, HIGHEST_HZ = 40.0, 12000.0  # cutoffs
FLOOR_DB = -34.0  # a vowel's gain between its formants

Vowel = tuple[tuple[float, float, float], ...]  # (Hz, dB, bandwidth in Hz) of each formant


def ladder(hz: np.ndarray, cutoff_hz: float, resonance: float) -> np.ndarray:
    """Give the response of a four-pole ladder, its loss of bass at high resonance half made up for.

    Args:
        hz: [n] frequencies.
        cutoff_hz: of the ladder.
        resonance: feedback; 0 is none, at 4 it would sing by itself.

    Returns:
        [n] complex gains.
    """
    return (1 + resonance / 2) / ((1 + 1j * hz / cutoff_hz) ** POLES + resonance)


def high_pass(hz: np.ndarray, cutoff_hz: float) -> np.ndarray:
    """Give the gains of a second-order high-pass.

    Args:
        hz: [n] frequencies.
        cutoff_hz: where it has lost 3 dB.

    Returns:
        [n] gains.
    """
    return hz**2 / np.sqrt(hz**4 + cutoff_hz**4 + 1e-9)


def vowel(hz: np.ndarray, formants: Vowel) -> np.ndarray:
    """Give the gains of a throat.

    Args:
        hz: [n] frequencies.
        formants: of the vowel.

    Returns:
        [n] gains.
    """
    peaks = (10 ** (db / 20) / (1 + ((hz - at) / (width / 2)) ** 2) for at, db, width in formants)
    return sum(peaks, np.full(len(hz), 10 ** (FLOOR_DB / 20)))


def swept(
    spectrum: np.ndarray, loop: Loop, places: np.ndarray, cutoff_hz: np.ndarray, resonance: float
) -> np.ndarray:
    """Play a spectrum through a ladder whose cutoff moves.

    Args:
        spectrum: of the loop.
        loop: its length.
        places: [n] frames of the loop, taken modulo its length.
        cutoff_hz: [n] at each of them.
        resonance: of the ladder.

    Returns:
        [n].
    """
    hz = np.arange(len(spectrum)) * loop.line_hz
    steps = STEPS_PER_OCTAVE * np.log2(np.clip(cutoff_hz, LOWEST_HZ, HIGHEST_HZ))
    sound = np.zeros(len(places))
    for step in range(int(np.floor(steps.min())), int(np.ceil(steps.max())) + 1):
        share = 1 - np.abs(steps - step)
        heard = np.flatnonzero(share > 0)
        if len(heard):
            filtered = wave_of(spectrum * ladder(hz, 2.0 ** (step / STEPS_PER_OCTAVE), resonance), loop)
            sound[heard] += share[heard] * filtered[places[heard] % loop.n_frames]
    return sound

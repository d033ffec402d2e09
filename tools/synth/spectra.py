"""Build band-limited waves as line spectra of a loop: nothing aliases, and every loop is seamless.

A loop holds a whole number of cycles of each of its partials, detuned or not, so a line of its spectrum
stands for each. Lines below MONO_HZ are never detuned: there both sides of a stereo sound agree.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dyvim_cli.types import SAMPLE_RATE

MONO_HZ = 200.0  # frequency below which partials stand still
FADES_HZ, HIGHEST_HZ = 9000.0, 14000.0  # partials fade out between them: interpolation mirrors higher ones
CYCLES_STEP = 4  # cycles of a loop are a multiple of it, so that lower octaves fit in
CANDIDATES, OFF_CENTS = 24, 0.04  # numbers of cycles that are tried, and how far out of tune the first may be
STILL_FRAMES = 250  # frames that the loop of a still tone has about, or one cycle
CORE = 0.5  # share of a band's energy that stands still in its middle
REACH = 2.5  # half width of a band in standard deviations
LEAST_SPREAD_LINES = 0.6  # standard deviation of the narrowest band
BREATH_HZ = (1200.0, 7000.0)  # band of breath noise

Amplitudes = Callable[[np.ndarray], np.ndarray]  # numbers of harmonics [n], from 1 on -> amplitudes [n]


@dataclass(frozen=True)
class Loop:
    """A loop that fits a key: n_frames frames hold so many cycles of its fundamental."""

    n_frames: int
    cycles: int

    @property
    def hz(self) -> float:
        """Frequency of the fundamental."""
        return self.cycles * SAMPLE_RATE / self.n_frames

    @property
    def line_hz(self) -> float:
        """Distance of the spectrum's lines."""
        return SAMPLE_RATE / self.n_frames

    def silence(self) -> np.ndarray:
        """Make an empty spectrum.

        Returns:
            [n_frames // 2 + 1] complex.
        """
        return np.zeros(self.n_frames // 2 + 1, complex)


def key_hz(key: float) -> float:
    """Find the frequency of a key.

    Args:
        key: MIDI number.

    Returns:
        Hz.
    """
    return 440.0 * 2.0 ** ((key - 69) / 12)


def fitted(key: int, least_s: float) -> Loop:
    """Find the shortest loop whose fundamental is a key's to OFF_CENTS, or the best of the shorter ones.

    Args:
        key: MIDI number.
        least_s: shortest length in seconds.

    Returns:
        The loop.
    """
    hz = key_hz(key)
    first = int(np.ceil(least_s * hz / CYCLES_STEP)) * CYCLES_STEP
    cycles = first + CYCLES_STEP * np.arange(CANDIDATES)
    frames = cycles * SAMPLE_RATE / hz
    off_cents = 1200 * np.abs(np.log2(np.round(frames) / frames))
    best = int(np.argmax(off_cents < max(OFF_CENTS, off_cents.min() * 1.001)))
    return Loop(round(frames[best]), int(cycles[best]))


def still(key: int) -> Loop:
    """Find the loop of a tone in which nothing moves: one cycle, or as many as STILL_FRAMES hold.

    What the encoder adds then repeats with the cycle, and is harmonic. It may be some cents out of tune.

    Args:
        key: MIDI number.

    Returns:
        The loop.
    """
    period = SAMPLE_RATE / key_hz(key)
    cycles = max(1, round(STILL_FRAMES / period))
    return Loop(round(cycles * period), cycles)


def saw(harmonics: np.ndarray) -> np.ndarray:
    """Give the amplitudes of a saw's harmonics.

    Args:
        harmonics: [n] numbers from 1 on.

    Returns:
        [n] amplitudes.
    """
    return 1.0 / harmonics


def pulse(width: float) -> Amplitudes:
    """Make the amplitudes of a pulse wave; width 0.5 is a square.

    Args:
        width: share of the cycle that is high.

    Returns:
        Its amplitudes.
    """
    return lambda harmonics: 1.3 * np.abs(np.sin(np.pi * width * harmonics)) / harmonics


def triangle(harmonics: np.ndarray) -> np.ndarray:
    """Give the amplitudes of a triangle's harmonics.

    Args:
        harmonics: [n] numbers from 1 on.

    Returns:
        [n] amplitudes.
    """
    return (harmonics % 2) / harmonics**2


def few(*amplitudes: float) -> Amplitudes:
    """Make the amplitudes of a wave of a few harmonics, as an organ's.

    Args:
        amplitudes: of the first harmonics; all others are silent.

    Returns:
        Its amplitudes.
    """

    def of(harmonics: np.ndarray) -> np.ndarray:
        known = np.append(amplitudes, 0.0)
        return known[np.minimum(harmonics.astype(int) - 1, len(amplitudes))]

    return of


def unison(
    loop: Loop, wave: Amplitudes, cents: tuple[float, ...], octave: int, rng: np.random.Generator
) -> np.ndarray:
    """Sum oscillators of one wave, each detuned by the nearest whole cycles a loop.

    Args:
        loop: that they fit into.
        wave: amplitudes of the harmonics.
        cents: detuning of each oscillator.
        octave: transposition of all.
        rng: for their phases.

    Returns:
        Spectrum [n_frames // 2 + 1].
    """
    spectrum, middle = loop.silence(), round(loop.cycles * 2.0**octave)
    for away in cents:
        apart = round(middle * (2.0 ** (away / 1200) - 1))
        phase = rng.uniform(0, 2 * np.pi)
        _add(spectrum, loop, wave, (middle, apart), phase)
    return spectrum / np.sqrt(len(cents))


def _add(spectrum: np.ndarray, loop: Loop, wave: Amplitudes, cycles: tuple[int, int], phase: float) -> None:
    """Add one oscillator of (cycles of the middle, cycles by which it is detuned)."""
    middle, apart = cycles
    harmonics = np.arange(1, int(HIGHEST_HZ / (middle * loop.line_hz)) + 1)
    is_low = harmonics * middle * loop.line_hz < MONO_HZ
    lines = harmonics * np.where(is_low, middle, middle + apart)
    phases = np.where(is_low, -np.pi / 2, harmonics * phase - np.pi / 2)
    values = wave(harmonics) * faded(lines * loop.line_hz) * np.exp(1j * phases)
    inside = lines < len(spectrum)
    np.add.at(spectrum, lines[inside], values[inside])


def cloud(
    loop: Loop, wave: Amplitudes, ratios: np.ndarray, width_cents: float, rng: np.random.Generator
) -> np.ndarray:
    """Spread each partial into a narrow band of lines with phases at random: an ensemble of many players.

    Args:
        loop: that they fit into.
        wave: amplitudes of the partials by their ratios.
        ratios: [n] frequencies of the partials against the fundamental, ascending.
        width_cents: standard deviation of a band.
        rng: for the phases.

    Returns:
        Spectrum [n_frames // 2 + 1].
    """
    spectrum = loop.silence()
    for ratio, amplitude in zip(ratios, wave(ratios), strict=True):
        hz = ratio * loop.hz
        if hz >= HIGHEST_HZ or not amplitude:
            continue
        amplitude *= faded(hz)
        line = round(ratio * loop.cycles)
        if hz < MONO_HZ:
            spectrum[line] += -1j * amplitude
        else:
            _spread(spectrum, line, hz * (2 ** (width_cents / 1200) - 1) / loop.line_hz, amplitude, rng)
    return spectrum


def _spread(
    spectrum: np.ndarray, line: int, spread_lines: float, amplitude: float, rng: np.random.Generator
) -> None:
    """Add a partial as a band around its line, with a core that stands still."""
    spread_lines = max(spread_lines, LEAST_SPREAD_LINES)
    reach = max(1, round(REACH * spread_lines))
    offsets = np.arange(-reach, reach + 1)
    share = np.exp(-0.5 * (offsets / spread_lines) ** 2)
    values = np.sqrt((1 - CORE) * share / share.sum()) * np.exp(2j * np.pi * rng.random(len(offsets)))
    values[reach] += np.sqrt(CORE) * np.exp(2j * np.pi * rng.random())
    spectrum[line - reach : line + reach + 1] += amplitude * values


def breath(loop: Loop, rng: np.random.Generator) -> np.ndarray:
    """Make noise of one loop's length in BREATH_HZ, falling by 3 dB an octave.

    Args:
        loop: that it repeats in.
        rng: for the phases.

    Returns:
        Spectrum [n_frames // 2 + 1], of the power of a sine of amplitude 1.
    """
    spectrum = loop.silence()
    hz = np.arange(len(spectrum)) * loop.line_hz
    inside = (hz >= BREATH_HZ[0]) & (hz <= BREATH_HZ[1])
    values = np.exp(2j * np.pi * rng.random(inside.sum())) / np.sqrt(hz[inside])
    spectrum[inside] = values / np.sqrt((np.abs(values) ** 2).sum())
    return spectrum


def faded(hz: np.ndarray | float) -> np.ndarray:
    """Fade partials out towards HIGHEST_HZ.

    Args:
        hz: [n] frequencies.

    Returns:
        [n] gains 0..1.
    """
    place = np.clip((np.asarray(hz) - FADES_HZ) / (HIGHEST_HZ - FADES_HZ), 0, 1)
    return np.cos(np.pi / 2 * place) ** 2


def wave_of(spectrum: np.ndarray, loop: Loop) -> np.ndarray:
    """Turn a spectrum into its loop.

    Args:
        spectrum: [n_frames // 2 + 1] complex amplitudes of cosines.
        loop: its length.

    Returns:
        [n_frames].
    """
    return np.fft.irfft(spectrum, loop.n_frames) * loop.n_frames / 2

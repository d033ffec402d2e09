"""Render the tones of patches: subtractive, struck and FM, each as an attack and a loop.

A tone has SOFT, MEDIUM and HARD layers, which differ in filter, brightness or FM index. Its attack is the
loop's own wave with envelopes that have settled to the frame when the loop begins.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from dyvim_cli.types import SAMPLE_RATE
from tools.synth import envelopes, filters, spectra
from tools.synth.spectra import Amplitudes, Loop

LAYERS = 3
MIDDLE_KEY = 60  # key that cutoffs and times are given for
BEYOND_FRAMES, FADE_FRAMES = 1300, 400  # frames behind a loop, for the encoder; the last of them fade
SHORTEST, LONGEST = 0.55, 1.6  # bounds of a loop's length against MIDDLE_KEY's
OVERSAMPLED = 4  # rate of FM against the font's
MODULATOR_HZ = 9000.0  # a modulator that would be higher goes down by octaves
Three = tuple[float, float, float]  # a value for each layer, from soft to hard


@dataclass(frozen=True)
class Rendered:
    """A tone of one key and layer: samples [n], and the loop's bounds; no bounds = it ends by itself."""

    samples: np.ndarray
    loop: tuple[int, int] | None
    hz: float


class Tone(Protocol):
    """Anything that renders a key in a layer."""

    def render(self, key: int, layer: int, rng: np.random.Generator) -> Rendered:
        """Render a key in a layer.

        Args:
            key: MIDI number.
            layer: 0 soft .. 2 hard.
            rng: for phases, the same in all layers.

        Returns:
            The tone.
        """
        ...


@dataclass(frozen=True)
class Wave:
    """An oscillator: discrete voices that are cents apart, or a cloud of this width around each partial."""

    amplitudes: Amplitudes
    cents: tuple[float, ...] = (0.0,)
    octave: int = 0
    level_db: float = 0.0
    cloud_cents: float = 0.0
    ratios: tuple[float, ...] = ()  # frequencies of a cloud's partials; none = all harmonics

    def spectrum(self, loop: Loop, rng: np.random.Generator) -> np.ndarray:
        """Lay out the oscillator's lines.

        Args:
            loop: that they fit into.
            rng: for phases.

        Returns:
            Spectrum [n_frames // 2 + 1].
        """
        if self.cloud_cents:
            base = 2.0**self.octave
            ratios = self.ratios or np.arange(1, int(spectra.HIGHEST_HZ / (base * loop.hz)) + 1)
            lines = spectra.cloud(loop, _by(self.amplitudes, base), base * np.asarray(ratios, float),
                                  self.cloud_cents, rng)  # fmt: skip
        else:
            lines = spectra.unison(loop, self.amplitudes, self.cents, self.octave, rng)
        return lines * 10 ** (self.level_db / 20)


def _by(amplitudes: Amplitudes, base: float) -> Amplitudes:
    return lambda ratios: amplitudes(ratios / base)


@dataclass(frozen=True)
class Subtractive:
    """Oscillators through a ladder with an envelope of its own."""

    waves: tuple[Wave, ...]
    cutoff_hz: Three  # once settled, at MIDDLE_KEY
    tracking: float = 0.4  # how far the cutoff follows the key: 1 = as the pitch does
    resonance: float = 0.0
    opens_octaves: Three = (0.0, 0.0, 0.0)  # how far the envelope opens the filter
    opens_s: float = 0.15  # time constant of its fall, or the time of its summit
    is_swell: bool = False  # whether the filter opens after the onset, as brass does
    settles_s: float = 0.0  # length of the attack
    loop_s: float = 0.5  # shortest loop at MIDDLE_KEY, longer for lower keys; 0 = one cycle
    sweep_octaves: float = 0.0  # how far the filter wanders up and back during a loop
    rise_s: float = 0.003
    vowels: tuple[filters.Vowel, ...] = ()  # a throat for each layer
    breath_db: float = -120.0  # noise against a partial of amplitude 1
    low_cut_hz: float = 0.0
    drive: float = 0.0
    is_transient: bool = False  # only what the envelope adds to the settled tone

    def render(self, key: int, layer: int, rng: np.random.Generator) -> Rendered:
        """Render a key.

        Args:
            key: MIDI number.
            layer: 0 soft .. 2 hard.
            rng: for phases.

        Returns:
            The tone.
        """
        longer = np.clip(2.0 ** ((MIDDLE_KEY - key) / 24), SHORTEST, LONGEST)
        loop = spectra.fitted(key, self.loop_s * longer) if self.loop_s else spectra.still(key)
        n_settled = round(self.settles_s * SAMPLE_RATE)
        n = n_settled + (0 if self.is_transient else loop.n_frames + BEYOND_FRAMES)
        lines, cutoff_hz = self._lines(loop, layer, rng), self._cutoff_hz(n, n_settled, loop, key, layer)
        places = np.arange(n) - (0 if self.is_transient else n_settled)
        sound = filters.swept(lines, loop, places, cutoff_hz, self.resonance)
        if self.is_transient:
            settled = np.full(n, self._settled_hz(key, layer))
            sound -= filters.swept(lines, loop, places, settled, self.resonance)
        if self.drive:
            sound = np.tanh(self.drive * sound / np.abs(sound[n_settled:]).max())
        sound *= envelopes.rise(n, self.rise_s)
        return _finished(sound, None if self.is_transient else (n_settled, loop))

    def _lines(self, loop: Loop, layer: int, rng: np.random.Generator) -> np.ndarray:
        lines = sum((wave.spectrum(loop, rng) for wave in self.waves), loop.silence())
        hz = np.arange(len(lines)) * loop.line_hz
        lines += 10 ** (self.breath_db / 20) * spectra.breath(loop, rng)
        if self.vowels:
            lines *= filters.vowel(hz, self.vowels[layer])
        return lines * filters.high_pass(hz, self.low_cut_hz) if self.low_cut_hz else lines

    def _settled_hz(self, key: int, layer: int) -> float:
        return self.cutoff_hz[layer] * 2.0 ** (self.tracking * (key - MIDDLE_KEY) / 12)

    def _cutoff_hz(self, n: int, n_settled: int, loop: Loop, key: int, layer: int) -> np.ndarray:
        shape = envelopes.swell if self.is_swell else envelopes.fall
        octaves = self.opens_octaves[layer] * shape(n, n_settled, self.opens_s)
        turn = 2 * np.pi * (np.arange(n) - n_settled) / loop.n_frames
        octaves += self.sweep_octaves * (0.5 - 0.5 * np.cos(turn))
        return self._settled_hz(key, layer) * 2.0**octaves


@dataclass(frozen=True)
class Partial:
    """A partial of something struck: it dies away within the attack, or goes on in the loop."""

    ratio: float
    level_db: float
    fall_s: float = 0.0  # time constant; 0 = it goes on


@dataclass(frozen=True)
class Struck:
    """Bells, glass and plucked strings: partials that each fall at their own pace."""

    partials: tuple[Partial, ...]
    brighter_db: Three  # gain of each octave above the fundamental, by layer
    settles_s: float = 0.5
    rise_s: float = 0.0015
    loop_s: float = 0.04

    def render(self, key: int, layer: int, rng: np.random.Generator) -> Rendered:
        """Render a key.

        Args:
            key: MIDI number.
            layer: 0 soft .. 2 hard.
            rng: for phases.

        Returns:
            The tone.
        """
        loop = spectra.fitted(key, self.loop_s)
        n_settled = round(self.settles_s * SAMPLE_RATE)
        n = n_settled + loop.n_frames + BEYOND_FRAMES
        times, sound = 2 * np.pi * loop.line_hz * np.arange(n) / SAMPLE_RATE, np.zeros(n)
        pace = 2.0 ** ((MIDDLE_KEY - key) / 24)
        for one in self.partials:
            line, phase = one.ratio * loop.cycles, rng.uniform(0, 2 * np.pi)
            line = line if one.fall_s else round(line)
            db = one.level_db + self.brighter_db[layer] * np.log2(max(one.ratio, 1))
            gain = 10 ** (db / 20) * spectra.faded(line * loop.line_hz)
            level = envelopes.fall(n, n_settled, one.fall_s * pace) if one.fall_s else 1.0
            if gain > 0:
                sound += gain * level * np.sin(line * times + phase)
        return _finished(sound * envelopes.rise(n, self.rise_s), (n_settled, loop))


@dataclass(frozen=True)
class Operator:
    """A sine whose phase another one moves by an index that falls."""

    ratio: float
    modulator: float  # frequency of the modulator against the fundamental
    index: Three  # index at the onset, by layer
    settled: Three  # index in the loop, by layer
    fall_s: float  # time constant of the index
    level_db: Three = (0.0, 0.0, 0.0)
    fades_s: float = 0.0  # time constant of the level; 0 = it stays


@dataclass(frozen=True)
class Fm:
    """Pairs of sines, one moving the other's phase, made at a high rate so that nothing aliases."""

    operators: tuple[Operator, ...]
    settles_s: float = 0.7
    rise_s: float = 0.0015
    loop_s: float = 0.04  # shortest loop; 0 = one cycle

    def render(self, key: int, layer: int, rng: np.random.Generator) -> Rendered:
        """Render a key.

        Args:
            key: MIDI number.
            layer: 0 soft .. 2 hard.
            rng: not used: all phases begin at 0.

        Returns:
            The tone.
        """
        from scipy.signal import resample_poly

        loop = spectra.fitted(key, self.loop_s) if self.loop_s else spectra.still(key)
        n_settled = round(self.settles_s * SAMPLE_RATE)
        n = n_settled + loop.n_frames + BEYOND_FRAMES
        fine = np.arange(n * OVERSAMPLED) / (SAMPLE_RATE * OVERSAMPLED)
        sound = np.zeros(len(fine))
        for one in self.operators:
            sound += self._operator(one, loop, fine, n_settled, layer, key)
        sound = resample_poly(sound, 1, OVERSAMPLED, window=("kaiser", 9.0))
        return _finished(sound * envelopes.rise(n, self.rise_s), (n_settled, loop))

    @staticmethod
    def _operator(
        one: Operator, loop: Loop, fine_s: np.ndarray, n_settled: int, layer: int, key: int
    ) -> np.ndarray:
        pace = 2.0 ** ((MIDDLE_KEY - key) / 24)
        modulator = one.modulator
        while modulator * loop.hz > MODULATOR_HZ and modulator > 1:
            modulator = np.ceil(modulator / 2)
        places = np.minimum(np.arange(len(fine_s)) // OVERSAMPLED, len(fine_s) // OVERSAMPLED - 1)
        n = places[-1] + 1
        falls = envelopes.fall(n, n_settled, one.fall_s * pace)[places]
        index = one.settled[layer] + (one.index[layer] - one.settled[layer]) * falls
        turn = 2 * np.pi * loop.hz * fine_s
        level = envelopes.fall(n, n_settled, one.fades_s * pace)[places] if one.fades_s else 1.0
        gain = 10 ** (one.level_db[layer] / 20) * level
        return gain * np.sin(one.ratio * turn + index * np.sin(modulator * turn))


def _finished(sound: np.ndarray, looped: tuple[int, Loop] | None) -> Rendered:
    """The sound, with a fade behind its loop, or at its own end."""
    n_fade = min(FADE_FRAMES, len(sound) // 2)
    sound[len(sound) - n_fade :] *= np.linspace(1, 0, n_fade) ** 2
    if looped is None:
        return Rendered(sound, None, 0.0)
    begin, loop = looped
    return Rendered(sound, (begin, begin + loop.n_frames), loop.hz)

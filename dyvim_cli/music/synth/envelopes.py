"""Envelopes and low-frequency oscillators of a voice as curves over time (specification, section 9.1)."""

from dataclasses import dataclass

import numpy as np

from dyvim_cli.music.synth import generators as gen
from dyvim_cli.music.synth.sampler import Voice
from dyvim_cli.types import SAMPLE_RATE

FALL_DB = 96.0  # attenuation of an envelope stage over its time (section 8.1.2, generator 36)
SHORTEST_S = 1e-4  # a stage that takes no time
LONGEST_DECAY_S = 600.0
SILENT = 1e-9  # a gain below which nothing is left to keep


def mod_envelope(voice: Voice, times_s: np.ndarray, held_s: float) -> np.ndarray:
    """Compute the modulation envelope: a convex rise, straight falls.

    Args:
        voice: of a note.
        times_s: [n] since the note's start.
        held_s: when the key is released; inf = never.

    Returns:
        [n] 0..1.
    """
    held = _held_mod_envelope(voice, np.minimum(times_s, held_s))
    release_s = max(voice.envelope_s(gen.MOD_ENV)[4], SHORTEST_S)
    return np.maximum(held - np.maximum(times_s - held_s, 0) / release_s, 0)


def _held_mod_envelope(voice: Voice, times_s: np.ndarray) -> np.ndarray:
    delay, attack, hold, decay, _ = voice.envelope_s(gen.MOD_ENV)
    sustain = 1 - voice.get(gen.MOD_ENV_SUSTAIN) / 1000
    rise = np.clip((times_s - delay) / max(attack, SHORTEST_S), 0, 1)
    if not voice.get(gen.STRAIGHT_RISE):
        rise = np.maximum(0, 1 + 40 / 96 * np.log10(np.maximum(rise, 1e-3)))  # convex (section 8.2.4)
    drop = np.clip((times_s - delay - attack - hold) / max(decay, SHORTEST_S), 0, 1)
    return np.minimum(rise, np.maximum(1 - drop, sustain))


def lfo(voice: Voice, delay: int, rate: int, times_s: np.ndarray) -> np.ndarray:
    """Compute a triangle that starts upwards from 0 after its delay.

    Args:
        voice: of a note.
        delay: generator of the delay.
        rate: generator of the frequency.
        times_s: [n] since the note's start.

    Returns:
        [n] -1..1.
    """
    rate_hz = 8.176 * 2.0 ** (voice.get(rate) / 1200)
    phase = np.maximum(times_s - voice.seconds(delay), 0) * rate_hz
    return 1 - 4 * np.abs((phase + 0.25) % 1 - 0.5)


def modulation_lfo(voice: Voice, times_s: np.ndarray) -> np.ndarray:
    """Compute the oscillator that may move pitch, filter and volume.

    Args:
        voice: of a note.
        times_s: [n] since the note's start.

    Returns:
        [n] -1..1.
    """
    return lfo(voice, gen.MOD_LFO_DELAY, gen.MOD_LFO_RATE, times_s)


def vibrato_lfo(voice: Voice, times_s: np.ndarray) -> np.ndarray:
    """Compute the oscillator that moves pitch alone.

    Args:
        voice: of a note.
        times_s: [n] since the note's start.

    Returns:
        [n] -1..1.
    """
    return lfo(voice, gen.VIB_LFO_DELAY, gen.VIB_LFO_RATE, times_s)


def slope(db_per_s: float, n: int, first: int = 0) -> np.ndarray:
    """Compute a fall from 1 at a steady rate.

    Args:
        db_per_s: rate, above 0.
        n: frames.
        first: frame of the fall that is the first of them.

    Returns:
        [n] float32 linear gains.
    """
    return np.exp(
        (-db_per_s * np.log(10) / 20 / SAMPLE_RATE * np.arange(first, first + n)).astype(np.float32)
    )


@dataclass(frozen=True)
class HeldLevel:
    """The volume envelope of a note that is held: silence, a straight rise, then a fall straight in dB."""

    begin: int  # frames: where the rise begins, ends, and where the fall begins
    top: int
    edge: int
    db_per_s: float
    floor_db: float  # level that it falls to

    @classmethod
    def of(cls, voice: Voice) -> "HeldLevel":
        """Read the envelope of a voice.

        Args:
            voice: of a note.

        Returns:
            Its volume envelope while the key is held.
        """
        delay, attack, hold, decay, _ = voice.envelope_s(gen.VOLUME_ENV)
        begin, top, edge = (int(t * SAMPLE_RATE) for t in (delay, delay + attack, delay + attack + hold))
        floor_db = min(voice.get(gen.VOLUME_ENV_SUSTAIN) / 10, FALL_DB)
        return cls(begin, top, edge, FALL_DB / min(max(decay, 1e-3), LONGEST_DECAY_S), floor_db)

    @property
    def settled(self) -> int:
        """Frame from which it changes no more."""
        return self.edge + int(self.floor_db / self.db_per_s * SAMPLE_RATE) + 1

    def apply(self, sound: np.ndarray) -> None:
        """Shape a sound in place, from its first frame on.

        Args:
            sound: [n] float32.
        """
        sound[: self.begin] = 0
        rise = sound[self.begin : self.top]
        rise *= np.linspace(0, 1, self.top - self.begin, endpoint=False, dtype=np.float32)[: len(rise)]
        if self.floor_db == 0 or self.edge >= len(sound):
            return
        falling = slope(self.db_per_s, min(self.settled, len(sound)) - self.edge)
        sound[self.edge : self.edge + len(falling)] *= falling
        sound[self.edge + len(falling) :] *= falling[-1]

    def frozen(self, first: int, n: int) -> np.ndarray | None:
        """Find factors that keep the level of a frame from there on.

        Args:
            first: the frame.
            n: number of factors.

        Returns:
            [n] float32; None where the level changes no more.
        """
        last = min(first + n, self.settled)
        if first >= last or (self.floor_db == 0 and first >= self.top):
            return None
        gains = self._gains(first, last)
        factors = np.full(n, gains[0] / gains[-1], np.float32)
        factors[: last - first] = gains[0] / np.maximum(gains, SILENT)
        return factors

    def _gains(self, first: int, last: int) -> np.ndarray:
        """The envelope's gains [last - first] from one frame up to another."""
        gains = np.ones(last - first)
        rising = np.arange(first, min(last, self.top))
        gains[: len(rising)] = np.maximum(rising - self.begin, 0) / max(self.top - self.begin, 1)
        if self.floor_db > 0 and self.edge < last:
            begin = max(self.edge, first)
            gains[begin - first :] = slope(self.db_per_s, last - begin, begin - self.edge)
        return gains

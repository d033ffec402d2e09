"""Render one voice of a note: a sample at its pitch, filtered and enveloped."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from dyvim_cli.music.synth import generators as gen
from dyvim_cli.music.synth.envelopes import (
    FALL_DB,
    HeldLevel,
    mod_envelope,
    modulation_lfo,
    slope,
    vibrato_lfo,
)
from dyvim_cli.music.synth.low_pass import HOP, LowPass
from dyvim_cli.music.synth.reading import BEYOND, PIECE, Course, Reader
from dyvim_cli.music.synth.sample_data import read_by
from dyvim_cli.music.synth.sampler import Voice
from dyvim_cli.music.synth.soundfont import SoundFont
from dyvim_cli.types import SAMPLE_RATE

RING_DB = 60.0  # a note that has decayed by this is over
END_S = 0.01  # length of the fade at the end of a ring
SHORTEST_RELEASE_S, LONGEST_RELEASE_S = 2.0**-6, 6.0
INAUDIBLE = 1e-4
Bend = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class RenderedVoice:
    """One voice of a note, its level as if held for ever: samples [n] float32, and what places it."""

    samples: np.ndarray
    left: float
    right: float
    fall_db_per_s: float  # once the key is released
    level: HeldLevel  # the envelope of the samples

    def released(self, n_held: int, fall_db_per_s: float | None = None) -> np.ndarray:
        """Release the tone: from its level there it falls at a steady rate in dB.

        Args:
            n_held: frames that the key is held.
            fall_db_per_s: rate; None = the voice's own.

        Returns:
            [m] float32.
        """
        if n_held >= len(self.samples):
            return self.samples
        ringing = fall(fall_db_per_s or self.fall_db_per_s)
        tail = self.samples[n_held : n_held + len(ringing)] * ringing[: len(self.samples) - n_held]
        kept = self.level.frozen(n_held, len(tail))
        return np.concatenate([self.samples[:n_held], tail if kept is None else tail * kept])


def render(
    font: SoundFont,
    voice: Voice,
    n_frames: int,
    n_held: int | None = None,
    bend: Bend | None = None,
    rings: bool = True,
) -> RenderedVoice | None:
    """Render one voice, as long as its release may ring.

    Args:
        font: of the sample.
        voice: sample and generators.
        n_frames: that the key may be held.
        n_held: frame at which the key is released, for voices whose timbre changes then; None = never.
        bend: function of times [n] in seconds from the tone's start; pitch offsets [n] in cents.
        rings: whether to include the ring after n_frames.

    Returns:
        The tone; None if inaudible.
    """
    gain = 10 ** (-voice.get(gen.ATTENUATION) / 200)
    if gain < INAUDIBLE:
        return None
    release_s = np.clip(voice.seconds(gen.VOLUME_ENV_RELEASE), SHORTEST_RELEASE_S, LONGEST_RELEASE_S)
    fall_db_per_s = float(FALL_DB / release_s)
    n = n_frames + (len(fall(fall_db_per_s)) if rings else 0)
    times_s = np.arange(0, n, HOP) / SAMPLE_RATE
    motion = _Motion(voice, times_s, np.inf if n_held is None else n_held / SAMPLE_RATE)
    if bend is not None:
        motion.bend(bend(times_s))
    level = HeldLevel.of(voice)
    reader = _reader(font, voice, n, n_held, motion)
    low_pass = LowPass(motion.cutoff_cents, voice.get(gen.RESONANCE))
    sound = _read(reader, low_pass, min(n, reader.n_frames))
    sound *= np.float32(gain * low_pass.gain)
    _tremble(sound, motion.volume_cb)
    level.apply(sound)
    angle = np.pi / 4 * (1 + voice.get(gen.PAN) / 500)
    return RenderedVoice(sound, float(np.cos(angle)), float(np.sin(angle)), fall_db_per_s, level)


@lru_cache(maxsize=64)
def fall(db_per_s: float) -> np.ndarray:
    """Compute the gain of a note that is released: from 1 to -RING_DB at a steady rate; 0.8 MB at most.

    Args:
        db_per_s: rate, above 0.

    Returns:
        [n] float32 linear.
    """
    gains = slope(db_per_s, int(RING_DB / db_per_s * SAMPLE_RATE) + 1)
    n_end = min(len(gains), round(END_S * SAMPLE_RATE))
    gains[len(gains) - n_end :] *= np.linspace(1, 0, n_end, dtype=np.float32)
    return gains


class _Motion:
    """Modulation of a voice by envelope and oscillators: values at times [n], one per HOP."""

    def __init__(self, voice: Voice, times_s: np.ndarray, held_s: float):
        envelope = mod_envelope(voice, times_s, held_s) if _uses_envelope(voice) else 0.0
        wave = modulation_lfo(voice, times_s) if _uses_lfo(voice) else 0.0
        pitch = voice.get(gen.MOD_ENV_TO_PITCH) * envelope + voice.get(gen.MOD_LFO_TO_PITCH) * wave
        if vibrato := voice.get(gen.VIB_LFO_TO_PITCH):
            pitch = pitch + vibrato * vibrato_lfo(voice, times_s)
        self.pitch_cents = np.asarray(pitch) if np.any(pitch) else None
        cutoff = voice.get(gen.MOD_ENV_TO_CUTOFF) * envelope + voice.get(gen.MOD_LFO_TO_CUTOFF) * wave
        low, high = gen.RANGES[gen.CUTOFF]
        cutoff = np.broadcast_to(voice.get(gen.CUTOFF) + cutoff, times_s.shape)
        self.cutoff_cents = np.clip(cutoff, low, high)
        self.volume_cb = voice.get(gen.MOD_LFO_TO_VOLUME) * wave

    def bend(self, cents: np.ndarray) -> None:
        """Move the pitch besides, by cents [n]."""
        self.pitch_cents = cents if self.pitch_cents is None else self.pitch_cents + cents


def _uses_envelope(voice: Voice) -> bool:
    return bool(voice.get(gen.MOD_ENV_TO_PITCH) or voice.get(gen.MOD_ENV_TO_CUTOFF))


def _uses_lfo(voice: Voice) -> bool:
    moved = (gen.MOD_LFO_TO_PITCH, gen.MOD_LFO_TO_CUTOFF, gen.MOD_LFO_TO_VOLUME)
    return any(voice.get(generator) for generator in moved)


def _reader(font: SoundFont, voice: Voice, n_frames: int, n_held: int | None, motion: _Motion) -> Reader:
    """The sample, to be read at the note's pitch."""
    course = Course(_ratio(font, voice), motion.pitch_cents)
    held = None if n_held is None else int(course.place(min(n_held, n_frames - 1)))
    return Reader(read_by(font, voice, int(course.place(n_frames - 1)) + 2 * BEYOND, held), course)


def _read(reader: Reader, low_pass: LowPass, n_frames: int) -> np.ndarray:
    """A filtered sample, piece by piece."""
    sound = np.zeros(max(1, n_frames), np.float32)
    for first in range(0, n_frames, PIECE):
        piece = reader.read(first, min(first + PIECE, n_frames))
        low_pass.apply(piece, first)
        sound[first : first + len(piece)] = piece
    return sound


def _ratio(font: SoundFont, voice: Voice) -> float:
    """Frames of the sample a frame of sound, before anything moves the pitch."""
    sample = font.samples[voice.sample]
    root = voice.get(gen.ROOT_KEY)
    root = sample.pitch if root < 0 else root
    cents = (voice.key - root) * voice.get(gen.SCALE_TUNING) + sample.correction
    cents += 100 * voice.get(gen.COARSE_TUNE) + voice.get(gen.FINE_TUNE)
    return 2.0 ** (cents / 1200) * sample.sample_rate / SAMPLE_RATE


def _tremble(sound: np.ndarray, volume_cb: np.ndarray | float) -> None:
    """Tremolo, in place: gains of every HOP with straight lines between."""
    if np.any(volume_cb):
        gains = 10 ** (np.asarray(volume_cb) / 200)
        sound *= np.interp(np.arange(len(sound)) / HOP, np.arange(len(gains)), gains).astype(np.float32)

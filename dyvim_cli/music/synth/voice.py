"""One voice of a note as sound: a sample at its pitch, through its filter and its envelope."""

import io
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from dyvim_cli.music.synth import sampler
from dyvim_cli.music.synth.sampler import Voice
from dyvim_cli.music.synth.soundfont import SoundFont
from dyvim_cli.types import SAMPLE_RATE

HOP = 256  # frames between updates of the filter: 5 ms
FALL_DB = 96.0  # an envelope stage of time t falls by so much in t (specification, 8.1.2)
RING_DB = 70.0  # a note that has fallen so far is over
SHORTEST_RELEASE_S, LONGEST_RELEASE_S = 0.02, 6.0
INAUDIBLE = 1e-4


@dataclass(frozen=True)
class Tone:
    """One voice of a note, held for ever: samples [n] float32, and what is needed to place it."""

    samples: np.ndarray
    left: float
    right: float
    fall_db_per_s: float  # once the key is let go


def render(font: SoundFont, voice: Voice, n_held: int) -> Tone | None:
    """Render one voice, held for n_held frames and as long as its release may ring; None if inaudible."""
    gain = 10 ** (-max(0.0, voice.get(sampler.ATTENUATION)) / 200)
    if gain < INAUDIBLE:
        return None
    release_s = np.clip(voice.seconds(sampler.VOLUME_ENV + 5), SHORTEST_RELEASE_S, LONGEST_RELEASE_S)
    fall_db_per_s = float(FALL_DB / release_s)
    sound = _pitched(font, voice, n_held + len(fall(fall_db_per_s)))
    sound = _filtered(sound, voice)
    sound *= np.float32(gain)
    _shape(sound, voice)
    angle = np.pi / 4 * (1 + np.clip(voice.get(sampler.PAN) / 500, -1, 1))
    return Tone(sound, float(np.cos(angle)), float(np.sin(angle)), fall_db_per_s)


@lru_cache(maxsize=64)
def fall(db_per_s: float) -> np.ndarray:
    """Gain of a note that is let go: from 1 to -RING_DB at a steady rate; 0.8 MB at most."""
    return _slope(db_per_s, int(RING_DB / db_per_s * SAMPLE_RATE) + 1)


def _slope(db_per_s: float, n: int) -> np.ndarray:
    """The first n gains of a fall from 1 at a steady rate, float32."""
    return (10 ** (-db_per_s / 20 / SAMPLE_RATE * np.arange(n))).astype(np.float32)


@lru_cache(maxsize=128)
def _decoded(vorbis: bytes) -> np.ndarray:
    """A sample's frames, float32."""
    import soundfile

    return soundfile.read(io.BytesIO(vorbis), dtype="float32", always_2d=True)[0][:, 0]


def _pitched(font: SoundFont, voice: Voice, n_frames: int) -> np.ndarray:
    """The sample at the note's pitch: looped as far as needed, read with cubic interpolation."""
    sample = font.samples[voice.sample]
    root = voice.get(sampler.ROOT_KEY)
    root = sample.pitch if root < 0 else root
    cents = (voice.key - root) * voice.get(sampler.SCALE_TUNING) + sample.correction
    cents += 100 * voice.get(sampler.COARSE_TUNE) + voice.get(sampler.FINE_TUNE)
    ratio = 2.0 ** (cents / 1200) * sample.sample_rate / SAMPLE_RATE
    data = _decoded(sample.vorbis)
    if int(voice.get(sampler.LOOP_MODE)) & 1 and sample.loop[1] - sample.loop[0] > 16:
        data = _looped(data, sample.loop, int(n_frames * ratio) + 8)
    n = max(1, min(n_frames, int((len(data) - 4) / ratio)))
    position = np.arange(n) * ratio + 1
    return _cubic(np.concatenate([data[:1], data]), position)


def _looped(data: np.ndarray, loop: tuple[int, int], n_needed: int) -> np.ndarray:
    """Repeat the loop until n_needed frames are there."""
    start, end = loop
    missing = max(0, n_needed - end)
    turns = -(-missing // (end - start))
    return np.concatenate([data[:end], np.tile(data[start:end], turns)])[: max(n_needed, end)]


def _cubic(data: np.ndarray, position: np.ndarray) -> np.ndarray:
    """Four-point Hermite interpolation of data at fractional positions (>= 1)."""
    index = position.astype(np.int32)
    x = (position - index).astype(np.float32)
    before, here, after, beyond = (data.take(index + k) for k in (-1, 0, 1, 2))
    slope = 0.5 * (after - before)
    bend = here - after
    c3 = slope + 0.5 * (beyond - here) + 2 * bend
    c2 = -bend - slope - c3
    return ((c3 * x + c2) * x + slope) * x + here


def _mod_envelope(voice: Voice, times_s: np.ndarray) -> np.ndarray:
    """Modulation envelope 0..1 of a held note."""
    delay, attack, hold, decay, _ = voice.envelope_s(sampler.MOD_ENV)
    sustain = 1 - np.clip(voice.get(sampler.MOD_ENV + 4) / 1000, 0, 1)
    rise = np.clip((times_s - delay) / max(attack, 1e-4), 0, 1)
    drop = np.clip((times_s - delay - attack - hold) / max(decay, 1e-4), 0, 1)
    return np.minimum(rise, np.maximum(1 - drop, sustain))


def _shape(sound: np.ndarray, voice: Voice) -> None:
    """Apply the volume envelope of a held note in place: a straight rise, then a fall straight in dB."""
    delay, attack, hold, decay, _ = voice.envelope_s(sampler.VOLUME_ENV)
    floor_db = float(np.clip(voice.get(sampler.VOLUME_ENV + 4) / 10, 0, FALL_DB))
    begin, top, edge = (int(t * SAMPLE_RATE) for t in (delay, delay + attack, delay + attack + hold))
    sound[:begin] = 0
    rise = sound[begin:top]
    rise *= np.linspace(0, 1, top - begin, endpoint=False, dtype=np.float32)[: len(rise)]
    if floor_db == 0 or edge >= len(sound):
        return
    db_per_s = FALL_DB / min(max(decay, 1e-3), 600.0)
    slope = _slope(db_per_s, min(int(floor_db / db_per_s * SAMPLE_RATE) + 1, len(sound) - edge))
    sound[edge : edge + len(slope)] *= slope
    sound[edge + len(slope) :] *= slope[-1]


def _filtered(sound: np.ndarray, voice: Voice) -> np.ndarray:
    """The low-pass filter, its cutoff moved by envelope and LFO, in steps of at most 40 cents."""
    times_s = np.arange(0, len(sound), HOP) / SAMPLE_RATE
    cutoff = voice.get(sampler.CUTOFF) + voice.get(sampler.MOD_ENV_TO_CUTOFF) * _mod_envelope(voice, times_s)
    cutoff = np.clip(cutoff + voice.get(sampler.MOD_LFO_TO_CUTOFF) * _lfo(voice, times_s), 1500, 13500)
    resonance_db = np.clip(voice.get(sampler.RESONANCE) / 10, 0, 96) - 3.01
    if cutoff.min() >= 13400 and resonance_db < 0:
        return sound
    from scipy.signal import lfilter

    steps = np.round(cutoff / 40).astype(int)
    edges = [0, *(np.flatnonzero(np.diff(steps)) + 1).tolist(), len(steps)]
    state = np.zeros(2, np.float32)
    for first, last in zip(edges, edges[1:], strict=False):
        piece = slice(first * HOP, last * HOP)
        b, a = _low_pass(int(steps[first]) * 40, float(resonance_db))
        sound[piece], state = lfilter(b, a, sound[piece], zi=state)
    return sound


def _lfo(voice: Voice, times_s: np.ndarray) -> np.ndarray:
    """The modulation LFO: a triangle -1..1 that starts after its delay."""
    rate_hz = 8.176 * 2.0 ** (voice.get(sampler.MOD_LFO_RATE) / 1200)
    phase = np.maximum(times_s - voice.seconds(sampler.MOD_LFO_DELAY), 0) * rate_hz
    return 1 - 4 * np.abs((phase + 0.25) % 1 - 0.5)


@lru_cache(maxsize=2048)
def _low_pass(cutoff_cents: int, resonance_db: float) -> tuple[np.ndarray, np.ndarray]:
    """Two-pole low-pass (b, a), its gain lowered as resonance grows."""
    omega = 2 * np.pi * min(8.176 * 2.0 ** (cutoff_cents / 1200), 0.45 * SAMPLE_RATE) / SAMPLE_RATE
    q = 10 ** (resonance_db / 20)
    alpha, cosine = np.sin(omega) / (2 * q), np.cos(omega)
    b = np.array([0.5, 1.0, 0.5]) * (1 - cosine) / np.sqrt(max(q, 1.0))
    a = np.array([1 + alpha, -2 * cosine, 1 - alpha])
    return (b / a[0]).astype(np.float32), (a / a[0]).astype(np.float32)

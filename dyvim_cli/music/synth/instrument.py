"""Notes to sound: each stem of a score as a stereo signal, dry, block by block.

A note of a given key and strength always sounds the same, so its tone (pitch, filter, envelope) is
made once and then only placed: faster than stepping a synthesizer, and exact to the sample.
"""

from collections import OrderedDict
from collections.abc import Iterator

import numpy as np

from dyvim_cli.music.mixing.loudness import Meter, hop_powers
from dyvim_cli.music.performance.humanize import RISES_S
from dyvim_cli.music.synth import sampler, voice
from dyvim_cli.music.synth.soundfont import SoundFont
from dyvim_cli.music.synth.voice import FALL_DB, Tone
from dyvim_cli.types import SAMPLE_RATE, Note, Stem

CACHED_BYTES = 48 << 20  # of one instrument's tones, for a piece of hours; a tone of 10 s is 2 MB a voice
VELOCITY_STEP = 16  # timbre is made for the middle of each step, loudness for the exact velocity
VELOCITY_POWER = 1.6  # loudness within a step follows velocity to this power
FADE_IN_FRAMES = 96  # of a note that begins before the film
CHOKE_S = 0.02  # a closing hi-hat ends the open one
HATS = {42, 44, 46}

REFERENCE_LUFS = -24.0  # one note of every instrument at PROBE_VELOCITY: what the mix's levels build on
PROBE_VELOCITY, PROBE_KEYS, PROBE_S = 96, 6, 1.0
LOUDEST_KEY_LU = 3.0  # of a kit above the reference: the crash of some kits is 8 louder than their kick
LOUDEST_FOR_DRUMS = (35, 36, 38, 39, 37, 86, 87)  # a kit is as loud as its kicks and snares
SPEAKS_AT = 0.4  # an instrument is heard when it has reached this share of its first 150 ms' peak
STIRS_AT = 0.1  # below this share it may make a noise already, as a pick before its string does
SWELLS_S = 0.015  # of a slow note's swell at most this much comes early: more would be an onset of its own


class Instrument:
    """Plays notes with one preset of a font."""

    def __init__(self, font: SoundFont, is_drums: bool, program: int):
        self.font = font
        self.preset = sampler.find_preset(font, 128 if is_drums else 0, program)
        self._tones: OrderedDict[tuple[int, int], tuple[int, list[Tone]]] = OrderedDict()
        self._n_bytes = 0

    def tones(self, key: int, velocity: int, n_held: int) -> list[Tone]:
        """The voices of a note that is held for n_held frames, with their ring."""
        slot = (key, velocity // VELOCITY_STEP)
        n_ready, found = self._tones.get(slot, (-1, []))
        if n_ready < n_held:
            n_ready = int(n_held * 1.2)
            voices = sampler.voices(self.font, self.preset, key, middle_velocity(velocity))
            found = [made for made in (voice.render(self.font, one, n_ready) for one in voices) if made]
            self._keep(slot, n_ready, found)
        self._tones.move_to_end(slot)
        return found

    def _keep(self, slot: tuple[int, int], n_ready: int, made: list[Tone]) -> None:
        """Remember a tone at the cost of those that were not played for the longest time."""
        self._forget(slot)
        while self._tones and self._n_bytes + _n_bytes(made) > CACHED_BYTES:
            self._forget(next(iter(self._tones)))
        self._tones[slot] = (n_ready, made)
        self._n_bytes += _n_bytes(made)

    def _forget(self, slot: tuple[int, int]) -> None:
        self._n_bytes -= _n_bytes(self._tones.pop(slot, (0, []))[1])

    def probe(self, keys: list[int]) -> tuple[float, int]:
        """(gain that brings a note to the reference loudness, frames until it is heard), over keys."""
        heard = np.array([one for one in map(self._heard, keys) if np.isfinite(one[0])])
        if not len(heard):
            return 1.0, 0
        return 10 ** ((REFERENCE_LUFS - heard[:, 0].mean()) / 20), int(np.median(heard[:, 1]))

    def share(self, key: int, gain: float) -> float:
        """How much of a gain a key gets so that it is no louder than LOUDEST_KEY_LU above the reference."""
        over_db = self._heard(key)[0] + 20 * np.log10(gain) - REFERENCE_LUFS - LOUDEST_KEY_LU
        return 10 ** (-max(0.0, over_db) / 20)

    def _heard(self, key: int) -> tuple[float, int]:
        """(loudness of a note in LUFS, -inf for silence; frames until it is heard)."""
        n = int(PROBE_S * SAMPLE_RATE)
        sound = np.zeros((2, n), np.float32)
        for tone in self.tones(key, PROBE_VELOCITY, n):
            piece = tone.samples[:n]
            sound[:, : len(piece)] += np.outer((tone.left, tone.right), piece)
        meter = Meter()
        meter.feed(sound)
        power = np.convolve(hop_powers(meter.powers), (0.5, 0.5), mode="valid").max()
        if power <= 0:
            return -np.inf, 0
        return -0.691 + 10 * np.log10(power), _speaking_frame(np.abs(sound).max(axis=0))


def _n_bytes(tones: list[Tone]) -> int:
    return sum(made.samples.nbytes for made in tones)


def middle_velocity(velocity: int) -> int:
    """The velocity that timbre is made for."""
    return velocity // VELOCITY_STEP * VELOCITY_STEP + VELOCITY_STEP // 2 - 1


def _speaking_frame(envelope: np.ndarray) -> int:
    """First frame that counts as heard; what speaks within 5 ms speaks at once."""
    envelope = envelope[: int(0.15 * SAMPLE_RATE)]
    stirs, speaks = (int(np.argmax(envelope >= share * envelope.max())) for share in (STIRS_AT, SPEAKS_AT))
    return 0 if speaks < 0.005 * SAMPLE_RATE else min(speaks, stirs + int(SWELLS_S * SAMPLE_RATE))


def stem_blocks(font: SoundFont, stem: Stem, n_frames: int, block_frames: int) -> Iterator[np.ndarray]:
    """The stem as consecutive blocks [2, <= block_frames] float32, n_frames in all, without seams.

    Every instrument comes at the same loudness and rises RISES_S before its notes; slow speakers start
    earlier still, to be heard on time.
    """
    instrument = Instrument(font, stem.is_drums, stem.program)
    notes = sorted(stem.notes, key=lambda note: (note.start_s, note.pitch))
    gain, lead = instrument.probe(_probe_keys(stem))
    lead = _frame(RISES_S) + (0 if stem.is_drums else lead)
    keys = {note.pitch for note in notes}
    gains = {key: gain * (instrument.share(key, gain) if stem.is_drums else 1.0) for key in keys}
    chokes = _next_hats(notes) if stem.is_drums else [np.inf] * len(notes)
    carry, i = np.zeros((2, 0), np.float32), 0
    for start in range(0, n_frames, block_frames):
        stop = min(start + block_frames, n_frames)
        canvas = _Canvas(start, max(stop - start, carry.shape[1]), n_frames)
        canvas.sound[:, : carry.shape[1]] = carry
        while i < len(notes) and _frame(notes[i].start_s) - lead < stop:
            _place(canvas, instrument, notes[i], lead, gains[notes[i].pitch], chokes[i])
            i += 1
        yield canvas.sound[:, : stop - start]
        carry = canvas.sound[:, stop - start :]


def _frame(time_s: float) -> int:
    return round(time_s * SAMPLE_RATE)


def _probe_keys(stem: Stem) -> list[int]:
    """A few of the keys that the stem plays, from low to high."""
    keys = sorted({note.pitch for note in stem.notes})
    if stem.is_drums:
        keys = [key for key in keys if key in LOUDEST_FOR_DRUMS] or keys
    return [keys[i] for i in np.unique(np.linspace(0, len(keys) - 1, PROBE_KEYS).astype(int))] if keys else []


def _next_hats(notes: list[Note]) -> list[float]:
    """Start of the next hi-hat after each hi-hat; infinity for all else."""
    following, latest = [np.inf] * len(notes), np.inf
    for i in range(len(notes) - 1, -1, -1):
        if notes[i].pitch in HATS:
            following[i], latest = latest, notes[i].start_s
    return following


class _Canvas:
    """A stretch of sound from a frame on, that grows as far as its notes ring."""

    def __init__(self, start: int, n: int, n_frames: int):
        self.start, self.n_frames = start, n_frames
        self.sound = np.zeros((2, n), np.float32)

    def add(self, at: int, sound: np.ndarray, left: float, right: float) -> None:
        """Add a mono sound at a frame; what lies before the film or after it is cut."""
        if at < 0:
            sound, at = sound[-at:] * np.minimum(1, np.arange(len(sound) + at) / FADE_IN_FRAMES), 0
        sound = sound[: self.n_frames - at]
        begin, end = at - self.start, at - self.start + len(sound)
        if end > self.sound.shape[1]:
            self.sound = np.pad(self.sound, ((0, 0), (0, end - self.sound.shape[1] + SAMPLE_RATE)))
        for row, level in ((0, left), (1, right)):
            if level > 1e-5:
                self.sound[row, begin:end] += np.float32(level) * sound


def _place(
    canvas: _Canvas, instrument: Instrument, note: Note, lead: int, gain: float, choke_s: float
) -> None:
    """Add one note."""
    at = _frame(note.start_s) - lead
    n_held = max(1, _frame(min(note.end_s, choke_s) - RISES_S) - at)  # let go as much earlier as it began
    gain *= (note.velocity / middle_velocity(note.velocity)) ** VELOCITY_POWER
    for tone in instrument.tones(note.pitch, note.velocity, n_held):
        fall_db_per_s = FALL_DB / CHOKE_S if choke_s < note.end_s else tone.fall_db_per_s
        canvas.add(at, _released(tone.samples, n_held, fall_db_per_s), tone.left * gain, tone.right * gain)


def _released(samples: np.ndarray, n_held: int, fall_db_per_s: float) -> np.ndarray:
    """The tone let go after n_held frames: from there it falls at a steady rate in dB."""
    if n_held >= len(samples):
        return samples
    fall = voice.fall(fall_db_per_s)
    tail = samples[n_held : n_held + len(fall)]
    return np.concatenate([samples[:n_held], tail * fall[: len(tail)]])

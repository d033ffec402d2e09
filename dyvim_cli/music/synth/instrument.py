"""Render one preset of a font as an instrument: its tones, levels and onset delays.

A note of a given key and strength always sounds the same, so its tone (pitch, filter, envelope) is
made once and then only placed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from dyvim_cli.hearing.metering import hop_powers
from dyvim_cli.music.mixing.loudness import Meter
from dyvim_cli.music.synth import generators as gen
from dyvim_cli.music.synth import placing, round_robin, sampler, strokes, voice
from dyvim_cli.music.synth.attack import QUICK_S, SLOWEST_S, heard_early, heard_frame
from dyvim_cli.music.synth.byte_cache import ByteCache
from dyvim_cli.music.synth.kept_tones import KeptTones
from dyvim_cli.music.synth.known_onsets import known_onsets
from dyvim_cli.music.synth.low_pass import HOP
from dyvim_cli.music.synth.sampler import Voice
from dyvim_cli.music.synth.soundfont import SoundFont
from dyvim_cli.music.synth.vibrato import VIBRATOS, is_line
from dyvim_cli.music.synth.voice import Bend, RenderedVoice
from dyvim_cli.types import SAMPLE_RATE, Note

LET_GO_STEP = 12 * HOP  # frames between the lengths that are made of a timbre which a key's end changes
VELOCITY_STEP = 16  # timbre is made for the middle of each step, loudness for the exact velocity
VELOCITY_POWER = 2.0  # loudness follows velocity so where a step's edge changes the samples (section 8.4.1)

REFERENCE_LUFS = -24.0  # one note of every instrument at PROBE_VELOCITY: what the mix's levels build on
PROBE_VELOCITY, PROBE_KEYS, PROBE_S = 96, 6, 1.0
# most that a kit's key may exceed the reference: some crashes are 8 louder than their kick
LOUDEST_KEY_LU = 3.0
LOUDEST_FOR_DRUMS = (35, 36, 38, 39, 37, 86, 87)  # a kit is as loud as its kicks and snares


Slot = tuple[int, int, int]  # key, step of velocity, take: what sounds the same


class SampledInstrument:
    """Plays notes with one preset of a font (synthesizer.Synthesizer)."""

    sample_rate = SAMPLE_RATE

    def __init__(
        self,
        font: SoundFont,
        is_drums: bool,
        program: int,
        is_shaded: bool = True,
        tone_cache: ByteCache | None = None,
    ):
        """is_shaded: whether it is played by more than the font says: strokes.py, vibrato.py."""
        self.font, self.is_drums, self.is_shaded = font, is_drums, is_shaded
        self.preset = sampler.find_preset(font, sampler.DRUM_BANK if is_drums else 0, program)
        is_still = is_shaded and not is_drums and not font.has_vibrato
        self.vibrato = VIBRATOS.get(self.preset.program) if is_still else None
        self.known = known_onsets(font, self.preset, is_drums) if is_shaded else None
        self.kept = KeptTones(tone_cache)
        self._answers_alike = lru_cache(maxsize=128)(
            lambda key: strokes.answers_alike(lambda velocity: self._voices(key, velocity))
        )
        self._neutral = lru_cache(maxsize=1024)(
            lambda key, velocity: strokes.neutral_velocity(lambda other: self._voices(key, other), velocity)
        )
        self._voices = lru_cache(maxsize=4096)(self._found_voices)
        self.lead_frames = lru_cache(maxsize=4096)(self._measured_lead)
        self.loudness = lru_cache(maxsize=128)(self._measured_loudness)

    def blocks(
        self,
        notes: Sequence[Note],
        n_frames: int,
        block_frames: int,
        bend: placing.TimedBend | None = None,
        first_frame: int = 0,
    ) -> Iterator[np.ndarray]:
        """Play notes.

        Every instrument comes at the same loudness and is heard at its notes' times.

        Args:
            notes: of the stem.
            n_frames: in all.
            block_frames: of a block at most.
            bend: times [n] in seconds of the piece to cents [n] by which all notes are bent; None = by none.
            first_frame: where the first block begins, a multiple of block_frames.

        Yields:
            [2, <= block_frames] float32, consecutive, without seams.
        """
        if not is_line(notes):
            self.vibrato = None
        yield from placing.blocks(self, notes, n_frames, block_frames, bend=bend, first_frame=first_frame)

    def expect(self, key: int, velocity: int, n_held: int, take: int = 0) -> None:
        """Prepare for a note: a tone is made long enough for all notes that will ask for it.

        Args:
            key: MIDI number.
            velocity: MIDI velocity.
            n_held: frames that the key is held.
            take: see round_robin.py.
        """
        name, n_made, _ = self._made_as(key, velocity, n_held, take)
        self.kept.expect(name, n_made)

    def tones(self, key: int, velocity: int, n_held: int, take: int = 0) -> list[RenderedVoice]:
        """Render the voices of a note, with their ring.

        Args:
            key: MIDI number.
            velocity: MIDI velocity.
            n_held: frames that the key is held.
            take: see round_robin.py.

        Returns:
            The voices; those of one note are made once and kept while others ask for them.
        """
        voices, slot = self._voices(key, middle_velocity(velocity), take), _slot(key, velocity, take)
        name, n_made, is_let_go = self._made_as(key, velocity, n_held, take)
        if is_let_go:
            return self.kept.tones(name, n_made, n_made, lambda n: self._rendered(slot, voices, n, n))
        return self.kept.tones(name, n_made, int(1.2 * n_made), lambda n: self._rendered(slot, voices, n))

    def _made_as(self, key: int, velocity: int, n_held: int, take: int) -> tuple[tuple[int, ...], int, bool]:
        """(name of a note's tone, frames that it is held, whether its timbre changes as the key is released).

        A tone that changes is made for each length, in steps of LET_GO_STEP.
        """
        slot = _slot(key, velocity, take)
        if not any(one.changes_on_release for one in self._voices(key, middle_velocity(velocity), take)):
            return slot, n_held, False
        n_held = max(1, round(n_held / LET_GO_STEP)) * LET_GO_STEP
        return (*slot, n_held), n_held, True

    def bent(self, key: int, velocity: int, n_held: int, take: int, bend: Bend) -> list[RenderedVoice]:
        """Render the voices of a note whose pitch moves as no other's does.

        Args:
            key: MIDI number.
            velocity: MIDI velocity.
            n_held: frames that the key is held.
            take: see round_robin.py.
            bend: times [n] in seconds from the tone's start to cents [n].

        Returns:
            The voices, which are not kept.
        """
        voices = self._voices(key, middle_velocity(velocity), take)
        trembling, moves = self._trembling(key, velocity, take, n_held), bend
        if trembling is not None and self.vibrato is not None:
            held_s = np.arange(self.vibrato.after_s, n_held / SAMPLE_RATE, placing.BEND_FRAMES / SAMPLE_RATE)
            if not np.any(bend(held_s + self.lead_frames(key, velocity, take) / SAMPLE_RATE)):
                moves = lambda times_s: bend(times_s) + trembling(times_s)  # noqa: E731
        return self._rendered(_slot(key, velocity, take), voices, n_held, n_held, moves)

    def _rendered(
        self,
        slot: Slot,
        voices: tuple[Voice, ...],
        n_frames: int,
        n_held: int | None = None,
        bend: Bend | None = None,
        rings: bool = True,
    ) -> list[RenderedVoice]:
        key, step, take = slot
        if bend is None and rings:
            bend = self._trembling(key, step * VELOCITY_STEP, take, n_frames)
        made = (voice.render(self.font, one, n_frames, n_held, bend, rings) for one in voices)
        tones = [tone for tone in made if tone]
        db = self._treble_db(key, middle_velocity(step * VELOCITY_STEP), take)
        if db is None:
            return tones
        corner_hz = strokes.corner_hz(key, self.is_drums)
        return [replace(tone, samples=strokes.shelved(tone.samples, db, corner_hz)) for tone in tones]

    def _treble_db(self, key: int, velocity: int, take: int) -> float | None:
        """Gain of the shelf over a tone; None for what the font plays in its own way."""
        if not self.is_shaded:
            return None
        if _recordings(self._voices(key, velocity, take)) != _recordings(self._voices(key, velocity)):
            take = 0  # a recording of its own differs enough
        if self._answers_alike(key):
            return strokes.treble_db(velocity, take)
        neutral = self._neutral(key, velocity) if self.is_drums else None
        return None if neutral is None else strokes.treble_db(velocity, take, neutral)

    def _trembling(self, key: int, velocity: int, take: int, n_frames: int) -> Bend | None:
        """Pitch modulation of a note's tone; None for one that ends before its vibrato."""
        vibrato, onset_s = self.vibrato, self.lead_frames(key, velocity, take) / SAMPLE_RATE
        if vibrato is None or n_frames / SAMPLE_RATE < onset_s + vibrato.after_s:
            return None
        return lambda times_s: vibrato.cents_at(times_s - onset_s)

    def strength(self, key: int, velocity: int) -> float:
        """Find the gain from the tone of the velocity's step to the velocity itself.

        Args:
            key: MIDI number.
            velocity: MIDI velocity.

        Returns:
            Linear gain, near 1.
        """
        middle = middle_velocity(velocity)
        made, meant = self._voices(key, middle), self._voices(key, velocity)
        if _recordings(made) != _recordings(meant):
            return (velocity / middle) ** VELOCITY_POWER
        softer_cb = [
            one.get(gen.ATTENUATION) - other.get(gen.ATTENUATION)
            for one, other in zip(meant, made, strict=True)
        ]
        return 10 ** (-float(np.mean(softer_cb)) / 200) if softer_cb else 1.0

    def sounds(self, key: int, velocity: int) -> bool:
        """Check whether a note makes a sound.

        Args:
            key: MIDI number.
            velocity: MIDI velocity.

        Returns:
            True where the font has something for it.
        """
        return bool(self._voices(key, middle_velocity(velocity)))

    def exclusive_classes(self, key: int, velocity: int) -> frozenset[int]:
        """Find which exclusive classes a note belongs to.

        A note silences earlier ones that are `ended_by` one of its classes: a closed hi-hat, an open one.

        Args:
            key: MIDI number.
            velocity: MIDI velocity.

        Returns:
            Numbers of classes, each above 0.
        """
        found = self._voices(key, middle_velocity(velocity))
        return frozenset(one.exclusive_class for one in found if one.exclusive_class)

    def ended_by(self, key: int, velocity: int) -> frozenset[int]:
        """Find the exclusive classes whose later notes silence a note that still sounds.

        Args:
            key: MIDI number.
            velocity: MIDI velocity.

        Returns:
            Numbers of classes, each above 0.
        """
        found = self._voices(key, middle_velocity(velocity))
        return frozenset(one.ended_by for one in found if one.ended_by)

    def least_held_s(self, key: int, velocity: int, take: int = 0) -> float:
        """Find for how long a note sounds however short its key is held.

        Args:
            key: MIDI number.
            velocity: MIDI velocity.
            take: see round_robin.py.

        Returns:
            Seconds; 0 for what the key's release ends.
        """
        voices = self._voices(key, middle_velocity(velocity), take)
        return max((one.get(gen.LEAST_S) for one in voices), default=0.0)

    def level(self, keys: Sequence[int]) -> float:
        """Find the gain that brings notes to the reference loudness.

        Args:
            keys: MIDI numbers of the notes.

        Returns:
            Linear gain; 1 where nothing is heard.
        """
        heard = [lufs for lufs in map(self.loudness, self._probed(keys)) if np.isfinite(lufs)]
        return 10 ** ((REFERENCE_LUFS - np.mean(heard)) / 20) if heard else 1.0

    def share(self, key: int, gain: float) -> float:
        """Find how much of a gain a drum gets, to be at most LOUDEST_KEY_LU above the reference.

        Args:
            key: MIDI number.
            gain: linear, of the whole kit.

        Returns:
            Factor, 1 at most; 1 for all but drums.
        """
        if not self.is_drums:
            return 1.0
        over_db = self.loudness(key) + 20 * np.log10(gain) - REFERENCE_LUFS - LOUDEST_KEY_LU
        return 10 ** (-max(0.0, over_db) / 20)

    def _probed(self, keys: Sequence[int]) -> list[int]:
        """A few of the keys, from low to high."""
        keys = sorted(set(keys))
        if self.is_drums:
            keys = [key for key in keys if key in LOUDEST_FOR_DRUMS] or keys
        places = np.unique(np.linspace(0, len(keys) - 1, PROBE_KEYS).astype(int)) if keys else ()
        return [keys[place] for place in places]

    def _found_voices(self, key: int, velocity: int, take: int = 0) -> tuple[Voice, ...]:
        return round_robin.voices(self.font, self.preset, key, velocity, take, self.is_drums)

    def _measured_lead(self, key: int, velocity: int, take: int = 0) -> int:
        """Frames until a note is heard, from the rise of its own first moments."""
        if velocity != middle_velocity(velocity):
            return self.lead_frames(key, middle_velocity(velocity), take)
        known = self.known.lead_frames(key, velocity // VELOCITY_STEP, take) if self.known else None
        if known is not None:
            return known
        early = heard_early(self._start(key, velocity, round(QUICK_S * SAMPLE_RATE), take))
        if early is not None:
            return early
        return heard_frame(self._start(key, velocity, round(SLOWEST_S * SAMPLE_RATE), take))

    def _measured_loudness(self, key: int) -> float:
        """Loudness of a note in LUFS, -inf for silence."""
        known = self.known.loudness(key) if self.known else None
        if known is not None:
            return known
        meter = Meter()
        meter.feed(self._start(key, PROBE_VELOCITY, round(PROBE_S * SAMPLE_RATE)))
        power = np.convolve(hop_powers(meter.powers), (0.5, 0.5), mode="valid").max()
        return float(-0.691 + 10 * np.log10(power)) if power > 0 else -np.inf

    def _start(self, key: int, velocity: int, n: int, take: int = 0) -> np.ndarray:
        """The first frames [2, n] of a note."""
        sound, slot = np.zeros((2, n), np.float32), _slot(key, velocity, take)
        voices = self._voices(key, middle_velocity(velocity), take)
        for tone in self._rendered(slot, voices, n, rings=False):
            piece = tone.samples[:n]
            sound[:, : len(piece)] += np.outer((tone.left, tone.right), piece)
        return sound


def _slot(key: int, velocity: int, take: int) -> Slot:
    return key, velocity // VELOCITY_STEP, take


def _recordings(voices: tuple[Voice, ...]) -> list[int]:
    return [one.sample for one in voices]


def middle_velocity(velocity: int) -> int:
    """Find the velocity that timbre is made for.

    Args:
        velocity: MIDI velocity.

    Returns:
        The middle of its step.
    """
    return velocity // VELOCITY_STEP * VELOCITY_STEP + VELOCITY_STEP // 2 - 1

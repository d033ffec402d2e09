"""Place an instrument's tones along a stem, block by block, each onset at its note's time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dyvim_cli.music.synth.envelopes import FALL_DB
from dyvim_cli.music.synth.round_robin import turns
from dyvim_cli.music.synth.slurs import FADE_FRAMES, attack_frames, joined, slurred_from
from dyvim_cli.music.synth.voice import RenderedVoice
from dyvim_cli.types import SAMPLE_RATE, Note

if TYPE_CHECKING:
    from dyvim_cli.music.synth.instrument import SampledInstrument

FADE_IN_FRAMES = 96  # fade of a note that begins before the film
CHOKE_S = 0.02  # a closing hi-hat ends the open one
BEND_FRAMES = 64  # interval at which a note's bend is looked up
LONGEST_RING_FRAMES = 5 * SAMPLE_RATE  # more than a released note rings: 4.4 s at LONGEST_RELEASE_S
BEFORE_NEXT_S = 0.001  # a note keeps the bend that it has so long before one that is slurred to it
LEAST_LEVEL = 1e-5  # level below which a side is not worth adding
HATS, HAT_CLASS = {42, 44, 46}, -1  # hi-hat keys of every kit, whether its font says so or not

TimedBend = Callable[[np.ndarray], np.ndarray]  # seconds of the piece [n] -> cents [n]


@dataclass(frozen=True)
class _Placed:
    """One played note: its take, start, length and gain, and whether another note ends it."""

    note: Note
    take: int
    start: int  # frame, before the film if negative
    n_held: int  # frames until it is released
    gain: float
    is_choked: bool
    begin: int | None = None  # frame of the tone at which a note that is slurred to the one before begins
    is_joined: bool = False  # whether the next note is slurred to it
    bent_until_s: float = np.inf  # time from which on its bend stays unchanged


def blocks(
    instrument: "SampledInstrument",
    notes: Sequence[Note],
    n_frames: int,
    block_frames: int,
    takes: Sequence[int] | None = None,
    bend: TimedBend | None = None,
    first_frame: int = 0,
) -> Iterator[np.ndarray]:
    """Play notes on an instrument.

    Args:
        instrument: makes the tones.
        notes: of the stem.
        n_frames: in all.
        block_frames: of a block at most.
        takes: of each of the notes in the order of their starts; None = by turns.
        bend: what moves the pitch of all notes; None = nothing.
        first_frame: where the first block begins, a multiple of block_frames.

    Yields:
        [2, <= block_frames] float32, consecutive, without seams.
    """
    notes = sorted(notes, key=lambda note: (note.start_s, note.pitch))
    waiting = _placed(instrument, notes, _turns(instrument, notes) if takes is None else takes)
    waiting = [one for one in waiting if one.start + one.n_held + LONGEST_RING_FRAMES > first_frame]
    carry, earliest = np.zeros((2, 0), np.float32), waiting[-1].start if waiting else first_frame
    begin = max(0, min(earliest, first_frame)) // block_frames * block_frames
    for start in range(begin, n_frames, block_frames):
        stop = min(start + block_frames, n_frames)
        canvas = _Canvas(start, max(stop - start, carry.shape[1]), n_frames)
        canvas.sound[:, : carry.shape[1]] = carry
        while waiting and waiting[-1].start < stop:
            _place(canvas, instrument, waiting.pop(), bend)
        if start >= first_frame:
            yield canvas.sound[:, : stop - start]
        carry = canvas.sound[:, stop - start :]


def _turns(instrument: "SampledInstrument", notes: list[Note]) -> list[int]:
    return turns(notes, len(instrument.preset.takes))


def _placed(instrument: "SampledInstrument", notes: list[Note], takes: Sequence[int]) -> list[_Placed]:
    """Every note with its start, the last one first: early by what its attack takes (lead_frames)."""
    gain = instrument.level([note.pitch for note in notes])
    gains = {key: gain * instrument.share(key, gain) for key in {note.pitch for note in notes}}
    placed = []
    slurs = [*slurred_from(notes, instrument.preset.program, instrument.is_drums), False]
    for i, (note, take, choke_s) in enumerate(zip(notes, takes, _chokes(instrument, notes), strict=True)):
        lead = instrument.lead_frames(note.pitch, note.velocity, take)
        begin = lead + attack_frames(instrument.preset.program) if slurs[i] else None
        start = frame(note.start_s) - (lead if begin is None else begin)
        least_s = start / SAMPLE_RATE + instrument.least_held_s(note.pitch, note.velocity, take)
        released_s = max(note.end_s, least_s)
        end_s = notes[i + 1].start_s if slurs[i + 1] else min(released_s, choke_s)
        until_s = end_s - BEFORE_NEXT_S if slurs[i + 1] else note.end_s
        n_held = max(1, frame(end_s) - start)
        instrument.expect(note.pitch, note.velocity, n_held + slurs[i + 1] * FADE_FRAMES, take)
        level = gains[note.pitch] * instrument.strength(note.pitch, note.velocity)
        joins = (begin, slurs[i + 1], until_s)
        placed.append(_Placed(note, take, start, n_held, level, choke_s < released_s, *joins))
    return sorted(placed, key=lambda one: one.start, reverse=True)


def _chokes(instrument: "SampledInstrument", notes: list[Note]) -> list[float]:
    """Start of the next note in the same exclusive class, per note; infinity without one."""
    ends_s = [np.inf] * len(notes)
    following: dict[int, float] = {}
    starting: dict[int, float] = {}
    for i in range(len(notes) - 1, -1, -1):
        note = notes[i]
        if starting and next(iter(starting.values())) > note.start_s:
            following, starting = following | starting, {}  # what starts together ends nothing of itself
        hat = {HAT_CLASS} if instrument.is_drums and note.pitch in HATS else set()
        classes = instrument.exclusive_classes(note.pitch, note.velocity) | hat
        ended_by = instrument.ended_by(note.pitch, note.velocity) | hat
        ends_s[i] = min((following.get(one, np.inf) for one in ended_by), default=np.inf)
        starting |= dict.fromkeys(classes, note.start_s)
    return ends_s


def frame(time_s: float) -> int:
    """Find the frame of a time.

    Args:
        time_s: seconds.

    Returns:
        Frame at 48 kHz.
    """
    return round(time_s * SAMPLE_RATE)


class _Canvas:
    """A stretch of sound from a frame on, that grows as far as its notes ring."""

    def __init__(self, start: int, n: int, n_frames: int):
        self.start, self.n_frames = start, n_frames
        self.sound = np.zeros((2, n), np.float32)

    def add(self, at: int, sound: np.ndarray, left: float, right: float) -> None:
        """Add a mono sound at a frame; parts outside the film are cut."""
        if at < 0:
            sound, at = sound[-at:] * np.minimum(1, np.arange(max(0, len(sound) + at)) / FADE_IN_FRAMES), 0
        sound = sound[: self.n_frames - at]
        begin, end = at - self.start, at - self.start + len(sound)
        if end > self.sound.shape[1]:
            self.sound = np.pad(self.sound, ((0, 0), (0, end - self.sound.shape[1] + SAMPLE_RATE)))
        for row, level in ((0, left), (1, right)):
            if level > LEAST_LEVEL:
                self.sound[row, begin:end] += np.float32(level) * sound


def _place(canvas: _Canvas, instrument: "SampledInstrument", placed: _Placed, bend: TimedBend | None) -> None:
    """Add one note."""
    for tone in _tones(instrument, placed, bend):
        if placed.is_joined:
            sound = tone.samples
        else:
            sound = tone.released(placed.n_held, FALL_DB / CHOKE_S if placed.is_choked else None)
        if placed.begin is not None or placed.is_joined:
            sound = joined(sound, placed.begin, placed.n_held if placed.is_joined else None)
        canvas.add(placed.start, sound, tone.left * placed.gain, tone.right * placed.gain)


def _tones(instrument: "SampledInstrument", placed: _Placed, bend: TimedBend | None) -> list[RenderedVoice]:
    """The tones of a note, bent where something moves its pitch."""
    note, start_s = placed.note, placed.start / SAMPLE_RATE
    own = (note.pitch, note.velocity, placed.n_held + placed.is_joined * FADE_FRAMES, placed.take)
    if bend is None:
        return instrument.tones(*own)

    def bent_by(times_s: np.ndarray) -> np.ndarray:
        """Cents at seconds of the tone: the bend is looked up while the key is down, and then stays."""
        return bend(np.clip(start_s + times_s, note.start_s, placed.bent_until_s))

    lasts_s = np.arange(0, placed.n_held + 1, BEND_FRAMES) / SAMPLE_RATE
    return instrument.bent(*own, bent_by) if np.any(bent_by(lasts_s)) else instrument.tones(*own)

"""Sort a MIDI file's events by channel and instrument, in seconds.

A channel belongs to the whole file: where a track sets no program, or controller, of its own, it follows what
another one sets on its channel. What is set stays set when the program changes.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from dyvim_cli.music.symbols.midi_events import (
    CONTROL,
    NOTE_OFF,
    NOTE_ON,
    PROGRAM,
    WHEEL,
    Event,
    MidiEvents,
)
from dyvim_cli.types import Note

DRUM_CHANNEL = 9  # General MIDI's channel 10
USUAL_TEMPO = 500_000  # microseconds a quarter note, where the file names none
WHEEL_CENTRE = 8192
MODULATION, EXPRESSION, PEDAL = 1, 11, 64  # controllers
SOUND_OFF, RESET, NOTES_OFF = 120, 121, 123
AFTER_RESET = {MODULATION: 0, EXPRESSION: 127, PEDAL: 0}
PEDAL_DOWN_FROM = 64


class Control(NamedTuple):
    """A controller and its new value."""

    time: float  # s
    number: int
    value: int


class Wheel(NamedTuple):
    """A position of the pitch wheel."""

    time: float  # s
    value: int  # -8192..8191


@dataclass(frozen=True)
class Track:
    """The notes of one instrument on one channel of one track, and what its channel is set to."""

    name: str
    program: int
    is_drum: bool
    notes: tuple[Note, ...]  # notes from key down to key up
    controls: tuple[Control, ...]
    pitch_bends: tuple[Wheel, ...]
    pedals: tuple[tuple[float, float], ...]  # (down, up) in s
    line: tuple[int, int]  # (the file's track, channel): the same before and after a change of program


class Clock:
    """Ticks to seconds."""

    def __init__(self, file: MidiEvents):
        """file: whose tempo changes are followed."""
        tempos = dict(sorted(each for track in file.tracks for each in track.tempos))
        self.tempos = {0: USUAL_TEMPO} | tempos
        self.ticks = list(self.tempos)
        per_tick = [
            tempo / 1e6 / file.ticks_per_quarter if file.ticks_per_quarter else file.tick_s
            for tempo in self.tempos.values()
        ]
        self.per_tick, self.times_s = per_tick, [0.0]
        for i in range(1, len(self.ticks)):
            self.times_s.append(self.times_s[-1] + (self.ticks[i] - self.ticks[i - 1]) * per_tick[i - 1])

    def __call__(self, tick: int) -> float:
        """Seconds from the file's beginning."""
        i = bisect_right(self.ticks, tick) - 1
        return self.times_s[i] + (tick - self.ticks[i]) * self.per_tick[i]

    @property
    def first_bpm(self) -> float:
        """Beats a minute at the beginning."""
        return 60e6 / next(iter(self.tempos.values()))


def tracks_of(file: MidiEvents, clock: Clock) -> list[Track]:
    """Sort the events of a file.

    Args:
        file: its events.
        clock: of the file.

    Returns:
        One track an instrument of each channel of each of the file's tracks, in their order.
    """
    end_tick = max((track.end_tick for track in file.tracks), default=0)
    settings = _settings(file)
    found: list[Track] = []
    for i, track in enumerate(file.tracks):
        for channel in sorted({event.channel for event in track.events if event.kind == NOTE_ON}):
            set_here = _own_first(settings.get(channel, []), i)
            keys = (event for event in track.events if event.channel == channel)
            notes = _by_program(_held_keys(keys, end_tick), set_here)
            controls, bends = _controls(set_here, clock), _bends(set_here, clock)
            pedals = tuple(held_spans(controls, PEDAL, clock(end_tick)))
            for program, held in notes.items():
                played = tuple(Note(clock(down), clock(up), key, vel) for down, up, key, vel in held)
                is_drum = channel == DRUM_CHANNEL
                found.append(
                    Track(track.name, program, is_drum, played, controls, bends, pedals, (i, channel))
                )
    return found


def _settings(file: MidiEvents) -> dict[int, list[tuple[int, Event]]]:
    """(track, event) of all that sets something, by channel, in order of time."""
    found: dict[int, list[tuple[int, Event]]] = {}
    for i, track in enumerate(file.tracks):
        for event in track.events:
            if event.kind in (CONTROL, PROGRAM, WHEEL):
                found.setdefault(event.channel, []).extend((i, each) for each in _reset(event))
    for events in found.values():
        events.sort(key=lambda pair: pair[1].tick)  # of one time in the file's order
    return found


def _reset(event: Event) -> list[Event]:
    """Expand "reset all controllers" into what it sets; any other event is returned unchanged."""
    if event.kind != CONTROL or event.first != RESET:
        return [event]
    return [event._replace(first=number, second=value) for number, value in AFTER_RESET.items()]


def _own_first(settings: list[tuple[int, Event]], track: int) -> list[Event]:
    """Settings of a track; those that it lacks are taken from its channel's other tracks."""
    own = {_subject(event) for i, event in settings if i == track}
    return [event for i, event in settings if i == track or _subject(event) not in own]


def _subject(event: Event) -> tuple[int, int]:
    return event.kind, event.first if event.kind == CONTROL else 0


def _held_keys(events: Iterable[Event], end_tick: int) -> list[tuple[int, int, int, int]]:
    """(tick of key down, of key up, pitch, velocity); what is never let go sounds to the end.

    Where a key goes down twice and up once, the stroke that is left over ends with the other one.
    """
    down: dict[int, list[tuple[int, int]]] = {}
    last_up: dict[int, int] = {}
    held = []
    for event in events:
        if event.kind == NOTE_ON and event.second:
            down.setdefault(event.first, []).append((event.tick, event.second))
        elif event.kind in (NOTE_ON, NOTE_OFF):
            last_up[event.first] = event.tick
            if strokes := down.get(event.first):
                at, velocity = strokes.pop(0)
                held.append((at, event.tick, event.first, velocity))
        elif event.kind == CONTROL and event.first in (SOUND_OFF, NOTES_OFF):
            held += [(at, event.tick, key, vel) for key, strokes in down.items() for at, vel in strokes]
            down.clear()
    for key, strokes in down.items():
        for at, vel in strokes:
            up = last_up.get(key, 0)
            held.append((at, up if up > at else end_tick, key, vel))
    return sorted(held)


def _by_program(
    held: list[tuple[int, int, int, int]], settings: list[Event]
) -> dict[int, list[tuple[int, int, int, int]]]:
    """Keys by the program that is set when they go down."""
    changes = [(event.tick, event.first) for event in settings if event.kind == PROGRAM]
    ticks = [tick for tick, _ in changes]
    found: dict[int, list[tuple[int, int, int, int]]] = {}
    for each in held:
        i = bisect_right(ticks, each[0]) - 1
        found.setdefault(changes[i][1] if i >= 0 else 0, []).append(each)
    return found


def _controls(settings: list[Event], clock: Clock) -> tuple[Control, ...]:
    chosen = (event for event in settings if event.kind == CONTROL)
    return tuple(Control(clock(event.tick), event.first, event.second) for event in chosen)


def _bends(settings: list[Event], clock: Clock) -> tuple[Wheel, ...]:
    chosen = (event for event in settings if event.kind == WHEEL)
    return tuple(
        Wheel(clock(event.tick), (event.second << 7 | event.first) - WHEEL_CENTRE) for event in chosen
    )


def held_spans(controls: Iterable[Control], number: int, end_s: float) -> list[tuple[float, float]]:
    """Find when a pedal is down.

    Args:
        controls: of a track, in order.
        number: the pedal's controller.
        end_s: of the file: a pedal that is never released stays down to it.

    Returns:
        (down, up) in seconds, ascending.
    """
    spans, down = [], None
    for control in controls:
        if control.number != number:
            continue
        if control.value >= PEDAL_DOWN_FROM:
            down = control.time if down is None else down
        elif down is not None:
            spans.append((down, control.time))
            down = None
    return spans if down is None else [*spans, (down, end_s)]

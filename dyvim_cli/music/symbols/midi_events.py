"""Read the events of a Standard MIDI File, track by track: channel messages, tempos, the track's name."""

from dataclasses import dataclass, field
from typing import NamedTuple

HEADER, CHUNK = b"MThd", b"MTrk"
RIFF, RIFF_KIND, RIFF_DATA = b"RIFF", b"RMID", b"data"  # Windows' wrapping of a MIDI file
NOTE_OFF, NOTE_ON, CONTROL, PROGRAM, PRESSURE, WHEEL = 0x80, 0x90, 0xB0, 0xC0, 0xD0, 0xE0
META, SYSTEM, SYSTEM_GOES_ON = 0xFF, 0xF0, 0xF7
TRACK_NAME, END_OF_TRACK, TEMPO = 0x03, 0x2F, 0x51  # kinds of META
MOST_EVENTS = 2_000_000  # events of a file: an opera has some hundred thousand
SMPTE_RATES = {24: 24.0, 25: 25.0, 29: 30000 / 1001, 30: 30.0}  # frames a second


class MidiFault(ValueError):
    """The bytes are no MIDI file, or are damaged; the message says how."""


class Event(NamedTuple):
    """One channel message."""

    tick: int
    kind: int  # NOTE_OFF .. WHEEL
    channel: int  # 0..15
    first: int  # data bytes, 0..127
    second: int


@dataclass
class EventTrack:
    """One track chunk; tempos in microseconds a quarter note."""

    name: str = ""
    events: list[Event] = field(default_factory=list)
    tempos: list[tuple[int, int]] = field(default_factory=list)  # (tick, tempo)
    end_tick: int = 0


@dataclass(frozen=True)
class MidiEvents:
    """A file: its tracks, and what a tick is."""

    tracks: tuple[EventTrack, ...]
    ticks_per_quarter: int = 0  # 0: ticks have a fixed length
    tick_s: float = 0.0  # the fixed length of a tick


def read_events(data: bytes) -> MidiEvents:
    """Read a file of format 0 or 1, RIFF's wrapping too.

    Args:
        data: all bytes of the file.

    Returns:
        Its tracks.

    Raises:
        MidiFault: it is no such file, or ends too early.
    """
    reader = _Reader(_unwrapped(data))
    if reader.take(4) != HEADER:
        raise MidiFault("it does not begin as one")
    header = _Reader(reader.take(reader.whole(4)))
    kind, _, division = header.whole(2), header.whole(2), header.whole(2)
    if kind > 1:
        raise MidiFault(f"format {kind}: pieces in one file, format 0 or 1 is one piece")
    tracks: list[EventTrack] = []
    while reader.left() >= 8:  # fewer bytes after the last track are no chunk
        name, n_bytes = reader.take(4), reader.whole(4)
        if name == CHUNK:
            room = MOST_EVENTS - sum(len(track.events) for track in tracks)
            tracks.append(_track(_Reader(reader.take(n_bytes)), room))
        else:
            reader.at += n_bytes
    return MidiEvents(tuple(tracks), *_unit(division))


def _unwrapped(data: bytes) -> bytes:
    """Unwrap the MIDI file in a RIFF file; other data are returned unchanged."""
    if data[:4] != RIFF or data[8:12] != RIFF_KIND:
        return data
    at = data.find(RIFF_DATA, 12)
    return data[at + 8 :] if at >= 0 else b""


def _unit(division: int) -> tuple[int, float]:
    """(ticks a quarter note, seconds a tick), one of them 0."""
    if division < 0x8000:
        if division == 0:
            raise MidiFault("no ticks a quarter note")
        return division, 0.0
    frames, ticks = 256 - (division >> 8), division & 0xFF
    if frames not in SMPTE_RATES or not ticks:
        raise MidiFault(f"{frames} frames a second of {ticks} ticks")
    return 0, 1 / (SMPTE_RATES[frames] * ticks)


class _Reader:
    """Bytes that are taken in order."""

    def __init__(self, data: bytes):
        self.data, self.at = data, 0

    def left(self) -> int:
        """Count the bytes that are still there."""
        return len(self.data) - self.at

    def take(self, n: int) -> bytes:
        """The next n bytes."""
        if n > self.left():
            raise MidiFault("it ends too early")
        self.at += n
        return self.data[self.at - n : self.at]

    def whole(self, n: int) -> int:
        """The next n bytes as a number."""
        return int.from_bytes(self.take(n), "big")

    def variable(self) -> int:
        """A number in bytes of seven bits, the last of which is below 128."""
        value = 0
        for _ in range(4):
            byte = self.whole(1)
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value
        raise MidiFault("a number of more than four bytes")


def _track(reader: _Reader, room: int) -> EventTrack:
    track, tick, status = EventTrack(), 0, 0
    while reader.left():
        tick += reader.variable()
        byte = reader.whole(1)
        if byte < 0x80:  # the kind of the event before goes on
            reader.at -= 1
        elif byte < SYSTEM:
            status = byte
        else:
            if _aside(track, reader, byte, tick):
                break
            continue
        if not status:
            raise MidiFault("an event of no kind")
        track.events.append(_message(reader, status, tick))
        if len(track.events) > room:
            raise MidiFault(f"more than {MOST_EVENTS / 1e6:g} million events")
    track.end_tick = tick
    return track


def _message(reader: _Reader, status: int, tick: int) -> Event:
    kind, first = status & 0xF0, reader.whole(1) & 0x7F
    second = 0 if kind in (PROGRAM, PRESSURE) else reader.whole(1) & 0x7F
    return Event(tick, kind, status & 0x0F, first, second)


def _aside(track: EventTrack, reader: _Reader, byte: int, tick: int) -> bool:
    """Handle a meta or system event; True at the end of the track."""
    if byte not in (META, SYSTEM, SYSTEM_GOES_ON):
        raise MidiFault(f"an event of kind {byte:#x}")
    kind = reader.whole(1) if byte == META else None
    content = reader.take(reader.variable())
    if kind == TEMPO:
        tempo = int.from_bytes(content, "big")
        if not tempo:
            raise MidiFault("a tempo of no length")
        track.tempos.append((tick, tempo))
    elif kind == TRACK_NAME and not track.name:
        track.name = _text(content)
    return kind == END_OF_TRACK


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8").strip("\0 \t\r\n")
    except UnicodeDecodeError:
        return content.decode("latin-1").strip("\0 \t\r\n")

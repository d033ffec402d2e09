"""Read packets in a film's own order, with the timestamps of joined recordings made continuous."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

RESTARTS = 0x0200  # libavformat: AVFMT_TS_DISCONT, the container's clock may restart
LONGEST_JUMP_S = 10.0  # ffmpeg's dts_delta_threshold: a longer way forwards is no pause but another clock
LONGEST_STEP_BACK_S = 0.1  # ffmpeg's: a longer one is a clock that restarted
# longest time between decoding and showing a picture; no codec keeps one back for longer
LONGEST_WAIT_S = 60.0


def packets(container: Any, *streams: Any, clocks: "dict[int, StreamClock] | None" = None) -> Iterator[Any]:
    """Yield every packet of these streams in the file's order, with continuous timestamps, up to a tear.

    Packets that flush a decoder come last, as in PyAV; where it forgets them, one without a stream.

    Args:
        container: opened with PyAV.
        *streams: of the container, those that are read.
        clocks: filled with the StreamClock of each stream, by stream index.

    Yields:
        Packets.
    """
    import av

    clocks = {} if clocks is None else clocks
    clocks |= {stream.index: StreamClock(float(stream.time_base)) for stream in streams}
    restarts = bool(container.format.flags & RESTARTS)
    try:
        for packet in container.demux(streams):
            if packet.size:
                clocks[packet.stream_index].bend(packet, restarts)
            yield packet
    except av.FFmpegError:
        return
    except IndexError:  # PyAV, at the end of a film in which a stream began that nothing announced
        yield av.Packet()


@dataclass
class StreamClock:
    """The clock of one stream. Its inner times are ticks of `tick_s` seconds."""

    tick_s: float
    offset: int = 0  # ticks added to the file's timestamps
    due: int | None = None  # decoding time that the next packet should have
    latest: int | None = None  # decoding time of the last packet
    lead: int = 0  # presentation less decoding time of the last packet where that was plausible
    joins: list[tuple[int, int]] = field(default_factory=list)  # (continuous time, change of the offset)

    @property
    def joins_s(self) -> tuple[tuple[float, float], ...]:
        """(continuous time, change of the offset) of every jump, seconds."""
        return tuple((when * self.tick_s, change * self.tick_s) for when, change in self.joins)

    def bend(self, packet: Any, restarts: bool) -> None:
        """Add the offset to a packet's timestamps, in place.

        Args:
            packet: the next one of the stream.
            restarts: whether the container's clock may jump.
        """
        decoded = packet.dts if packet.dts is not None else packet.pts
        if decoded is None:
            return
        if restarts:
            self._watch(decoded + self.offset)
            self._remember(decoded + self.offset, packet.duration or 0)
        if packet.dts is not None:
            packet.dts += self.offset
        if packet.pts is not None:
            packet.pts = self._shown(packet.pts + self.offset, decoded + self.offset)

    def _watch(self, decoded: int) -> None:
        """Detect a jump of the clock and take it into the offset."""
        if self.due is None or self.latest is None:
            return
        goes_back = decoded + LONGEST_STEP_BACK_S / self.tick_s < self.latest
        if goes_back or abs(decoded - self.due) > LONGEST_JUMP_S / self.tick_s:
            self.offset += self.due - decoded
            self.joins.append((self.due, self.due - decoded))

    def _remember(self, decoded: int, duration: int) -> None:
        last_step = decoded - self.latest if self.latest is not None else 0
        self.due, self.latest = decoded + (duration or max(0, last_step)), decoded

    def _shown(self, shown: int, decoded: int) -> int:
        """Presentation time of a packet; one that is far from its decoding time is broken."""
        if abs(shown - decoded) > LONGEST_WAIT_S / self.tick_s:
            return decoded + self.lead
        self.lead = shown - decoded
        return shown

"""Read the presentation times of a film's pictures and sound from their packets.

Containers round, omit or misstate durations; the packets are only listed, not decoded.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from dyvim_cli.errors import InputError, quoted
from dyvim_cli.limits import check_gap, check_pictures
from dyvim_cli.media.clock import StreamClock, packets
from dyvim_cli.media.formats import STILLS, is_animated_webp
from dyvim_cli.media.reordered import shown_stamp

VARIABLE_RATE_SPREAD = 0.25  # share of the median frame interval; container rounding stays below
LONGEST_STILL_S = 60.0  # longest credible duration of the last picture; longer ones are errors of the clock


@dataclass(frozen=True)
class SoundSpan:
    """Span of a sound track, seconds on the film's clock, and the joins that ffmpeg straightens alone."""

    start_s: float
    end_s: float
    n_packets: int
    joins: tuple[tuple[float, float], ...] = ()  # (when, how far its clock was moved)


@dataclass(frozen=True)
class Timing:
    """Presentation times of pictures, seconds; they become fields of probe.FilmInfo."""

    start_s: float
    picture_s: float  # time from the first picture to the last one's end
    n_frames: int
    n_shown: int  # packets of the picture, but those that are only decoded; two may have one time
    fps: float
    is_variable_rate: bool
    key_times_s: np.ndarray
    shown_late_s: float = 0.0  # how long before the first picture's time its decoding begins
    joins: tuple[tuple[float, float], ...] = ()
    sounds: dict[int, SoundSpan] = field(default_factory=dict)  # span of each sound by stream index


def timing_of(container: Any, stream: Any, path: Path, n_late: int = 0) -> Timing:
    """List the packets of picture and sound and derive their true range, rate and key frames.

    Args:
        container: opened with PyAV.
        stream: of the picture.
        path: for the message.
        n_late: pictures that are decoded before the first is shown, where the container does not tell.

    Returns:
        Times of the picture and of each sound.

    Raises:
        InputError: fewer than two pictures have times, or a limit is passed.
    """
    clocks: dict[int, StreamClock] = {}
    listed: list[tuple[float, float, float, bool]] = []
    sounds: dict[int, tuple[int, int, int]] = {}
    for packet in packets(container, stream, *container.streams.audio, clocks=clocks):
        if packet.size and packet.stream_index == stream.index:
            check_pictures(path, len(listed))
            listed += _row(packet, float(stream.time_base), n_late)
        elif packet.size and packet.pts is not None:
            end = packet.pts + (packet.duration or 0)
            first, last, n_before = sounds.get(packet.stream_index, (packet.pts, end, 0))
            sounds[packet.stream_index] = (min(first, packet.pts), max(last, end), n_before + 1)
    rows = np.array(listed, dtype=np.float64).reshape(-1, 4)
    times = np.unique(rows[:, 0])
    _check_enough(times, container, path)
    intervals = np.diff(times)
    check_gap(path, float(intervals.max()))
    low, high = np.quantile(intervals, (0.05, 0.95))
    return Timing(
        start_s=float(times[0]),
        picture_s=float(times[-1] - times[0] + _last_stand(rows, float(np.median(intervals)))),
        n_frames=len(times),
        n_shown=len(rows),
        fps=float((len(times) - 1) / (times[-1] - times[0])),
        is_variable_rate=bool(high - low > VARIABLE_RATE_SPREAD * np.median(intervals)),
        key_times_s=np.unique(rows[rows[:, 3] > 0, 0]) - times[0],
        shown_late_s=_n_ahead(rows) * float(np.median(intervals)),
        joins=clocks[stream.index].joins_s,
        sounds={index: _heard(*found, clocks[index]) for index, found in sounds.items()},
    )


def picture_rows(container: Any, stream: Any, n_late: int = 0) -> np.ndarray:
    """List every picture that is shown.

    Args:
        container: opened with PyAV.
        stream: of the picture.
        n_late: as for timing_of.

    Returns:
        [n, 4] time, decoding time (nan where unknown), duration (seconds), is key.
    """
    tick_s = float(stream.time_base)
    found = [_row(packet, tick_s, n_late) for packet in packets(container, stream) if packet.size]
    return np.array([row for rows in found for row in rows], dtype=np.float64).reshape(-1, 4)


# Any: PyAV's own types differ between its versions
def _row(packet: Any, tick: float, n_late: int) -> list[tuple[float, float, float, bool]]:
    """A packet's row of `picture_rows`; none for a picture that is only decoded, not shown."""
    stamp = shown_stamp(packet, n_late)
    if stamp is None or packet.is_discard:
        return []
    decoded = packet.dts if packet.dts is not None else np.nan
    return [(stamp * tick, decoded * tick, (packet.duration or 0) * tick, packet.is_keyframe)]


def _check_enough(times: np.ndarray, container: Any, path: Path) -> None:
    """Raise InputError unless two pictures at least have times."""
    if len(times) < 2 and is_animated_webp(path):
        hint = f"make a film of it with the newest ffmpeg: ffmpeg -i {quoted(path)} film.mp4"
        raise InputError(f"{path} is an animated webp, which cannot be read yet", hint)
    if len(times) > 1 and container.format.name in STILLS:
        hint = f"make a film of it: ffmpeg -i {quoted(path)} film.mkv"
        raise InputError(f"{path} is a row of pictures without times", hint)
    if len(times) < 2:
        what = "a single picture" if len(times) else "no complete picture"
        raise InputError(f"{path} holds {what}: nothing to score", "name a film of at least two frames")


def _n_ahead(rows: np.ndarray) -> int:
    """Count the pictures are decoded before the first is shown."""
    is_due = rows[:, 1] >= rows[:, 0].min()  # nan: before the film's beginning
    return int(np.argmax(is_due))


def _last_stand(rows: np.ndarray, median: float) -> float:
    """Duration of the last picture; packets of raw streams and some webm do not have it."""
    last_said = rows[np.argmax(rows[:, 0]), 2]
    return float(last_said) if 0 < last_said <= max(10 * median, LONGEST_STILL_S) else median


def _heard(first: int, last: int, n_packets: int, clock: StreamClock) -> SoundSpan:
    """The range of a sound track, given in ticks."""
    return SoundSpan(first * clock.tick_s, last * clock.tick_s, n_packets, clock.joins_s)

"""When a film's pictures are shown, by their packets.

Containers round, omit or misstate durations; the packets are only listed, not decoded.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dyvim_cli.errors import InputError

NO_TIMES = 0x80  # libavformat: AVFMT_NOTIMESTAMPS
VARIABLE_RATE_SPREAD = 0.25  # of the median frame interval; container rounding stays below


@dataclass(frozen=True)
class Timing:
    """When pictures are shown, seconds; the fields of probe.FilmInfo that they become."""

    start_s: float
    duration_s: float
    n_frames: int
    fps: float
    is_variable_rate: bool
    key_times_s: np.ndarray


def timing_of(container, stream, path: Path) -> Timing:
    """List the picture's packets and derive its true range, rate and key frames."""
    rows = np.array(list(packet_times(container, stream)), dtype=np.float64).reshape(-1, 4)
    times = np.unique(rows[:, 0])
    if not len(times) and container.format.flags & NO_TIMES:
        wrapped = path.with_suffix(".mp4")
        raise InputError(f"{path} is a raw stream without times", f"ffmpeg -i {path} -c copy {wrapped}")
    if len(times) < 2:
        what = "a single picture" if len(times) else "no complete picture"
        raise InputError(f"{path} holds {what}: nothing to score", "name a film of at least two frames")
    intervals = np.diff(times)
    median = float(np.median(intervals))
    last = rows[np.argmax(rows[:, 0])]
    # packets of raw streams and some webm carry no duration; a stray one may be absurdly long
    tail = last[2] if 0 < last[2] <= max(10 * median, 1.0) else median
    low, high = np.quantile(intervals, (0.05, 0.95))
    return Timing(
        start_s=float(times[0]),
        duration_s=float(times[-1] - times[0] + tail),
        n_frames=len(times),
        fps=float((len(times) - 1) / (times[-1] - times[0])),
        is_variable_rate=bool(high - low > VARIABLE_RATE_SPREAD * median),
        key_times_s=np.unique(rows[rows[:, 3] > 0, 0]) - times[0],
    )


def packet_times(container, stream) -> Iterator[tuple[float, float, float, bool]]:
    """(time, decoding time, duration, is_key) of every picture packet that will be shown."""
    import av

    tick = float(stream.time_base)
    try:
        for packet in container.demux(stream):
            stamp = packet.pts if packet.pts is not None else packet.dts
            if stamp is not None and packet.size and not packet.is_discard:
                decoded = packet.dts if packet.dts is not None else np.nan
                yield stamp * tick, decoded * tick, (packet.duration or 0) * tick, packet.is_keyframe
    except av.FFmpegError:
        return  # a torn tail: what was read up to here counts

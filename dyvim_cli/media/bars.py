"""Find the picture inside black bars.

Wide films stand in them, tall ones between them. Half of what is decoded may be bar.
"""

import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from dyvim_cli.media.clock import packets
from dyvim_cli.media.opening import open_film
from dyvim_cli.media.pictures import grey_of
from dyvim_cli.media.probe import FilmInfo

LOOKS = 8  # frames that are looked at, spread over the film
FRAMES_A_KEY = 24  # most frames decoded from one key frame on, where there are fewer key frames
LOOK_EVERY = 8  # frames from one look to the next after such a key frame
BLACK, FLAT = 20, 6  # grey levels: a bar's greatest, and its spread; night is lighter, or grainy
SHARE_OF_LOOKS = 0.75  # least share of looks that show a bar: studio logos and burnt-in titles may be wider
LEAST_BAR = 0.02  # least width of a bar as a share of the side: less is an edge
RIM = 2  # pixels between bar and picture that the codec made of both
LEAST_PICTURE = 0.25  # least share of a side that is left: less is something bright in the dark


@dataclass(frozen=True)
class Area:
    """A part of the coded picture, in the middle of it: the share of its width and height, each 0..1."""

    across: float = 1.0
    down: float = 1.0

    def turned(self) -> "Area":
        """The same part of a picture that was turned on its side.

        Returns:
            Width and height exchanged.
        """
        return Area(self.down, self.across)


WHOLE = Area()


def picture_area(film: FilmInfo, start_s: float, end_s: float) -> Area:
    """Find the area of a film's picture within its black bars.

    Args:
        film: what probe says of it.
        start_s: seconds from the first picture.
        end_s: what lies before it counts.

    Returns:
        Part of the coded picture; all of it where nothing is shown.
    """
    chosen, n_frames = _looked_at(film, start_s, end_s)
    n_looks = len(chosen) * len(range(0, n_frames, LOOK_EVERY))
    # so many that show no bar settle it, whatever the others show
    enough = math.inf if film.joins else n_looks - _rank(n_looks)
    shown: list[tuple[float, float]] = []
    for grey in _looks(film, chosen, n_frames):
        if area := _within(grey):
            shown.append((area.across, area.down))
        if shown and (np.sum(np.array(shown) == 1.0, axis=0) >= enough).all():
            return WHOLE
    if not shown:
        return WHOLE
    across, down = np.sort(shown, axis=0)[_rank(len(shown))]
    return Area(float(across), float(down))


def _rank(n_looks: int) -> int:
    """Place of the look that decides among all, from the smallest picture on."""
    return math.ceil(SHARE_OF_LOOKS * (n_looks - 1))


def _within(grey: np.ndarray) -> Area | None:
    """Area of one picture [H, W] uint8 inside the bars; None when hardly anything is left."""
    sides = []
    for axis in (0, 1):  # of the columns, of the rows
        brightest = grey.max(axis)
        is_bar = (brightest <= BLACK) & (brightest - grey.min(axis) <= FLAT)
        if is_bar.all():
            return None
        bar = min(int(np.argmin(is_bar)), int(np.argmin(is_bar[::-1])))
        has_bars = bar >= LEAST_BAR * len(is_bar)
        sides.append(1 - 2 * (bar + RIM) / len(is_bar) if has_bars else 1.0)
    return Area(*sides) if min(sides) >= LEAST_PICTURE else None


def _looked_at(film: FilmInfo, start_s: float, end_s: float) -> tuple[np.ndarray, int]:
    """(times of the key frames to look at, frames to decode from each one on)."""
    inside = film.key_times_s[(film.key_times_s >= start_s - 1e-3) & (film.key_times_s < end_s)]
    keys = inside if len(inside) else film.key_times_s[film.key_times_s < end_s][-1:]
    chosen = keys[np.unique(np.linspace(0, len(keys) - 1, min(LOOKS, len(keys))).astype(int))]
    return chosen, 1 if film.joins or len(chosen) >= LOOKS // 2 else FRAMES_A_KEY


def _looks(film: FilmInfo, chosen: np.ndarray, n_frames: int) -> Iterator[np.ndarray]:
    """Decode the frames that are looked at, as grey [H, W] uint8, 0 = black."""
    import av

    with open_film(film.path) as container:
        stream = container.streams[film.stream_index]
        if film.joins:  # a clock that restarted cannot be sought by
            yield from _key_frames(container, stream, film.start_s + chosen)
            return
        for key_s in chosen:
            try:
                container.seek(round((film.start_s + key_s) / stream.time_base), stream=stream)
                if n_frames == 1 and (frame := _next_alone(container, stream)) is not None:
                    yield grey_of(frame)
                    continue
                container.seek(round((film.start_s + key_s) / stream.time_base), stream=stream)
                for index, frame in enumerate(_decoded(container, stream, n_frames)):
                    if index % LOOK_EVERY == 0:
                        yield grey_of(frame)
            except av.FFmpegError:
                continue  # a broken stretch: the others will do


# Any: containers, streams and frames of PyAV, whose own types differ between its versions
def _key_frames(container: Any, stream: Any, stamps_s: np.ndarray) -> Iterator[np.ndarray]:
    """The key frames with these stamps, found by reading the film from its beginning."""
    import av

    stream.codec_context.skip_frame = "NONKEY"
    for packet in packets(container, stream):
        stamp = None if packet.pts is None else packet.pts * float(stream.time_base)
        if not packet.size or (stamp is not None and np.abs(stamps_s - stamp).min() < 1e-4):
            with suppress(av.FFmpegError):
                for frame in stream.codec_context.decode(packet if packet.size else None):
                    yield grey_of(frame)


def _next_alone(container: Any, stream: Any) -> Any:
    """The next packet's frame, without those that the decoder would wait for; None where it has none."""
    packet = next(packets(container, stream), None)
    if packet is None or not packet.size:
        return None
    context = stream.codec_context
    return next(iter([*context.decode(packet), *context.decode(None)]), None)


def _decoded(container: Any, stream: Any, n_frames: int) -> Iterator[Any]:
    """The next n_frames, from the container's position."""
    left = n_frames
    for packet in packets(container, stream):
        for frame in stream.codec_context.decode(packet if packet.size else None):
            yield frame
            left -= 1
            if left == 0:
                return

"""Find the picture inside black bars.

Wide films stand in them, tall ones between them. Half of what is decoded may be bar.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from dyvim_cli.media.clock import packets
from dyvim_cli.media.opening import open_film
from dyvim_cli.media.probe import FilmInfo

LOOKS = 8  # frames that are looked at, spread over the film
FRAMES_A_KEY = 24  # most frames decoded from one key frame on, where there are fewer key frames
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
    shown = [area for grey in _looks(film, start_s, end_s) if (area := _within(grey))]
    if not shown:
        return WHOLE
    across, down = np.quantile([(a.across, a.down) for a in shown], SHARE_OF_LOOKS, axis=0, method="higher")
    return Area(float(across), float(down))


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


def _looks(film: FilmInfo, start_s: float, end_s: float) -> Iterator[np.ndarray]:
    """Decode some frames of the span as grey [H, W] uint8, 0 = black."""
    import av

    inside = film.key_times_s[(film.key_times_s >= start_s - 1e-3) & (film.key_times_s < end_s)]
    keys = inside if len(inside) else film.key_times_s[film.key_times_s < end_s][-1:]
    chosen = keys[np.unique(np.linspace(0, len(keys) - 1, min(LOOKS, len(keys))).astype(int))]
    n_frames = 1 if len(chosen) >= LOOKS // 2 else FRAMES_A_KEY
    with open_film(film.path) as container:
        stream = container.streams[film.stream_index]
        if film.joins:  # a clock that restarted cannot be sought by
            yield from _key_frames(container, stream, film.start_s + chosen)
            return
        for key_s in chosen:
            try:
                container.seek(round((film.start_s + key_s) / stream.time_base), stream=stream)
                if n_frames == 1 and (frame := _next_alone(container, stream)) is not None:
                    yield frame.reformat(format="gray").to_ndarray()
                    continue
                container.seek(round((film.start_s + key_s) / stream.time_base), stream=stream)
                for index, frame in enumerate(_decoded(container, stream, n_frames)):
                    if index % (FRAMES_A_KEY // 3) == 0:
                        yield frame.reformat(format="gray").to_ndarray()
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
                    yield frame.reformat(format="gray").to_ndarray()


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

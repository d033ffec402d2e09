"""Decode every frame of a film, small and upright, with its true time, in bounded memory.

Decoded in process with PyAV, ffmpeg's own libraries: time stamps and key flags come with each
frame, and scaling happens in ffmpeg's scaler, so that no full frame ever enters Python. A
background thread decodes ahead while the caller works.
"""

import math
import queue
import threading
import weakref
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from dyvim_cli.device import n_cores
from dyvim_cli.errors import InputError
from dyvim_cli.limits import limits
from dyvim_cli.media.bars import WHOLE, Area, picture_area
from dyvim_cli.media.clock import packets
from dyvim_cli.media.opening import open_film
from dyvim_cli.media.orientation import upright
from dyvim_cli.media.probe import DISCONTINUOUS, FilmInfo

MULTIPLE = 8  # both sides, for the motion encoder's 1/8 resolution
SHORTEST_SIDE = 32  # pixels of the shorter side of extreme banners
MAX_FPS = 36.0  # faster films are thinned evenly: 60 to 30, 50 to 25, 120 to 30
# size of the queue of finished frames: half a minute is decoded while torch is imported
READ_AHEAD_BYTES = 32 << 20
GROUP = 8  # frames handed over together, since each time two threads wake and wait
# pixels a second (1080p at 31 frames) up to which one of two cores decodes as fast as the other one watches
ALONE_PIXELS_HZ = 1920 * 1080 * 31


@dataclass(frozen=True)
class Frame:
    """One analysed frame."""

    time_s: float  # time since the first picture, or since start_s where one was given
    pixels: np.ndarray  # [H, W, 3] uint8 RGB, upright
    is_key: bool  # the codec could start here (thinned films: since the last frame)


Decoded = queue.Queue[list[Frame] | Exception | None]  # the last item is None or what went wrong


def analysis_size(film: FilmInfo, width: int, area: Area = WHOLE) -> tuple[int, int]:
    """Choose the size of the analysed frames.

    Args:
        film: what probe says of it.
        width: of the longer side, px.
        area: what the bars leave over.

    Returns:
        (width, height), both multiples of 8.
    """
    longer = max(MULTIPLE, width // MULTIPLE * MULTIPLE)
    upright = area.turned() if film.rotation % 180 else area
    across, down = film.width * upright.across, film.height * upright.down

    def side(pixels: float) -> int:
        multiples = round(pixels * longer / max(across, down) / MULTIPLE)
        return min(longer, max(SHORTEST_SIDE, multiples * MULTIPLE))

    return side(across), side(down)


def kept_fps(film: FilmInfo) -> float:
    """Find how many frames a second `frames` yields on average.

    Args:
        film: what probe says of it.

    Returns:
        The film's own rate, or an even share of it.
    """
    return film.fps / math.ceil(film.fps / MAX_FPS)


class _Scaler:
    """Turns decoded frames into small upright RGB arrays."""

    def __init__(self, film: FilmInfo, width: int, area: Area):
        from av.video.reformatter import Interpolation, VideoReformatter

        self.width, self.height = analysis_size(film, width, area)
        if film.rotation % 180:  # scaled before it is turned: the small picture is cheap to turn
            self.width, self.height = self.height, self.width
        self.orientation = film.orientation
        self.has_alpha = film.has_alpha
        self.interpolation = Interpolation.AREA  # a true average: no aliasing that looks like motion
        self.reformatter = VideoReformatter()
        steps = [("field", "type=top")] if film.is_interlaced else []
        if area != WHOLE:
            steps.append(("crop", f"iw*{area.across}:ih*{area.down}"))  # its middle
        self.filter = _Filter(steps) if steps else None

    # Any: frames, streams and contexts of PyAV, whose own types differ between its versions
    def __call__(self, frame: Any) -> np.ndarray:
        _read_through(frame)
        if self.filter:
            frame = self.filter(frame)
        pixel_format = "rgba" if self.has_alpha else "rgb24"
        # one thread: dealing out a picture so small takes half as long as scaling it
        small = self.reformatter.reformat(
            frame, self.width, self.height, pixel_format, interpolation=self.interpolation, threads=1
        ).to_ndarray()
        if self.has_alpha:  # over black
            small = (small[..., :3].astype(np.uint16) * small[..., 3:] // 255).astype(np.uint8)
        return np.ascontiguousarray(upright(small, self.orientation))


def _read_through(frame: Any) -> None:
    """Read a frame once, byte after byte: the scaler, which goes from plane to plane, then finds it near.

    Scaling 1080p then takes a third less. The last line is left out: a cropped frame's buffer may end in it.
    """
    for plane in frame.planes:
        if plane.line_size > 0:  # not from below
            np.frombuffer(plane, np.uint8)[: -plane.line_size].sum(dtype=np.uint8)


class _Filter:
    """A chain of ffmpeg's filters, (name, arguments) each; made again for frames of another shape.

    One field of an interlaced frame is at this size a clean progressive picture.
    """

    def __init__(self, steps: list[tuple[str, str]]):
        self.steps = steps
        self.graph: Any = None
        self.shape: tuple[int, int, str] | None = None

    def __call__(self, frame: Any) -> Any:
        shape = (frame.width, frame.height, frame.format.name)
        if shape != self.shape:
            self.graph, self.shape = self._made_for(frame), shape
        self.graph.push(frame)
        return self.graph.pull()

    def _made_for(self, frame: Any) -> Any:
        from av.filter import Graph

        graph = Graph()
        source = graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base
        )
        graph.link_nodes(source, *(graph.add(*step) for step in self.steps), graph.add("buffersink"))
        graph.configure()
        return graph


def _decoder(container: Any, film: FilmInfo) -> tuple[Any, Any]:
    """The picture's stream and a codec context that decodes it."""
    from av.codec.context import CodecContext

    stream = container.streams[film.stream_index]
    context = stream.codec_context
    bound = {"max_pixels": str(limits().max_pixels)}  # a damaged film may change its size midway
    if film.has_alpha and film.codec in ("vp8", "vp9"):  # only libvpx's decoder sees their alpha
        alpha_context = CodecContext.create(f"libvpx-{film.codec.replace('vp8', 'vpx')}", "r")
        alpha_context.extradata, alpha_context.options = context.extradata, bound
        return stream, alpha_context
    context.thread_type, context.thread_count = "AUTO", _n_threads(film)
    # what no other picture refers to is not smoothed at its block edges: invisible at this size, and
    # a sixth of H.264's decoding; on reference pictures the difference would add up
    context.options = {"skip_loop_filter": "noref"} | bound
    return stream, context


def _n_threads(film: FilmInfo) -> int:
    """Threads to decode with; 0 = as many as ffmpeg likes.

    Several threads cost a tenth more processor time, which only pays where cores would be idle.
    """
    return 1 if n_cores() <= 2 and film.width * film.height * film.fps <= ALONE_PIXELS_HZ else 0


def _decoded(film: FilmInfo, start_s: float) -> Iterator[tuple[float, Any]]:
    """(seconds from the first picture, decoded frame), from the key frame before start_s on."""
    import av

    with open_film(film.path) as container:
        stream, context = _decoder(container, film)
        tick = float(stream.time_base)
        if start_s > 0 and not film.joins:  # a clock that restarted cannot be sought by
            container.seek(round(_seek_time(film, start_s) / tick), stream=stream)
        try:
            for packet in packets(container, stream):
                try:
                    decoded = context.decode(packet if packet.size else None)
                except av.FFmpegError:
                    continue  # a broken packet costs its own frames, not the film
                for frame in decoded:
                    stamp = frame.pts if frame.pts is not None and not film.is_reordered else frame.dts
                    if stamp is not None:
                        yield stamp * tick - film.start_s, frame
        except av.FFmpegError:
            return  # a torn tail


def _seek_time(film: FilmInfo, start_s: float) -> float:
    """Position to seek to, in the film's own clock, so that decoding is complete at start_s."""
    keys = film.key_times_s[film.key_times_s <= start_s]
    key_s = keys[-1] if len(keys) else 0.0
    # without an index seeking is by decoding time and lands anywhere: begin well before the key frame
    margin_s = 1.0 if film.container in DISCONTINUOUS else 0.0
    return film.start_s + max(0.0, key_s - margin_s)


def _thinned(film: FilmInfo, start_s: float, end_s: float) -> Iterator[tuple[float, Any]]:
    """The frames in [start_s, end_s), strictly ascending, no faster than MAX_FPS."""
    interval = 1 / film.fps
    step = 1 / kept_fps(film)
    due, last = start_s, -math.inf
    for time_s, frame in _decoded(film, start_s):
        if time_s >= end_s - interval / 100:
            return
        if time_s < start_s - interval / 100 or time_s <= last:
            continue
        if step > interval and time_s < due - interval / 2:
            continue
        last = time_s
        due = max(due + step, time_s + step / 2)  # the second where the rate varies
        yield time_s, frame


def _produce(
    film: FilmInfo,
    width: int,
    within_bars: bool,
    start_s: float,
    end_s: float,
    out: "Decoded",
    stop: threading.Event,
) -> None:
    """Decode into the queue until the end, an error or `stop`; the last item is None or the error."""

    def put(item: list[Frame] | Exception | None) -> None:
        while not stop.is_set():
            try:
                return out.put(item, timeout=0.1)
            except queue.Full:
                continue

    last_word: Exception | None = None
    group: list[Frame] = []
    size = 1  # of the group: whoever asks for the first frame waits for no other
    keys_before = 0  # not the decoders' own flags: some forget them, and thinning would lose them
    try:
        scale = _Scaler(film, width, picture_area(film, start_s, end_s) if within_bars else WHOLE)
        for time_s, frame in _thinned(film, start_s, end_s):
            if stop.is_set():
                return
            keys = int(np.searchsorted(film.key_times_s, time_s + 1e-4, side="right"))
            group.append(Frame(max(0.0, time_s - start_s), scale(frame), keys > keys_before))
            if len(group) == size:
                put(group)
                group, size = [], GROUP
            keys_before = keys
    except Exception as error:  # handed to the caller's thread, which raises it
        last_word = error
    put(group)
    put(last_word)


def frames(
    film: FilmInfo,
    width: int = 160,
    start_s: float | None = None,
    end_s: float | None = None,
    *,
    within_bars: bool = False,
) -> Generator[Frame, None, None]:
    """Decode every frame of a film (films above 36 frames a second are thinned evenly).

    Both sides are multiples of 8, the picture is upright with square pixels, one field of interlaced
    pictures is used, alpha lies over black. Decoding begins with the call, not with the first frame that is
    asked for.

    Args:
        film: what probe says of it.
        width: of the longer side, px.
        start_s: times count from here; None = from the first picture.
        end_s: where to stop; None = at the film's end.
        within_bars: black bars are cut off.

    Returns:
        Iterator over the frames, strictly ascending in time.

    Raises:
        InputError: fewer than two pictures can be decoded (raised by the iterator).
    """
    width_px, height_px = analysis_size(film, width)
    buffer: Decoded = queue.Queue(max(2, READ_AHEAD_BYTES // (3 * width_px * height_px * GROUP)))
    stop = threading.Event()
    span = (start_s or 0.0, math.inf if end_s is None else end_s)
    task = (film, width, within_bars, *span, buffer, stop)
    thread = threading.Thread(target=_produce, args=task, name="decode", daemon=True)
    thread.start()
    taken = _taken(film, buffer, stop, thread)
    weakref.finalize(taken, stop.set)  # if no frame is ever read
    return taken


def _taken(
    film: FilmInfo, buffer: "Decoded", stop: threading.Event, thread: threading.Thread
) -> Generator[Frame, None, None]:
    """Yield the frames; ends the thread at last, and raises its error."""
    n_frames = 0
    try:
        while isinstance(item := buffer.get(), list):
            n_frames += len(item)
            yield from item
    finally:
        stop.set()
        thread.join()
    if item is not None:
        raise item
    if n_frames < 2:
        raise InputError(
            f"fewer than two pictures of {film.path} could be decoded", "see that the file plays elsewhere"
        )

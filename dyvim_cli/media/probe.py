"""What a film holds: streams, times, shape. Read with PyAV, so that every machine sees the same.

PyAV brings its own ffmpeg libraries; a system ffprobe, which many machines lack, is never asked.
Times come from the picture's packets, because containers round, omit or misstate durations; the
packets are only listed, not decoded.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dyvim_cli.errors import InputError
from dyvim_cli.media.ffmpeg import file_url

DISCONTINUOUS = ("mpegts", "mpeg")  # containers without an index, whose clock may jump
ENCRYPTED = "encryption_info"  # what ffmpeg tells of a protected packet (ISO/IEC 23001-7)
NOT_PICTURES = ("ansi", "bintext", "xbin", "idf")  # text that ffmpeg would gladly draw
SCORED_BY = "dyvim model="  # how the comment of a scored film begins (facts.comment)
TIMECODE = "timecode"
URL = re.compile(r"[a-z]{2,}:/")  # pathlib makes one slash of two
DESCRIPTORS = ("/dev", "/dev/fd", "/proc/self/fd")  # open here, not in ffmpeg, though a file be behind them
NO_TIMES = 0x80  # libavformat: AVFMT_NOTIMESTAMPS
VARIABLE_RATE_SPREAD = 0.25  # of the median frame interval; container rounding stays below


@dataclass(frozen=True)
class Track:
    """One audio or subtitle stream. `position` counts within its kind, as in ffmpeg's 0:a:1."""

    position: int
    codec: str
    language: str = ""
    channels: int = 0
    sample_rate: int = 0
    start_s: float = 0.0


@dataclass(frozen=True)
class FilmInfo:
    """A film that can be scored. Times in seconds; `width` and `height` are upright, square pixels."""

    path: Path
    container: str  # libavformat's name, for example "mov,mp4,m4a,3gp,3g2,mj2"
    codec: str
    stream_index: int  # of the picture, within the file
    position: int  # of the picture, within the video streams (ffmpeg's 0:v:0)
    start_s: float  # the first picture's time stamp
    container_start_s: float  # the earliest stamp of any stream
    videos_start_s: float  # the earliest stamp of any video stream
    duration_s: float  # of the picture, its last frame's display time included
    n_frames: int
    fps: float  # average
    is_variable_rate: bool
    key_times_s: np.ndarray  # [M] float64, key frames, counted from the first picture
    width: int
    height: int
    coded_width: int
    coded_height: int
    rotation: int  # degrees counter-clockwise that make it upright: 0, 90, 180 or 270
    is_interlaced: bool
    has_alpha: bool
    pixel_format: str
    audio: tuple[Track, ...] = ()
    subtitles: tuple[Track, ...] = ()
    data_tracks: tuple[str, ...] = ()  # TIMECODE, or handler names
    n_pictures_attached: int = 0  # cover art
    n_attachments: int = 0
    n_chapters: int = 0
    comment: str = ""  # what the film's own comment tag says
    timecode: str = ""  # of the first picture, as the camera counted

    def ffmpeg_zero_s(self, *starts_s: float) -> float:
        """The stamp that ffmpeg calls zero when it reads streams that start at `starts_s`.

        It is the container's start, but transport streams are counted from the first stream in use.
        """
        return min(starts_s) if self.container in DISCONTINUOUS else self.container_start_s


@dataclass(frozen=True)
class Cover:
    """A picture that is attached to a film, as a file."""

    name: str
    mimetype: str
    data: bytes


def covers(film: FilmInfo) -> list[Cover]:
    """The film's cover art."""
    found = []
    with open_film(film.path) as container:
        pictures = _cover_streams(container)
        for packet in container.demux(pictures) if pictures else ():
            if packet.size and packet.stream in pictures:
                pictures.remove(packet.stream)
                kind = {"mjpeg": "jpeg"}.get(_codec(packet.stream), _codec(packet.stream))
                name = packet.stream.metadata.get("filename", f"cover.{kind.replace('jpeg', 'jpg')}")
                found.append(Cover(Path(name).name, f"image/{kind}", bytes(packet)))
            if not pictures:
                break
    return found


def open_film(path: Path):
    """Open a film with PyAV, or raise InputError that says why it cannot be read."""
    import av

    path = Path(path)
    if not os.path.exists(path):  # pathlib's own raises for a name that is too long for any file
        if os.path.islink(path):
            raise InputError(f"{path} is a link to {os.readlink(path)}, which is not there", f"rm {path}")
        is_stream = str(path) == "-" or URL.match(str(path))
        hint = "save the film to a file first" if is_stream else "check the path; quote names with spaces"
        raise InputError(f"no such file: {path}", hint)
    if path.is_dir():
        raise InputError(f"{path} is a folder, not a film", f"name a film in it, or try: dyvim batch {path}")
    if not path.is_file() or str(path.parent) in DESCRIPTORS:
        raise InputError(f"{path} is a pipe or a device, not a file", "save the film to a file first")
    try:
        if path.stat().st_size == 0:
            raise InputError(f"{path} is empty (0 bytes)", "copy or download it again")
        return av.open(file_url(path), metadata_errors="replace")
    except PermissionError as error:
        raise InputError(f"{path} may not be read", f"chmod u+r {path}") from error
    except (av.FFmpegError, OSError, ValueError) as error:
        raise _unreadable(path) from error


def _unreadable(path: Path) -> InputError:
    """Tell a film without its index from something that never was a film."""
    with open(path, "rb") as file:
        head = file.read(12)
    if head[4:8] == b"ftyp":
        return InputError(
            f"{path} is truncated: its index (moov) is missing",
            "copy or download it again; the tool untrunc can mend a recording that broke off",
        )
    return InputError(f"{path} is not a film that ffmpeg can read", f"see what it is: file {path}")


def picture_codec(path: Path) -> str:
    """The picture's codec by the file's head alone. Raises InputError when there is no picture."""
    with open_film(path) as container:
        return _codec(_picture_stream(container, Path(path)))


def is_scored(path: Path) -> bool:
    """Whether a film says in its comment that dyvim gave it its music; False when it cannot be read."""
    try:
        with open_film(path) as container:
            return SCORED_BY in _tag("comment", container)
    except InputError:
        return False


def _tag(name: str, *places) -> str:
    """The first place's tag of that name, which matroska writes in capitals; "" without."""
    for place in places:
        for key, value in place.metadata.items():
            if key.lower() == name:
                return value
    return ""


def _cover_streams(container) -> list:
    """Pictures attached to a film, which ffmpeg lists as video streams."""
    from av.stream import Disposition

    return [s for s in container.streams.video if s.disposition & Disposition.attached_pic]


def _picture_stream(container, path: Path):
    """The film's picture: never cover art; the default stream, else the one with the most pixels."""
    from av.stream import Disposition

    attached = _cover_streams(container)
    videos = [s for s in container.streams.video if s not in attached and s.codec_context]
    if not videos:
        raise _without_picture(container, path)
    if _codec(videos[0]) in NOT_PICTURES:
        raise _unreadable(path)

    def rank(stream) -> tuple[bool, int]:
        return bool(stream.disposition & Disposition.default), stream.width * stream.height

    return max(videos, key=rank)


def _without_picture(container, path: Path) -> InputError:
    """Say what there is in place of a moving picture."""
    if len(container.streams.video) > len(_cover_streams(container)):
        hint = "save it as H.264 with the program that made it"
        return InputError(f"{path} holds a picture in a coding that ffmpeg does not know", hint)
    sound = container.streams.audio and ("sound, a cover" if container.streams.video else "sound")
    what = f"{sound} but no picture" if sound else "no picture"
    return InputError(f"{path} holds {what}", "name a film; dyvim composes to moving pictures")


def _packet_times(container, stream) -> Iterator[tuple[float, float, float, bool]]:
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


def picture_packets(film: FilmInfo) -> np.ndarray:
    """[n, 3] time, decoding time (seconds from the first picture), is key; in the file's order."""
    with open_film(film.path) as container:
        rows = np.array(list(_packet_times(container, container.streams[film.stream_index])))
    order = np.arange(len(rows)) / film.fps
    rows[:, 1] = np.where(np.isnan(rows[:, 1]), rows[0, 0] + order, rows[:, 1])
    return np.column_stack([rows[:, :2] - film.start_s, rows[:, 3]])


@dataclass(frozen=True)
class _Timing:
    start_s: float
    duration_s: float
    n_frames: int
    fps: float
    is_variable_rate: bool
    key_times_s: np.ndarray


def _timing(container, stream, path: Path) -> _Timing:
    """List the picture's packets and derive its true range, rate and key frames."""
    rows = np.array(list(_packet_times(container, stream)), dtype=np.float64).reshape(-1, 4)
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
    return _Timing(
        start_s=float(times[0]),
        duration_s=float(times[-1] - times[0] + tail),
        n_frames=len(times),
        fps=float((len(times) - 1) / (times[-1] - times[0])),
        is_variable_rate=bool(high - low > VARIABLE_RATE_SPREAD * median),
        key_times_s=np.unique(rows[rows[:, 3] > 0, 0]) - times[0],
    )


def _first_frame(path: Path, stream_index: int):
    """Decode one frame: only frames know rotation and fields for certain."""
    import av

    with open_film(path) as container:  # anew: a clock that begins before zero cannot be sought back
        try:
            for packet in container.demux(container.streams[stream_index]):
                if packet.has_sidedata(ENCRYPTED):
                    hint = "name a copy that plays anywhere"
                    raise InputError(f"{path} is encrypted (copy protection)", hint)
                try:
                    for frame in packet.decode():
                        return frame
                except av.FFmpegError:
                    continue  # a broken packet: the next key frame may be whole
        except av.FFmpegError:
            pass
    raise InputError(f"not one picture of {path} could be decoded", "see that the file plays elsewhere")


def _upright_size(stream, rotation: int) -> tuple[int, int]:
    """Display size with square pixels, after rotation."""
    width, height = stream.codec_context.width, stream.codec_context.height
    aspect = float(stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio or 1) or 1.0
    width = max(1, round(width * aspect))
    return (height, width) if rotation % 180 else (width, height)


def _codec(stream) -> str:
    """The codec's own name (av1, mp3), whichever library decodes it."""
    return stream.codec_context.codec.canonical_name if stream.codec_context else "unknown"


def _tracks(streams) -> tuple[Track, ...]:
    """Describe the audio or subtitle streams of a container."""
    found = []
    for position, stream in enumerate(streams):
        context = stream.codec_context
        sound = (context.channels, context.sample_rate) if stream.type == "audio" and context else (0, 0)
        start_s = float((stream.start_time or 0) * stream.time_base)
        found.append(Track(position, _codec(stream), stream.language or "", *sound, start_s))
    return tuple(found)


def _data_name(stream) -> str:
    """What kind of data it is, as far as one can tell; a camera's timecode is named after its picture."""
    return TIMECODE if "timecode" in stream.metadata else stream.metadata.get("handler_name", "data")


def _has_alpha(stream, frame) -> bool:
    """Pixel format with alpha, or VP8/VP9 that carries its alpha beside the picture."""
    layers = frame.format.components
    return any(layer.is_alpha for layer in layers) or stream.metadata.get("alpha_mode") == "1"


def probe(path: Path) -> FilmInfo:
    """Describe a film.

    Raises InputError when there is no film to score: no such file, a folder, empty, not a film,
    sound only, fewer than two pictures, truncated before its index, or not decodable. A film
    whose tail is torn counts up to the tear.
    """
    path = Path(path)
    with open_film(path) as container:
        stream = _picture_stream(container, path)
        timing = _timing(container, stream, path)
        frame = _first_frame(path, stream.index)
        rotation = round(frame.rotation / 90) * 90 % 360
        width, height = _upright_size(stream, rotation)
        start_us = container.start_time
        starts = [s.start_time * s.time_base for s in container.streams.video if s.start_time is not None]
        return FilmInfo(
            path=path,
            container=container.format.name,
            codec=_codec(stream),
            stream_index=stream.index,
            position=container.streams.video.index(stream),
            start_s=timing.start_s,
            container_start_s=timing.start_s if start_us is None else start_us / 1e6,
            videos_start_s=float(min(starts, default=timing.start_s)),
            duration_s=timing.duration_s,
            n_frames=timing.n_frames,
            fps=timing.fps,
            is_variable_rate=timing.is_variable_rate,
            key_times_s=timing.key_times_s,
            width=width,
            height=height,
            coded_width=frame.width,
            coded_height=frame.height,
            rotation=rotation,
            is_interlaced=bool(frame.interlaced_frame),
            has_alpha=_has_alpha(stream, frame),
            pixel_format=frame.format.name,
            audio=_tracks(container.streams.audio),
            subtitles=_tracks(container.streams.subtitles),
            data_tracks=tuple(map(_data_name, container.streams.data)),
            n_pictures_attached=len(_cover_streams(container)),
            n_attachments=len(container.streams.attachments),
            n_chapters=len(container.chapters()),
            comment=_tag("comment", container),
            timecode=_tag(TIMECODE, stream, container),
        )

"""Probe a film with PyAV: streams, times, shape.

PyAV brings its own ffmpeg libraries; a system ffprobe, which many machines lack, is never asked.
"""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dyvim_cli.errors import InputError
from dyvim_cli.limits import check_duration
from dyvim_cli.media.clock import packets
from dyvim_cli.media.listing import extras
from dyvim_cli.media.opening import codec_of, cover_streams, open_film, picture_stream, tag_of
from dyvim_cli.media.orientation import Orientation, orientation_of
from dyvim_cli.media.reordered import late_pictures
from dyvim_cli.media.tears import is_torn
from dyvim_cli.media.timing import Timing, picture_rows, timing_of
from dyvim_cli.media.tracks import Track, sound_tracks, subtitle_tracks

DISCONTINUOUS = ("mpegts", "mpeg")  # containers without an index, whose clock may jump
ENCRYPTED = "encryption_info"  # ffmpeg's side data of a protected packet (ISO/IEC 23001-7)
SCORED_BY = "dyvim model="  # how the comment of a scored film begins (describe.comment)
TIMECODE = "timecode"
STANDS_S = 1.0  # if own sound continues for longer than this after the last picture, that picture is held


@dataclass(frozen=True)
class FilmInfo:
    """A film that can be scored. Times in seconds; `width` and `height` are upright, square pixels."""

    path: Path
    container: str  # libavformat's name, for example "mov,mp4,m4a,3gp,3g2,mj2"
    codec: str
    stream_index: int  # index of the picture's stream within the file
    position: int  # index of the picture within the video streams (ffmpeg's 0:v:0)
    start_s: float  # the first picture's time stamp
    container_start_s: float  # the earliest stamp of any stream
    videos_start_s: float  # the earliest stamp of any video stream
    duration_s: float  # time from the first picture to the end of the last, or of sound while that is held
    picture_s: float  # time from the first picture to the end of the last
    n_frames: int
    fps: float  # average
    is_variable_rate: bool
    key_times_s: np.ndarray  # [M] float64, key frames, counted from the first picture
    width: int
    height: int
    orientation: Orientation  # turn and mirroring that make it upright
    is_interlaced: bool
    has_alpha: bool
    pixel_format: str
    audio: tuple[Track, ...] = ()
    subtitles: tuple[Track, ...] = ()
    data_tracks: tuple[str, ...] = ()  # TIMECODE, or handler names
    n_pictures_attached: int = 0  # cover art
    n_attachments: int = 0
    n_chapters: int = 0
    comment: str = ""  # the film's own comment tag
    timecode: str = ""  # timecode of the first picture, as the camera counted
    n_shown: int = 0  # packets of the picture, but those that are only decoded
    joins: tuple[tuple[float, float], ...] = ()  # jumps of the picture's clock: (stamp, by how much)
    codec_tag: str = ""  # the container's own name of the picture's codec: hev1, dvh1
    extras: tuple[str, ...] = ()  # streams besides the picture, by the names of listing.EXTRAS
    is_torn: bool = False  # the file is shorter than it says itself
    late_pictures: int = 0  # decoded before any is shown, where the container does not say so
    shown_late_s: float = 0.0  # how long before the first picture's time its decoding begins

    @property
    def rotation(self) -> int:
        """Degrees counter-clockwise that make the picture upright: 0, 90, 180 or 270."""
        return self.orientation.rotation

    @property
    def is_reordered(self) -> bool:
        """Tell whether its pictures are shown in an order that the container does not tell."""
        return self.late_pictures > 0

    def ffmpeg_zero_s(self, *starts_s: float) -> float:
        """Find the stamp that ffmpeg calls zero when it reads streams.

        It is the container's start, but transport streams are counted from the first stream in use.

        Args:
            *starts_s: where the streams start, by their stamps.

        Returns:
            Seconds.
        """
        return min(starts_s) if self.container in DISCONTINUOUS else self.container_start_s


def picture_codec(path: Path) -> str:
    """Find the picture's codec by the file's head alone.

    Args:
        path: of the film.

    Returns:
        Such as h264.

    Raises:
        InputError: there is no picture.
    """
    with open_film(path) as container:
        return codec_of(picture_stream(container, Path(path)))


def is_scored(path: Path) -> bool:
    """Check whether a film says in its comment that dyvim gave it its music.

    Args:
        path: of the film.

    Returns:
        False when it cannot be read.
    """
    try:
        with open_film(path) as container:
            return SCORED_BY in tag_of("comment", container)
    except InputError:
        return False


def picture_packets(film: FilmInfo) -> np.ndarray:
    """List the picture's packets.

    Args:
        film: what probe says of it.

    Returns:
        [n, 3] time, decoding time (seconds from the first picture), is key; in the file's order.
    """
    with open_film(film.path) as container:
        rows = picture_rows(container, container.streams[film.stream_index], film.late_pictures)
    order = np.arange(len(rows)) / film.fps
    rows[:, 1] = np.where(np.isnan(rows[:, 1]), rows[0, 0] + order, rows[:, 1])
    return np.column_stack([rows[:, :2] - film.start_s, rows[:, 3]])


# Any, here and below: PyAV's own types differ between its versions
def _first_frame(path: Path, stream_index: int) -> Any:
    """Decode one frame: only frames know rotation and fields for certain."""
    import av

    with open_film(path) as container:  # opened again: a clock that begins before zero cannot be sought back
        stream = container.streams[stream_index]
        for packet in packets(container, stream):
            if packet.size and packet.has_sidedata(ENCRYPTED):
                hint = "name a copy that plays anywhere"
                raise InputError(f"{path} is encrypted (copy protection)", hint)
            with suppress(av.FFmpegError):  # a broken packet: the next key frame may be whole
                for frame in stream.codec_context.decode(packet if packet.size else None):
                    return frame
    raise InputError(f"not one picture of {path} could be decoded", "see that the file plays elsewhere")


def _upright_size(stream: Any, rotation: int) -> tuple[int, int]:
    """Display size with square pixels, after rotation."""
    width, height = stream.codec_context.width, stream.codec_context.height
    aspect = float(stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio or 1) or 1.0
    width = max(1, round(width * aspect))
    return (height, width) if rotation % 180 else (width, height)


def _duration_s(timing: Timing, tracks: tuple[Track, ...]) -> float:
    """Duration of the film from its first picture on."""
    sound_s = max((track.end_s for track in tracks if track.is_known), default=0.0) - timing.start_s
    return sound_s if sound_s > timing.picture_s + STANDS_S else timing.picture_s


def _codec_tag(stream: Any) -> str:
    try:
        return stream.codec_context.codec_tag.strip("\0")
    except UnicodeDecodeError:  # a number, not a name
        return ""


def _data_name(stream: Any) -> str:
    """Kind of a data stream, as far as known; a camera's timecode is named after its picture."""
    return TIMECODE if "timecode" in stream.metadata else stream.metadata.get("handler_name", "data")


def _has_alpha(stream: Any, frame: Any) -> bool:
    """Check whether a picture has alpha, in its pixel format or as VP8's and VP9's second stream."""
    layers = frame.format.components
    return any(layer.is_alpha for layer in layers) or tag_of("alpha_mode", stream) == "1"


def _container_start_s(container: Any, timing: Timing) -> float:
    """The earliest stamp of any stream; the picture's where the container does not say."""
    start_us = container.start_time
    return timing.start_s if start_us is None else start_us / 1e6


def _videos_start_s(container: Any, timing: Timing) -> float:
    """The earliest stamp of any video stream."""
    starts = [s.start_time * s.time_base for s in container.streams.video if s.start_time is not None]
    return float(min(starts, default=timing.start_s))


def _checked_duration_s(path: Path, timing: Timing, tracks: tuple[Track, ...]) -> float:
    """The film's length. Raises InputError where it is over the limit."""
    duration_s = _duration_s(timing, tracks)
    check_duration(path, duration_s)
    return duration_s


def probe(path: Path) -> FilmInfo:
    """Describe a film; one whose tail is torn counts up to the tear.

    Args:
        path: of the film.

    Returns:
        Streams, times and shape.

    Raises:
        InputError: there is no film to score: no such file, a folder, empty, not a film, sound only, fewer
            than two pictures, truncated before its index, or not decodable.
    """
    path = Path(path)
    with open_film(path) as container:
        stream = picture_stream(container, path)
        n_late = late_pictures(path, container.format.name, codec_of(stream), stream.index)
        timing = timing_of(container, stream, path, n_late)
        frame = _first_frame(path, stream.index)
        orientation = orientation_of(frame)
        width, height = _upright_size(stream, orientation.rotation)
        tracks = sound_tracks(container, timing.sounds)
        duration_s = _checked_duration_s(path, timing, tracks)
        return FilmInfo(
            path=path,
            container=container.format.name,
            codec=codec_of(stream),
            stream_index=stream.index,
            position=container.streams.video.index(stream),
            start_s=timing.start_s,
            container_start_s=_container_start_s(container, timing),
            videos_start_s=_videos_start_s(container, timing),
            duration_s=duration_s,
            picture_s=timing.picture_s,
            n_frames=timing.n_frames,
            fps=timing.fps,
            is_variable_rate=timing.is_variable_rate,
            key_times_s=timing.key_times_s,
            width=width,
            height=height,
            orientation=orientation,
            is_interlaced=bool(frame.interlaced_frame),
            has_alpha=_has_alpha(stream, frame),
            pixel_format=frame.format.name,
            audio=tracks,
            subtitles=subtitle_tracks(container),
            data_tracks=tuple(map(_data_name, container.streams.data)),
            n_pictures_attached=len(cover_streams(container)),
            n_attachments=len(container.streams.attachments),
            n_chapters=len(container.chapters()),
            comment=tag_of("comment", container),
            timecode=tag_of(TIMECODE, stream, container),
            n_shown=timing.n_shown,
            joins=timing.joins,
            codec_tag=_codec_tag(stream),
            extras=extras(container),
            is_torn=is_torn(path, container.format.name),
            late_pictures=n_late,
            shown_late_s=timing.shown_late_s,
        )

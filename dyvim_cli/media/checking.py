"""Check a written film against its source: as many pictures, decoding to the same."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dyvim_cli.errors import InputError
from dyvim_cli.media.clock import packets
from dyvim_cli.media.cut import Cut
from dyvim_cli.media.listing import extras
from dyvim_cli.media.opening import open_film, picture_stream
from dyvim_cli.media.orientation import Orientation, orientation_of
from dyvim_cli.media.output import RE_ENCODED
from dyvim_cli.media.pictures import grey_of
from dyvim_cli.media.probe import DISCONTINUOUS, FilmInfo
from dyvim_cli.media.reordered import shown_stamp
from dyvim_cli.media.timing import Timing, timing_of

PLACES = 4  # key frames that are decoded in both films, the last one among them
AROUND_S = 1.0  # how far before a key frame to begin looking, where there is no index
GONE_BY_S = 5.0  # how far after it to stop
MISTIMED = "avi"  # its stamps are counted, and after a seek counted wrongly: it is read from the start
# ffmpeg's side data of packets that decides what is decoded, beside their bytes
DECIDING = ("palette", "new_extradata", "param_change")
LENGTH_S = 0.25  # largest rounding of a film's length by containers; more is footage that was cut off


@dataclass(frozen=True)
class Checked:
    """Result of checking a written film; an empty `fault` means that it is right."""

    fault: str = ""
    lost: tuple[str, ...] = ()  # what is lost: names of `listing.EXTRAS`, rotation, mirroring


def check_copy(film: FilmInfo, cut: Cut, path: Path) -> Checked:
    """Compare a written picture with the part of the film that it is a copy of.

    Args:
        film: what probe says of the source.
        cut: the part that was copied.
        path: of the written film.

    Returns:
        A fault, and lost streams besides the picture; nothing for re-encoded pictures.
    """
    if film.codec in RE_ENCODED:
        return Checked()
    try:
        with open_film(path) as container:
            timing = timing_of(container, picture_stream(container, path), path, film.late_pictures)
            lost = [name for name in film.extras if name not in extras(container)]
    except InputError:
        return Checked("next to nothing of it was written")
    lost += _lost_orientation(film.orientation, path)
    return Checked(_fault(film, cut, timing) or _undecodable(film, cut, path, timing), tuple(lost))


def _fault(film: FilmInfo, cut: Cut, timing: Timing) -> str:
    """Compare the copy's packets with the film's by number and time."""
    n_wanted = film.n_shown if cut.n_pictures is None else cut.n_pictures
    # fields that were sent one by one may have been put together on the way
    if timing.n_shown != n_wanted and not film.is_interlaced:
        return f"{timing.n_shown} pictures were written instead of {n_wanted}"
    wanted_s = min(cut.end_s, film.picture_s) - cut.start_s
    if timing.picture_s > wanted_s + max(LENGTH_S, 2 / film.fps) and cut.n_pictures is None:
        return f"the picture lasts {timing.picture_s:.2f} s instead of {wanted_s:.2f} s"
    return ""


def _undecodable(film: FilmInfo, cut: Cut, path: Path, timing: Timing) -> str:
    """Check whether a key frame decodes to another picture than in the film itself."""
    keys = film.key_times_s[(film.key_times_s >= cut.start_s - 1e-3) & (film.key_times_s < cut.end_s)]
    if not len(keys) or film.joins:
        return ""
    chosen = keys[np.unique(np.linspace(0, len(keys) - 1, PLACES).astype(int))]
    stamps_s = np.column_stack([film.start_s + chosen, timing.start_s + chosen - cut.start_s])
    for own_s, copy_s in _otherwise_stored(film, path, stamps_s):
        own = _key_picture(film, film.path, own_s)
        if own is None:
            continue  # broken in the film already
        copy = _key_picture(film, path, copy_s)
        if copy is None or copy.shape != own.shape or not np.array_equal(copy, own):
            return f"the picture at {own_s - film.start_s:.2f} s does not decode as it did"
    return ""


def _otherwise_stored(film: FilmInfo, path: Path, stamps_s: np.ndarray) -> Iterator[tuple[float, float]]:
    """Those of the key frames, by their stamps [n, 2] in film and copy, whose bytes are not the same in both.

    The same bytes for the same decoder are the same picture, and need not be decoded to know that.
    """
    with open_film(film.path) as own, open_film(path) as copy:
        for own_s, copy_s in stamps_s.tolist():
            stored = _stored(own, film.path, film, own_s)
            if stored is None or stored != _stored(copy, path, film, copy_s):
                yield own_s, copy_s


def _stored(container: Any, path: Path, film: FilmInfo, stamp_s: float) -> tuple[bytes, bytes, str] | None:
    """All that decides how a key frame decodes: packet, decoder's parameters, codec; None where more does."""
    stream = picture_stream(container, path)
    packet = _key_packet_at(container, stream, film, stamp_s)
    if packet is None or any(map(packet.has_sidedata, DECIDING)):
        return None
    return bytes(packet), bytes(stream.codec_context.extradata or b""), stream.codec_context.name


def _lost_orientation(wanted: Orientation, path: Path) -> list[str]:
    """Names of what the written film does not say of its orientation."""
    written = _orientation(path) if any(wanted) else None
    if written is None:
        return []
    is_turned, is_mirrored = wanted.rotation != written.rotation, wanted.is_mirrored != written.is_mirrored
    return ["rotation"] * is_turned + ["mirroring"] * is_mirrored


def _orientation(path: Path) -> Orientation | None:
    """Orientation of the first picture; None where none decodes."""
    import av

    try:
        with open_film(path) as container:
            frame = next(container.decode(picture_stream(container, path)), None)
    except av.FFmpegError:
        return None
    return None if frame is None else orientation_of(frame)


def _key_picture(film: FilmInfo, path: Path, stamp_s: float) -> np.ndarray | None:
    """[H, W] grey of a key frame of the film or its copy, decoded by itself; None when that fails."""
    import av

    with open_film(path) as container:
        stream = picture_stream(container, path)
        packet = _key_packet_at(container, stream, film, stamp_s)
        if packet is None:
            return None
        try:
            context = stream.codec_context
            shown = [*context.decode(packet), *context.decode(None)]
        except av.FFmpegError:
            return None
        return grey_of(shown[0]) if shown else None


# Any, here and below: containers, streams and packets of PyAV, whose own types differ between its versions
def _key_packet_at(container: Any, stream: Any, film: FilmInfo, stamp_s: float) -> Any | None:
    """The key packet with a time stamp, behind the ones that were read; None when there is none."""
    import av

    early_s = AROUND_S if container.format.name in DISCONTINUOUS else 0.0
    try:
        if container.format.name != MISTIMED:
            container.seek(round((stamp_s - early_s) / stream.time_base), stream=stream)
        return _key_packet(packets(container, stream), stamp_s, 0.5 / film.fps, film.late_pictures)
    except av.FFmpegError:
        return None


def _key_packet(found: Iterator[Any], stamp_s: float, margin_s: float, n_late: int) -> Any | None:
    """The key packet with a time stamp; None when there is none around here."""
    for packet in found:
        stamp = shown_stamp(packet, n_late)
        if not packet.size or stamp is None:
            continue
        away_s = float(stamp * packet.time_base) - stamp_s
        if packet.is_keyframe and abs(away_s) < margin_s:
            return packet
        if away_s > GONE_BY_S:
            return None
    return None

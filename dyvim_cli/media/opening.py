"""Open a film or a sound, find its picture stream, and explain why a file is none."""

import os
import re
from pathlib import Path
from typing import Any

from dyvim_cli.errors import InputError, quoted
from dyvim_cli.limits import MAX_STREAMS, check_pixels, check_streams
from dyvim_cli.media.ffmpeg import file_url
from dyvim_cli.media.formats import (
    FOR_LOOKING,
    LITERALLY,
    RAW_PICTURES,
    allowed_options,
    demuxer_of,
    head_of,
    list_of_files,
)

URL = re.compile(r"[a-z]{2,}:/")  # pathlib makes one slash of two
DESCRIPTORS = ("/dev", "/dev/fd", "/proc/self/fd")  # open here, not in ffmpeg, though a file be behind them
OPEN_LIMIT_S = 60.0  # time limit of reading a file's head, on a disk that has to wake up first
READ_LIMIT_S = 60.0  # time limit of reading one packet


class NotReadable(InputError):
    """A file that ffmpeg cannot read with the demuxers that are allowed."""


def open_film(path: Path) -> Any:
    """Open a film with PyAV.

    Args:
        path: of the film.

    Returns:
        PyAV's container; closed by the caller.

    Raises:
        InputError: it cannot be read; the message says why.
    """
    path = Path(path)
    check_regular(path, "film")
    container = _opened(path)
    try:
        check_streams(path, len(container.streams))
    except InputError:
        container.close()
        raise
    return container


def open_sound(path: Path) -> Any:
    """Open a file whose sound is wanted with PyAV.

    Args:
        path: of a sound or a film.

    Returns:
        PyAV's container; closed by the caller.

    Raises:
        InputError: it cannot be read; the message says why.
    """
    path = Path(path)
    check_regular(path, "sound")
    try:
        return _opened(path)
    except NotReadable as error:
        if list_of_files(path):
            raise
        raise InputError(f"{path} holds no sound", "name a wav, flac, mp3 or ogg file") from error


def check_regular(path: Path, kind: str) -> None:
    """Check that a path is a regular file that is not empty.

    Args:
        path: of the file.
        kind: film or sound, for the message.

    Raises:
        InputError: it is not.
    """
    save = f"save the {kind} to a file first"
    if not os.path.exists(path):  # pathlib's own raises for a name that is too long for any file
        if os.path.islink(path):
            raise InputError(
                f"{path} is a link to {os.readlink(path)}, which is not there", f"rm {quoted(path)}"
            )
        is_stream = str(path) == "-" or URL.match(str(path))
        what = "file" if kind == "film" else "sound file"
        hint = save if is_stream else "check the path; quote names with spaces"
        raise InputError(f"no such {what}: {path}", hint)
    if path.is_dir():
        hint = (
            f"name a film in it; dyvim batch {quoted(path)} scores all of them"
            if kind == "film"
            else "name a file in it"
        )
        raise InputError(f"{path} is a folder, not a {kind}", hint)
    if not path.is_file() or str(path.parent) in DESCRIPTORS:
        raise InputError(f"{path} is a pipe or a device, not a file", save)
    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty (0 bytes)", "copy or download it again")


def _opened(path: Path) -> Any:  # Any, here and below: PyAV's own types differ between its versions
    """Open a regular file with PyAV: allowed demuxers only, the name taken literally."""
    import av

    options = allowed_options(FOR_LOOKING) | LITERALLY | {"max_streams": str(MAX_STREAMS + 1)}
    try:
        return av.open(
            file_url(path),
            format=demuxer_of(path),
            container_options=options,
            metadata_errors="replace",
            timeout=(OPEN_LIMIT_S, READ_LIMIT_S),
        )
    except PermissionError as error:
        raise InputError(f"{path} may not be read", f"chmod u+r {quoted(path)}") from error
    except av.error.ExitError as error:
        reason = f"{path} could not be opened within {OPEN_LIMIT_S:.0f} s"
        raise InputError(reason, "copy it to a disk of this machine") from error
    except (av.FFmpegError, OSError, ValueError) as error:
        raise _unreadable(path) from error


def _unreadable(path: Path) -> NotReadable:
    """Distinguish lists of files, films without an index and other files."""
    if listed := list_of_files(path):
        reading = "ffmpeg -f concat" if "join" in listed else "ffmpeg"
        hint = f"make a film of it, if you trust it: {reading} -i {quoted(path)} -c copy film.mp4"
        return NotReadable(f"{path} is {listed}: it only names other files, which are not read", hint)
    if head_of(path)[4:8] == b"ftyp":
        return NotReadable(
            f"{path} is truncated: its index (moov) is missing",
            "copy or download it again; the tool untrunc can repair a recording that broke off",
        )
    return NotReadable(f"{path} is not a film that ffmpeg can read", f"see what it is: file {quoted(path)}")


def picture_stream(container: Any, path: Path) -> Any:
    """Find the film's picture: no cover art, no still image; the default stream, or that of most pixels.

    Args:
        container: opened with PyAV.
        path: for the message.

    Returns:
        PyAV's video stream.

    Raises:
        InputError: there is none.
    """
    from av.stream import Disposition

    attached = cover_streams(container)
    videos = [s for s in container.streams.video if s not in attached and s.codec_context]
    if not videos:
        raise _without_picture(container, path)

    def rank(stream: Any) -> tuple[bool, bool, int]:
        is_default = bool(stream.disposition & Disposition.default)
        return stream.frames != 1, is_default, stream.width * stream.height  # 0 frames: unknown

    chosen = max(videos, key=rank)
    _check_has_times(container, path)
    check_pixels(path, chosen.width, chosen.height)
    return chosen


def _check_has_times(container: Any, path: Path) -> None:
    """Raise InputError for a raw codec stream, whose pictures have no times."""
    if container.format.name in RAW_PICTURES:
        hint = f"ffmpeg -i {quoted(path)} -c copy {quoted(path.with_suffix('.mp4'))}"
        raise InputError(f"{path} is a raw stream without times", hint)


def _without_picture(container: Any, path: Path) -> InputError:
    """Say what there is in place of a moving picture."""
    if len(container.streams.video) > len(cover_streams(container)):
        hint = "save it as H.264 with the program that made it"
        return InputError(f"{path} holds a picture in a coding that ffmpeg does not know", hint)
    there = ["sound"] * bool(container.streams.audio) + ["a cover"] * bool(container.streams.video)
    what = f"{', '.join(there)} but no picture" if there else "no picture"
    return InputError(f"{path} holds {what}", "name a film; dyvim composes to moving pictures")


def cover_streams(container: Any) -> list[Any]:
    """Find pictures attached to a film, which ffmpeg lists as video streams.

    Args:
        container: opened with PyAV.

    Returns:
        PyAV's streams.
    """
    from av.stream import Disposition

    return [s for s in container.streams.video if s.disposition & Disposition.attached_pic]


def codec_of(stream: Any) -> str:
    """Name a stream's codec, whichever library decodes it.

    Args:
        stream: of PyAV.

    Returns:
        Such as av1 or mp3; "unknown" for none.
    """
    return stream.codec_context.codec.canonical_name if stream.codec_context else "unknown"


def tag_of(name: str, *places: Any) -> str:
    """Read a tag, whose name matroska writes in capitals.

    Args:
        name: in small letters.
        *places: containers and streams of PyAV, in which it is searched for in turn.

    Returns:
        Its value; "" without.
    """
    for place in places:
        for key, value in place.metadata.items():
            if key.lower() == name:
                return value
    return ""

"""Opening a film: why a file is none, and which of its streams is the picture."""

import os
import re
from pathlib import Path

from dyvim_cli.errors import InputError
from dyvim_cli.media.ffmpeg import file_url

NOT_PICTURES = ("ansi", "bintext", "xbin", "idf")  # text that ffmpeg would gladly draw
URL = re.compile(r"[a-z]{2,}:/")  # pathlib makes one slash of two
DESCRIPTORS = ("/dev", "/dev/fd", "/proc/self/fd")  # open here, not in ffmpeg, though a file be behind them


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


def picture_stream(container, path: Path):
    """The film's picture: never cover art, no still beside it; the default stream, or that of most pixels."""
    from av.stream import Disposition

    attached = cover_streams(container)
    videos = [s for s in container.streams.video if s not in attached and s.codec_context]
    if not videos:
        raise _without_picture(container, path)
    if codec_of(videos[0]) in NOT_PICTURES:
        raise _unreadable(path)

    def rank(stream) -> tuple[bool, bool, int]:
        is_default = bool(stream.disposition & Disposition.default)
        return stream.frames != 1, is_default, stream.width * stream.height  # 0 frames: nobody has counted

    return max(videos, key=rank)


def _without_picture(container, path: Path) -> InputError:
    """Say what there is in place of a moving picture."""
    if len(container.streams.video) > len(cover_streams(container)):
        hint = "save it as H.264 with the program that made it"
        return InputError(f"{path} holds a picture in a coding that ffmpeg does not know", hint)
    sound = container.streams.audio and ("sound, a cover" if container.streams.video else "sound")
    what = f"{sound} but no picture" if sound else "no picture"
    return InputError(f"{path} holds {what}", "name a film; dyvim composes to moving pictures")


def cover_streams(container) -> list:
    """Pictures attached to a film, which ffmpeg lists as video streams."""
    from av.stream import Disposition

    return [s for s in container.streams.video if s.disposition & Disposition.attached_pic]


def codec_of(stream) -> str:
    """The codec's own name (av1, mp3), whichever library decodes it."""
    return stream.codec_context.codec.canonical_name if stream.codec_context else "unknown"


def tag_of(name: str, *places) -> str:
    """The first place's tag of that name, which matroska writes in capitals; "" without."""
    for place in places:
        for key, value in place.metadata.items():
            if key.lower() == name:
                return value
    return ""

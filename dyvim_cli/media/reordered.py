"""Find pictures that lie in another order than they are shown in, in a container that has no times for that.

avi counts its pictures and says no more. MPEG-4 pictures tell their order themselves; of H.264 only a decoder
knows it, and what copies them into a container with times would have to guess.
"""

from pathlib import Path

from dyvim_cli.errors import UsageError
from dyvim_cli.media.clock import packets
from dyvim_cli.media.opening import open_film

WITHOUT_TIMES = "avi"  # libavformat's name
KNOWN_BY_DECODING = ("h264", "hevc")
LOOKED_AT = 64  # pictures: encoders reorder them within the first dozen, or never


def is_reordered(path: Path, container: str, codec: str, stream_index: int) -> bool:
    """Tell whether a film's pictures are shown in an order that its container does not tell.

    Args:
        path: of the film.
        container: libavformat's name.
        codec: of the picture.
        stream_index: of the picture.

    Returns:
        True for H.264 with B-frames in avi; False where it cannot be decoded.
    """
    if container != WITHOUT_TIMES or codec not in KNOWN_BY_DECODING:
        return False
    order = _shown_order(path, stream_index)
    return order != sorted(order)


def _shown_order(path: Path, stream_index: int) -> list[int]:
    """The numbers of the first packets in the order in which their pictures are shown."""
    import av

    order: list[int] = []
    with open_film(path) as container:
        stream = container.streams[stream_index]
        for number, packet in enumerate(packets(container, stream)):
            packet.pts = number if packet.size else None
            try:
                order += [frame.pts for frame in stream.codec_context.decode(packet if packet.size else None)]
            except (av.FFmpegError, ValueError):
                continue  # a broken packet costs its own pictures
            if number >= LOOKED_AT:
                break
    return [number for number in order if number is not None]


def check_order(output: Path, film_path: Path, is_reordered: bool) -> None:
    """Check that the output shows the pictures in their order.

    Args:
        output: the film to write.
        film_path: the film.
        is_reordered: of FilmInfo.

    Raises:
        UsageError: the output has times, which nobody knows.
    """
    if is_reordered and output.suffix.lower() != f".{WITHOUT_TIMES}":
        reason = f"{film_path} does not say in which order its pictures are shown, as {output.suffix} must"
        hint = f"-o {output.with_suffix('.avi')}, or give it times first: mkvmerge -o film.mkv {film_path}"
        raise UsageError(reason, hint)

"""Find pictures that lie in another order than they are shown in, in a container that has no times for that.

avi counts its pictures and says no more. MPEG-4 pictures tell their order themselves; of H.264 only a decoder
knows it, and what copies them into a container with times would have to guess. Players show the first picture
when as many have been decoded as the order needs, and those that follow one by one.
"""

from pathlib import Path
from typing import Any

from dyvim_cli.errors import UsageError, quoted
from dyvim_cli.media.clock import packets
from dyvim_cli.media.opening import open_film

WITHOUT_TIMES = "avi"  # libavformat's name
KNOWN_BY_DECODING = ("h264", "hevc")
LOOKED_AT = 64  # pictures: encoders reorder them within the first dozen, or never


def late_pictures(path: Path, container: str, codec: str, stream_index: int) -> int:
    """Count the pictures that are decoded before the first is shown, in a film that does not tell its order.

    Args:
        path: of the film.
        container: libavformat's name.
        codec: of the picture.
        stream_index: of the picture.

    Returns:
        At least 1 for H.264 with B-frames in avi; 0 where nothing is reordered or can be decoded.
    """
    if container != WITHOUT_TIMES or codec not in KNOWN_BY_DECODING:
        return 0
    order, n_before = _shown_order(path, stream_index)
    return max(1, n_before) if order != sorted(order) else 0


def shown_stamp(packet: Any, n_late: int) -> int | None:
    """Find when a packet's picture is shown.

    Args:
        packet: of PyAV.
        n_late: of late_pictures; the container then counts its pictures, and no more.

    Returns:
        Ticks of its stream; exact for key frames and for all pictures together; None where nothing is known.
    """
    if n_late and packet.dts is not None:
        return int(packet.dts) + n_late
    stamp = packet.dts if packet.pts is None else packet.pts
    return None if stamp is None else int(stamp)


def _shown_order(path: Path, stream_index: int) -> tuple[list[int], int]:
    """(numbers of the first packets in the order in which they are shown, packets before any is shown)."""
    import av

    order: list[int] = []
    n_before = 0
    with open_film(path) as container:
        stream = container.streams[stream_index]
        for number, packet in enumerate(packets(container, stream)):
            packet.pts = number if packet.size else None
            try:
                order += [frame.pts for frame in stream.codec_context.decode(packet if packet.size else None)]
            except (av.FFmpegError, ValueError):
                continue  # a broken packet costs its own pictures
            n_before = n_before if order else number + 1
            if number >= LOOKED_AT:
                break
    return [number for number in order if number is not None], n_before


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
        untimed = quoted(output.with_suffix(".avi"))
        hint = f"give it times first: mkvmerge -o film.mkv {quoted(film_path)}; or name an avi: {untimed}"
        raise UsageError(reason, hint)

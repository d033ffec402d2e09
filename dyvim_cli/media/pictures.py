"""Yield a file's pictures at full size, without times."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from dyvim_cli.media.clock import packets
from dyvim_cli.media.opening import open_film, picture_stream


def pictures(path: Path) -> Iterator[np.ndarray]:
    """Decode a file's pictures, as coded; broken ones are left out.

    Args:
        path: of a film or a single picture.

    Yields:
        [H, W, 3] uint8 RGB.

    Raises:
        InputError: the file cannot be opened or holds no picture.
    """
    import av

    with open_film(path) as container:
        stream = picture_stream(container, Path(path))
        for packet in packets(container, stream):
            with suppress(av.FFmpegError):
                for frame in stream.codec_context.decode(packet if packet.size else None):
                    yield frame.to_ndarray(format="rgb24")


def single_picture(path: Path) -> np.ndarray | None:
    """Decode a file that holds one picture and no more.

    Args:
        path: of any file.

    Returns:
        [H, W, 3] uint8 RGB; None for films.

    Raises:
        InputError: the file cannot be opened or holds no picture.
    """
    first = list(islice(pictures(path), 2))
    return first[0] if len(first) == 1 else None


# Any: a frame of PyAV, whose own types differ between its versions
def grey_of(frame: Any) -> np.ndarray:
    """Convert a decoded picture, in the calling thread: others would take as long to start.

    Args:
        frame: of PyAV.

    Returns:
        [H, W] uint8, 0 = black.
    """
    from av.video.reformatter import VideoReformatter

    return VideoReformatter().reformat(frame, format="gray", threads=1).to_ndarray()

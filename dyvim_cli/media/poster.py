"""Choose one representative picture of a film."""

from fractions import Fraction
from pathlib import Path

import numpy as np

from dyvim_cli.media.decode import frames
from dyvim_cli.media.probe import FilmInfo, probe

WIDTH = 560  # px, the longer side; smaller films keep their size
PLACES = (0.3, 0.6, 0.1)  # shares of the film where to look
LEAST_CONTRAST = 12.0  # standard deviation of grey levels; less is a black or blank frame
QUALITY = 10  # mjpeg's scale: 2 best, 31 worst


def poster(path: Path) -> tuple[bytes, str]:
    """Choose a key frame that shows something.

    Args:
        path: of the film.

    Returns:
        (JPEG, shape as "width / height").

    Raises:
        InputError: the film cannot be read.
    """
    film = probe(path)
    best = _key_frame(film, PLACES[0])
    for place in PLACES[1:]:
        if best.std() >= LEAST_CONTRAST:
            break
        pixels = _key_frame(film, place)
        best = pixels if pixels.std() > best.std() else best
    return _jpeg(best), f"{best.shape[1]} / {best.shape[0]}"


def _key_frame(film: FilmInfo, place: float) -> np.ndarray:
    """[H, W, 3] of the key frame nearest to a share of the film: only that frame need be decoded."""
    keys = film.key_times_s if len(film.key_times_s) else np.zeros(1)
    key_s = float(keys[np.argmin(np.abs(keys - place * film.duration_s))])
    pictures = frames(film, min(WIDTH, max(film.width, film.height)), key_s)
    try:
        return next(pictures).pixels
    finally:
        pictures.close()


def _jpeg(pixels: np.ndarray) -> bytes:
    import av

    context = av.CodecContext.create("mjpeg", "w")
    context.height, context.width = pixels.shape[:2]
    context.pix_fmt, context.options = "yuvj420p", {"flags": "+qscale", "global_quality": str(118 * QUALITY)}
    context.time_base = Fraction(1, 25)
    frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuvj420p")
    return b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)])

"""Options by which every ffmpeg reads a film on the same clock."""

from typing import Any

from dyvim_cli.media.probe import FilmInfo

MATROSKA = "matroska"  # how libavformat's name of mkv and webm begins


def clock_options(film: FilmInfo, start_s: float | None = None) -> dict[str, Any]:
    """ffmpeg's input options that set its zero.

    Programs before 6.0 take what a coder puts before the sound in mkv and webm (AAC 21 ms, Opus 7 ms) for the
    film's beginning, so there the zero is named.

    Args:
        film: what probe says of it.
        start_s: the time stamp to begin at; None is the film's beginning, `FilmInfo.ffmpeg_zero_s`.

    Returns:
        Options of ffmpeg-python's input.
    """
    if film.container.startswith(MATROSKA):
        named = {"itsoffset": -film.container_start_s} if start_s is None else {"ss": start_s}
        return {"seek_timestamp": 1} | {name: f"{at_s:.6f}" for name, at_s in named.items()}
    return {} if start_s is None else {"ss": f"{start_s - film.container_start_s:.6f}"}

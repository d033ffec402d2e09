"""Watch a film, or load its features from the cache.

Every source that this module leads to, import by import, decides what is seen and is part of the cache's key
(vision/settings.py). What only composes or delivers must not be imported here.
"""

from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from dyvim_cli import device
from dyvim_cli.progress import Progress, Silent
from dyvim_cli.torch_loading import load_torch
from dyvim_cli.types import FilmFeatures

if TYPE_CHECKING:
    from dyvim_cli.media.probe import FilmInfo


def features_of(
    film: "Path | FilmInfo",
    *,
    start_s: float | None = None,
    end_s: float | None = None,
    use_cache: bool = True,
    progress: Progress | None = None,
    notes: list[str] | None = None,
    begun: Callable[[], object] = lambda: None,
) -> FilmFeatures:
    """Load a film's features from the cache, or watch it.

    Args:
        film: path, or what probe says of it.
        start_s: begin of the part to watch, from which times in the result count; None = the beginning.
        end_s: end of that part; None = the film's end.
        use_cache: whether features of earlier runs count, and are kept.
        progress: notified of the stage "vision".
        notes: takes what did not go as usual.
        begun: called once the first frame is decoded (or none is needed), before the libraries of vision are
            loaded.

    Returns:
        The features.

    Raises:
        InputError: the film cannot be read.
    """
    from dyvim_cli import cache
    from dyvim_cli.media.decode import frames
    from dyvim_cli.media.probe import FilmInfo, probe
    from dyvim_cli.vision.settings import ANALYSIS_WIDTH, cache_settings

    film = film if isinstance(film, FilmInfo) else probe(film)
    start_s, end_s = start_s or 0.0, film.duration_s if end_s is None else min(end_s, film.duration_s)
    part = {"start_s": start_s, "end_s": end_s}
    key = cache.key_of(film.path, cache_settings() | part) if use_cache else ""
    if use_cache and (known := cache.load(key)) is not None:
        begun()
        return known
    pictures = frames(film, ANALYSIS_WIDTH, start_s, end_s, within_bars=True)
    first = next(pictures)  # imports beside it would hold the interpreter, and the first frame, up
    begun()
    load_torch()
    from dyvim_cli.vision.analysis import analyse

    device.one_torch_thread()
    features = analyse(chain([first], pictures), end_s - start_s, progress or Silent())
    if use_cache and (note := cache.store(key, features, film.path)) and notes is not None:
        notes.append(note)
    return features

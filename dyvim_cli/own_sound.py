"""Find speech and music in a film's own sound, by listening or from the cache."""

from typing import TYPE_CHECKING

from dyvim_cli.progress import Progress
from dyvim_cli.types import OwnSound

if TYPE_CHECKING:
    from dyvim_cli.media.cut import Cut
    from dyvim_cli.media.probe import FilmInfo


def own_sound_of(
    film: "FilmInfo",
    cut: "Cut",
    keep_audio: str = "auto",
    use_cache: bool = True,
    progress: Progress | None = None,
    notes: list[str] | None = None,
) -> OwnSound | None:
    """Analyse the film's own sound within a cut: speech, music, levels; cached.

    Args:
        film: what probe says of it.
        cut: the part that is scored.
        keep_audio: treatment of the own sound; with "track" and "drop" it is not analysed.
        use_cache: whether what was heard before counts.
        progress: notified of the stage "own sound".
        notes: a list that takes what did not go as usual.

    Returns:
        Who speaks when (`speech_s`) and where it is music; None where it has none, or none that is kept
        beside the music.

    Raises:
        InputError: the sound cannot be read.
    """
    from dyvim_cli import cache
    from dyvim_cli.media.listening import listen_to, listening_settings
    from dyvim_cli.media.own_tracks import main_track

    if keep_audio in ("track", "drop") or (track := main_track(film)) is None:
        return None
    part = {"start_s": cut.start_s, "end_s": cut.end_s, "track": track.position}
    key = cache.key_of(film.path, listening_settings() | part) if use_cache else ""
    if use_cache and (known := cache.load(key, OwnSound)) is not None:
        return known
    own = listen_to(film, cut.start_s, cut.end_s, progress)
    if use_cache and own is not None and (note := cache.store(key, own, film.path)) and notes is not None:
        notes.append(note)
    return own

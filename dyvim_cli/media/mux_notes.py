"""Say what became of the film's own sound, and where the film is cut short."""

from collections.abc import Iterator

from dyvim_cli.media.containers import Container, channel_note, sound_plan
from dyvim_cli.media.cut import Cut
from dyvim_cli.media.own_tracks import main_track
from dyvim_cli.media.probe import FilmInfo

# own sound beside the picture that a note mentions; recorders and coders leave less than this
WORTH_SAYING_S = 0.25


def left_out(film: FilmInfo, cut: Cut) -> Iterator[str]:
    """Say how much of the film's own sound lies outside its picture, which the music is laid under.

    Args:
        film: what probe says of it.
        cut: the part that is written.

    Yields:
        A note for the sound before the picture, and one for the sound after it.
    """
    track = main_track(film)
    if track is None:
        return
    before_s = film.start_s - track.start_s
    after_s = track.end_s - film.start_s - film.duration_s
    if cut.start_s <= 0 and before_s > WORTH_SAYING_S:
        yield f"own sound left out: {before_s:.1f} s before the first picture"
    if cut.end_s >= film.duration_s and after_s > WORTH_SAYING_S:
        yield f"own sound left out: {after_s:.1f} s after the last picture"


def tear_notes(film: FilmInfo) -> list[str]:
    """Say where the film ends before its time.

    Args:
        film: what probe says of it.

    Returns:
        One note, or none.
    """
    end = f"the film's end is missing: its file breaks off at {film.duration_s:.1f} s"
    return [end] if film.is_torn else []


def own_sound_notes(film: FilmInfo, asked: str, mode: str, container: Container) -> list[str]:
    """Say which own sound tracks were changed or dropped without a request.

    Args:
        film: what probe says of it.
        asked: --keep-audio as the user gave it.
        mode: duck, mix, track or drop: what became of the own sound.
        container: of the finished film.

    Returns:
        The notes.
    """
    track = main_track(film)
    if mode in ("duck", "mix") and track is not None:
        return channel_note(track)
    if mode != "drop" or asked == "drop":
        return []
    if not film.audio:
        return [] if asked == "auto" else ["the film has no sound of its own to keep"]
    if track is None:
        return sound_plan(film.audio, container)[1]
    return ["the film's own sound is silent and left out (--keep-audio mix keeps it)"]

"""Choose between a film's own sound tracks and label those of a scored film."""

from dataclasses import replace

from dyvim_cli.errors import UsageError
from dyvim_cli.media.probe import SCORED_BY, FilmInfo
from dyvim_cli.media.tracks import Track

MUSIC = "Music"  # the title of a track that holds our music alone
WITH_MUSIC = "with music"  # how the title of a mixed track ends
UNNAMED = "Film sound"
FLAGS_OF_THE_MIX = ("default",)


def main_track(film: FilmInfo) -> Track | None:
    """Find the sound track that a player chooses by itself: the first one flagged so, else the first.

    Args:
        film: what probe says of it.

    Returns:
        None where there is none that anything is known to decode.
    """
    known = [track for track in film.audio if track.is_known]
    flagged = [track for track in known if track.is_default]
    return next(iter(flagged or known), None)


def other_tracks(film: FilmInfo) -> tuple[Track, ...]:
    """List all sound tracks but the main one.

    Args:
        film: what probe says of it.

    Returns:
        In the film's order.
    """
    main = main_track(film)
    return tuple(track for track in film.audio if track is not main)


def without_our_music(film: FilmInfo, keep_audio: str) -> FilmInfo:
    """The film as it was before dyvim scored it, as far as its sound goes; other films unchanged.

    Args:
        film: what probe says of it.
        keep_audio: what shall become of its own sound; with "drop" nothing needs to be distinguished.

    Returns:
        The film without tracks of our music and without our part of its comment; asked again, it is the same.

    Raises:
        UsageError: our music is mixed into its sound and cannot be taken out.
    """
    if SCORED_BY not in film.comment or keep_audio == "drop":
        return film
    own = tuple(track for track in film.audio if track.title != MUSIC)
    if len(own) == len(film.audio) and own:
        raise UsageError(
            f"{film.path} has dyvim's music mixed into its sound already",
            "score the film it was made of; --keep-audio drop replaces all sound",
        )
    return replace(film, audio=own, comment=film.comment.split(SCORED_BY)[0].rstrip(" |"))


def title_of_mix(track: Track | None) -> str:
    """Name the track that holds a film's own sound and our music.

    Args:
        track: the own one; None = it has no name.

    Returns:
        The title; never marked twice.
    """
    name = track.title if track else ""
    return name if name.endswith(WITH_MUSIC) else f"{name or UNNAMED} {WITH_MUSIC}"


def sound_tags(mixed: Track | None, kept: tuple[Track, ...]) -> dict[int, dict[str, str]]:
    """Tags of the scored film's sound tracks by their place.

    Args:
        mixed: the own track that the music is mixed with; None for music alone.
        kept: own tracks that follow unchanged.

    Returns:
        Place of a track -> its tags.
    """
    title = title_of_mix(mixed) if mixed else MUSIC
    first = {
        "title": title,
        "handler_name": title,
    }  # mp4 has no stream titles: players show the handler's name
    if mixed and mixed.language:
        first["language"] = mixed.language
    named = {i + 1: {"title": t.title, "handler_name": t.title} for i, t in enumerate(kept) if t.title}
    return {0: first, **named}


def sound_dispositions(mixed: Track | None, kept: tuple[Track, ...]) -> dict[str, str]:
    """Let the track with the music play by default; every other flag stays as it was.

    Args:
        mixed: the own track that the music is mixed with; None for music alone.
        kept: own tracks that follow unchanged.

    Returns:
        Ffmpeg options.
    """
    first = [*FLAGS_OF_THE_MIX, *(flag for flag in (mixed.flags if mixed else ()) if flag != "default")]
    options = {"disposition:a:0": "+".join(first)}
    for place, track in enumerate(kept, 1):
        flags = [flag for flag in track.flags if flag != "default"]
        options[f"disposition:a:{place}"] = "+".join(flags) or "0"
    return options

"""Choose ffmpeg's options and tags for the finished film."""

from pathlib import Path
from typing import Any

from dyvim_cli.media.containers import audio_arguments
from dyvim_cli.media.covers import covers
from dyvim_cli.media.cut import Cut
from dyvim_cli.media.ffmpeg import file_url, metadata_options
from dyvim_cli.media.output import RE_ENCODED
from dyvim_cli.media.probe import SCORED_BY, TIMECODE, FilmInfo
from dyvim_cli.media.timecode import later
from dyvim_cli.media.tracks import Track

AVI_TAGS = {"h264": "H264", "hevc": "HEVC"}  # pictures that mp4 and mkv frame in another way than avi
# most bytes of a film's own comment that become an argument; Linux takes 131,072
LONGEST_COMMENT_BYTES = 60_000


def first_picture_options(cut: Cut) -> dict[str, Any]:
    """Set the start of the copied picture.

    Nothing is copied from before the key frame that was sought. An uncut film may begin with pictures that
    are only decoded, not shown (an edit list), and is nothing without them, or (damaged) without a key frame.

    Args:
        cut: the part of the film.

    Returns:
        Options of ffmpeg-python.
    """
    return {"copypriorss:v": 0} if cut.start_s > 0 else {"copyinkf:v": None}


def timecode_tags(timecode: str) -> list[str]:
    """Tag the film, and take the tag from its streams, where it would contradict the film's.

    Args:
        timecode: of the first picture; "" for none.

    Returns:
        Arguments of ffmpeg.
    """
    return metadata_options({TIMECODE: timecode}) + metadata_options({TIMECODE: ""}, ":s:v")


def own_track_options(tracks: list[tuple[Track, dict[str, Any]]]) -> dict[str, Any]:
    """Code the film's own sound tracks, which follow the track with the music.

    Args:
        tracks: each with how it is coded.

    Returns:
        Options of ffmpeg-python.
    """
    options: dict[str, Any] = {}
    for place, (track, coding) in enumerate(tracks, 1):
        options |= audio_arguments(coding, place, track.channels)
    return options


def picture_options(film: FilmInfo, muxer: str) -> dict[str, Any]:
    """Copy the picture, or code it as visually lossless H.264.

    Args:
        film: what probe says of it.
        muxer: ffmpeg's name of the container.

    Returns:
        Options of ffmpeg-python.
    """
    if film.codec in RE_ENCODED:
        return {"c:v": "libx264", "crf": 14, "preset": "medium"}
    if muxer == "avi" and film.codec in AVI_TAGS:  # the same picture data, framed as in a stream
        return {"c:v": "copy", "bsf:v": f"{film.codec}_mp4toannexb", "tag:v": AVI_TAGS[film.codec]}
    return {"c:v": "copy"}


def attached_covers(film: FilmInfo, scratch: Path) -> list[str]:
    """Attach cover art as files, as mkv keeps it; mapped as a stream it would become a second film.

    Args:
        film: what probe says of it.
        scratch: folder for the files.

    Returns:
        Arguments of ffmpeg.
    """
    options: list[str] = []
    for cover in covers(film):
        path = scratch / cover.name
        path.write_bytes(cover.data)
        position = film.n_attachments + len(options) // 6
        tags = {"mimetype": cover.mimetype, "filename": cover.name}
        options += ["-attach", file_url(path), *metadata_options(tags, f":s:t:{position}")]
    return options


def moved_timecode(film: FilmInfo, cut: Cut) -> str:
    """Find the timecode of the picture that comes first after the cut.

    Args:
        film: what probe says of it.
        cut: the part of the film.

    Returns:
        The timecode; "" where it is not known.
    """
    return "" if film.is_variable_rate else later(film.timecode, cut.start_s, film.fps) or ""


def with_own_comment(film: FilmInfo, tags: dict[str, str]) -> tuple[dict[str, str], list[str]]:
    """Put the film's own comment in front of ours; a long one stays alone.

    Args:
        film: what probe says of it.
        tags: of the film.

    Returns:
        (tags, notes).
    """
    own = film.comment.split(SCORED_BY)[0].rstrip(" |")  # an earlier score's word is no longer true
    if not own or "comment" not in tags:
        return tags, []
    if len(own.encode(errors="replace")) > LONGEST_COMMENT_BYTES:
        without = {name: value for name, value in tags.items() if name != "comment"}
        return without, ["the film's own comment is too long to be added to: it stays as it is"]
    return tags | {"comment": f"{own} | {tags['comment']}"}, []


def tags_of(tags: dict[str, str], sounds: dict[int, dict[str, str]]) -> list[str]:
    """Tag the film and its sound tracks.

    Args:
        tags: of the film.
        sounds: tags of each sound track, by its place.

    Returns:
        Arguments of ffmpeg.
    """
    named = [option for i, named in sounds.items() for option in metadata_options(named, f":s:a:{i}")]
    return metadata_options(tags) + named

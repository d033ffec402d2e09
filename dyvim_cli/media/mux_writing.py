"""Write the film: the ffmpeg command that copies the picture and codes the mix, and its checks."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ffmpeg

from dyvim_cli.errors import DyvimError, InputError, OutputError
from dyvim_cli.media.attempts import MISTIMED, write_whole
from dyvim_cli.media.checking import Checked, check_copy
from dyvim_cli.media.containers import (
    Container,
    audio_arguments,
    container_of,
    dropped_streams,
    sound_plan,
    subtitle_plan,
)
from dyvim_cli.media.cut import SEEK_MARGIN_S, Cut, input_options, picture_lead_s, shown_from_s
from dyvim_cli.media.ffmpeg import command, file_url, run
from dyvim_cli.media.keeping import KEEPS_EXTRAS, keeping_options, keeping_tags
from dyvim_cli.media.mix import CHANNELS, MixSettings
from dyvim_cli.media.mux_options import (
    attached_covers,
    first_picture_options,
    moved_timecode,
    own_track_options,
    picture_options,
    tags_of,
    timecode_tags,
    with_own_comment,
)
from dyvim_cli.media.output import RE_ENCODED
from dyvim_cli.media.own_tracks import main_track, other_tracks, sound_dispositions, sound_tags
from dyvim_cli.media.probe import FilmInfo
from dyvim_cli.media.tracks import Track
from dyvim_cli.progress import Progress, reporter

# options of ffmpeg for every film; without bitexact matroska would draw its identities at random
ALWAYS = {"map_metadata": 0, "map_chapters": 0, "max_muxing_queue_size": 4096, "fflags": "+bitexact"}


def write_film(
    settings: MixSettings,
    sound: Any,  # of ffmpeg-python, which has no types
    cut: Cut,
    temporary: Path,
    out_path: Path,
    metadata: dict[str, str],
    progress: Progress,
) -> list[str]:
    """Run the one ffmpeg that writes the film.

    Args:
        settings: of the mix.
        sound: the mix, a stream of ffmpeg-python, which has no types.
        cut: the part of the film.
        temporary: where the film is written.
        out_path: where it will appear; its extension names the container.
        metadata: tags of the film.
        progress: notified of the stage "mux".

    Returns:
        Notes on what was changed or left out.

    Raises:
        InputError: the film went away.
        OutputError: ffmpeg cannot write it, or its folder went away.
    """
    film = settings.film
    muxer, container = container_of(out_path.suffix)
    subtitles, warnings = subtitle_plan(film, container)
    mixed = main_track(film) if settings.mixes_own else None
    own_tracks, sound_warnings = sound_plan(_copied_tracks(settings), container)
    used = [track.start_s for track, _ in own_tracks + subtitles]
    lead_s = picture_lead_s(film, cut, *used)
    source = ffmpeg.input(file_url(film.path), **input_options(film, cut, lead_s))
    shown_s = lead_s if container.has_late_starts else shown_from_s(film, lead_s)
    streams = [*_picture(film, source, container), _from(shown_s, sound, container)]
    streams += [source[f"a:{track.position}"] for track, _ in own_tracks]
    streams += [source[f"s:{track.position}"] for track, _ in subtitles]
    kept = tuple(track for track, _ in own_tracks)
    metadata, said = with_own_comment(film, metadata)
    timecode, timecode_notes = _timecode(film, cut, container)
    extra = tags_of(metadata, sound_tags(mixed, kept)) + keeping_tags(film, muxer) + timecode
    if container.has_attachments:
        streams += [source["t"]] if film.n_attachments else []
        extra += attached_covers(film, settings.scratch)
    codecs = {f"c:s:{i}": codec for i, (_, codec) in enumerate(subtitles)} | own_track_options(own_tracks)
    options = codecs | sound_dispositions(mixed, kept) | _coding(settings, cut, container, muxer)
    output = ffmpeg.output(*streams, file_url(temporary), c="copy", **options, **ALWAYS, f=muxer)
    notes = write_whole(
        _writer(output, extra, film.path, out_path, reporter(progress, "mux", lead_s + settings.duration_s)),
        lambda: _checked(film, cut, temporary, out_path),
        film.path,
        mistimed=_mistimed(container, own_tracks) if muxer in ("matroska", "webm") else "",
        keeps_extras=muxer in KEEPS_EXTRAS,
    )
    if film.codec in RE_ENCODED:
        notes = [f"the picture becomes H.264: no film container takes {film.codec}", *notes]
    sound_warnings += _early(shown_s - lead_s) if own_tracks else []
    return warnings + said + timecode_notes + sound_warnings + dropped_streams(film, container) + notes


def _from(start_s: float, sound: Any, container: Container) -> Any:
    """The sound from a time on, behind silence where the container's tracks all begin at zero."""
    sound = sound.filter("asetpts", f"PTS+{start_s:.6f}/TB")
    if start_s > SEEK_MARGIN_S and not container.has_late_starts:
        return sound.filter("aresample", first_pts=0)
    return sound


def _coding(settings: MixSettings, cut: Cut, container: Container, muxer: str) -> dict[str, Any]:
    """Options of ffmpeg for the picture, the mix and the container."""
    return {
        **first_picture_options(cut),
        **audio_arguments(container.audio_options, 0, CHANNELS[settings.layout]),
        **picture_options(settings.film, muxer),
        **keeping_options(settings.film, muxer, container),
    }


def _timecode(film: FilmInfo, cut: Cut, container: Container) -> tuple[list[str], list[str]]:
    """(words that move the film's timecode to the start of the part, notes where it cannot be moved)."""
    if not (film.timecode and cut.start_s > 0 and container.has_timecode):
        return [], []
    moved = moved_timecode(film, cut)
    lost = [] if moved else [f"timecode dropped: {film.timecode} cannot be moved to the new start"]
    return timecode_tags(moved), lost


def _early(by_s: float) -> list[str]:
    """Say that own tracks, which are copied, begin before a picture that is shown later than it is stored."""
    if by_s <= SEEK_MARGIN_S:
        return []
    return [f"own sound tracks are {1000 * by_s:.0f} ms early: avi shows reordered pictures later"]


def _writer(
    output: Any, extra: list[str], film_path: Path, out_path: Path, on_time: Callable[[float], None]
) -> Callable[[str], None]:
    """Function that writes the output with a given ffmpeg; on_time receives the seconds written."""

    def write(program: str) -> None:
        words = command(output, *extra, program=program)
        try:
            run(words, f"cannot write {out_path}", error=OutputError, on_time=on_time)
        except OutputError as error:
            raise _vanished(film_path, out_path) or error from error
        on_time(math.inf)

    return write


def _checked(film: FilmInfo, cut: Cut, temporary: Path, out_path: Path) -> Checked:
    """Check the film as it was written. Raises an error if it has been removed meanwhile."""
    if not temporary.exists():
        taken = OutputError(f"{out_path} was taken away while it was written", "run it again")
        raise _vanished(film.path, out_path) or taken
    return check_copy(film, cut, temporary)


def _vanished(film_path: Path, out_path: Path) -> DyvimError | None:
    """Make the error for a film or a folder that vanished during the work, as when a disk is removed."""
    if not film_path.exists():
        return InputError(f"{film_path} has gone while it was being read", "see that its disk is still there")
    if not out_path.parent.exists():
        return OutputError(f"the folder {out_path.parent} has gone", "see that its disk is still there")
    return None


def _mistimed(container: Container, tracks: list[tuple[Track, dict[str, Any]]]) -> str:
    """The codec among the output's sound tracks that older programs mistime in matroska; "" for none."""
    codecs = [container.audio_options["codec"]]
    codecs += [track.codec if coding["codec"] == "copy" else coding["codec"] for track, coding in tracks]
    return next((name for name in MISTIMED if any(name in codec for codec in codecs)), "")


def _copied_tracks(settings: MixSettings) -> tuple[Track, ...]:
    """The film's own sound tracks that are copied unchanged."""
    if settings.keep_audio == "track":
        return settings.film.audio
    return other_tracks(settings.film) if settings.mixes_own else ()


def _picture(film: FilmInfo, source: Any, container: Container) -> list[Any]:
    """The picture streams to map; a picture that no container takes is prepared for H.264."""
    if film.codec in RE_ENCODED:
        picture = source[f"v:{film.position}"].filter("premultiply", inplace=1)  # transparent: black
        even = picture.filter("scale", "ceil(iw/2)*2", "ceil(ih/2)*2", flags="lanczos")
        return [even.filter("format", "yuv420p")]
    return [source["v" if container.has_covers else "V"]]

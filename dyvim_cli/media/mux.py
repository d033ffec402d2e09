"""Mux a film with its music: the picture's packets copied, everything else kept where it fits."""

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np

from dyvim_cli.atomic import PendingFiles
from dyvim_cli.errors import DyvimError, InputError, OutputError, UsageError
from dyvim_cli.media.attempts import MISTIMED, write_whole
from dyvim_cli.media.checking import Checked, checked
from dyvim_cli.media.containers import (
    Container,
    audio_arguments,
    container_of,
    dropped_streams,
    folded,
    sound_plan,
    subtitle_plan,
)
from dyvim_cli.media.covers import covers
from dyvim_cli.media.cut import SEEK_MARGIN_S, Cut, input_options, picture_lead_s, plan_cut, shown_from_s
from dyvim_cli.media.ffmpeg import command, file_url, metadata_options, run
from dyvim_cli.media.keeping import KEEPS_EXTRAS, keeping_options, keeping_tags
from dyvim_cli.media.listening import listen_to, listening_notes
from dyvim_cli.media.mix import CHANNELS, MixSettings, music_alone, music_with_own_sound
from dyvim_cli.media.mix_report import levels_of, measured_in, sound_notes
from dyvim_cli.media.output import RE_ENCODED, check_picture, commit
from dyvim_cli.media.own_tracks import (
    main_track,
    other_tracks,
    sound_dispositions,
    sound_tags,
    without_our_music,
)
from dyvim_cli.media.probe import SCORED_BY, TIMECODE, FilmInfo
from dyvim_cli.media.reordered import check_order
from dyvim_cli.media.sound import as_sound_file, check_sound
from dyvim_cli.media.timecode import later
from dyvim_cli.media.tracks import Track
from dyvim_cli.options import Loudness
from dyvim_cli.progress import Progress, Silent, reporter
from dyvim_cli.scratch import scratch_folder
from dyvim_cli.types import OwnSound

KEEP_AUDIO = ("auto", "duck", "mix", "track", "drop")
WORTH_SAYING_S = 0.25  # of own sound beside the picture: less is how recorders stop, and a coder's priming
AVI_TAGS = {"h264": "H264", "hevc": "HEVC"}  # pictures that mp4 and mkv frame in another way than avi
LONGEST_COMMENT_BYTES = 60_000  # of a film's own comment that becomes an argument; Linux takes 131,072


@dataclass(frozen=True)
class MuxResult:
    """A finished film."""

    path: Path
    keep_audio: str  # what became of the film's own sound: duck, mix, track or drop
    audio_codec: str  # of the track with the music
    duration_s: float  # of the picture and the music
    start_s: float  # where in the film the picture starts: 0, or a key frame
    picture_copied: bool  # False only for what no film container takes (gif)
    loudness_lufs: float  # of the delivered track, as all that follows
    true_peak_db: float  # dBTP
    music_gain_db: float  # what the music was raised by
    own_gain_db: float | None  # what the film's own sound was raised by; None where it is not in the track
    duck_db: float  # the furthest that the music goes down under speech
    speech_s: tuple[tuple[float, float], ...]  # spans of speech that it goes down under
    own_music_s: tuple[tuple[float, float], ...]  # spans of the film's own music in which it is silent
    moments_lufs: tuple[float, ...] = field(default=(), repr=False)  # momentary loudness, ten a second
    warnings: tuple[str, ...] = ()


def mux(
    film: FilmInfo,
    music: Path | tuple[np.ndarray, int],
    out_path: Path,
    *,
    keep_audio: str = "auto",
    duck_db: float | None = None,
    own_gain_db: float = 0.0,
    music_gain_db: float = 0.0,
    loudness: Loudness | None = None,
    over_own_music: bool = False,
    fade_in_s: float = 0.0,
    fade_out_s: float | None = None,
    start_s: float | str | None = None,
    end_s: float | str | None = None,
    metadata: dict[str, str] | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
    group: PendingFiles | None = None,
    own: OwnSound | None = None,
) -> MuxResult:
    """Write the film with music under it; the picture's packets are copied, never re-encoded.

    Args:
        film: what probe says of it.
        music: a sound file, or (samples [n, channels] float, sample rate in Hz). It starts with the first
            picture and is padded or cut to the picture's length.
        out_path: of the film.
        keep_audio: "duck" lowers the music during speech and silences it where the film's own sound
            is music, "mix" lays both together as they are, "track" copies the film's own tracks beside the
            music (music first), "drop" leaves them out, "auto" ducks where the film can be heard and drops
            silence.
        duck_db: under speech; None = as far as the speech needs.
        own_gain_db: constant gain of the film's own sound.
        music_gain_db: constant gain of the music.
        loudness: of the whole; None leaves the film's own sound at its level.
        over_own_music: the music continues where the film's own sound is music.
        fade_in_s: of the music.
        fade_out_s: of the music; None fades music that is cut off.
        start_s: part of the film; it moves as cut.plan_cut says.
        end_s: likewise.
        metadata: tags of the film.
        overwrite: replace a file that exists.
        progress: notified of the stages.
        group: the film appears when the others of the group do.
        own: what listen_to heard of this part of the film; None = it is listened to now.

    Returns:
        What was written and how loud it is.

    Raises:
        InputError: music or film cannot be read.
        OutputError: the file exists, or cannot be written.
        UsageError: options contradict the film, or the container does not take its picture.
    """
    _check_keep_audio(keep_audio)
    out_path = Path(out_path)
    check_picture(out_path, film.codec)
    check_order(out_path, film.path, film.is_reordered)
    how: dict[str, Any] = {
        "own_gain_db": own_gain_db, "music_gain_db": music_gain_db, "duck_db": duck_db, "loudness": loudness,
        "over_own_music": over_own_music, "fade_in_s": fade_in_s, "fade_out_s": fade_out_s,
    }  # fmt: skip
    sources = (film.path,) if isinstance(music, tuple) else (film.path, Path(music))
    with ExitStack() as stack:
        temporary = stack.enter_context(commit(out_path, inputs=sources, overwrite=overwrite, group=group))
        cut, progress = plan_cut(film, start_s, end_s), progress or Silent()
        film = without_our_music(film, keep_audio)
        own = own or _own_sound(film, keep_audio, cut, progress)
        settings = MixSettings(
            film, _music_file(music, stack), resolved(keep_audio, film, own), cut.end_s - cut.start_s,
            cut.start_s, **how, scratch=stack.enter_context(scratch_folder()),
        )  # fmt: skip
        if settings.mixes_own and own is not None:
            mix = music_with_own_sound(settings, own, progress)
        else:
            mix = music_alone(settings, progress)
        warnings = _write(settings, mix.sound, cut, temporary, out_path, metadata or {}, progress)
        heard = measured_in(temporary, settings.duration_s, progress)
    warnings += sound_notes(mix, heard, loudness)
    warnings += _own_sound_notes(film, keep_audio, settings.keep_audio, container_of(out_path.suffix)[1])
    warnings += (*listening_notes(own), *_left_out(film, cut)) if settings.mixes_own else ()
    warnings += _tear_notes(film)
    return _result(settings, out_path, cut.warnings + tuple(warnings), levels_of(mix, heard))


def _check_keep_audio(keep_audio: str) -> None:
    if keep_audio not in KEEP_AUDIO:
        raise UsageError(f"--keep-audio {keep_audio} is not known", f"one of: {', '.join(KEEP_AUDIO)}")


def _result(
    settings: MixSettings, path: Path, warnings: tuple[str, ...], levels: dict[str, Any]
) -> MuxResult:
    """Result of mux() for a film written to path."""
    _, container = container_of(path.suffix)
    return MuxResult(
        path=path,
        keep_audio=settings.keep_audio,
        audio_codec=container.audio_options["codec"],
        duration_s=settings.duration_s,
        start_s=settings.start_s,
        picture_copied=settings.film.codec not in RE_ENCODED,
        warnings=warnings,
        **levels,
    )


def _own_sound(film: FilmInfo, keep_audio: str, cut: Cut, progress: Progress) -> OwnSound | None:
    """Listen to the film's own sound where the answer matters; None when it has none."""
    if keep_audio in ("track", "drop"):
        return None
    return listen_to(film, cut.start_s, cut.end_s, progress)


def resolved(keep_audio: str, film: FilmInfo, own: OwnSound | None) -> str:
    """Decide what becomes of the film's own sound; only a lack of any overrules what was asked for.

    Args:
        keep_audio: auto, duck, mix, track or drop.
        film: what probe says of it.
        own: what was heard of it.

    Returns:
        Duck, mix, track or drop.
    """
    if not film.audio or keep_audio != "track" and main_track(film) is None:
        return "drop"
    if keep_audio == "auto":
        has_more = any(track.is_known for track in other_tracks(film))
        return "duck" if own is not None and (own.is_audible or has_more) else "drop"
    return keep_audio


def _left_out(film: FilmInfo, cut: Cut) -> Iterator[str]:
    """Say how much of the film's own sound lies outside its picture, which the music is laid under."""
    track = main_track(film)
    if track is None:
        return
    before_s = film.start_s - track.start_s
    after_s = track.end_s - film.start_s - film.duration_s
    if cut.start_s <= 0 and before_s > WORTH_SAYING_S:
        yield f"own sound left out: {before_s:.1f} s before the first picture"
    if cut.end_s >= film.duration_s and after_s > WORTH_SAYING_S:
        yield f"own sound left out: {after_s:.1f} s after the last picture"


def _tear_notes(film: FilmInfo) -> list[str]:
    """Say where the film ends before its time."""
    end = f"the film's end is missing: its file breaks off at {film.duration_s:.1f} s"
    return [end] if film.is_torn else []


def _own_sound_notes(film: FilmInfo, asked: str, mode: str, container: Container) -> list[str]:
    """Notes on own sound tracks that were changed or dropped without a request."""
    track = main_track(film)
    if mode in ("duck", "mix") and track is not None:
        return folded(track)
    if mode != "drop" or asked == "drop":
        return []
    if not film.audio:
        return [] if asked == "auto" else [f"the film has no sound of its own to {asked}"]
    if track is None:
        return sound_plan(film.audio, container)[1]
    return ["the film's own sound is silent and left out (--keep-audio mix keeps it)"]


def _music_file(music: Path | tuple[np.ndarray, int], stack: ExitStack) -> Path:
    """The music as a file that ffmpeg can read."""
    if isinstance(music, tuple):
        return stack.enter_context(as_sound_file(*music))
    check_sound(Path(music))
    return Path(music)


def _write(
    settings: MixSettings,
    sound: Any,  # of ffmpeg-python, which has no types
    cut: Cut,
    temporary: Path,
    out_path: Path,
    metadata: dict[str, str],
    progress: Progress,
) -> list[str]:
    """Run the one ffmpeg that writes the film; returns warnings."""
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
    metadata, said = _with_own_comment(film, metadata)
    extra = _tags(metadata, sound_tags(mixed, kept)) + keeping_tags(film, muxer)
    if film.timecode and cut.start_s > 0 and container.has_timecode:
        moved = _moved_timecode(film, cut)
        extra += _timecode_tags(moved)
        said += [] if moved else [f"timecode dropped: {film.timecode} cannot be moved to the new start"]
    if film.n_attachments and container.has_attachments:
        streams.append(source["t"])
    if container.has_attachments:
        extra += _attached_covers(film, settings.scratch)
    options = {
        "c": "copy",
        **_first_picture_options(cut),
        **audio_arguments(container.audio_options, 0, CHANNELS[settings.layout]),
        **_own_track_options(own_tracks),
        **{f"c:s:{i}": codec for i, (_, codec) in enumerate(subtitles)},
        **_picture_options(film, muxer),
        **sound_dispositions(mixed, kept),
        **keeping_options(film, muxer, container),
        "map_metadata": 0,
        "map_chapters": 0,
        "max_muxing_queue_size": 4096,
        "fflags": "+bitexact",  # same film, same bytes: matroska would draw its identities at random
        "f": muxer,
    }
    output = ffmpeg.output(*streams, file_url(temporary), **options)
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
    return warnings + said + sound_warnings + dropped_streams(film, container) + notes


def _from(start_s: float, sound: Any, container: Container) -> Any:
    """The sound from a time on, behind silence where the container's tracks all begin at zero."""
    sound = sound.filter("asetpts", f"PTS+{start_s:.6f}/TB")
    if start_s > SEEK_MARGIN_S and not container.has_late_starts:
        return sound.filter("aresample", first_pts=0)
    return sound


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
    """What is wrong with the film as it was written; an error where somebody took it away."""
    if not temporary.exists():
        taken = OutputError(f"{out_path} was taken away while it was written", "run it again")
        raise _vanished(film.path, out_path) or taken
    return checked(film, cut, temporary)


def _vanished(film_path: Path, out_path: Path) -> DyvimError | None:
    """The failure for a film or a folder that went away during the work: a disk that was pulled out."""
    if not film_path.exists():
        return InputError(f"{film_path} has gone while it was being read", "see that its disk is still there")
    if not out_path.parent.exists():
        return OutputError(f"the folder {out_path.parent} has gone", "see that its disk is still there")
    return None


def _first_picture_options(cut: Cut) -> dict[str, Any]:
    """Options that set the start of the copied picture.

    Nothing is copied from before the key frame that was sought. An uncut film may begin with pictures that
    are only decoded, not shown (an edit list), and is nothing without them, or (damaged) without a key frame.
    """
    return {"copypriorss:v": 0} if cut.start_s > 0 else {"copyinkf:v": None}


def _timecode_tags(timecode: str) -> list[str]:
    """The film's tag is what counts, and a stream's would contradict it; an empty one is none."""
    return metadata_options({TIMECODE: timecode}) + metadata_options({TIMECODE: ""}, ":s:v")


def _own_track_options(tracks: list[tuple[Track, dict[str, Any]]]) -> dict[str, Any]:
    """Options of the film's own sound tracks, which follow the track with the music."""
    options: dict[str, Any] = {}
    for place, (track, coding) in enumerate(tracks, 1):
        options |= audio_arguments(coding, place, track.channels)
    return options


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


def _picture_options(film: FilmInfo, muxer: str) -> dict[str, Any]:
    """Options of the picture: copied, or visually lossless H.264."""
    if film.codec in RE_ENCODED:
        return {"c:v": "libx264", "crf": 14, "preset": "medium"}
    if muxer == "avi" and film.codec in AVI_TAGS:  # the same picture data, framed as in a stream
        return {"c:v": "copy", "bsf:v": f"{film.codec}_mp4toannexb", "tag:v": AVI_TAGS[film.codec]}
    return {"c:v": "copy"}


def _attached_covers(film: FilmInfo, scratch: Path) -> list[str]:
    """mkv keeps cover art as attached files; mapped as a stream it would become a second film."""
    options: list[str] = []
    for cover in covers(film):
        path = scratch / cover.name
        path.write_bytes(cover.data)
        position = film.n_attachments + len(options) // 6
        tags = {"mimetype": cover.mimetype, "filename": cover.name}
        options += ["-attach", file_url(path), *metadata_options(tags, f":s:t:{position}")]
    return options


def _moved_timecode(film: FilmInfo, cut: Cut) -> str:
    """The timecode of the picture that comes first after the cut; "" where that is not known."""
    return "" if film.is_variable_rate else later(film.timecode, cut.start_s, film.fps) or ""


def _with_own_comment(film: FilmInfo, tags: dict[str, str]) -> tuple[dict[str, str], list[str]]:
    """(tags, warnings): the film's own comment stays in front, or alone where it is long."""
    own = film.comment.split(SCORED_BY)[0].rstrip(" |")  # an earlier score's word is no longer true
    if not own or "comment" not in tags:
        return tags, []
    if len(own.encode(errors="replace")) > LONGEST_COMMENT_BYTES:
        without = {name: value for name, value in tags.items() if name != "comment"}
        return without, ["the film's own comment is too long to be added to: it stays as it is"]
    return tags | {"comment": f"{own} | {tags['comment']}"}, []


def _tags(tags: dict[str, str], sounds: dict[int, dict[str, str]]) -> list[str]:
    """Metadata options of the film and of its sound tracks."""
    named = [option for i, named in sounds.items() for option in metadata_options(named, f":s:a:{i}")]
    return metadata_options(tags) + named

"""Mux a film with its music: the picture's packets copied, everything else kept where it fits."""

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from dyvim_cli.atomic import PendingFiles
from dyvim_cli.errors import UsageError
from dyvim_cli.media.containers import container_of
from dyvim_cli.media.cut import Cut, plan_cut
from dyvim_cli.media.listening import listen_to, listening_notes
from dyvim_cli.media.mix import MixSettings, music_alone, music_with_own_sound
from dyvim_cli.media.mix_report import levels_of, measured_in, sound_notes
from dyvim_cli.media.mux_notes import left_out, own_sound_notes, tear_notes
from dyvim_cli.media.mux_writing import write_film
from dyvim_cli.media.output import RE_ENCODED, check_picture, commit
from dyvim_cli.media.own_tracks import main_track, other_tracks, without_our_music
from dyvim_cli.media.probe import FilmInfo
from dyvim_cli.media.reordered import check_order
from dyvim_cli.media.sound import as_sound_file
from dyvim_cli.media.sound_reading import check_sound
from dyvim_cli.options import KEEP_AUDIO, Loudness
from dyvim_cli.progress import Progress, Silent
from dyvim_cli.scratch import scratch_folder
from dyvim_cli.types import OwnSound


@dataclass(frozen=True)
class MuxResult:
    """A finished film."""

    path: Path
    keep_audio: str  # treatment of the film's own sound: duck, mix, track or drop
    audio_codec: str  # codec of the track with the music
    duration_s: float  # length of the picture and the music
    start_s: float  # time in the film at which the picture starts: 0, or a key frame
    picture_copied: bool  # False only for what no film container takes (gif)
    loudness_lufs: float  # loudness of the delivered track, as all that follows
    true_peak_db: float  # dBTP
    music_gain_db: float  # gain of the music
    own_gain_db: float | None  # gain of the film's own sound; None where it is not in the track
    duck_db: float  # the furthest that the music goes down under speech
    speech_s: tuple[tuple[float, float], ...]  # spans of speech that it goes down under
    own_music_s: tuple[tuple[float, float], ...]  # spans of the film's own music in which it is silent
    moments_lufs: tuple[float, ...] = field(default=(), repr=False)  # momentary loudness, ten a second
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class MuxOptions:
    """Options of bringing music and film together; times in seconds."""

    # duck lowers the music during speech and silences it where the film's own sound is music, mix lays both
    # together as they are, track copies the film's own tracks beside the music (music first), drop leaves
    # them out, auto ducks where the film can be heard and drops silence
    keep_audio: str = "auto"
    duck_db: float | None = None  # reduction under speech; None: as much as the speech needs
    own_gain_db: float = 0.0  # constant gain of the film's own sound
    music_gain_db: float = 0.0  # constant gain of the music
    loudness: Loudness | None = None  # loudness of the whole; None: the own sound keeps its level
    over_own_music: bool = False  # the music continues where the film's own sound is music
    fade_in_s: float = 0.0
    fade_out_s: float | None = None  # None: only where the music is cut off
    start_s: float | str | None = None  # beginning of the part of the film; it moves as cut.plan_cut says
    end_s: float | str | None = None  # end of the part
    metadata: dict[str, str] = field(default_factory=dict)  # tags of the film

    def __post_init__(self) -> None:
        if self.keep_audio not in KEEP_AUDIO:
            hint = f"one of: {', '.join(KEEP_AUDIO)}"
            raise UsageError(f"--keep-audio {self.keep_audio} is not known", hint)

    def of_the_mix(self) -> dict[str, Any]:
        """Collect those that MixSettings has as well.

        Returns:
            Name -> value.
        """
        names = ("own_gain_db", "music_gain_db", "duck_db", "loudness", "over_own_music")
        return {name: getattr(self, name) for name in (*names, "fade_in_s", "fade_out_s")}


def mux(
    film: FilmInfo,
    music: Path | tuple[np.ndarray, int],
    out_path: Path,
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
    group: PendingFiles | None = None,
    own: OwnSound | None = None,
    music_peak_db: float | None = None,
    **options: Any,
) -> MuxResult:
    """Write the film with music under it; the picture's packets are copied, never re-encoded.

    Args:
        film: what probe says of it.
        music: a sound file, or (samples [n, channels] float, sample rate in Hz). It starts with the first
            picture and is padded or cut to the picture's length.
        out_path: of the film.
        overwrite: replace a file that exists.
        progress: notified of the stages.
        group: the film appears when the others of the group do.
        own: what listen_to heard of this part of the film; None = it is listened to now.
        music_peak_db: true peak of the music in dBTP, where it is known; low ones need no limiter.
        **options: fields of MuxOptions.

    Returns:
        What was written and how loud it is.

    Raises:
        InputError: music or film cannot be read.
        OutputError: the file exists, or cannot be written.
        UsageError: options contradict the film, or the container does not take its picture.
    """
    asked, out_path, progress = MuxOptions(**options), Path(out_path), progress or Silent()
    check_picture(out_path, film.codec)
    check_order(out_path, film.path, film.is_reordered)
    sources = (film.path,) if isinstance(music, tuple) else (film.path, Path(music))
    with ExitStack() as stack:
        temporary = stack.enter_context(commit(out_path, inputs=sources, overwrite=overwrite, group=group))
        cut = plan_cut(film, asked.start_s, asked.end_s)
        film = without_our_music(film, asked.keep_audio)
        own = own or _own_sound(film, asked.keep_audio, cut, progress)
        settings = MixSettings(
            film, _music_file(music, stack), resolve_keep_audio(asked.keep_audio, film, own),
            cut.end_s - cut.start_s, cut.start_s, **asked.of_the_mix(),
            scratch=stack.enter_context(scratch_folder()), music_peak_db=music_peak_db,
        )  # fmt: skip
        if settings.mixes_own and own is not None:
            mix = music_with_own_sound(settings, own, progress)
        else:
            mix = music_alone(settings, progress)
        warnings = write_film(settings, mix.sound, cut, temporary, out_path, asked.metadata, progress)
        heard = measured_in(temporary, settings.duration_s, progress)
    warnings += sound_notes(mix, heard, asked.loudness)
    warnings += own_sound_notes(film, asked.keep_audio, settings.keep_audio, container_of(out_path.suffix)[1])
    warnings += (*listening_notes(own), *left_out(film, cut)) if settings.mixes_own else ()
    warnings += tear_notes(film)
    return _result(settings, out_path, cut.warnings + tuple(warnings), levels_of(mix, heard))


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


def resolve_keep_audio(keep_audio: str, film: FilmInfo, own: OwnSound | None) -> str:
    """Decide the treatment of the film's own sound: as requested, or "drop" where there is none.

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


def _music_file(music: Path | tuple[np.ndarray, int], stack: ExitStack) -> Path:
    """The music as a file that ffmpeg can read."""
    if isinstance(music, tuple):
        return stack.enter_context(as_sound_file(*music))
    check_sound(Path(music))
    return Path(music)

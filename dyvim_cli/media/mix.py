"""Build ffmpeg filter graphs of a scored film's sound: levels, ducking, limiting, exact length."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np
import soundfile

from dyvim_cli.hearing import spans
from dyvim_cli.media.ducking import BESIDE_CLIPPED_DB, BESIDE_LIMITED_DB, aside_spans, depths_db, gain_curve
from dyvim_cli.media.ffmpeg import file_url
from dyvim_cli.media.film_input import clock_options
from dyvim_cli.media.levels import (
    MOST_LOWERED_DB,
    Ceiling,
    Levels,
    ceiling_of,
    is_crowded,
    lower_music,
    to_loudness,
    usual_levels,
)
from dyvim_cli.media.loudness import LEVEL_RATE_HZ, SILENCE_LUFS, Measured, measure
from dyvim_cli.media.own_tracks import main_track
from dyvim_cli.media.probe import FilmInfo
from dyvim_cli.media.sound_reading import sound_duration_s, sound_input
from dyvim_cli.media.tracks import Track
from dyvim_cli.options import Loudness
from dyvim_cli.progress import Progress, reporter
from dyvim_cli.types import SAMPLE_RATE, OwnSound

LIMITER_ATTACK_S = 0.005
ONSET_S = 0.02  # AAC codes sound that begins at full level badly: its first frame overshoots by decibels
OVERSAMPLED = 4 * SAMPLE_RATE  # the limiter must see the peaks between the samples
LAYOUTS = {6: "5.1", 8: "7.1"}  # a film's own surround stays; everything else becomes stereo
CHANNELS = {"stereo": 2} | {layout: channels for channels, layout in LAYOUTS.items()}
ROUNDS = 4  # most rounds of measuring and correcting
LEAST_HELD_DB = 0.01  # excess of a peak over the ceiling from which on it is held
NEAR_LU = 0.1  # tolerance of the loudness that was requested
CUT_OFF_S = 0.1  # music that continues for longer than this after the last picture is cut off
CUT_OFF_FADE_S = 1.0


@dataclass(frozen=True)
class MixSettings:
    """Settings of the mix of music and film; times in seconds on the output's clock."""

    film: FilmInfo
    music: Path
    keep_audio: str
    duration_s: float
    start_s: float = 0.0  # time in the film at which the picture starts
    own_gain_db: float = 0.0
    music_gain_db: float = 0.0
    duck_db: float | None = None  # reduction under speech; None: as much as the speech needs
    loudness: Loudness | None = None  # loudness of the whole; None: the own sound keeps its level
    over_own_music: bool = False
    fade_in_s: float = 0.0
    fade_out_s: float | None = None  # None: only where the music is cut off
    scratch: Path = field(default_factory=Path)
    music_peak_db: float | None = None  # true peak of the music where it is known

    @property
    def layout(self) -> str:
        """Channel layout of the track with the music."""
        track = main_track(self.film) if self.mixes_own else None
        channels = track.channels if track else 2
        return LAYOUTS.get(channels, "stereo")

    @property
    def mixes_own(self) -> bool:
        """True if the film's own sound shares the track with the music."""
        return self.keep_audio in ("duck", "mix")


def own_sound(film: FilmInfo, start_s: float = 0.0, track: Track | None = None) -> Any:
    """Read a sound track of a film from the picture at start_s on, gaps filled.

    Args:
        film: what probe says of it.
        start_s: seconds from the first picture.
        track: None = the main one.

    Returns:
        A stream of ffmpeg-python.
    """
    track = track or main_track(film)
    if track is None:
        raise ValueError(f"{film.path} has no sound track")
    zero = film.start_s + start_s - film.ffmpeg_zero_s(track.start_s)
    # vn: an input of its own, whose clock the picture's does not move
    sound = ffmpeg.input(file_url(film.path), vn=None, **clock_options(film))[f"a:{track.position}"]
    if zero > 0:
        sound = sound.filter("atrim", start=f"{zero:.6f}")
    sound = sound.filter("asetpts", f"PTS-({zero:.6f})/TB")
    return sound.filter("aresample", SAMPLE_RATE, first_pts=0, **{"async": 1})


# Any: streams of ffmpeg-python, which has no types
def _fitted(music: Any, settings: MixSettings) -> Any:
    """Music exactly as long as the picture, faded."""
    length = settings.duration_s
    music = music.filter("apad").filter("atrim", duration=_seconds(length))
    if settings.fade_in_s > 0:
        music = music.filter("afade", type="in", duration=_seconds(min(settings.fade_in_s, length)))
    fade = min(_fade_out_s(settings), length)
    if fade > 0:
        start = _seconds(length - fade)
        music = music.filter("afade", type="out", start_time=start, duration=_seconds(fade))
    return music


def _fade_out_s(settings: MixSettings) -> float:
    """The fade that was requested; else a second where the music would be cut off."""
    if settings.fade_out_s is not None:
        return settings.fade_out_s
    goes_on = sound_duration_s(settings.music) > settings.duration_s + CUT_OFF_S
    return CUT_OFF_FADE_S if goes_on else 0.0


def _seconds(value: float) -> str:
    """A time as ffmpeg's filters take it: never in scientific notation."""
    return f"{value:.6f}"


def _formatted(sound: Any, settings: MixSettings, gain_db: float) -> Any:
    """Common rate, layout and level."""
    sound = sound.filter("aresample", SAMPLE_RATE)
    sound = sound.filter("aformat", sample_fmts="fltp", channel_layouts=settings.layout)
    return sound.filter("volume", f"{gain_db:.2f}dB")


def _music(settings: MixSettings, gain_db: float) -> Any:
    """The music at a level, faded, as long as the picture."""
    return _fitted(_formatted(sound_input(settings.music), settings, gain_db), settings)


def _under_curve(music: Any, gain: np.ndarray, settings: MixSettings) -> Any:
    """Multiply the music by a gain curve [n], which ffmpeg reads as a sound file of low rate."""
    curve_path = settings.scratch / "gain.wav"
    soundfile.write(curve_path, gain, LEVEL_RATE_HZ, subtype="FLOAT")
    # equally to every channel: a mono sound in surround would be heard in the centre alone
    everywhere = "|".join(f"c{channel}=c0" for channel in range(CHANNELS[settings.layout]))
    curve = sound_input(curve_path).filter("pan", args=f"{settings.layout}|{everywhere}")
    curve = curve.filter("aresample", SAMPLE_RATE)
    return ffmpeg.filter([music, curve], "amultiply")


def _limited(sound: Any, settings: MixSettings, ceiling: Ceiling) -> Any:
    """Limit peaks to the ceiling; lower sound passes unchanged. Exactly as long as the picture."""
    return _ended(_clipped(sound, ceiling.db) if ceiling.clips else _held(sound, ceiling.db), settings)


def _ended(sound: Any, settings: MixSettings) -> Any:
    """The sound at the rate of the film's, faded in over its first moment, exactly as long as the picture."""
    sound = sound.filter("aresample", SAMPLE_RATE).filter("afade", type="in", duration=ONSET_S)
    return sound.filter("apad").filter("atrim", duration=_seconds(settings.duration_s))


def _held(sound: Any, limit_db: float) -> Any:
    """Apply a limiter: turn the sound down around peaks, true peaks among them, above the limit."""
    held = {"limit": f"{10 ** (limit_db / 20):.6f}", "attack": 1000 * LIMITER_ATTACK_S}
    sound = sound.filter("aresample", OVERSAMPLED)
    sound = sound.filter("alimiter", **held, release=60, level="disabled")
    # the limiter looks ahead and so delays by its attack
    return sound.filter("atrim", start=LIMITER_ATTACK_S).filter("asetpts", "PTS-STARTPTS")


def _clipped(sound: Any, limit_db: float) -> Any:
    """Clip samples at the limit, without turning anything down."""
    sound = sound.filter("aresample", SAMPLE_RATE)
    return sound.filter("asoftclip", type="hard", threshold=f"{10 ** (limit_db / 20):.6f}")


@dataclass(frozen=True)
class Mix:
    """A finished mix: the ffmpeg stream, and what was done to make it."""

    sound: object
    music_gain_db: float
    own_gain_db: float | None = None  # None: the film's own sound is not in it
    duck_db: float = 0.0  # the furthest that the music goes down under speech
    held_db: float = 0.0  # reduction of the highest peak of the film's own sound
    beside_db: float = 0.0  # reduction of the highest peak of both together
    unlimited: object = None  # the stream before its peaks are held; None where they leave room
    speech_s: np.ndarray = field(default_factory=lambda: spans.NONE)  # [N, 2] what it gives way to
    aside_s: np.ndarray = field(default_factory=lambda: spans.NONE)  # [M, 2] where it is silent


def music_alone(settings: MixSettings, progress: Progress) -> Mix:
    """Mix the music as it is given, or at the loudness that is requested, from the first picture to the last.

    Args:
        settings: of the mix.
        progress: notified of the stage "mix level".

    Returns:
        The stream and its gain.
    """
    gain_db, wanted = settings.music_gain_db, settings.loudness
    if wanted is None:
        return Mix(_music_under(settings, gain_db, ceiling_of(None)), gain_db)
    ceiling, found = ceiling_of(wanted.peak_dbtp), SILENCE_LUFS
    for _ in range(ROUNDS):
        sound = _music_under(settings, gain_db, ceiling)
        found = _measured(sound, settings, "mix level", progress).loudness_lufs
        if abs(wanted.lufs - found) < NEAR_LU or found <= SILENCE_LUFS:
            break
        gain_db += wanted.lufs - found
    return Mix(_music_under(settings, gain_db, ceiling), gain_db)


def _music_under(settings: MixSettings, gain_db: float, ceiling: Ceiling) -> Any:
    """The music at a level, its peaks under a ceiling: left as it is where they are known to be."""
    music, peak_db = _music(settings, gain_db), settings.music_peak_db
    if peak_db is not None and peak_db + gain_db <= ceiling.db + LEAST_HELD_DB:
        return _ended(music, settings)
    return _limited(music, settings, ceiling)


def music_with_own_sound(settings: MixSettings, own: OwnSound, progress: Progress) -> Mix:
    """Mix own sound and music into one track.

    The music is measured as mixed; where a loudness is requested, so is the mix behind its limiter,
    and constant gains are corrected until it is met: dynamics stay unchanged. Where none is, and peaks of
    both together would be held, the music is lowered, so that the film's own sound stays as it is.

    Args:
        settings: of the mix.
        own: what was heard of the film.
        progress: notified of the stages "music level" and "mix level".

    Returns:
        The stream, gains and ducking.
    """
    given = _measured(_music(settings, 0.0), settings, "music level", progress)
    levels = usual_levels(own, given.loudness_lufs, settings.own_gain_db, settings.music_gain_db)
    mix, wanted = _mixed(settings, own, given, levels, progress), settings.loudness
    if wanted is None:
        return _with_room(settings, own, given, levels, mix, progress)
    for _ in range(ROUNDS):
        found = _measured(mix.sound, settings, "mix level", progress).loudness_lufs
        if abs(wanted.lufs - found) < NEAR_LU or found <= SILENCE_LUFS:
            break
        levels = to_loudness(levels, own, found, wanted.lufs)
        mix = _mixed(settings, own, given, levels, progress)
    return mix


def _with_room(
    settings: MixSettings, own: OwnSound, given: Measured, levels: Levels, mix: Mix, progress: Progress
) -> Mix:
    """The mix with the music lowered as far as peaks beside the film's own need, unless it was asked for."""
    lowest_db = levels.music_gain_db - MOST_LOWERED_DB
    if settings.keep_audio != "duck" or settings.music_gain_db > 0:
        lowest_db = levels.music_gain_db
    for _ in range(ROUNDS):
        if mix.unlimited is None:
            break
        ceiling = ceiling_of(None, own.true_peak_db + levels.own_gain_db)
        peak_db = _measured(mix.unlimited, settings, "mix level", progress).true_peak_db
        mix = replace(mix, beside_db=max(0.0, peak_db - ceiling.db))
        before, levels = levels, lower_music(levels, mix.beside_db, lowest_db)
        if levels == before:
            break
        mix = _mixed(settings, own, given, levels, progress)
    return mix


def _mixed(settings: MixSettings, own: OwnSound, given: Measured, levels: Levels, progress: Progress) -> Mix:
    """Own sound and music at these levels, the music giving way, peaks held."""
    music = _music(settings, levels.music_gain_db)
    sound = _formatted(own_sound(settings.film, settings.start_s), settings, levels.own_gain_db)
    sound = sound.filter("apad").filter("atrim", duration=_seconds(settings.duration_s))
    own_peak_db, wanted = own.true_peak_db + levels.own_gain_db, settings.loudness
    ceiling = ceiling_of(wanted.peak_dbtp if wanted else None, own_peak_db)
    depths, aside = np.zeros(0), spans.NONE
    if settings.keep_audio == "duck":
        own_db = own.levels_db + levels.own_gain_db
        if (
            own_peak_db > ceiling.db and not ceiling.clips
        ):  # a voice that the limiter turns down is less clear
            own_db = _measured(_limited(sound, settings, ceiling), settings, "mix level", progress).levels_db
            own_db = own_db - BESIDE_LIMITED_DB
        own_db = own_db - (BESIDE_CLIPPED_DB if ceiling.clips else 0.0)
        depths = _depths(settings, own, own_db, given.levels_db + levels.music_gain_db)
        aside = spans.NONE if settings.over_own_music else aside_spans(own)
        music = _under_curve(music, gain_curve(own, depths, aside, settings.duration_s + 1), settings)
    music_peak_db = given.true_peak_db + levels.music_gain_db
    if music_peak_db > ceiling.db and not ceiling.clips:  # its own peaks must not turn the other sound down
        music, music_peak_db = _held(music, ceiling.db).filter("aresample", SAMPLE_RATE), ceiling.db
    both = ffmpeg.filter([sound, music], "amix", inputs=2, duration="first", normalize=0)
    return Mix(
        sound=_limited(both, settings, ceiling),
        music_gain_db=levels.music_gain_db,
        own_gain_db=levels.own_gain_db,
        duck_db=float(depths.min(initial=0.0)),
        unlimited=both if is_crowded(own_peak_db, music_peak_db, ceiling) else None,
        held_db=0.0 if ceiling.clips else max(0.0, own_peak_db - ceiling.db),
        speech_s=own.speech_s if len(depths) else spans.NONE,
        aside_s=aside,
    )


def _depths(settings: MixSettings, own: OwnSound, own_db: np.ndarray, music_db: np.ndarray) -> np.ndarray:
    """[N] dB under each phrase: what was asked for, else what the speech needs; both levels as in the mix."""
    needed = depths_db(own.speech_s, own_db, music_db)
    return needed if settings.duck_db is None else np.full(len(needed), settings.duck_db)


def _measured(sound: Any, settings: MixSettings, stage: str, progress: Progress) -> Measured:
    """Measure a stream of the mix."""
    what = f"cannot read {settings.music}" if stage == "music level" else "cannot mix the sound"
    return measure(sound, what, reporter(progress, stage, settings.duration_s))

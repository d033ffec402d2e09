"""The sound of a scored film as ffmpeg filter graphs: levels, ducking, limiting, exact length."""

from dataclasses import dataclass, field
from pathlib import Path

import ffmpeg
import soundfile

from dyvim_cli.media.ducking import LEVEL_RATE_HZ, Listened, duck_gain, listen
from dyvim_cli.media.ffmpeg import file_url
from dyvim_cli.media.probe import FilmInfo
from dyvim_cli.media.sound import sound_input
from dyvim_cli.progress import Progress, reporter
from dyvim_cli.types import SAMPLE_RATE, TARGET_LUFS

OWN_LUFS = -15.0  # the film's own sound in the mix; the music between words lies a little below
MUSIC_LUFS = -17.0
MOST_BOOST_DB = 15.0  # more would only raise hiss
PEAK_LIMIT_DB = -2.4  # under the ceiling of music alone; up to -1 dBTP is what a lossy encoder may add
LIMITER_ATTACK_S = 0.005
UNNOTICED_LIMITING_DB = 3.0  # of the highest peak: costs less than a tenth of a LU
MOST_MAKEUP_DB = 3.0
ONSET_S = 0.02  # AAC codes sound that begins at full level badly: its first frame overshoots by decibels
OVERSAMPLED = 4 * SAMPLE_RATE  # the limiter must see the peaks between the samples
LAYOUTS = {6: "5.1", 8: "7.1"}  # a film's own surround stays; everything else becomes stereo
CHANNELS = {"stereo": 2} | {layout: channels for channels, layout in LAYOUTS.items()}


@dataclass(frozen=True)
class MixSettings:
    """How the music is laid under a film; times in seconds on the output's clock."""

    film: FilmInfo
    music: Path
    keep_audio: str
    duration_s: float
    start_s: float = 0.0  # where in the film the picture starts
    music_gain_db: float = 0.0
    duck_db: float = -12.0
    fade_in_s: float = 0.0
    fade_out_s: float = 0.0
    scratch: Path = field(default_factory=Path)

    @property
    def layout(self) -> str:
        """Channel layout of the track with the music."""
        channels = self.film.audio[0].channels if self.film.audio and self.mixes_own else 2
        return LAYOUTS.get(channels, "stereo")

    @property
    def mixes_own(self) -> bool:
        """Whether the film's own sound shares the track with the music."""
        return self.keep_audio in ("duck", "mix")


def own_sound(film: FilmInfo, start_s: float = 0.0):
    """The film's first sound track from the picture at start_s on, gaps filled, as an ffmpeg stream."""
    zero = film.start_s + start_s - film.ffmpeg_zero_s(film.audio[0].start_s)
    # vn: an input of its own, whose clock the picture's does not move
    sound = ffmpeg.input(file_url(film.path), vn=None)["a:0"]
    if zero > 0:
        sound = sound.filter("atrim", start=f"{zero:.6f}")
    sound = sound.filter("asetpts", f"PTS-({zero:.6f})/TB")
    return sound.filter("aresample", SAMPLE_RATE, first_pts=0, **{"async": 1})


def _fitted(music, settings: MixSettings):
    """Music exactly as long as the picture, faded."""
    length = settings.duration_s
    music = music.filter("apad").filter("atrim", duration=length)
    if settings.fade_in_s > 0:
        music = music.filter("afade", type="in", duration=min(settings.fade_in_s, length))
    if settings.fade_out_s > 0:
        fade = min(settings.fade_out_s, length)
        music = music.filter("afade", type="out", start_time=length - fade, duration=fade)
    return music


def _formatted(sound, settings: MixSettings, gain_db: float):
    """Common rate, layout and level."""
    sound = sound.filter("aresample", SAMPLE_RATE)
    sound = sound.filter("aformat", sample_fmts="fltp", channel_layouts=settings.layout)
    return sound.filter("volume", f"{gain_db:.2f}dB")


def _ducked(music, own: Listened, settings: MixSettings):
    """Music times the gain curve, which rides along as a slow sound file."""
    curve_path = settings.scratch / "duck.wav"
    gain = duck_gain(own, settings.duck_db, settings.duration_s + 1)
    soundfile.write(curve_path, gain, LEVEL_RATE_HZ, subtype="FLOAT")
    # to every channel as it is: a mono sound that becomes surround is heard in the centre alone
    everywhere = "|".join(f"c{channel}=c0" for channel in range(CHANNELS[settings.layout]))
    curve = sound_input(curve_path).filter("pan", args=f"{settings.layout}|{everywhere}")
    curve = curve.filter("aresample", SAMPLE_RATE)
    return ffmpeg.filter([music, curve], "amultiply")


def _limited(sound, settings: MixSettings):
    """No true peak above PEAK_LIMIT_DB, what is lower passes unchanged; exactly as long as the picture."""
    ceiling = 10 ** (PEAK_LIMIT_DB / 20)
    attack_ms = 1000 * LIMITER_ATTACK_S
    sound = sound.filter("aresample", OVERSAMPLED)
    sound = sound.filter("alimiter", limit=ceiling, attack=attack_ms, release=60, level="disabled")
    # the limiter looks ahead and so delays by its attack
    sound = sound.filter("atrim", start=LIMITER_ATTACK_S).filter("asetpts", "PTS-STARTPTS")
    sound = sound.filter("aresample", SAMPLE_RATE).filter("afade", type="in", duration=ONSET_S)
    return sound.filter("apad").filter("atrim", duration=settings.duration_s)


def music_alone(settings: MixSettings):
    """The music as it is given, from the first picture to the last."""
    music = sound_input(settings.music)
    music = _fitted(_formatted(music, settings, settings.music_gain_db), settings)
    return _limited(music, settings)


def _mixture(settings: MixSettings, own: Listened, music_lufs: float):
    """Own sound and music at their levels, not yet limited."""
    own_gain_db = min(OWN_LUFS - own.loudness_lufs, MOST_BOOST_DB)
    music_gain_db = MUSIC_LUFS - music_lufs + settings.music_gain_db
    music = sound_input(settings.music)
    music = _fitted(_formatted(music, settings, music_gain_db), settings)
    if settings.keep_audio == "duck":
        music = _ducked(music, own, settings)
    sound = _formatted(own_sound(settings.film, settings.start_s), settings, own_gain_db)
    sound = sound.filter("apad").filter("atrim", duration=settings.duration_s)
    return ffmpeg.filter([sound, music], "amix", inputs=2, duration="first", normalize=0)


def music_with_own_sound(settings: MixSettings, own: Listened, progress: Progress):
    """Own sound and music in one track at -14 LUFS, at most -1 dBTP.

    Integrated loudness is measured in a pass of its own, so that one constant gain sets it: dynamics stay as
    they are. Where the limiter will take much, what it leaves is measured too, and made up for.
    """

    def heard(sound, stage: str, what: str = "cannot mix the sound") -> Listened:
        return listen(sound, what, reporter(progress, stage, settings.duration_s))

    given = heard(sound_input(settings.music), "music level", f"cannot read {settings.music}")
    mixed = heard(_mixture(settings, own, given.loudness_lufs), "mix level")
    gain_db = min(TARGET_LUFS - mixed.loudness_lufs, MOST_BOOST_DB)

    def limited(gain_db: float):
        mixture = _mixture(settings, own, given.loudness_lufs)
        return _limited(mixture.filter("volume", f"{gain_db:.2f}dB"), settings)

    if mixed.peak_db + gain_db > PEAK_LIMIT_DB + UNNOTICED_LIMITING_DB:
        left = heard(limited(gain_db), "peak level")
        gain_db += min(TARGET_LUFS - left.loudness_lufs, MOST_MAKEUP_DB)
    return limited(gain_db)

"""What each film container can carry, and how streams must change to fit."""

from dataclasses import dataclass, field, replace

from dyvim_cli.media.output import MUXERS
from dyvim_cli.media.probe import TIMECODE, FilmInfo, Track

TEXT_SUBTITLES = ("subrip", "ass", "ssa", "mov_text", "webvtt", "text", "srt")


@dataclass(frozen=True)
class Container:
    """The rules of one container; bit rates are for stereo."""

    audio_options: dict
    subtitle_codecs: tuple[str, ...] = ()  # carried as they are
    text_codec: str = ""  # what other text subtitles become
    has_attachments: bool = False
    has_timecode: bool = False  # ffmpeg writes it anew from the picture's tag: as a track, or in mkv the tag
    has_covers: bool = False  # as picture streams with that disposition
    has_late_starts: bool = True  # a track may begin after the film's zero
    muxer_options: dict = field(default_factory=dict)


# with the encoder's usual search (twoloop) what is struck in a film's first tenth of a second may overshoot
# by 6 dB, and with noise and directions that the decoder makes up (PNS, intensity stereo) later sound by one
AAC = {"codec": "aac", "bit_rate": 320_000, "aac_coder": "fast", "aac_pns": 0, "aac_is": 0}
MP4 = Container(
    AAC,
    subtitle_codecs=("mov_text", "dvd_subtitle"),
    text_codec="mov_text",
    has_timecode=True,
    has_covers=True,
    muxer_options={"movflags": "+faststart"},  # plays while it still loads
)
CONTAINERS = {
    "mp4": MP4,
    "mov": replace(MP4, subtitle_codecs=("mov_text",)),
    "matroska": Container(
        AAC,
        subtitle_codecs=(
            "subrip", "ass", "ssa", "webvtt", "text", "dvd_subtitle", "dvb_subtitle", "hdmv_pgs_subtitle",
        ),  # fmt: skip
        text_codec="subrip",
        has_timecode=True,
        has_attachments=True,
    ),
    "webm": Container(
        {"codec": "libopus", "bit_rate": 192_000},
        subtitle_codecs=("webvtt",),
        text_codec="webvtt",
    ),
    # avi has no way to say how much a lossy codec delays the sound: only PCM starts on time
    "avi": Container({"codec": "pcm_s16le"}, has_late_starts=False),
    "mpegts": Container(AAC, subtitle_codecs=("dvb_subtitle", "dvb_teletext", "hdmv_pgs_subtitle")),
}


def container_of(extension: str) -> tuple[str, Container]:
    """(ffmpeg muxer, rules) of a film file's extension, for example ".mkv"."""
    muxer = MUXERS[extension.lower()]
    return muxer, CONTAINERS[muxer]


def audio_arguments(container: Container, position: int, channels: int) -> dict:
    """ffmpeg options that encode the audio stream at `position` of the output."""
    options = dict(container.audio_options)
    named = {"c": options.pop("codec")}
    if "bit_rate" in options:
        named["b"] = options.pop("bit_rate") * max(2, channels) // 2
    return {f"{name}:a:{position}": value for name, value in (named | options).items()}


def subtitle_plan(film: FilmInfo, container: Container) -> tuple[list[tuple[Track, str]], list[str]]:
    """([(track, codec to write, "copy" where it fits)], warnings about those that do not)."""
    kept, warnings = [], []
    for track in film.subtitles:
        if track.codec in container.subtitle_codecs:
            kept.append((track, "copy"))
        elif track.codec in TEXT_SUBTITLES and container.text_codec:
            kept.append((track, container.text_codec))
        else:
            warnings.append(f"subtitle track {track.position + 1} dropped: {track.codec} does not fit in")
    return kept, warnings


def dropped_streams(film: FilmInfo, container: Container) -> list[str]:
    """Warnings about what else the container cannot carry."""
    kept = {"SubtitleHandler"} if film.n_chapters else set()  # mp4's chapters, which are kept, lie in a track
    kept |= {TIMECODE} if container.has_timecode else set()
    warnings = [f"data track dropped: {name}" for name in film.data_tracks if name not in kept]
    if film.n_attachments and not container.has_attachments:
        warnings.append(f"{film.n_attachments} attachment(s) dropped: only mkv carries them")
    if film.n_pictures_attached and not (container.has_covers or container.has_attachments):
        warnings.append("cover picture dropped: this container has none")
    return warnings

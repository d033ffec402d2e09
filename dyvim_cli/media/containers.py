"""Rules of the film containers: codecs they carry, and conversions that streams need."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from dyvim_cli.media.output import MUXERS
from dyvim_cli.media.probe import TIMECODE, FilmInfo
from dyvim_cli.media.tracks import Track

TEXT_SUBTITLES = ("subrip", "ass", "ssa", "mov_text", "webvtt", "text", "srt")


LOSSLESS_SOUNDS = ("pcm_", "flac", "alac", "truehd", "mlp", "wavpack", "tta", "ape", "s302m")  # or begin so
# layout of a re-encoded track by its channels; all others become stereo
LAYOUTS = {1: "mono", 6: "5.1", 8: "7.1"}


@dataclass(frozen=True)
class Container:
    """The rules of one container; bit rates are for stereo."""

    audio_options: dict[str, Any]
    sound_codecs: tuple[str, ...] = ()  # carried unchanged, by every ffmpeg and so that players find them
    # options that encode other lossless sound; empty: audio_options
    lossless_options: dict[str, Any] = field(default_factory=dict)
    subtitle_codecs: tuple[str, ...] = ()  # carried unchanged
    text_codec: str = ""  # codec that other text subtitles are converted to
    has_attachments: bool = False
    has_timecode: bool = False  # ffmpeg writes it again from the picture's tag: as a track, or in mkv the tag
    has_covers: bool = False  # as picture streams with that disposition
    has_chapters: bool = True
    has_late_starts: bool = True  # a track may begin after the film's zero
    muxer_options: dict[str, Any] = field(default_factory=dict)


# with the encoder's usual search (twoloop) an attack in a film's first tenth of a second may overshoot
# by 6 dB, and with noise and directions that the decoder makes up (PNS, intensity stereo) later sound by one
AAC = {"codec": "aac", "bit_rate": 320_000, "aac_coder": "fast", "aac_pns": 0, "aac_is": 0}
ALAC, FLAC = {"codec": "alac"}, {"codec": "flac"}
EVERYWHERE = ("aac", "mp3", "ac3", "eac3", "dts")
PCM = tuple(f"pcm_{form}" for form in ("u8", "s16le", "s24le", "s32le", "f32le", "f64le", "alaw", "mulaw"))
PCM_OF_MACS = ("pcm_s8", "pcm_s16be", "pcm_s24be", "pcm_s32be", "pcm_f32be", "pcm_f64be")
MP4 = Container(
    AAC,
    sound_codecs=(*EVERYWHERE, "alac", "opus", "vorbis", "mp2"),  # PCM: ffmpeg from 6.1 on, and few players
    lossless_options=ALAC,
    subtitle_codecs=("mov_text", "dvd_subtitle"),
    text_codec="mov_text",
    has_timecode=True,
    has_covers=True,
    muxer_options={"movflags": "+faststart"},  # plays while it still loads
)
CONTAINERS = {
    "mp4": MP4,
    "mov": replace(
        MP4, subtitle_codecs=("mov_text",), sound_codecs=(*EVERYWHERE, "alac", "mp2", *PCM, *PCM_OF_MACS)
    ),
    "matroska": Container(
        AAC,
        sound_codecs=(
            *EVERYWHERE,
            *PCM,
            "pcm_s16be",
            "pcm_s24be",
            "pcm_s32be",
            "mp2",
            "mp1",
            "flac",
            "alac",
            "opus",
            "vorbis",
            "truehd",
            "mlp",
            "wavpack",
            "tta",
            "wmav1",
            "wmav2",
            "adpcm_ms",
            "adpcm_ima_wav",
        ),  # fmt: skip
        lossless_options=FLAC,
        subtitle_codecs=(
            "subrip",
            "ass",
            "ssa",
            "webvtt",
            "text",
            "dvd_subtitle",
            "dvb_subtitle",
            "hdmv_pgs_subtitle",
        ),  # fmt: skip
        text_codec="subrip",
        has_timecode=True,
        has_attachments=True,
    ),
    "webm": Container(
        {"codec": "libopus", "bit_rate": 192_000},
        sound_codecs=("opus", "vorbis"),
        subtitle_codecs=("webvtt",),
        text_codec="webvtt",
    ),
    # avi has no way to say how much a lossy codec delays the sound: only PCM starts on time
    "avi": Container(
        {"codec": "pcm_s16le"},
        sound_codecs=(*EVERYWHERE, *PCM, "mp2", "flac", "wmav2", "adpcm_ms", "adpcm_ima_wav"),
        has_late_starts=False,
        has_chapters=False,
    ),
    "mpegts": Container(
        AAC,
        subtitle_codecs=("dvb_subtitle", "dvb_teletext", "hdmv_pgs_subtitle"),
        sound_codecs=(*EVERYWHERE, "mp2", "mp1", "opus", "truehd", "aac_latm", "s302m"),
        has_chapters=False,
    ),
}
# as camcorders and Blu-rays write it: packets of 192 bytes, PCM of its own kind
CONTAINERS["m2ts"] = replace(
    CONTAINERS["mpegts"],
    sound_codecs=(*EVERYWHERE, "mp2", "truehd", "pcm_bluray"),
    muxer_options={"mpegts_m2ts_mode": 1},
)


def container_of(extension: str) -> tuple[str, Container]:
    """Find the rules of a film file's extension.

    Args:
        extension: such as ".mkv", in any case.

    Returns:
        (ffmpeg muxer, rules).
    """
    muxer = MUXERS[extension.lower()]
    return muxer, CONTAINERS["m2ts" if extension.lower() in (".m2ts", ".mts") else muxer]


def audio_arguments(options: dict[str, Any], position: int, channels: int) -> dict[str, Any]:
    """Write an audio stream's coding as ffmpeg options.

    Args:
        options: of a Container: codec, bit rate for stereo, and more.
        position: of the stream in the output.
        channels: more than two raise the bit rate.

    Returns:
        Options of ffmpeg-python's output.
    """
    options = dict(options)
    named = {"c": options.pop("codec")}
    if "bit_rate" in options:
        named["b"] = options.pop("bit_rate") * max(2, channels) // 2
    return {f"{name}:a:{position}": value for name, value in (named | options).items()}


def sound_plan(
    tracks: Iterable[Track], container: Container
) -> tuple[list[tuple[Track, dict[str, Any]]], list[str]]:
    """Plan a film's own sound tracks: copied where the container takes them, else re-encoded or dropped.

    Args:
        tracks: own sound tracks of the film.
        container: rules of the output.

    Returns:
        ([(track, options for `audio_arguments`)], warnings).
    """
    kept, warnings = [], []
    for track in tracks:
        name = f"sound track {track.position + 1}"
        if not track.is_known:
            why = "nothing in it" if track.n_packets == 0 else "its coding is not known"
            warnings.append(f"{name} dropped: {why}")
        elif track.codec in container.sound_codecs:
            kept.append((track, {"codec": "copy"}))
        else:
            options = _encoding(track, container)
            kept.append((track, options))
            warnings.append(f"{name} encoded as {options['codec']}: {track.codec} does not fit in")
            warnings += channel_note(track)
    return kept, warnings


def channel_note(track: Track) -> list[str]:
    """Say where a track that is re-encoded has channels in no usual layout.

    Args:
        track: one of the film's own sound tracks.

    Returns:
        A note, or nothing where its channels stay.
    """
    if track.channels <= 2 or track.channels in LAYOUTS:
        return []
    return [f"sound track {track.position + 1} becomes stereo: it has {track.channels} channels"]


def _encoding(track: Track, container: Container) -> dict[str, Any]:
    """The options that re-encode a track, so that nothing of a lossless one is lost where that can be."""
    is_lossless = track.codec.startswith(LOSSLESS_SOUNDS) and container.lossless_options
    shape = [f"aformat=channel_layouts={LAYOUTS.get(track.channels, 'stereo')}"]
    shape += [] if container.has_late_starts else ["aresample=async=1:first_pts=0"]
    coding = container.lossless_options if is_lossless else container.audio_options
    return {**coding, "filter": ",".join(shape)}


def subtitle_plan(film: FilmInfo, container: Container) -> tuple[list[tuple[Track, str]], list[str]]:
    """Decide what becomes of a film's subtitles.

    Args:
        film: what probe says of it.
        container: rules of the output.

    Returns:
        ([(track, codec to write, "copy" where it fits)], warnings about those that do not).
    """
    kept, warnings = [], []
    for track in film.subtitles:
        if track.codec in container.subtitle_codecs:
            kept.append((track, "copy"))
        elif track.codec in TEXT_SUBTITLES and container.text_codec:
            kept.append((track, container.text_codec))
            warnings.append(
                f"subtitle track {track.position + 1} becomes {container.text_codec}:"
                f" {track.codec} does not fit in"
            )
        else:
            warnings.append(f"subtitle track {track.position + 1} dropped: {track.codec} does not fit in")
    return kept, warnings


def dropped_streams(film: FilmInfo, container: Container) -> list[str]:
    """List what else the container cannot carry.

    Args:
        film: what probe says of it.
        container: rules of the output.

    Returns:
        Warnings about data tracks, attachments and covers.
    """
    kept = {"SubtitleHandler"} if film.n_chapters else set()  # mp4's chapters, which are kept, are in a track
    kept |= {TIMECODE} if container.has_timecode else set()
    warnings = [f"data track dropped: {name}" for name in film.data_tracks if name not in kept]
    if film.n_attachments and not container.has_attachments:
        warnings.append(f"{film.n_attachments} attachment(s) dropped: only mkv carries them")
    if film.n_chapters and not container.has_chapters:
        warnings.append(f"{film.n_chapters} chapter(s) dropped: this container has none")
    if film.n_pictures_attached and not (container.has_covers or container.has_attachments):
        warnings.append("cover picture dropped: this container has none")
    return warnings

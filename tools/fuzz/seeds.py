"""Make the small whole films that are damaged afterwards, one of every container."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from dyvim_cli.media.programs import find_ffmpeg

SECONDS, FPS = 2.0, 15
PICTURE = ["-f", "lavfi", "-i", f"testsrc2=s=160x90:r={FPS}:d={SECONDS}"]
VOICE = "aevalsrc=0.3*sin(2*PI*300*t)*gt(sin(2*PI*t)\\,0):s=44100"
SOUND = ["-f", "lavfi", "-t", str(SECONDS), "-i", VOICE, "-ac", "1"]
H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "8", "-pix_fmt", "yuv420p"]
VP8 = ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-g", "8", "-c:a", "libopus"]
COVERED = ["-f", "lavfi", "-i", "color=red:s=48x48:r=1:d=1", "-map", "0", "-map", "1", "-map", "2"]
TWICE = ["-map", "0:v", "-map", "1:a"]
# name -> (extension, options): each container with what it usually carries
SEEDS = {
    "mp4": (".mp4", [*H264, "-c:a", "aac"]),
    "faststart": (".mp4", [*H264, "-c:a", "aac", "-movflags", "+faststart"]),
    "fragments": (".mp4", [*H264, "-c:a", "aac", "-movflags", "+frag_keyframe+empty_moov"]),
    "mov": (".mov", ["-c:v", "mpeg4", "-g", "8", "-c:a", "pcm_s16le"]),
    "mkv": (".mkv", [*H264, "-c:a", "flac"]),
    "webm": (".webm", VP8),
    "avi": (".avi", ["-c:v", "mpeg4", "-g", "8", "-c:a", "pcm_s16le"]),
    "ts": (".ts", [*H264, "-c:a", "aac"]),
    "flv": (".flv", [*H264, "-c:a", "aac"]),
    "mpg": (".mpg", ["-c:v", "mpeg2video", "-r", "25", "-g", "8", "-c:a", "mp2"]),
    "gif": (".gif", ["-pix_fmt", "rgb8"]),
    "wmv": (".wmv", ["-c:v", "wmv2", "-g", "8", "-c:a", "wmav2"]),
    "ogv": (".ogv", [*VP8, "-f", "ogg"]),
    "mxf": (".mxf", ["-c:v", "mpeg2video", "-r", "25", "-g", "8", "-c:a", "pcm_s16le", "-ar", "48000"]),
    "m2ts": (".m2ts", [*H264, "-c:a", "ac3", "-f", "mpegts", "-mpegts_m2ts_mode", "1"]),
    "nut": (".nut", ["-c:v", "mpeg4", "-g", "8", "-c:a", "pcm_s16le"]),
    "timecode": (".mov", ["-c:v", "mjpeg", "-c:a", "pcm_s16be", "-timecode", "01:00:00:00"]),
    "cover": (".mp4", [*COVERED, "-c:v:0", "mpeg4", "-c:v:1", "png", "-disposition:v:1", "attached_pic"]),
    "two": (".mkv", [*TWICE, *TWICE, "-c:v", "mjpeg", "-c:a", "aac"]),
}


@dataclass(frozen=True)
class Seed:
    """A whole film, as bytes."""

    name: str
    extension: str
    data: bytes


def make_seeds(folder: Path) -> list[Seed]:
    """Encode a film of every kind in SEEDS.

    Args:
        folder: for the films.

    Returns:
        The films.
    """
    seeds = []
    for name, (extension, options) in SEEDS.items():
        path = folder / f"{name}{extension}"
        sound = [] if extension == ".gif" else SOUND
        quiet = [find_ffmpeg(), "-v", "error", "-nostdin", "-y"]
        subprocess.run([*quiet, *PICTURE, *sound, *options, f"file:{path}"], check=True)
        seeds.append(Seed(name, extension, path.read_bytes()))
    return seeds


def make_music(path: Path) -> Path:
    """Write the music that is laid under the damaged films: a tone of three seconds.

    Args:
        path: of the sound file.

    Returns:
        The path.
    """
    tone = 0.2 * np.sin(2 * np.pi * 220 * np.arange(3 * 48_000) / 48_000)
    soundfile.write(path, np.stack([tone, tone], axis=1), 48_000)
    return path

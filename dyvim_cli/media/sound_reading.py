"""Read sound files, and the sound of films: their length, their samples, a stream for filters."""

from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np

from dyvim_cli.errors import InputError
from dyvim_cli.limits import is_playable_rate
from dyvim_cli.media.ffmpeg import command, file_url, stream
from dyvim_cli.media.formats import EBML, head_of
from dyvim_cli.media.opening import open_sound
from dyvim_cli.media.programs import find_ffmpeg, is_on_time
from dyvim_cli.types import SAMPLE_RATE


def check_sound(path: Path) -> None:
    """Check that a file has a sound track that can be brought to our sample rate.

    Args:
        path: of the file.

    Raises:
        InputError: it has none.
    """
    with open_sound(path) as container:
        tracks = [track.codec_context for track in container.streams.audio]
    if not tracks:
        raise InputError(f"{path} holds no sound", "name a wav, flac, mp3 or ogg file")
    if tracks[0] and not is_playable_rate(tracks[0].sample_rate):
        reason = f"{path}: sound of {tracks[0].sample_rate} samples a second cannot be played"
        raise InputError(reason, "name a wav, flac, mp3 or ogg file")


def sound_duration_s(path: Path) -> float:
    """Read how long a sound file says it lasts.

    Args:
        path: of the file.

    Returns:
        Seconds; 0 where it does not say.

    Raises:
        InputError: there is no sound in it.
    """
    import av

    check_sound(path)
    with av.open(file_url(path), metadata_errors="replace") as container:
        stream = container.streams.audio[0]
        if stream.duration is not None:
            return float(stream.duration * stream.time_base)
        return (container.duration or 0) / 1e6


def sound_input(path: Path) -> Any:
    """Open the first sound track of a file for a filter graph.

    Args:
        path: of the file.

    Returns:
        A stream of ffmpeg-python.
    """
    sound = ffmpeg.input(file_url(path))["a:0"]
    if head_of(path).startswith(EBML) and not is_on_time(find_ffmpeg()):
        with open_sound(path) as container:
            track = container.streams.audio[0]
            start_s = float((track.start_time or 0) * track.time_base)
        sound = ffmpeg.input(file_url(path), seek_timestamp=1)["a:0"]
        sound = sound.filter("atrim", start=f"{start_s:.6f}").filter("asetpts", "PTS-STARTPTS")
    return sound


def read_audio(path: Path, sample_rate: int = SAMPLE_RATE) -> tuple[np.ndarray, int]:
    """Read any sound (or a film's first sound track).

    Args:
        path: of the file.
        sample_rate: wanted, Hz.

    Returns:
        ([n, 2] float32, sample rate in Hz).

    Raises:
        InputError: there is no such file or nothing in it can be heard by ffmpeg.
    """
    path = Path(path)
    check_sound(path)
    return samples_of(sound_input(path), path, sample_rate), sample_rate


def samples_of(sound: Any, path: Path, sample_rate: int = SAMPLE_RATE) -> np.ndarray:
    """Render a stream of a filter graph.

    Args:
        sound: of ffmpeg-python.
        path: that it comes from, for the message.
        sample_rate: wanted, Hz.

    Returns:
        [n, 2] float32.

    Raises:
        InputError: nothing comes of it.
    """
    output = ffmpeg.output(sound, "pipe:1", f="f32le", ac=2, ar=sample_rate)
    raw = bytearray()
    for chunk in stream(command(output), f"cannot read sound from {path}"):
        raw += chunk
    samples = np.frombuffer(raw, dtype="<f4").reshape(-1, 2)
    if not len(samples):
        raise InputError(f"{path} holds no sound", "name a wav, flac, mp3 or ogg file")
    return samples

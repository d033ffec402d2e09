"""Write parts of a soundtrack as sound files in any format that ffmpeg knows (pydub)."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from dyvim_cli.errors import UsageError
from dyvim_cli.types import Soundtrack

FADE_MS = 20  # an excerpt that begins or ends inside the music would click


def write_excerpt(
    sound: Soundtrack,
    path: Path,
    start_s: float = 0.0,
    end_s: float | None = None,
    *,
    overwrite: bool = False,
) -> Path:
    """Write a part of a soundtrack.

    Args:
        sound: the soundtrack.
        path: file to write; its suffix names the format: wav, flac, mp3, ogg, m4a, ...
        start_s: where the part begins, in seconds.
        end_s: where it ends; None = the end.
        overwrite: replace a file that exists.

    Returns:
        path.

    Raises:
        UsageError: the part is empty, or ffmpeg writes no such format.
        OutputError: the file exists or cannot be written.
    """
    from dyvim_cli.media.output import commit
    from dyvim_cli.media.programs import find_ffmpeg

    segment_type = _pydub()
    from pydub.exceptions import CouldntEncodeError

    last_s = sound.duration_s if end_s is None else min(end_s, sound.duration_s)
    if not 0 <= start_s < last_s:
        raise UsageError(f"nothing lies between {start_s:g} and {last_s:g} s", f"0 to {sound.duration_s:g} s")
    pcm = (np.clip(sound.samples, -1, 1) * 32767).astype("<i2").tobytes()
    part = segment_type(pcm, sample_width=2, frame_rate=sound.sample_rate, channels=sound.samples.shape[1])
    part = part[round(1000 * start_s) : round(1000 * last_s)]
    part = part.fade_in(FADE_MS) if start_s > 0 else part
    part = part.fade_out(FADE_MS) if last_s < sound.duration_s else part
    segment_type.converter = find_ffmpeg()
    with commit(path, overwrite=overwrite) as aside:
        try:
            part.export(str(aside), format=FORMATS.get(path.suffix.lower(), path.suffix.lower().lstrip(".")))
        except CouldntEncodeError as error:
            raise UsageError(
                f"{path}: ffmpeg writes no sound of this name", "-o music.wav, .flac or .mp3"
            ) from error
    return path


FORMATS = {".m4a": "ipod", ".aac": "adts", ".oga": "ogg"}  # where ffmpeg's name is another


def _pydub() -> Any:  # pydub has no types
    """pydub's AudioSegment; its import warns of a system without ffmpeg, of which we know better."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pydub import AudioSegment
    return AudioSegment

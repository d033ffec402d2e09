"""Read the recordings of SFZ instruments: what they are at once, their frames when they are played."""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from dyvim_cli.errors import InputError
from dyvim_cli.music.synth.sample_data import decoded
from dyvim_cli.music.synth.sfz.places import found_file
from dyvim_cli.music.synth.sfz.text import Said
from dyvim_cli.music.synth.soundfont import RATES_HZ, Sample
from dyvim_cli.regular_files import check_regular

MOST_FRAMES = 1 << 23  # frames of a recording that are played: 175 s at 48 kHz
READ_FRAMES = 1 << 16  # frames that are read at a time
LOUDEST = (
    16.0  # largest value of a frame: recordings in floats may lie a little above 1, not a thousand times
)
MOST_CHUNKS = 1000  # chunks of a WAV file that are looked through for its loop
SMPL = struct.Struct("<36x")  # a smpl chunk up to its loops: nine numbers of 4 bytes
LOOP = struct.Struct("<8xII8x")  # first and last frame of a loop, within its record
HINT = "put the sample there, or get the instrument with all of its samples"


@dataclass(frozen=True)
class Recording:
    """A sound file: its size, and the loop and key that a WAV file's smpl chunk has."""

    path: Path
    sample_rate: int
    n_frames: int
    n_channels: int
    loop: tuple[int, int] | None = None  # first frame, and the one behind the last
    key: float | None = None


@dataclass(frozen=True)
class FileSample(Sample):
    """One channel of a recording as a sample."""

    recording: Recording | None = None
    channel: int = 0


def recording(folder: Path, default_path: str, said: Said) -> Recording:
    """Find the recording that a region names.

    Args:
        folder: of the .sfz file.
        default_path: what stands before every name, a folder or the beginning of names.
        said: the name and where it stands.

    Returns:
        What the file's header tells.

    Raises:
        InputError: it is missing, no regular file, or no sound.
    """
    name = default_path + said.value
    path = found_file(folder, name)
    if path is None:
        raise InputError(f"{said.where}: no such sample: {name.replace(chr(92), '/')}", HINT)
    try:
        check_regular(path, "sample")
        return _read_header(path)
    except InputError as error:
        raise InputError(f"{said.where}: {error.message}", HINT) from error


def _read_header(path: Path) -> Recording:
    import soundfile

    try:
        with soundfile.SoundFile(path) as file:
            rate_hz = min(max(file.samplerate, RATES_HZ[0]), RATES_HZ[1])
            n_frames = min(max(file.frames, 0), MOST_FRAMES)
            is_wave, n_channels = file.format in ("WAV", "WAVEX", "RF64"), file.channels
        loop, key = _sampler_chunk(path) if is_wave else (None, None)
    except (soundfile.LibsndfileError, OSError, RuntimeError) as error:
        raise InputError(f"the sample {path} cannot be read: {error}", HINT) from error
    return Recording(path, rate_hz, n_frames, n_channels, loop, key)


def _sampler_chunk(path: Path) -> tuple[tuple[int, int] | None, float | None]:
    """(loop, key) of a WAV file's smpl chunk; None for what is not there."""
    with path.open("rb") as file:
        raw = _chunk(file, b"smpl")
    if len(raw) < SMPL.size:
        return None, None
    key = struct.unpack_from("<I", raw, 12)[0]
    n_loops = struct.unpack_from("<I", raw, 28)[0]
    loop = None
    if n_loops and len(raw) >= SMPL.size + LOOP.size:
        first, last = LOOP.unpack_from(raw, SMPL.size)
        loop = (first, last + 1) if first < last else None
    return loop, float(key) if key <= 127 else None


def _chunk(file: BinaryIO, wanted: bytes, most_bytes: int = 4096) -> bytes:
    """The beginning of a chunk of a RIFF file; empty where there is none."""
    file.seek(12)
    for _ in range(MOST_CHUNKS):
        head = file.read(8)
        if len(head) < 8:
            break
        size = int.from_bytes(head[4:], "little")
        if head[:4] == wanted:
            return file.read(min(size, most_bytes))
        file.seek(size + size % 2, 1)
    return b""


@decoded.register
def _(sample: FileSample, n_most: int | None = None) -> tuple[np.ndarray, int]:
    import soundfile

    found = sample.recording
    if found is None:
        raise ValueError("a sample of a file has a recording")
    n_wanted = found.n_frames if n_most is None else min(n_most, found.n_frames)
    try:
        with soundfile.SoundFile(found.path) as file:
            frames = _channel(file, sample.channel, n_wanted)
    except (soundfile.LibsndfileError, OSError, RuntimeError) as error:
        raise InputError(f"the sample {found.path} cannot be read: {error}", HINT) from error
    np.nan_to_num(frames, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    np.clip(frames, -LOUDEST, LOUDEST, out=frames)
    return frames, found.n_frames if len(frames) == n_wanted else len(frames)


def _channel(file: "object", channel: int, n_wanted: int) -> np.ndarray:
    """The first frames of one channel, [<= n_wanted] float32, read block by block."""
    frames, n = np.zeros(n_wanted, np.float32), 0
    while n < n_wanted:
        block = file.read(min(READ_FRAMES, n_wanted - n), "float32", always_2d=True)  # type: ignore[attr-defined]
        if not len(block):
            break
        frames[n : n + len(block)] = block[:, channel]
        n += len(block)
    return frames[:n]

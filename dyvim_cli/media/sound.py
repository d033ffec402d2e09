"""Write sound files: wav and flac by libsndfile, everything else by ffmpeg."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import av
import ffmpeg
import numpy as np
import soundfile

from dyvim_cli.atomic import PendingFiles
from dyvim_cli.errors import OutputError, UsageError, cannot_write, disk_full
from dyvim_cli.media.ffmpeg import command, file_url, metadata_options, run
from dyvim_cli.media.output import commit, made_folder
from dyvim_cli.media.sound_reading import sound_input
from dyvim_cli.scratch import scratch_folder
from dyvim_cli.types import SAMPLE_RATE

CHUNK = 1 << 18  # samples
LOSSLESS = {".wav": ("WAV", "PCM_24"), ".flac": ("FLAC", "PCM_24")}
# extension -> (muxer, options): transparent rates
LOSSY: dict[str, tuple[str, dict[str, str | int]]] = {
    ".mp3": ("mp3", {"c:a": "libmp3lame", "b:a": "256k"}),
    ".ogg": ("ogg", {"c:a": "libvorbis", "q:a": 7}),
    ".opus": ("opus", {"c:a": "libopus", "b:a": "160k"}),
    ".m4a": ("ipod", {"c:a": "aac", "b:a": "256k"}),
}
RIFF_LIMIT_BYTES = 4_000_000_000  # a plain wav cannot say more
SHORTEST_TEAR_S = 0.1  # a written sound may end this much before its music: codecs count in blocks


def check_sound_name(path: Path) -> None:
    """Check that a name ends in a sound format that `write_audio` knows.

    Args:
        path: of the file.

    Raises:
        UsageError: it does not.
    """
    if Path(path).suffix.lower() not in {**LOSSLESS, **LOSSY}:
        known = " ".join([*LOSSLESS, *LOSSY])
        raise UsageError(f"{path}: not a sound format that can be written", f"the name may end in: {known}")


def is_lossy(path: Path) -> bool:
    """Check whether ffmpeg writes the sound format that a name ends in; the others need none.

    Args:
        path: of the file.

    Returns:
        True for mp3, ogg, opus, m4a and the like.
    """
    return Path(path).suffix.lower() in LOSSY


def write_audio(
    path: Path,
    samples: np.ndarray,
    sample_rate: int,
    *,
    overwrite: bool = True,
    metadata: dict[str, Any] | None = None,
) -> Path:
    """Write samples as wav or flac (24 bit), mp3, ogg, opus or m4a; whole or not at all.

    Args:
        path: of the file; its extension chooses the format.
        samples: [n, channels] float, -1..1.
        sample_rate: Hz.
        overwrite: replace a file that exists.
        metadata: tags of the lossy formats.

    Returns:
        The path.

    Raises:
        UsageError: the extension is unknown.
        OutputError: the file exists and `overwrite` is off.
    """
    path = Path(path)
    check_sound_name(path)
    with commit(path, overwrite=overwrite) as temporary:
        if path.suffix.lower() in LOSSLESS:
            _write_pcm(temporary, path, samples, sample_rate, *LOSSLESS[path.suffix.lower()])
        else:
            with as_sound_file(samples, sample_rate) as plain:
                _encode(plain, temporary, path, metadata or {})
    return path


def _write_pcm(
    path: Path, shown: Path, samples: np.ndarray, sample_rate: int, container: str, subtype: str
) -> None:
    """Write samples [n, channels] chunk by chunk, so that no second copy of the film's music exists."""
    blocks = (samples[start : start + CHUNK] for start in range(0, len(samples), CHUNK))
    _write_blocks(path, shown, blocks, samples.shape, sample_rate, container, subtype)


def _write_blocks(
    path: Path,
    shown: Path,
    blocks: Iterable[np.ndarray],
    shape: tuple[int, ...],
    sample_rate: int,
    container: str,
    subtype: str,
) -> None:
    """Write blocks [m, channels] of a sound of shape [n, channels] through libsndfile.

    shown: the name that an error says. Raises EnvironmentFault when the disk is full.
    """
    if container == "WAV" and shape[0] * shape[1] * 4 > RIFF_LIMIT_BYTES:
        container = "RF64"
    form = {"samplerate": sample_rate, "channels": shape[1], "format": container, "subtype": subtype}
    with _room_for(path, shown), soundfile.SoundFile(path, "w", **form) as file:
        for block in blocks:
            file.write(np.clip(block, -1.0, 1.0))
    _check_whole(path, shown, shape[0] / sample_rate)


@contextmanager
def sound_writer(
    path: Path, seconds: float, subtype: str = "PCM_24", shown: Path | None = None
) -> Iterator[Callable[..., Any]]:
    """Open a wav file of stereo at 48 kHz to be written block by block.

    Args:
        path: of the file.
        seconds: about how long it gets; large ones are RF64.
        subtype: of libsndfile, PCM_24 or FLOAT.
        shown: the name that an error says; None = path.

    Yields:
        A function that writes the next block [n, 2].

    Raises:
        EnvironmentFault: the disk is full.
    """
    shown = shown or path
    n_bytes = seconds * SAMPLE_RATE * 8
    container = "RF64" if n_bytes > RIFF_LIMIT_BYTES else "WAV"
    with _room_for(path, shown):
        file = soundfile.SoundFile(path, "w", SAMPLE_RATE, 2, subtype, format=container)

    def write(block: np.ndarray) -> None:
        with _room_for(path, shown):
            file.write(np.clip(block, -1.0, 1.0) if subtype == "PCM_24" else block)

    try:
        yield write
    finally:
        with _room_for(path, shown):
            file.close()


@contextmanager
def _room_for(path: Path, shown: Path) -> Iterator[None]:
    """Say why a file could not be written; libsndfile only knows "System error", so the system is asked."""
    try:
        yield
    except soundfile.LibsndfileError as error:
        try:
            with open(path, "ab") as file:
                file.write(bytes(4096))
        except OSError as reason:
            raise cannot_write(shown, reason) from error
        raise disk_full(shown) from error


def _check_whole(path: Path, shown: Path, seconds: float) -> None:
    """Read a written sound file back: raise EnvironmentFault where it ends too early.

    On a full disk ffmpeg 5.1 ends with exit code 0.
    """
    try:
        with av.open(file_url(path), metadata_errors="replace") as container:
            packets = (packet for packet in container.demux(audio=0) if packet.pts is not None)
            end_s = max(float((packet.pts + (packet.duration or 0)) * packet.time_base) for packet in packets)
    except (av.FFmpegError, OSError, IndexError, ValueError):
        end_s = 0.0
    if end_s < seconds - SHORTEST_TEAR_S:
        raise disk_full(shown)


@contextmanager
def stem_writer(
    folder: Path, seconds: float, *, overwrite: bool, group: PendingFiles | None = None
) -> Iterator[Callable[..., Any]]:
    """Open a folder of wav files, one per part; they appear when all are whole, and those of the group.

    Args:
        folder: made if need be.
        seconds: about how long each gets.
        overwrite: replace files that exist.
        group: the files appear when its others do.

    Yields:
        A function of a part's name and its next block [2, n].

    Raises:
        OutputError: a file exists and `overwrite` is off.
    """
    writers: dict[str, Callable[..., Any]] = {}
    with made_folder(folder), ExitStack() as stack:

        def write(name: str, block: np.ndarray) -> None:
            if name not in writers:
                part = stack.enter_context(commit(folder / f"{name}.wav", overwrite=overwrite, group=group))
                writers[name] = stack.enter_context(sound_writer(part, seconds, shown=folder / f"{name}.wav"))
            writers[name](block.T)

        yield write


@contextmanager
def as_sound_file(samples: np.ndarray, sample_rate: int) -> Iterator[Path]:
    """Write samples to a temporary lossless file that ffmpeg can read.

    Args:
        samples: [n, channels] float.
        sample_rate: Hz.

    Yields:
        Path of the file; gone afterwards.
    """
    with scratch_folder() as folder:
        path = folder / "music.wav"
        _write_pcm(path, path, samples, sample_rate, "WAV", "FLOAT")
        yield path


def _encode(source: Path, temporary: Path, path: Path, metadata: dict[str, Any]) -> None:
    """Encode a lossless file with ffmpeg."""
    muxer, coding = LOSSY[path.suffix.lower()]
    options = {"f": muxer, "fflags": "+bitexact", **coding}  # ogg would number its stream at random
    output = ffmpeg.output(sound_input(source), file_url(temporary), **options)
    run(command(output, *metadata_options(metadata)), f"cannot write {path}", error=OutputError)
    with soundfile.SoundFile(source) as file:
        _check_whole(temporary, path, file.frames / file.samplerate)


def convert_audio(
    source: Path,
    path: Path,
    *,
    overwrite: bool = True,
    metadata: dict[str, Any] | None = None,
    group: PendingFiles | None = None,
) -> Path:
    """Write a lossless sound file in another format, chunk by chunk.

    Args:
        source: path of a wav or flac.
        path: of the file; its extension chooses the format.
        overwrite: replace a file that exists.
        metadata: tags of the lossy formats.
        group: the file appears when its others do.

    Returns:
        The path.

    Raises:
        UsageError: the extension is unknown.
        OutputError: the file exists and `overwrite` is off.
    """
    path = Path(path)
    check_sound_name(path)
    with commit(path, overwrite=overwrite, group=group) as temporary:
        if path.suffix.lower() in LOSSLESS:
            with soundfile.SoundFile(source) as file:
                blocks = file.blocks(CHUNK, dtype="float32", always_2d=True)
                shape = (file.frames, file.channels)
                form = (file.samplerate, *LOSSLESS[path.suffix.lower()])
                _write_blocks(temporary, path, blocks, shape, *form)
        else:
            _encode(source, temporary, path, metadata or {})
    return path


def conform(source: Path, path: Path, *, start_s: float = 0.0, speed: float = 1.0) -> None:
    """Write a sound from a moment on, at another speed and the same pitch (WSOLA, ffmpeg's atempo).

    Args:
        source: path of a sound.
        path: of the wav, stereo at SAMPLE_RATE; a large one is RF64.
        start_s: where it begins in the source.
        speed: 0.5 to 2.

    Raises:
        InputError: the source cannot be read.
    """
    sound = sound_input(source).filter("atrim", start=start_s).filter("asetpts", "PTS-STARTPTS")
    if speed != 1.0:
        sound = sound.filter("atempo", speed)
    form = {"f": "wav", "c:a": "pcm_f32le", "ac": 2, "ar": SAMPLE_RATE, "rf64": "auto"}
    run(command(ffmpeg.output(sound, file_url(path), **form)), f"cannot place the music of {source}")

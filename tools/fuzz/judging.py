"""Judge the command line's handling of a damaged film: one line per broken promise."""

import hashlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av

from dyvim_cli.errors import ExitCode
from dyvim_cli.media.programs import find_ffmpeg, newer_ffmpeg
from tools.fuzz.units import packets_of_units

EXPECTED = {ExitCode.OK, ExitCode.USAGE, ExitCode.INPUT, ExitCode.OUTPUT, ExitCode.ENVIRONMENT}
NEVER_SAID = ("Traceback (most recent call last)", "a fault in dyvim")
MOST_MEMORY_MB = 2048
SIZE_COLUMN, HASH_COLUMN = 4, 5  # columns of framemd5, after stream, two times and duration
KINDS = {"gif": ".gif", "mpegts": ".ts"}  # ffmpeg's names of formats that are copied in other bytes
BASE_S, FACTOR = 20.0, 10.0  # the time allowed: twenty seconds and ten times the film


@dataclass(frozen=True)
class Run:
    """One command that has ended (or was ended), and the folder it worked in."""

    verb: str
    film: Path
    output: Path | None
    folder: Path  # holds the film, and the output when there is one
    scratch: Path  # the command's TMPDIR
    film_digest: str  # digest of the film before the run
    exit_code: int  # negative: the signal it died by
    was_ended: bool  # it took too long
    said: str  # stdout and stderr
    memory_mb: float  # memory of its largest process
    pictures: Path | None = None  # the film whose picture packets the output must hold


def time_limit_s(film_s: float) -> float:
    """Limit the time of a run.

    Args:
        film_s: length of the film, s.

    Returns:
        Seconds.
    """
    return BASE_S + FACTOR * film_s


def digest(path: Path) -> str:
    """Hash a film's bytes.

    Args:
        path: of the film.

    Returns:
        Hexadecimal digits.
    """
    return hashlib.sha256(path.read_bytes()).hexdigest()


def broken_promises(run: Run) -> list[str]:
    """List the promises that the run broke.

    Args:
        run: a command that has ended.

    Returns:
        A line for each.
    """
    return [*_of_the_process(run), *_of_the_files(run)]


def _of_the_process(run: Run) -> Iterator[str]:
    if run.was_ended:
        yield "took too long"
    elif run.exit_code not in EXPECTED:
        yield f"exit code {run.exit_code}"
    yield from (f"said {words!r}" for words in NEVER_SAID if words in run.said)
    if run.memory_mb > MOST_MEMORY_MB:
        yield f"took {run.memory_mb:.0f} MB"


def _of_the_files(run: Run) -> Iterator[str]:
    if digest(run.film) != run.film_digest:
        yield "the input was changed"
    if run.was_ended:
        return  # it was killed: what is left then is the next run's to remove
    wanted = {run.film, run.output} if run.exit_code == 0 else {run.film}
    if left := sorted(path.name for path in run.folder.iterdir() if path not in wanted):
        yield f"left {left}"
    if left := sorted(path.name for path in run.scratch.iterdir()):
        yield f"left {left} in TMPDIR"
    if run.exit_code == 0:
        yield from _of_the_output(run)


def _of_the_output(run: Run) -> Iterator[str]:
    if run.output is None:
        return
    if not run.output.exists():
        yield "exit code 0 and no output"
    elif run.pictures is not None:
        kinds = (kind_of(path) for path in (run.pictures, run.output))
        compared = next((COMPARED[kind] for kind in kinds if kind in COMPARED), picture_packets)
        given, delivered = compared(run.pictures), compared(run.output)
        at = _first_difference(given, delivered)
        if at is not None:
            where = f"the first that differs is number {at}"
            yield f"{len(given)} picture packets became {len(delivered)}, {where}"


def kind_of(path: Path) -> str:
    """Find the extension that a film should have by its content: a damaged one may have become another kind.

    Args:
        path: of the film.

    Returns:
        Such as ".mp4".
    """
    try:
        with av.open(str(path), metadata_errors="replace") as container:
            return KINDS.get(container.format.name, path.suffix)
    except av.FFmpegError:
        return path.suffix


def _first_difference(given: list[bytes], delivered: list[bytes]) -> int | None:
    """The first packet that does not end in the bytes that were given; None where all do."""
    pairs = enumerate(zip(given, delivered, strict=False))
    other = next((at for at, (before, after) in pairs if not after.endswith(before)), None)
    return min(len(given), len(delivered)) if other is None and len(given) != len(delivered) else other


def picture_packets(path: Path) -> list[bytes]:
    """Hash every picture packet as ffmpeg itself copies them, those before the first key frame too.

    A packet of no bytes holds no picture, and no container is written with one: it is left out.

    Args:
        path: of the film.

    Returns:
        A hash a packet.
    """
    # the newest at hand: an older one may lose packets of damaged films, which the product then does not
    read = [newer_ffmpeg() or find_ffmpeg(), "-v", "quiet", "-nostdin", "-i", f"file:{path}"]
    copied = ["-map", "0:V:0", "-c", "copy", "-copyinkf", "-f", "framemd5", "-"]
    lines = subprocess.run([*read, *copied], stdout=subprocess.PIPE, timeout=60).stdout.decode().splitlines()
    packets = [line.split(",") for line in lines if line and not line.startswith("#")]
    return [columns[HASH_COLUMN].strip().encode() for columns in packets if int(columns[SIZE_COLUMN])]


def decoded_pictures(path: Path) -> list[bytes]:
    """Decode the pictures: a gif is re-encoded, and a damaged picture may not decode.

    Args:
        path: of the film.

    Returns:
        One word for every picture that decodes.
    """
    read = [find_ffmpeg(), "-v", "quiet", "-nostdin", "-i", f"file:{path}"]
    decoded = ["-map", "0:V:0", "-fps_mode", "passthrough", "-f", "framemd5", "-"]
    lines = subprocess.run([*read, *decoded], stdout=subprocess.PIPE, timeout=60).stdout.decode().splitlines()
    return [b"picture" for line in lines if line and not line.startswith("#")]


# how pictures are compared where the copy cannot be the very same bytes
COMPARED = {".gif": decoded_pictures, ".ts": packets_of_units, ".m2ts": packets_of_units}

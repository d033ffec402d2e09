"""Run ffmpeg: arguments are built with ffmpeg-python, the process is supervised here."""

import re
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from io import BufferedReader
from pathlib import Path
from typing import IO, Any, cast

from dyvim_cli.errors import SAYS_FULL, DyvimError, EnvironmentFault, InputError
from dyvim_cli.media.formats import FOR_FFMPEG, allowed_options, demuxer_of
from dyvim_cli.media.programs import find_ffmpeg
from dyvim_cli.media.watchdog import Watchdog

STDERR_LINES_KEPT = 200
FILE = "file:"  # the one protocol that is used
PROGRESS = (b"frame=", b"total_size=", b"out_time_us=")  # fields of -progress that grow while ffmpeg gets on
SMALL_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?e-\d+(?![\w.])")  # 2.22e-16, as Python writes it
COMPLAINT = re.compile(r".*\[(?:error|fatal)\] (?P<text>.+)")  # what -loglevel level+info makes of it
EMPTY_WORDS = (  # what ffmpeg says after it has said why
    "Conversion failed!", "Could not write header", "Error opening input file", "Error opening output file",
    "Error sending frames", "Nothing was written", "Task finished", "Terminating thread",
)  # fmt: skip


def file_url(path: Path) -> str:
    """Write a path as ffmpeg should be given it: never mistaken for an option or for a protocol.

    Args:
        path: of any file.

    Returns:
        An absolute file: address.

    Raises:
        InputError: the name's bytes are no UTF-8, which ffmpeg-python cannot take.
    """
    url = f"{FILE}{Path(path).absolute()}"
    try:
        url.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"the name of {path} is not UTF-8", "rename it") from error
    return url


def command(output: Any, *last_options: str, program: str | None = None) -> list[str]:
    """Compile an ffmpeg-python output; only allowed formats and protocols are read.

    Args:
        output: of ffmpeg-python, which has no types.
        *last_options: go right before the file's name: options that occur twice (-metadata), which
            ffmpeg-python cannot say.
        program: another ffmpeg than find_ffmpeg's.

    Returns:
        The full command line.

    Raises:
        EnvironmentFault: there is no ffmpeg.
    """
    args = [_in_decimals(word) for word in output.compile(program or find_ffmpeg())]
    return [args[0], "-y", *_guarded(args[1:-1]), *last_options, args[-1]]


def _guarded(args: list[str]) -> list[str]:
    """A command line whose input files are read as what `formats` allows, and as nothing else."""
    guarded = []
    for word, following in zip(args, [*args[1:], ""], strict=True):
        if word == "-i" and following.startswith(FILE):
            guarded += _input_guard(Path(following.removeprefix(FILE)))
        guarded.append(word)
    return guarded


def _input_guard(path: Path) -> list[str]:
    """The options before -i that keep ffmpeg from following a file to another one."""
    demuxer = demuxer_of(path)
    options = allowed_options(FOR_FFMPEG) | ({"f": demuxer} if demuxer else {})
    return [word for name, value in options.items() for word in (f"-{name}", value)]


def _in_decimals(word: str) -> str:
    """A word of a command line without numbers in scientific notation, which ffmpeg's times do not take."""
    if word.startswith(FILE):
        return word
    return SMALL_NUMBER.sub(lambda found: f"{float(found[0]):.9f}", word)


def metadata_options(tags: dict[str, str], specifier: str = "") -> list[str]:
    """Write tags as -metadata options.

    Args:
        tags: name -> value.
        specifier: names a stream, for example ":s:a:0"; "" = the file.

    Returns:
        Words of a command line.
    """
    return [word for key, value in tags.items() for word in (f"-metadata{specifier}", f"{key}={value}")]


def _drain(pipe: IO[bytes], lines: deque[str]) -> None:
    """Read a pipe to its end, keeping the last lines (an unread pipe hangs ffmpeg)."""
    for raw in pipe:
        lines.append(raw.decode("utf-8", "replace").rstrip())


def _failure(lines: Sequence[str], what: str, error: type[DyvimError]) -> DyvimError:
    """The error for a failed run: ffmpeg's last line that says something."""
    spoken = [found["text"] for found in map(COMPLAINT.match, lines) if found]
    telling = [text for text in spoken if not text.startswith(EMPTY_WORDS)] or spoken
    reason = telling[-1].strip() if telling else "ffmpeg gave no reason"
    if any(words in text for words in SAYS_FULL for text in spoken):
        reason = "takes no file so large" if any("File too large" in text for text in spoken) else "is full"
        return EnvironmentFault(f"{what}: the disk {reason}", "free some space and run it again")
    return error(f"{what}: {reason}", "see that the file plays; DYVIM_FFMPEG=... chooses another ffmpeg")


def stream(
    args: Sequence[str],
    what: str,
    *,
    error: type[DyvimError] = InputError,
    cwd: Path | None = None,
    stderr_lines: deque[str] | None = None,
    chunk_bytes: int = 1 << 16,
    is_progress: Callable[[bytes], bool] = bool,
) -> Iterator[bytes]:
    """Run ffmpeg and yield what it writes to stdout.

    The process never outlives this generator: an exception or Ctrl-C in the caller kills it,
    and so does the watchdog when nothing comes any more that `is_progress` calls so.

    Args:
        args: what `command` returns.
        what: opens the error message ("cannot read clip.mp4").
        error: class of the error.
        cwd: folder to run in; None = the current one.
        stderr_lines: takes ffmpeg's last words; None = its own.
        chunk_bytes: of a chunk at most.
        is_progress: whether a chunk counts as progress for the watchdog.

    Yields:
        Bytes of stdout.

    Raises:
        DyvimError: ffmpeg fails; of class `error`, with ffmpeg's own last words.
    """
    lines = stderr_lines if stderr_lines is not None else deque(maxlen=STDERR_LINES_KEPT)
    process = _started(args, cwd)
    pipe, complaints = cast(BufferedReader, process.stdout), cast(BufferedReader, process.stderr)
    drain = threading.Thread(target=_drain, args=(complaints, lines), daemon=True)
    drain.start()
    watchdog = Watchdog(process, _input_bytes(args))
    try:
        with watchdog:
            while chunk := watchdog.wait_for(lambda: pipe.read1(chunk_bytes)):
                if is_progress(chunk):
                    watchdog.sign_of_life()
                yield chunk
            status = watchdog.wait_for(process.wait)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        drain.join()
        pipe.close()
        complaints.close()
    if watchdog.has_bitten:
        raise watchdog.failure(what)
    if status:
        raise _failure(lines, what, error)


def _started(args: Sequence[str], cwd: Path | None) -> subprocess.Popen[bytes]:
    """Start a non-interactive ffmpeg that reports its progress."""
    return subprocess.Popen(
        [args[0], "-hide_banner", "-nostdin", "-loglevel", "level+info", *args[1:]],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=cwd,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # Windows alone has it
    )


def _input_bytes(args: Sequence[str]) -> int:
    """The size of all files that a command line reads."""
    urls = [following for word, following in zip(args, args[1:], strict=False) if word == "-i"]
    paths = [Path(url.removeprefix(FILE)) for url in urls if url.startswith(FILE)]
    return sum(path.stat().st_size for path in paths if path.is_file())


def run(
    args: Sequence[str],
    what: str,
    *,
    error: type[DyvimError] = InputError,
    cwd: Path | None = None,
    on_time: Callable[[float], None] | None = None,
) -> list[str]:
    """Run ffmpeg to its end.

    Args:
        args: what `command` returns.
        what: opens the error message.
        error: class of the error.
        cwd: folder to run in; None = the current one.
        on_time: notified of how many seconds of output are written.

    Returns:
        The last lines of its stderr.

    Raises:
        DyvimError: as `stream`.
    """
    lines: deque[str] = deque(maxlen=STDERR_LINES_KEPT)
    said: set[bytes] = set()

    def is_progress(chunk: bytes) -> bool:
        """Check whether a value is new: ffmpeg reports twice a second, even when it makes no progress."""
        values = {word for word in chunk.split() if word.startswith(PROGRESS)}
        is_new = not values <= said
        said.update(values)
        return is_new

    # ffmpeg-python knows no way to say this globally; -progress writes key=value lines to stdout
    watched = [args[0], "-progress", "pipe:1", "-nostats", *args[1:]]
    chunks = stream(
        watched,
        what,
        error=error,
        cwd=cwd,
        stderr_lines=lines,
        chunk_bytes=4096,
        is_progress=is_progress,
    )
    for chunk in chunks:
        times = [part[len(b"out_time_us=") :] for part in chunk.split() if part.startswith(b"out_time_us=")]
        if on_time and times and times[-1].isdigit():
            on_time(int(times[-1]) / 1e6)
    return list(lines)

"""Keep a closed, full or badly encoded stdout or stderr from ending a run.

A reader that goes away (`| head`) does not stop the work, nor does a full disk behind stdout: what cannot be
written is dropped, and a lost result is said when the work is done.
"""

import codecs
import errno
import io
import os
import sys
from dataclasses import dataclass
from typing import Any, TextIO

from dyvim_cli.errors import DyvimError, OutputError, cannot_write

ENCODING_ERRORS = "dyvim-as-bytes"


class _Stream(io.FileIO):
    """The raw stream of a file descriptor that takes everything and remembers the first failure."""

    failure: OSError | None = None

    def write(self, data: Any) -> int:  # Any: a buffer, as io.FileIO takes
        """Write, or drop what cannot be written."""
        if self.failure is None:
            try:
                return super().write(data)
            except OSError as error:
                self.failure = error
        return len(data)


@dataclass(frozen=True)
class Streams:
    """The guarded stdout; None where the process has none of its own."""

    out: _Stream | None

    def lost(self) -> DyvimError | None:
        """Find out why a result could not be written to stdout.

        Returns:
            OutputError, or EnvironmentFault on a full disk; None when all was written, or the reader has
            gone: it has read what it wanted.
        """
        if self.out is None:
            return None
        sys.stdout.flush()
        if self.out.failure is None or self.out.failure.errno in (errno.EPIPE, errno.ESHUTDOWN):
            return None
        return cannot_write("to stdout", self.out.failure)


def guard() -> Streams:
    """Put guarded streams in the places of stdout and stderr.

    Returns:
        The guarded stdout.

    Raises:
        OutputError: stdout is closed.
    """
    is_closed = sys.stdout is None
    _occupy_standard_descriptors()
    codecs.register_error(ENCODING_ERRORS, _as_bytes)
    _, sys.stderr = _guarded(sys.stderr, 2)
    out, sys.stdout = _guarded(sys.stdout, 1)
    if is_closed:
        raise OutputError("stdout is closed: a result could not be printed", "send it elsewhere: >/dev/null")
    return Streams(out)


def _occupy_standard_descriptors() -> None:
    """Open closed ones of 0, 1 and 2: else the next file that is opened would take the place of stdout."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest that is free


def _guarded(stream: Any, descriptor: int) -> tuple[_Stream | None, TextIO]:
    """Wrap a standard stream: (raw stream, text stream); others than file descriptors stay unchanged."""
    if stream is not None and not _is_plain(stream):  # Windows' console
        return None, stream
    raw = _Stream(descriptor, "w", closefd=False)
    encoding = "utf-8" if stream is None else stream.encoding
    is_terminal = stream is not None and stream.isatty()
    errors = ENCODING_ERRORS if descriptor == 1 else "backslashreplace"
    buffer = io.BufferedWriter(raw)
    return raw, io.TextIOWrapper(buffer, encoding, errors, line_buffering=is_terminal or descriptor == 2)


def _is_plain(stream: TextIO) -> bool:
    """Check that a text stream writes to a file descriptor alone; python -u leaves the buffer out."""
    buffer = getattr(stream, "buffer", None)
    return type(getattr(buffer, "raw", buffer)) is io.FileIO


def _as_bytes(error: UnicodeError) -> tuple[bytes, int]:
    """Encode what stdout's encoding lacks as file names are: a path that is printed names its file."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return os.fsencode(error.object[error.start : error.end]), error.end

"""Stamp WAV files with their place on a film's timeline: Broadcast Wave's bext chunk (EBU Tech 3285)."""

import os
import shutil
import struct
import tempfile
from pathlib import Path
from typing import IO

from dyvim_cli.errors import OutputError

FORM = (
    "<256s32s32s10s8sQH64s190s"  # description, originator, its reference, date, time, samples, version, UMID
)
VERSION = 1
ORIGINATOR = b"dyvim"
HEAD = struct.Struct("<4sI")  # a chunk's name and length
UNKNOWN_LENGTH = 0xFFFFFFFF  # what RF64 has in the place of a length that is in its ds64 chunk


def stamp(path: Path, samples_since_midnight: int, description: str) -> None:
    """Put a bext chunk before the sound of a WAV or RF64 file, in place.

    A date is left out: the same music is the same file.

    Args:
        path: of the file.
        samples_since_midnight: where the sound begins on the film's timeline.
        description: text of the chunk.

    Raises:
        OutputError: the file is no WAV.
    """
    chunk = _bext(samples_since_midnight, description)
    with tempfile.TemporaryFile(dir=path.parent) as copy, open(path, "rb+") as file:
        shutil.copyfileobj(file, copy)
        copy.seek(0)
        file.seek(0)
        file.write(_opening(copy, len(chunk), path) + chunk)
        shutil.copyfileobj(copy, file)
        file.flush()
        os.fsync(file.fileno())


def _opening(wave: IO[bytes], n_more: int, path: Path) -> bytes:
    """The header before the chunks of a file that is n_more bytes longer, with RF64's ds64."""
    name, n_bytes = HEAD.unpack(wave.read(HEAD.size))
    kind = wave.read(4)
    if name not in (b"RIFF", b"RF64") or kind != b"WAVE":
        raise OutputError(f"{path} is no WAV file", "name a .wav")
    if name == b"RIFF":
        return HEAD.pack(name, n_bytes + n_more) + kind
    head = wave.read(HEAD.size)
    sizes = wave.read(HEAD.unpack(head)[1])
    whole = struct.pack("<Q", struct.unpack("<Q", sizes[:8])[0] + n_more)
    return HEAD.pack(name, UNKNOWN_LENGTH) + kind + head + whole + sizes[8:]


def _bext(samples_since_midnight: int, description: str) -> bytes:
    """A whole chunk."""
    text = description.encode("ascii", "replace")
    samples = max(0, samples_since_midnight)
    body = struct.pack(FORM, text, ORIGINATOR, b"", b"", b"", samples, VERSION, b"", b"")
    return HEAD.pack(b"bext", len(body)) + body

"""Read the user's other files: regular ones of a bounded size, no pipes or devices."""

import os
from pathlib import Path

from dyvim_cli.errors import InputError

# largest plan, list or file of markers: a year's work in an editor, not a film by mistake
MOST_BYTES = 64 << 20
MISSING = "check the path; quote names with spaces"


def check_regular(path: Path, what: str, most_bytes: int | None = None) -> None:
    """Fail unless a path names a regular file.

    Args:
        path: the file, as it was named.
        what: what it should be, in a word: "plan".
        most_bytes: what it may hold; None: any number.

    Raises:
        InputError: it is missing, a folder, a pipe, a socket, a device, or larger.
    """
    if not os.path.exists(path):  # pathlib's own raises for a name that is too long for any file
        raise InputError(f"no such {what}: {path}", MISSING)
    if os.path.isdir(path):
        raise InputError(f"{path} is a folder, not a {what}", "name a file in it")
    if not os.path.isfile(path):
        raise InputError(f"{path} is a pipe or a device, not a {what}", f"save the {what} to a file first")
    if most_bytes is not None and (n_bytes := os.path.getsize(path)) > most_bytes:
        reason = f"{path} holds {n_bytes / 1e6:.0f} MB, too much for a {what}"
        raise InputError(reason, f"name the right file: {most_bytes / 1e6:.0f} MB are allowed")


def read_regular(path: Path, what: str, most_bytes: int = MOST_BYTES) -> bytes:
    """Read all bytes of a regular file.

    Args:
        path: of the file.
        what: it is, for the message.
        most_bytes: larger ones are refused.

    Returns:
        Its content.

    Raises:
        InputError: as `check_regular`, and where it cannot be read.
    """
    check_regular(path, what, most_bytes)
    try:
        with open(path, "rb") as file:
            return file.read(most_bytes)
    except OSError as error:
        raise InputError(f"{path}: the {what} cannot be read ({error.strerror})", MISSING) from error

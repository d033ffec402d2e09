"""Download one file over HTTP: resumed, checked, and written whole or not at all."""

import hashlib
import http.client
import json
import os
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dyvim_cli.errors import FULL, EnvironmentFault, WeightsError, cannot_write
from dyvim_cli.weights import sha256

BLOCK, TIMEOUT_S, ATTEMPTS = 1 << 20, 20, 4
AGENT = {"User-Agent": "dyvim"}


def listing(url: str, hint: str) -> Any:
    """Read JSON from an address.

    Args:
        url: the address.
        hint: advice of an error to the user.

    Returns:
        The decoded JSON.

    Raises:
        WeightsError: the address cannot be read.
    """
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=AGENT), timeout=TIMEOUT_S) as reply:
            return json.load(reply)
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise WeightsError(f"{url}: cannot be read ({_reason(error)})", hint) from error


def fetch(
    url: str,
    path: Path,
    n_bytes: int | None,
    digest: str,
    hint: str,
    on_bytes: Callable[[int], None],
    option: str = "--weights-dir",
) -> None:
    """Download a file; a part from an earlier try is gone on with.

    Args:
        url: the address.
        path: of the file, written whole or not at all.
        n_bytes: expected size; None = unknown.
        digest: how the SHA-256 begins, in hexadecimal; "" = unknown.
        hint: advice of an error to the user.
        on_bytes: called with the number of bytes that are here.
        option: of the command line, which names another place when the disk is full.

    Raises:
        WeightsError: the address cannot be read, or the checksum differs.
        EnvironmentFault: the disk is full.
    """
    part = path.with_name(path.name + ".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    _check_room(path, (n_bytes or 0) - (part.stat().st_size if part.exists() else 0), option)
    for attempt in range(ATTEMPTS):
        try:
            _transfer(url, part, n_bytes, on_bytes)
            break
        except urllib.error.HTTPError as error:
            if error.code < 500 or attempt == ATTEMPTS - 1:
                raise WeightsError(f"{url}: {_reason(error)}", hint) from error
        except (OSError, http.client.HTTPException) as error:
            if str(getattr(error, "filename", "")) == str(part) or getattr(error, "errno", None) in FULL:
                raise cannot_write(part, error) from error  # not the network's fault
            if attempt == ATTEMPTS - 1:
                raise WeightsError(f"{url}: {_reason(error)}", hint) from error
        time.sleep(0.2 * 4**attempt)
    if not sha256(part).startswith(digest):
        part.unlink()
        raise WeightsError(f"{url}: what came is not what was promised (checksum)", hint)
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    part.replace(path)


def _transfer(url: str, part: Path, n_bytes: int | None, on_bytes: Callable[[int], None]) -> None:
    """Append the missing bytes of a part; OSError when the connection breaks before its end."""
    done = part.stat().st_size if part.exists() else 0
    if n_bytes is not None and done >= n_bytes:
        if done == n_bytes:
            return
        done = 0  # the part of another file
    request = urllib.request.Request(url, headers=AGENT | ({"Range": f"bytes={done}-"} if done else {}))
    try:
        reply = urllib.request.urlopen(request, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        if error.code == 416 and n_bytes is None:  # nothing is left: the part is whole
            return
        raise
    with reply, part.open("ab" if reply.status == 206 else "wb") as file:
        done = file.tell()
        if n_bytes is None and reply.length is not None:
            n_bytes = done + reply.length  # a line that goes dead is distinguished from the file's end
        while block := reply.read(BLOCK):
            file.write(block)
            done += len(block)
            on_bytes(done)
    if n_bytes is not None and done != n_bytes:
        raise ConnectionError(f"{done} of {n_bytes} bytes came")


def git_blob_sha1(path: Path) -> str:
    """Hash a small file as git, and so the hub, does.

    Args:
        path: of the file.

    Returns:
        SHA-1 in hexadecimal.
    """
    digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size)
    digest.update(path.read_bytes())
    return digest.hexdigest()


def _check_room(path: Path, missing: int, option: str) -> None:
    free = shutil.disk_usage(path.parent).free
    if missing > free:
        raise EnvironmentFault(
            f"{path.parent}: {missing / 1e9:.1f} GB are needed, {free / 1e9:.1f} GB are free",
            f"name another place with {option}",
        )


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", "") or error or type(error).__name__)

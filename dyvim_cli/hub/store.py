"""Store of pulled weights and sounds: a folder per name, with a manifest of source, SHA-256 and licence.

A folder that somebody copied there from elsewhere has no manifest: it is used as it is, and `pull` checks it
against the source's listing and writes one.
"""

import json
import os
import shutil
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any
from urllib.parse import quote

from dyvim_cli.atomic import write_json
from dyvim_cli.errors import EnvironmentFault, WeightsError
from dyvim_cli.hub.catalogue import HUB, Source
from dyvim_cli.hub.shelf import MODELS, Shelf
from dyvim_cli.progress import Progress, Silent
from dyvim_cli.weights import sha256

MANIFEST = "dyvim-manifest.json"
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
WANTED = ("*.json", "*.model", "*.txt")  # configurations and tokenizers; weights are chosen apart


@dataclass(frozen=True)
class RemoteFile:
    """One file of a source's listing."""

    name: str
    url: str
    n_bytes: int | None
    sha256: str = ""  # or how it begins
    git_sha1: str = ""


def weights_folder(chosen: Path | None = None) -> Path:
    """Find where pulled weights are: --weights-dir, DYVIM_WEIGHTS_DIR, else beside the cache.

    Args:
        chosen: the option's value.

    Returns:
        The folder, which need not exist.
    """
    return MODELS.folder(chosen)


def known(name: str) -> Source:
    """Look a name up in the weights' catalogue.

    Args:
        name: of weights.

    Returns:
        The entry.

    Raises:
        UsageError: the name is not in it.
    """
    return MODELS.known(name)


def how_to_pull(name: str, chosen: Path | None = None) -> str:
    """Write the command that downloads or repairs weights.

    Args:
        name: of weights.
        chosen: folder that was requested.

    Returns:
        One line.
    """
    return MODELS.how_to_pull(name, chosen)


def manifest(name: str, chosen: Path | None = None, shelf: Shelf = MODELS) -> dict[str, Any] | None:
    """Read the manifest of a pulled name.

    Args:
        name: of weights or of a pack.
        chosen: folder; None = the default one.
        shelf: weights or packs.

    Returns:
        Source, revision, licence and files; None when nothing (whole) was pulled.
    """
    path = shelf.folder(chosen) / name / MANIFEST
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return found if isinstance(found, dict) and isinstance(found["files"], dict) else None
    except (OSError, ValueError, KeyError):
        return None


def n_bytes(name: str, chosen: Path | None = None, shelf: Shelf = MODELS) -> int | None:
    """Add up how large pulled files are.

    Args:
        name: of weights or of a pack.
        chosen: folder; None = the default one.
        shelf: weights or packs.

    Returns:
        Bytes; None when they are not (whole) here.
    """
    listed = manifest(name, chosen, shelf)
    return sum(file["bytes"] for file in listed["files"].values()) if listed else None


def is_placed(folder: Path) -> bool:
    """Check whether a checkpoint was put there by other means than `pull`: no manifest, but all of its files.

    Args:
        folder: named as in the catalogue.

    Returns:
        True for a whole checkpoint without manifest.
    """
    if (folder / MANIFEST).exists():
        return False
    source = MODELS.catalogue.get(folder.name)
    if source is not None and source.files:
        return all((folder / url.rsplit("/", 1)[1]).is_file() for url, _ in source.files)
    if not (folder / "config.json").is_file():
        return False
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        needed = set(index["weight_map"].values())
    except (OSError, ValueError, KeyError, AttributeError):
        needed = {WEIGHTS}
    return all((folder / file).is_file() for file in needed)


def find(name: str, chosen: Path | None = None, shelf: Shelf = MODELS) -> Path:
    """Find the folder of a pulled name; every file must be there, with its size.

    Args:
        name: of weights or of a pack.
        chosen: folder; None = the default one.
        shelf: weights or packs.

    Returns:
        Its folder.

    Raises:
        UsageError: there is no such name.
        WeightsError: files are missing or of another size.
    """
    shelf.known(name)
    folder, listed = shelf.folder(chosen) / name, manifest(name, chosen, shelf)
    if listed is None and shelf is MODELS and is_placed(folder):
        return folder
    if listed is None:
        hint = shelf.how_to_pull(name, chosen)
        raise WeightsError(f"{folder}: the {shelf.verb} of {name} are not here", hint)
    for file, facts in listed["files"].items():
        path = folder / file
        if not path.is_file() or path.stat().st_size != facts["bytes"]:
            state = "incomplete or changed" if path.is_file() else "missing"
            raise WeightsError(f"{path}: {shelf.verb} are {state}", shelf.how_to_pull(name, chosen))
    return folder


def verify(
    name: str, chosen: Path | None = None, progress: Progress | None = None, shelf: Shelf = MODELS
) -> Path:
    """Find the folder of a pulled name and check every byte against the manifest.

    Args:
        name: of weights or of a pack.
        chosen: folder; None = the default one.
        progress: notified of the stage "verify", in files.
        shelf: weights or packs.

    Returns:
        Its folder.

    Raises:
        WeightsError: files are missing, differ, or have no known checksums.
    """
    folder, progress, hint = find(name, chosen, shelf), progress or Silent(), shelf.how_to_pull(name, chosen)
    listed = manifest(name, chosen, shelf)
    if listed is None:
        raise WeightsError(f"{folder}: was not pulled, so that no checksums are known", hint)
    files = listed["files"]
    for n, (file, facts) in enumerate(files.items()):
        progress.update("verify", n, len(files))
        if sha256(folder / file) != facts["sha256"]:
            raise WeightsError(f"{folder / file}: checksum differs from the manifest", hint)
    progress.update("verify", 1, 1)
    return folder


def remove(name: str, chosen: Path | None = None, shelf: Shelf = MODELS) -> int:
    """Delete pulled files, incomplete ones too.

    Args:
        name: of weights or of a pack.
        chosen: folder; None = the default one.
        shelf: weights or packs.

    Returns:
        Bytes freed.

    Raises:
        UsageError: there is no such name.
        WeightsError: nothing of it is here.
    """
    shelf.known(name)
    folder = shelf.folder(chosen) / name
    if not folder.is_dir():
        hint = f"dyvim {shelf.verb} list says what is here"
        raise WeightsError(f"{folder}: the {shelf.verb} of {name} are not here", hint)
    freed = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
    shutil.rmtree(folder, ignore_errors=True)
    return freed


def pull(
    name: str, chosen: Path | None = None, progress: Progress | None = None, shelf: Shelf = MODELS
) -> Path:
    """Download missing or damaged files; complete ones are kept, incomplete ones resumed.

    Two processes may pull at once: one waits.

    Args:
        name: of weights or of a pack.
        chosen: folder; None = the default one.
        progress: notified of the bytes.
        shelf: weights or packs.

    Returns:
        Its folder.

    Raises:
        UsageError: there is no such name.
        WeightsError: a file cannot be fetched or differs from what was promised.
        EnvironmentFault: the disk is full.
    """
    from filelock import FileLock

    from dyvim_cli.hub.download import fetch, git_blob_sha1  # most commands fetch nothing

    source, folder = shelf.known(name), shelf.folder(chosen) / name
    hint = shelf.how_to_pull(name, chosen)
    _make(folder, shelf)
    with FileLock(folder / ".lock"):
        revision, remote = _listing(source, hint)
        meter = _Meter(progress or Silent(), sum(file.n_bytes or 0 for file in remote))
        files = {}
        for file in remote:
            path = folder / file.name
            if not _is_whole(path, file):
                fetch(file.url, path, file.n_bytes, file.sha256, hint, meter.of_file, shelf.option)
            if file.git_sha1 and git_blob_sha1(path) != file.git_sha1:
                path.unlink()
                raise WeightsError(f"{file.url}: what came is not what was promised (checksum)", hint)
            meter.finish(path.stat().st_size)
            files[file.name] = {"bytes": path.stat().st_size, "sha256": sha256(path)}
        facts = {"name": name, "source": source.where, "revision": revision, "licence": source.licence}
        write_json(folder / MANIFEST, facts | {"files": files})  # last: without it nothing counts as pulled
    return folder


def _make(folder: Path, shelf: Shelf) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        hint = f"name another place with {shelf.option}"
        raise EnvironmentFault(f"{folder}: cannot be made ({error.strerror})", hint) from error


def _is_whole(path: Path, file: RemoteFile) -> bool:
    """Check whether the file is here already and has the promised digest."""
    from dyvim_cli.hub.download import git_blob_sha1

    if not path.is_file() or file.n_bytes not in (None, path.stat().st_size):
        return False
    if file.git_sha1:
        return git_blob_sha1(path) == file.git_sha1
    return bool(file.sha256) and sha256(path).startswith(file.sha256)


class _Meter:
    """Sums the files' bytes for one bar."""

    def __init__(self, progress: Progress, total: int):
        self.progress, self.total, self.before = progress, max(total, 1), 0

    def of_file(self, done: int) -> None:
        """Report the downloaded part of the present file."""
        self.progress.update("download", min(self.before + done, self.total), self.total)

    def finish(self, n_bytes: int) -> None:
        """Mark the current file as complete."""
        self.before += n_bytes
        self.of_file(0)


def _listing(source: Source, hint: str) -> tuple[str, list[RemoteFile]]:
    """(revision, files) of a source, small files first."""
    from dyvim_cli.hub.download import listing

    if source.files:
        return "", [
            RemoteFile(url.rsplit("/", 1)[1], url, source.n_bytes, begins) for url, begins in source.files
        ]
    hub = os.environ.get("HF_ENDPOINT", HUB).rstrip("/")
    revision = listing(f"{hub}/api/models/{source.repo}", hint).get("sha") or "main"
    rows = listing(f"{hub}/api/models/{source.repo}/tree/{revision}?recursive=1", hint)
    rows = {row["path"]: row for row in rows if row.get("type") == "file"}
    names = _weight_files(rows)
    if not names:
        raise WeightsError(f"{source.where}: holds no safetensors", "report it: the catalogue is out of date")
    names += [n for n in rows if "/" not in n and any(fnmatch(n, pattern) for pattern in WANTED)]
    base = f"{hub}/{source.repo}/resolve/{revision}/"
    files = [_remote(name, base + quote(name), rows[name]) for name in names]
    return revision, sorted(files, key=lambda file: file.n_bytes or 0)


def _weight_files(rows: dict[str, Any]) -> list[str]:
    """The weights to take of a repository: one file, else its shards; no pickles, no other precisions."""
    if WEIGHTS in rows:
        return [WEIGHTS]
    return [name for name in rows if fnmatch(name, "model-?????-of-?????.safetensors")]


def _remote(name: str, url: str, row: dict[str, Any]) -> RemoteFile:
    if "lfs" in row:
        return RemoteFile(name, url, row["lfs"]["size"], row["lfs"]["oid"].removeprefix("sha256:"))
    return RemoteFile(name, url, row["size"], git_sha1=row.get("oid", ""))

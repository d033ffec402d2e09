"""Store of downloaded weights: one folder per name, with a manifest of source, size, SHA-256 and licence.

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

from filelock import FileLock

from dyvim_cli.atomic import write_json
from dyvim_cli.cache import cache_folder
from dyvim_cli.errors import EnvironmentFault, UsageError, WeightsError
from dyvim_cli.hub.catalogue import CATALOGUE, HUB, Source
from dyvim_cli.hub.download import fetch, git_blob_sha1, listing
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
    """Where pulled weights lie: --weights-dir, DYVIM_WEIGHTS_DIR, else beside the cache."""
    return chosen or Path(os.environ.get("DYVIM_WEIGHTS_DIR") or cache_folder() / "weights")


def known(name: str) -> Source:
    """The catalogue's entry. Raises UsageError for a name that is not in it."""
    if name not in CATALOGUE:
        raise UsageError(f"no weights are called '{name}'", "dyvim weights list")
    return CATALOGUE[name]


def how_to_pull(name: str, chosen: Path | None = None) -> str:
    """The command that fetches or mends."""
    return f"dyvim weights pull {name}" + (f" --weights-dir {chosen}" if chosen else "")


def manifest(name: str, chosen: Path | None = None) -> dict[str, Any] | None:
    """What was pulled under a name; None when nothing (whole) was."""
    path = weights_folder(chosen) / name / MANIFEST
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return found if isinstance(found, dict) and isinstance(found["files"], dict) else None
    except (OSError, ValueError, KeyError):
        return None


def n_bytes(name: str, chosen: Path | None = None) -> int | None:
    """How large pulled weights are; None when they are not (whole) here."""
    listed = manifest(name, chosen)
    return sum(file["bytes"] for file in listed["files"].values()) if listed else None


def is_placed(folder: Path) -> bool:
    """Whether a checkpoint was put there by other means than `pull`: no manifest, but all of its files."""
    if (folder / MANIFEST).exists() or not (folder / "config.json").is_file():
        return False
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        needed = set(index["weight_map"].values())
    except (OSError, ValueError, KeyError, AttributeError):
        needed = {WEIGHTS}
    return all((folder / file).is_file() for file in needed)


def find(name: str, chosen: Path | None = None) -> Path:
    """The folder of pulled weights, every file there and of its size. Raises WeightsError."""
    known(name)
    folder, listed = weights_folder(chosen) / name, manifest(name, chosen)
    if listed is None and is_placed(folder):
        return folder
    if listed is None:
        raise WeightsError(f"{folder}: the weights of {name} are not here", how_to_pull(name, chosen))
    for file, facts in listed["files"].items():
        path = folder / file
        if not path.is_file() or path.stat().st_size != facts["bytes"]:
            state = "incomplete or changed" if path.is_file() else "missing"
            raise WeightsError(f"{path}: weights are {state}", how_to_pull(name, chosen))
    return folder


def verify(name: str, chosen: Path | None = None, progress: Progress | None = None) -> Path:
    """find(), and every byte checked against the manifest. Raises WeightsError."""
    folder, progress = find(name, chosen), progress or Silent()
    listed = manifest(name, chosen)
    if listed is None:
        raise WeightsError(
            f"{folder}: was not pulled, so that no checksums are known", how_to_pull(name, chosen)
        )
    files = listed["files"]
    for n, (file, facts) in enumerate(files.items()):
        progress.update("verify", n, len(files))
        if sha256(folder / file) != facts["sha256"]:
            raise WeightsError(
                f"{folder / file}: checksum differs from the manifest", how_to_pull(name, chosen)
            )
    progress.update("verify", 1, 1)
    return folder


def remove(name: str, chosen: Path | None = None) -> int:
    """Delete what was pulled, parts too; returns the bytes freed."""
    known(name)
    folder = weights_folder(chosen) / name
    freed = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
    shutil.rmtree(folder, ignore_errors=True)
    return freed


def pull(name: str, chosen: Path | None = None, progress: Progress | None = None) -> Path:
    """Fetch what is missing or damaged; whole files stay, parts are gone on with.

    Two processes may pull at once: one waits. Raises WeightsError, EnvironmentFault (disk full).
    """
    source, folder = known(name), weights_folder(chosen) / name
    hint = how_to_pull(name, chosen)
    _make(folder)
    with FileLock(folder / ".lock"):
        revision, remote = _listing(source, hint)
        meter = _Meter(progress or Silent(), sum(file.n_bytes or 0 for file in remote))
        files = {}
        for file in remote:
            path = folder / file.name
            if not _is_whole(path, file):
                fetch(file.url, path, file.n_bytes, file.sha256, hint, meter.of_file)
            if file.git_sha1 and git_blob_sha1(path) != file.git_sha1:
                path.unlink()
                raise WeightsError(f"{file.url}: what came is not what was promised (checksum)", hint)
            meter.finish(path.stat().st_size)
            files[file.name] = {"bytes": path.stat().st_size, "sha256": sha256(path)}
        facts = {"name": name, "source": source.where, "revision": revision, "licence": source.licence}
        write_json(folder / MANIFEST, facts | {"files": files})  # last: without it nothing counts as pulled
    return folder


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        hint = "name another place with --weights-dir"
        raise EnvironmentFault(f"{folder}: cannot be made ({error.strerror})", hint) from error


def _is_whole(path: Path, file: RemoteFile) -> bool:
    """Whether the file is here already and is the one promised."""
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
        """So much of the present file is there."""
        self.progress.update("download", min(self.before + done, self.total), self.total)

    def finish(self, n_bytes: int) -> None:
        """The present file is whole."""
        self.before += n_bytes
        self.of_file(0)


def _listing(source: Source, hint: str) -> tuple[str, list[RemoteFile]]:
    """(revision, files) of a source, small files first."""
    if source.files:
        return "", [RemoteFile(url.rsplit("/", 1)[1], url, None, begins) for url, begins in source.files]
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

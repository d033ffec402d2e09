"""Cache a film's features on disk, keyed by the film's content.

An entry is one safetensors file, named by a hash of the film's bytes, the settings and the weights:
a changed byte or setting is another entry. Entries appear whole (written aside, then renamed), so
two processes may work at once, and one that does not read back is simply worked out again.
"""

import hashlib
import json
import os
import sys
import time
from dataclasses import MISSING, Field, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from dyvim_cli.atomic import PendingFiles, remove_abandoned_parts, written
from dyvim_cli.errors import DyvimError, InputError
from dyvim_cli.feature_checks import nonsense_in
from dyvim_cli.types import FilmFeatures

HASH_BLOCK = 1 << 20
SUFFIX = ".safetensors"
MAKE_THEM = "make them: dyvim extract-features FILM --out DIR"
FEATURES_VERSION = "3"  # format of features files; 1 had no style_measures, 2 no prints


@dataclass(frozen=True)
class CachedFilm:
    """One cached file."""

    path: Path
    film: str  # the film's name when it was analysed
    n_bytes: int
    used_at: float  # seconds since the epoch


def cache_folder() -> Path:
    """Find the cache: DYVIM_CACHE, else the platform's own place.

    Returns:
        The folder, which need not exist.
    """
    if chosen := os.environ.get("DYVIM_CACHE"):
        return Path(chosen)
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "dyvim"


def key_of(film: Path, settings: dict[str, Any]) -> str:
    """Digest a film under settings; every byte counts.

    Args:
        film: path.
        settings: JSON values.

    Returns:
        Hexadecimal key.
    """
    digest = hashlib.blake2b(digest_size=20)
    with film.open("rb") as file:
        while block := file.read(HASH_BLOCK):
            digest.update(block)
    digest.update(json.dumps(settings, sort_keys=True).encode())
    return digest.hexdigest()


def load(key: str, kind: type[Any] = FilmFeatures) -> Any:
    """Load cached features.

    Args:
        key: of key_of.
        kind: a dataclass of arrays and a duration_s, as FilmFeatures is.

    Returns:
        The features, or None when there is no entry that reads back whole.
    """
    path = cache_folder() / (key + SUFFIX)
    try:
        features = read_features(path, kind)
        os.utime(path)
    except (InputError, OSError):
        return None
    return features


def store(key: str, features: Any, film: Path) -> str:
    """Keep features; a cache that cannot be written is no reason to fail: the work is done.

    Args:
        key: of key_of.
        features: a dataclass of arrays and a duration_s.
        film: path, whose name is kept.

    Returns:
        "", or a note that says why not, the same for all that is kept of a film.
    """
    path = cache_folder() / (key + SUFFIX)
    try:
        cache_folder().mkdir(parents=True, exist_ok=True)
        write_features(features, path, film.name)
    except (DyvimError, OSError) as error:
        reason = error.message if isinstance(error, DyvimError) else f"{cache_folder()}: {error.strerror}"
        reason = reason.replace(str(path), str(cache_folder()))
        return f"what was found out of the film is not cached: {reason}"
    return ""


def write_features(features: Any, path: Path, film: str = "", group: PendingFiles | None = None) -> None:
    """Write features (a dataclass of arrays and a duration_s) as safetensors, atomically.

    Args:
        features: to write.
        path: of the file.
        film: a name for it, for people.
        group: what they appear together with, as of atomic.written.
    """
    arrays = {f.name: np.ascontiguousarray(getattr(features, f.name)) for f in _arrays(type(features))}
    arrays["duration_s"] = np.array([features.duration_s])
    with written(path, group=group) as part:  # safetensors' own way of writing hides a full disk
        part.write_bytes(save(arrays, {"film": film, "version": FEATURES_VERSION}))


def read_features(path: Path, kind: type[Any] = FilmFeatures) -> Any:
    """Read what write_features wrote.

    Args:
        path: of the file.
        kind: the dataclass to make.

    Returns:
        An object of that kind.

    Raises:
        InputError: the file is missing, torn or of another kind.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        duration_s = float(arrays.pop("duration_s")[0])
        found = kind(
            duration_s=duration_s,
            **{f.name: arrays[f.name] for f in _arrays(kind) if f.name in arrays or not _may_lack(f)},
        )
    except (OSError, SafetensorError, KeyError, IndexError, ValueError, TypeError) as error:
        raise InputError(f"{path}: no features can be read from it", MAKE_THEM) from error
    if isinstance(found, FilmFeatures) and (nonsense := nonsense_in(found)):
        raise InputError(f"{path} is damaged: {nonsense}", MAKE_THEM)
    return found


def entries() -> list[CachedFilm]:
    """List all entries.

    Returns:
        The longest unused first.
    """
    found = []
    for path in cache_folder().glob("*" + SUFFIX):
        try:
            with safe_open(path, framework="numpy") as file:
                film = (file.metadata() or {}).get("film", "")
        except (OSError, SafetensorError):
            film = "(torn)"
        found.append(CachedFilm(path, film, path.stat().st_size, path.stat().st_mtime))
    return sorted(found, key=lambda entry: entry.used_at)


def clean(older_than_days: float = 0.0, keep_bytes: int = 0) -> tuple[int, int]:
    """Remove entries, the longest unused first; parts that killed runs left go as well.

    Args:
        older_than_days: entries that were used since stay.
        keep_bytes: stop once no more than this is left.

    Returns:
        (entries removed, bytes freed).
    """
    known = entries()
    left, removed, freed = sum(entry.n_bytes for entry in known), 0, 0
    for entry in known:
        if left <= keep_bytes or time.time() - entry.used_at < older_than_days * 86400:
            continue
        entry.path.unlink(missing_ok=True)
        left, removed, freed = left - entry.n_bytes, removed + 1, freed + entry.n_bytes
    remove_abandoned_parts(cache_folder())
    return removed, freed


def _arrays(kind: type[Any]) -> list[Field[Any]]:
    return [f for f in fields(kind) if f.name != "duration_s"]


def _may_lack(field: Field[Any]) -> bool:
    """Check whether an older file may lack a field."""
    return field.default_factory is not MISSING

"""dyvim doctor: check whether this machine can score a film, one line per check, with the fix."""

import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from dyvim_cli import __version__
from dyvim_cli.cli.show import console
from dyvim_cli.errors import DyvimError, EnvironmentFault, ExitCode

NEEDED_ENCODERS = {"aac": "mp4, mov, mkv", "libopus": "webm", "libmp3lame": "mp3, avi"}
DISPENSABLE = {"cache", "pulled"}  # without them films are scored as well
LEAST_MEMORY_GB, LEAST_DISK_GB = 1.5, 0.5


def doctor(*, context: typer.Context) -> None:
    """Check ffmpeg, codecs, device, memory, weights, cache and configuration; non-zero when scoring fails."""
    worst = ExitCode.OK
    checks: dict[str, Callable[[], str]] = {**CHECKS, "config": lambda: _config(context.parent)}
    for name, check in checks.items():
        try:
            console.data(f"ok    {name}: {check()}")
        except DyvimError as error:
            word = "warn" if name in DISPENSABLE else "FAIL"
            console.data(f"{word}  {name}: {error.message}" + (f" -> {error.hint}" if error.hint else ""))
            worst = worst if name in DISPENSABLE else worst or error.exit_code
    if worst:
        raise typer.Exit(int(worst))


def _python() -> str:
    return f"dyvim {__version__}, Python {sys.version.split()[0]}, {platform.system()} {platform.machine()}"


def _ffmpeg() -> str:
    from dyvim_cli.media.programs import ffmpeg_version, find_ffmpeg, newer_ffmpeg

    newer = newer_ffmpeg()
    beside = f"; {ffmpeg_version(newer)} for what it cannot" if newer else ""
    return f"{ffmpeg_version()} at {find_ffmpeg()}{beside}"


def _codecs() -> str:
    from dyvim_cli.media.programs import encoders

    missing = sorted(set(NEEDED_ENCODERS) - encoders())
    if missing:
        formats = "; ".join(f"{name} for {NEEDED_ENCODERS[name]}" for name in missing)
        raise EnvironmentFault(
            f"ffmpeg lacks encoders: {formats}", "unset DYVIM_FFMPEG, or install a full ffmpeg"
        )
    return ", ".join(sorted(NEEDED_ENCODERS))


def _device() -> str:
    import torch

    from dyvim_cli.device import choose, n_cores

    try:
        import torchvision  # of which CLIP makes use
    except (ImportError, OSError, RuntimeError) as error:
        what = f"torchvision does not work with torch {torch.__version__}: {error}"
        hint = "pip install --force-reinstall torch torchvision, both from one index"
        raise EnvironmentFault(what, hint) from error
    releases = f"torch {torch.__version__}, torchvision {torchvision.__version__}"
    return f"{choose('auto')}, {n_cores()} cores, {releases}"


def _memory() -> str:
    from dyvim_cli.device import free_memory_gb

    free = free_memory_gb()
    if free is None:
        return "unknown on this system"
    if free < LEAST_MEMORY_GB:
        raise EnvironmentFault(f"{free:.1f} GB free, {LEAST_MEMORY_GB} GB are needed", "close other programs")
    return f"{free:.1f} GB free"


def _weights() -> str:
    from dyvim_cli import weights

    names = sorted(weights.manifest())
    for name in names:
        weights.verify(name)
    return f"{len(names)} files, checksums right"


def _pulled() -> str:
    """Downloaded weights, by size only; `weights verify` checks every byte."""
    from dyvim_cli.hub import store
    from dyvim_cli.hub.catalogue import CATALOGUE

    here = [name for name in CATALOGUE if (store.weights_folder() / name).is_dir()]
    for name in here:
        store.find(name)
    names = [f"{name} {(store.n_bytes(name) or 0) / 1e9:.2f} GB ({CATALOGUE[name].licence})" for name in here]
    return f"{', '.join(names) or 'no further weights'} in {store.weights_folder()}"


def _cache() -> str:
    from dyvim_cli.cache import cache_folder

    folder = Path(cache_folder())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise EnvironmentFault(
            f"the cache {folder} is not writable ({error.strerror})", "set DYVIM_CACHE to another folder"
        ) from error
    free = shutil.disk_usage(folder).free / 1e9
    if free < LEAST_DISK_GB:
        raise EnvironmentFault(f"{free:.1f} GB left on the disk of {folder}", "dyvim cache clean")
    return f"{folder}, {free:.0f} GB left"


def _config(root: Any) -> str:
    """The configuration, read as every other verb reads it. Raises UsageError naming the file."""
    from dyvim_cli.cli.main import take_configuration
    from dyvim_cli.cli.options import config

    path = root.obj or config.default_path()
    if root.obj is None and not config.is_there(path):
        return f"none at {path}"
    take_configuration(root, path)
    return str(path)


CHECKS: dict[str, Callable[[], str]] = {
    "dyvim": _python,
    "ffmpeg": _ffmpeg,
    "codecs": _codecs,
    "device": _device,
    "memory": _memory,
    "weights": _weights,
    "pulled": _pulled,
    "cache": _cache,
}

"""Parsers of music corpora, one file per source; write_shards() turns folders of scores into shards."""

from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

from dyvim_cli.errors import DyvimError, InputError
from dyvim_cli.progress import Progress, Silent
from dyvim_cli.training.data import shards

# Source name -> module with SUFFIXES and read(path) -> list[Piece]; imported when asked for.
SOURCES = ("openewld", "lieder", "freedoom", "groove", "midi", "musicxml")


@dataclass
class SourceReport:
    """Import result of one folder."""

    shard: Path
    n_files: int
    n_pieces: int
    n_steps: int
    failures: list[tuple[Path, str]] = field(default_factory=list)  # unreadable files and why
    passed_over: list[Path] = field(default_factory=list)  # readable, but with no stretch that can be used


def write_shards(
    folders: dict[str, Path], out_dir: Path, progress: Progress | None = None
) -> dict[str, SourceReport]:
    """Write <out_dir>/<source>.safetensors for each source.

    Files that cannot be read, or hold nothing in duple metre, are listed in the result, not fatal.

    Args:
        folders: source -> folder with its files.
        out_dir: folder of the shards.
        progress: notified of each file.

    Returns:
        The result of each source.

    Raises:
        InputError: a source is unknown, or a folder has no readable piece.
    """
    progress = progress or Silent()
    return {
        source: _prepare_one(source, Path(folder), Path(out_dir), progress)
        for source, folder in folders.items()
    }


def _prepare_one(source: str, folder: Path, out_dir: Path, progress: Progress) -> SourceReport:
    if source not in SOURCES:
        raise InputError(f"unknown music source: {source}", f"one of: {', '.join(SOURCES)}")
    parser = import_module(f"{__name__}.{source}")
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in parser.SUFFIXES)
    pieces, failures, passed_over = [], [], []
    for done, path in enumerate(paths):
        progress.update(f"reading {source}", done, len(paths))
        try:
            found = parser.read(path)
        except DyvimError as error:
            failures.append((path, error.message))
            continue
        pieces += found
        if not found:
            passed_over.append(path)
    if not pieces:
        why = f" ({failures[0][1]})" if failures else ""
        raise InputError(
            f"no readable {source} music in: {folder}{why}", f"files of: {' '.join(parser.SUFFIXES)}"
        )
    progress.update(f"reading {source}", len(paths), len(paths))
    shard = out_dir / f"{source}.safetensors"
    shards.save(pieces, shard)
    n_steps = sum(piece.tokens.shape[1] for piece in pieces)
    return SourceReport(shard, len(paths), len(pieces), n_steps, failures, passed_over)

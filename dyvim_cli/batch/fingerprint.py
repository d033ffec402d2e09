"""Digest everything a result depends on: the film's bytes, the settings, the weights, the code."""

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from dyvim_cli import code_digest, weights
from dyvim_cli.model.musicgen.loading import adapter_file
from dyvim_cli.options import EMBEDDED, ComposeOptions, Delivery
from dyvim_cli.vision import settings as vision

BLOCK = 1 << 20
# sources that decide a result's bytes; the command line, engines, page, training and judge do not
CODE = (
    "pipeline.py", "job_checks.py", "film_planning.py", "extras.py", "describe.py", "composer.py",
    "options.py", "types.py", "device.py", "seeds.py",
    "watching.py", "own_sound.py", "influence.py", "timeline.py", "film_plan.py", "old_piece.py",
    "preview.py", "sounding.py", "desk", "filters", "hearing", "markers", "media", "vision", "music", "model",
    "stylebook",
)  # fmt: skip
SEED_BITS = 31  # what device.new_seed draws, short enough to type again


@dataclass(frozen=True)
class Content:
    """A film's bytes. With size and time unchanged they are taken to be the same, as make and git do."""

    digest: str
    n_bytes: int
    modified_ns: int


def content_of(film: Path) -> Content | None:
    """Read a film once through.

    Args:
        film: path.

    Returns:
        Digest, size and time of change; None when it cannot be read.
    """
    if not film.is_file():  # a pipe would be waited on for ever
        return None
    digest = hashlib.blake2b(digest_size=20)
    try:
        with film.open("rb") as file:
            state = os.fstat(file.fileno())
            while block := file.read(BLOCK):
                digest.update(block)
    except OSError:
        return None
    return Content(digest.hexdigest(), state.st_size, state.st_mtime_ns)


def known_content(film: Path, record: dict[str, Any]) -> Content | None:
    """Take a film's content from a journal's record, where size and time are still the same.

    Args:
        film: path.
        record: its last line in the journal; may be empty.

    Returns:
        The content, read again where the record does not fit; None when it cannot be read.
    """
    if known := record.get("content"):
        content = Content(known["digest"], known["n_bytes"], known["modified_ns"])
        if is_unchanged(film, content):
            return content
    return content_of(film)


def is_unchanged(film: Path, content: Content | None) -> bool:
    """Check whether a film still has the size and the time it had when it was read.

    Args:
        film: path.
        content: as it was read; None = it could not be read.

    Returns:
        True also where it could not be read before and still cannot.
    """
    try:
        state = film.stat()
    except OSError:
        return content is None
    return content is not None and (content.n_bytes, content.modified_ns) == (
        state.st_size,
        state.st_mtime_ns,
    )


def settings_digest(options: ComposeOptions, delivery: Delivery) -> str:
    """Digest all that the result depends on besides the film; where it goes is not a part of it.

    Args:
        options: options of composing, with the digests of the weights that they name.
        delivery: options of the output.

    Returns:
        Hexadecimal digest.
    """
    from dyvim_cli.music.synth.sfz.band import is_band
    from dyvim_cli.music.synth.sfz.identity import band_identity

    own_model, own_font = None if options.model == EMBEDDED else options.model, options.soundfont
    is_font = own_font is not None and not is_band(Path(own_font))
    settings = asdict(delivery) | {
        "options": asdict(options),
        "weights": weights_digest(own_model, options.adapter, own_font if is_font else None),
        "band": [] if own_font is None or is_font else band_identity(Path(own_font)),
        "code": code_digest.digest(CODE),
    }
    del settings["overwrite"]
    here = settings.pop("output").parent
    for extra in ("midi", "stems", "music"):
        if settings[extra] is not None:
            settings[extra] = os.path.relpath(settings[extra], here)
    return _digest(settings)


def fingerprint(content: Content | None, settings: str) -> str:
    """Digest film and settings: the same fingerprint is the same result.

    Args:
        content: of the film; None = it cannot be read.
        settings: settings_digest of the task.

    Returns:
        Hexadecimal digest.
    """
    return _digest([content.digest if content else None, settings])


def film_seed(base_seed: int, relative: object) -> int:
    """Derive a film's own seed: it depends on the base seed and the film's place, not on its neighbours.

    Args:
        base_seed: of the batch.
        relative: path of the film within the folder that was named.

    Returns:
        SEED_BITS bits, at least 0.
    """
    name = os.fsencode(f"{base_seed}:{relative}")
    digest = hashlib.blake2b(name, digest_size=8).digest()
    return int.from_bytes(digest, "big") >> (64 - SEED_BITS)


@lru_cache(maxsize=16)
def weights_digest(model: str | None, adapter: str | None, soundfont: str | None) -> str:
    """A digest of the files that were shipped and of those of the user's, by their content.

    A pulled model counts by its name: its source does not change under it, and it may be pulled later. Of an
    adapter's folder the weights count alone, not the log and the state that a training left there.

    Args:
        model: a checkpoint's folder, a score decoder's file or a catalogue name; None = the shipped decoder.
        adapter: an adapter's folder or file.
        soundfont: a file of instruments.

    Returns:
        The digest, 40 hexadecimal digits.
    """
    shipped = [weights.folder() / name for name in weights.manifest()]
    places = [Path(place) for place in (model, soundfont) if place]
    places += [adapter_file(Path(adapter))] if adapter else []
    own = [path for place in places for path in _files(place)]
    return _digest([vision.settings(), [(path.name, weights.sha256(path)) for path in (*shipped, *own)]])


def _files(place: Path) -> list[Path]:
    """A file, or a folder's."""
    return [place] if place.is_file() else sorted(path for path in place.rglob("*") if path.is_file())


def _digest(value: object) -> str:
    return hashlib.blake2b(json.dumps(value, sort_keys=True).encode(), digest_size=20).hexdigest()

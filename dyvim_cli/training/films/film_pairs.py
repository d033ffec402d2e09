"""Pairs for decoders of audio tokens: a film's features and its music as codec tokens.

One safetensors file a film, named by a hash of the film and of everything that it was seen and heard
with: a preparation that was stopped continues, and one with another codec restarts.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from dyvim_cli import cache
from dyvim_cli.atomic import write_json
from dyvim_cli.errors import DyvimError, InputError, quoted
from dyvim_cli.model.musicgen.codec import Codec
from dyvim_cli.progress import Progress, Silent
from dyvim_cli.types import FilmFeatures

FILMS = {".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v", ".mpg", ".mpeg", ".ts", ".wmv", ".flv"}
CODEC, FAILURES = "codec.json", "failures.json"
ENCODED_S, CONTEXT_S = 20.0, 1.0  # encoded at a time, so that memory does not grow with the film
HELD_OUT_SHARE = 1 / 7  # as of rendered films


@dataclass(frozen=True, kw_only=True)
class SoundedFilm(FilmFeatures):
    """A film's features with its music."""

    codes: np.ndarray  # [K, N] int16


def facts_of(codec: Codec, name: str) -> dict[str, Any]:
    """Collect the facts that the tokens depend on.

    Args:
        codec: that the music was encoded with.
        name: of its weights in short.

    Returns:
        What tokens depend on, JSON-ready.
    """
    return {"codec": name, "sample_rate": codec.sample_rate, "cardinalities": list(codec.cardinalities)}


def prepare_films(
    folder: Path, out: Path, codec: Codec, codec_name: str, progress: Progress | None = None
) -> dict[str, Any]:
    """Watch and encode every film under a folder; films that cannot be used are listed.

    Args:
        folder: searched with its sub-folders.
        out: folder of the prepared films.
        codec: for the music.
        codec_name: of its weights in short.
        progress: notified of each film.

    Returns:
        Plain facts: how many were made and kept, and failures by name.

    Raises:
        InputError: there is not one film to be used.
    """
    from dyvim_cli.pipeline import features_of
    from dyvim_cli.vision.settings import settings as seen_with

    films = sorted(p for p in folder.rglob("*") if p.suffix.lower() in FILMS and not p.is_dir())
    if not films:
        raise InputError(f"{folder}: no films are in it", "films end in " + ", ".join(sorted(FILMS)))
    facts = facts_of(codec, codec_name) | seen_with()

    def prepared(path: Path) -> tuple[FilmFeatures, torch.Tensor]:
        return features_of(path), music_of_film(path, codec)

    def items() -> Iterator[tuple[str, Callable[[], str], Callable[..., Any]]]:
        for path in films:
            yield (
                str(path.relative_to(folder)),
                partial(_key_of, path, facts),
                partial(prepared, path),
            )

    return store(items(), len(films), out, codec, facts, progress)


def _key_of(film: Path, facts: dict[str, Any]) -> str:
    """cache.key_of; raises InputError for a film that cannot be opened, such as a link to nowhere."""
    try:
        return cache.key_of(film, facts)
    except OSError as error:
        raise InputError(f"{film}: cannot be read ({error.strerror})", "look at the file") from error


def store(
    items: Any, n_items: int, out: Path, codec: Codec, facts: dict[str, Any], progress: Progress | None
) -> dict[str, Any]:
    """Write prepared films; existing ones are kept.

    Args:
        items: (name, key, make): key() names what make would make, make() -> (FilmFeatures, samples [C, n]);
            an item for which either raises a DyvimError is listed.
        n_items: how many there will be.
        out: folder of the prepared films, which is made.
        codec: for the samples.
        facts: that tokens depend on; a folder with others is refused.
        progress: notified of each item.

    Returns:
        Facts for JSON.
    """
    progress = progress or Silent()
    out.mkdir(parents=True, exist_ok=True)
    _claim(out, facts)
    made, kept, failures = 0, 0, {}
    for done, (name, key, make) in enumerate(items):
        progress.update("prepare", done, n_items)
        try:
            path = out / f"{Path(name).stem}-{key()[:12]}.safetensors"
            if path.exists():
                kept += 1
                continue
            features, samples = make()
            codes = encode_music(samples, codec).numpy().astype(np.int16)
        except DyvimError as error:
            failures[name] = error.message
            continue
        cache.write_features(_sounded(features, codes), path, name)
        made += 1
    progress.update("prepare", 1, 1)
    write_json(out / FAILURES, failures)
    if made + kept == 0:
        raise InputError("not one film with music could be prepared", f"see {out / FAILURES}")
    return {"films": made + kept, "prepared_now": made, "failures": failures}


def _claim(out: Path, facts: dict[str, Any]) -> None:
    """Record the folder's codec; refuse another one."""
    path = out / CODEC
    if path.exists() and json.loads(path.read_text(encoding="utf-8")) != facts:
        raise InputError(
            f"{out}: prepared with another codec or motion encoder", "name another folder with -o"
        )
    write_json(path, facts)


def _sounded(features: FilmFeatures, codes: np.ndarray) -> SoundedFilm:
    return SoundedFilm(**{f.name: getattr(features, f.name) for f in fields(FilmFeatures)}, codes=codes)


def music_of_film(path: Path, codec: Codec) -> torch.Tensor:
    """Read the film's first sound track.

    Args:
        path: of the film.
        codec: whose rate and channels it gets.

    Returns:
        [C, n] samples, -1..1.

    Raises:
        InputError: there is no sound, or only silence.
    """
    from dyvim_cli.media.sound_reading import read_audio

    return fit_channels(read_audio(path, codec.sample_rate)[0], codec)


def fit_channels(samples: np.ndarray, codec: Codec) -> torch.Tensor:
    """Samples [n, 2] with the codec's channels [C, n]; silence is no music to learn from.

    Args:
        samples: [n, 2], -1..1.
        codec: whose channels the result has.

    Returns:
        [C, n].

    Raises:
        InputError: silence, which is no music to learn from.
    """
    if np.abs(samples).max(initial=0.0) < 1e-3:
        raise InputError("the sound track is silent", "films need music to learn from")
    sound = torch.from_numpy(np.ascontiguousarray(samples.T, dtype=np.float32))
    return sound if codec.channels == 2 else sound.mean(dim=0, keepdim=True)


def encode_music(samples: torch.Tensor, codec: Codec) -> torch.Tensor:
    """Encode stretch by stretch with a second of context on either side.

    Args:
        samples: [C, n] at the codec's rate.
        codec: one with segments of its own gets everything at once.

    Returns:
        [K, N] codes.
    """
    if codec.block > 1:
        return codec.encode(samples)  # it has its own segments
    hop = codec.sample_of(1)
    step, context = (round(s * codec.sample_rate / hop) for s in (ENCODED_S, CONTEXT_S))
    n_frames, parts = -(-samples.shape[-1] // hop), []
    for first in range(0, n_frames, step):
        low, high = max(0, first - context), min(n_frames, first + step + context)
        codes = codec.encode(samples[:, low * hop : high * hop])
        parts.append(codes[:, first - low : min(first + step, n_frames) - low])
    return torch.cat(parts, dim=-1).cpu()


def load_films(folder: Path) -> tuple[list[SoundedFilm], list[SoundedFilm], dict[str, Any]]:
    """Read prepared films; one in seven is held out, by a hash of its name.

    Two at least where there are four: what another film's motion costs takes another film.

    Args:
        folder: as prepare_films left it.

    Returns:
        (training films, held-out films, facts).

    Raises:
        InputError: fewer than two films.
    """
    facts = folder / CODEC
    paths = [p for p in folder.glob("*.safetensors") if not p.name.startswith(".")]
    if not facts.exists() or len(paths) < 2:
        raise InputError(
            f"{folder}: fewer than two prepared films", f"dyvim train prepare FOLDER -o {quoted(folder)}"
        )
    paths.sort(key=lambda p: hashlib.sha256(p.name.encode()).digest())
    films = [_read(p) for p in paths]
    n = max(min(2, len(films) // 2), round(HELD_OUT_SHARE * len(films)))
    return films[n:], films[:n], json.loads(facts.read_text(encoding="utf-8"))


def _read(path: Path) -> SoundedFilm:
    try:
        return cache.read_features(path, SoundedFilm)
    except InputError as error:
        raise InputError(error.message, f"delete {path.name} and run dyvim train prepare again") from error

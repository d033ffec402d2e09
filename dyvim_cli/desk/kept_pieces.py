"""Keep every piece in the cache, by a name that the film's comment tag says: a later cut begins with it."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from dyvim_cli import cache
from dyvim_cli.film_plan import CLOSING, FilmPlan, PlannedHit, PlannedSection, Silence, Speech
from dyvim_cli.old_piece import Footage, OldPiece
from dyvim_cli.types import FilmFeatures, Key, Score
from dyvim_cli.vision.recut import footage_of

PREFIX = "piece-"  # beginning of a cache entry's name


@dataclass(frozen=True)
class _Record:
    """An OldPiece as arrays, as the cache writes them."""

    duration_s: float
    tokens: np.ndarray
    step_times_s: np.ndarray
    hit: np.ndarray
    prints: np.ndarray
    print_times_s: np.ndarray
    edges_s: np.ndarray
    facts: np.ndarray  # uint8, JSON


def with_old_piece(score: Score, features: FilmFeatures, soundfont: str | None = None) -> Score:
    """Put into a score what a later cut begins with, and its name.

    Args:
        score: as it was composed.
        features: motion, events, scenes and style of the film.
        soundfont: path of the user's instruments that play it; None = the shipped ones.

    Returns:
        The score with `old` and `id` in extras; unchanged where its plan or the film's prints are unknown.
    """
    if "plan" not in score.extras or not len(features.prints):
        return score
    made = score.extras
    grid = score.tempo_map
    old = OldPiece(
        plan=made["plan"], tokens=score.tokens, step_times_s=grid.step_times_s, bpm=grid.bpm, hit=made["hit"],
        final_step=made["final_step"], programs=made["programs"], footage=footage_of(features),
        soundfont=soundfont, drawn_as=made.get("drawn_as"),
    )  # fmt: skip
    return replace(score, extras=made | {"old": old, "id": name_of(old)})


def name_of(old: OldPiece) -> str:
    """Name a piece by its notes, to the millisecond.

    Args:
        old: the piece.

    Returns:
        Twelve hexadecimal digits that only this piece has.
    """
    digest = hashlib.blake2b(digest_size=6)
    digest.update(np.ascontiguousarray(old.tokens, np.int16).tobytes())
    digest.update(np.rint(1000 * old.step_times_s).astype(np.int64).tobytes())
    digest.update(json.dumps([str(old.plan.key), old.plan.style, sorted(old.programs.items())]).encode())
    return digest.hexdigest()


def keep_piece(score: object, film: Path) -> list[str]:
    """Keep a score that knows what a later cut begins with; a cache that cannot be written is no fault.

    Args:
        score: a Score, or anything else, which is passed over.
        film: path, whose name is kept.

    Returns:
        A note where the cache cannot be written.
    """
    if not isinstance(score, Score) or "old" not in score.extras:
        return []
    note = cache.store(PREFIX + score.extras["id"], _as_record(score.extras["old"]), film)
    return [note] if note else []


def kept_piece(name: str) -> OldPiece | None:
    """Find a kept piece.

    Args:
        name: of name_of; may be empty.

    Returns:
        The piece, if it is still kept.
    """
    record = cache.load(PREFIX + name, _Record) if name else None
    return None if record is None else _from_record(record)


def _as_record(old: OldPiece) -> _Record:
    facts = {
        "plan": asdict(old.plan), "bpm": old.bpm, "final_step": old.final_step, "programs": old.programs,
        "soundfont": old.soundfont, "drawn_as": None if old.drawn_as is None else old.drawn_as.tolist(),
    }  # fmt: skip
    text = np.frombuffer(json.dumps(facts).encode(), np.uint8)
    film = old.footage
    arrays = (old.tokens, old.step_times_s, old.hit, film.prints, film.print_times_s, film.edges_s, text)
    return _Record(film.duration_s, *arrays)


def _from_record(record: _Record) -> OldPiece:
    facts = json.loads(record.facts.tobytes())
    footage = Footage(record.duration_s, record.prints, record.print_times_s, record.edges_s)
    return OldPiece(
        _plan(facts["plan"]), record.tokens, record.step_times_s, facts["bpm"], record.hit,
        facts["final_step"], facts["programs"], footage, facts.get("soundfont"),
        None if facts.get("drawn_as") is None else np.array(facts["drawn_as"]),
    )  # fmt: skip


def _plan(values: dict[str, Any]) -> FilmPlan:
    kinds = {"hits": PlannedHit, "sections": PlannedSection, "silences": Silence}
    rows = {name: tuple(kind(**_tuples(row)) for row in values[name]) for name, kind in kinds.items()}
    if values.get("speech") is not None:
        rows["speech"] = tuple(Speech(**row) for row in values["speech"])
    players = tuple((part, program) for part, program in values.get("instruments", ()))
    closing = tuple(values.get("last_chord", CLOSING))
    named = {"key": Key(**values["key"]), "instruments": players, "last_chord": closing}
    return FilmPlan(**values | rows | named)


def _tuples(row: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}

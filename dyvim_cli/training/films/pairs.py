"""Data set of rendered pairs: selected, rendered, cached in shards, drawn as batches.

Pair i depends on the seed, i and what saw it alone, so a preparation that was stopped continues where it
stopped, and a film is never seen twice by the same encoder.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from dyvim_cli.errors import InputError
from dyvim_cli.model.conditioning.decoder_inputs import D_MOTION, N_CURVES
from dyvim_cli.progress import Progress, Silent
from dyvim_cli.training.data import shards
from dyvim_cli.training.data.batches import (
    FREE_PREFIX,
    SOURCE_WEIGHTS,
    Batch,
    ConditionedPiece,
    collate,
    crop,
    draw_alpha,
    with_conditions,
)
from dyvim_cli.training.data.piece import Piece
from dyvim_cli.training.films.rendered import Pair

MOST_STEPS = 640  # longer pieces would be long films of one song
PER_SHARD = 8
HELD_OUT_SHARE = 1 / 7  # share of the films; their music is held out from pre-training too
T = TypeVar("T")
MUSIC_SHARD = "music.safetensors"  # some of the music of pre-training, replayed against forgetting
MUSIC_PER_FILM = 4  # pieces
DROP_CURVES, DROP_MOTION = 0.15, 0.15  # shares of the crops that get z_d, or curves, alone


def prepare_pairs(
    pieces: list[Piece],
    out: Path,
    n_films: int,
    seed: int,
    render: Callable[[Piece, np.random.Generator], Pair],
    made_with: dict[str, Any],
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Render films to out/pairs-NNNN.safetensors; shards that something else saw are made again.

    Args:
        pieces: to choose from.
        out: folder of the shards.
        n_films: how many.
        seed: of the choice and of the films.
        render: makes the film of a piece and watches it.
        made_with: what the features depend on.
        progress: notified of each film.

    Returns:
        Facts for JSON.
    """
    progress = progress or Silent()
    chosen = choose_pieces(pieces, n_films, seed)
    made = 0
    for first in range(0, len(chosen), PER_SHARD):
        path = out / f"pairs-{first // PER_SHARD:04d}.safetensors"
        group = chosen[first : first + PER_SHARD]
        facts = made_with | {"seed": seed, "first": first}
        if _is_made(path, group, facts):
            continue
        rendered = []
        for i, piece in enumerate(group, start=first):
            progress.update("render", i, len(chosen))
            rendered.append(render(piece, np.random.default_rng([seed, i])))
        columns = {"film_curves": [p.curves for p in rendered], "motion": [p.motion for p in rendered]}
        shards.save(group, path, columns, facts)
        made += len(group)
    music = _shuffled(shards.split(pieces)[0], np.random.default_rng([seed, n_films]))
    music = music[: MUSIC_PER_FILM * n_films]
    shards.save(music, out / MUSIC_SHARD)
    progress.update("render", 1, 1)
    steps = sum(p.tokens.shape[1] for p in chosen)
    return {"films": len(chosen), "rendered_now": made, "steps": steps, "music": len(music)}


def choose_pieces(pieces: list[Piece], n_films: int, seed: int) -> list[Piece]:
    """Choose pieces that answer to events, without repetition while there are enough.

    One in seven is held-out music; sources by their weight in pre-training.

    Args:
        pieces: to choose from.
        n_films: how many.
        seed: of the order.

    Returns:
        N_films pieces of at most MOST_STEPS.

    Raises:
        InputError: no piece is fit.
    """
    rng = np.random.default_rng(seed)
    fit = [p for p in pieces if p.tokens.shape[1] <= MOST_STEPS and not p.name.startswith(FREE_PREFIX)]
    sides = [_shuffled(side, rng) for side in shards.split(fit)]
    if not sides[0]:
        raise InputError("no piece fit to be filmed", f"of at most {MOST_STEPS} steps, answering to curves")
    ration = round(1 / HELD_OUT_SHARE)
    chosen = []
    for i in range(n_films):
        held_out = i % ration == ration - 1 and sides[1]
        side, index = (sides[1], i // ration) if held_out else (sides[0], i - i // ration)
        chosen.append(side[index % len(side)])
    return chosen


def _shuffled(pieces: list[Piece], rng: np.random.Generator) -> list[Piece]:
    """Random order in which a source comes early by its weight (Efraimidis and Spirakis 2006)."""
    counts: dict[str, int] = {}
    for piece in pieces:
        counts[piece.source] = counts.get(piece.source, 0) + 1
    weight = [SOURCE_WEIGHTS.get(p.source, 0.1) / counts[p.source] for p in pieces]
    order = np.argsort(-(rng.random(len(pieces)) ** (1 / np.maximum(weight, 1e-9))), kind="stable")
    return [pieces[i] for i in order]


def _is_made(path: Path, group: list[Piece], facts: dict[str, Any]) -> bool:
    if not path.exists():
        return False
    found, _, made_with = shards.load_columns(path)
    return made_with == facts and [p.name for p in found] == [p.name for p in group]


def load_pairs(folder: Path) -> tuple[list[Pair], list[Pair], list[Piece], dict[str, Any]]:
    """Read the rendered pairs of a folder.

    Args:
        folder: as prepare_pairs left it.

    Returns:
        (training pairs, held-out pairs, pre-training's music, made_with).

    Raises:
        InputError: there are none.
    """
    pairs: list[Pair] = []
    made_with: dict[str, Any] = {}
    for path in sorted(folder.glob("pairs-*.safetensors")):
        pieces, columns, made_with = shards.load_columns(path)
        rows = zip(pieces, columns["film_curves"], columns["motion"], strict=True)
        pairs += [Pair(*row) for row in rows]
    if not pairs:
        raise InputError(f"no rendered pairs in: {folder}", "dyvim train render")
    held_out = {id(p) for p in shards.split([pair.piece for pair in pairs])[1]}
    sides: tuple[list[Pair], list[Pair]] = ([], [])
    for pair in pairs:
        sides[id(pair.piece) in held_out].append(pair)
    music = folder / MUSIC_SHARD
    return *sides, shards.load(music) if music.exists() else [], made_with


@dataclass(frozen=True)
class Ready:
    """Pairs with their form conditions worked out once; the film's curves replace the music's own."""

    films: list[ConditionedPiece]
    music: list[ConditionedPiece]  # without films, with its own curves

    @classmethod
    def of(cls, pairs: list[Pair], music: list[Piece]) -> "Ready":
        """Work out the form conditions of all pieces.

        Args:
            pairs: with films.
            music: without films.

        Returns:
            What draw_batch draws from.
        """
        films = [
            replace(
                with_conditions(replace(p.piece, curves=with_film_curves(p))),
                motion=p.motion.astype(np.float32),
            )
            for p in pairs
        ]
        return cls(films, [with_conditions(p) for p in music])


def with_film_curves(pair: Pair) -> np.ndarray:
    """Take the film's curves, except where z_d should not have to correct them.

    No picture shows an event in its first frame. A piece that begins on an accent, learned with the
    film's own first step, teaches that the first frame's z_d, which has nothing before it, calls for
    one: quiet films then begin with a bang. And the energy keeps its order in time, on the scale of the
    music's own: a made film's pace says when there is more, not how much in all, and real films have no
    music to be measured against.

    Args:
        pair: piece and film.

    Returns:
        [S, 3] hit, cut, energy.
    """
    curves = pair.curves.copy()
    curves[0, :2] = pair.piece.curves[0, :2]
    order = curves[:, 2].argsort(kind="stable")
    curves[order, 2] = np.sort(pair.piece.curves[:, 2])
    return curves


def draw_batch(
    ready: Ready, n_steps: int, batch_size: int, dropout: float, rng: np.random.Generator
) -> Batch:
    """Draw a batch; a share of it is heard without film: as in pre-training, else films at alpha 0.

    Args:
        ready: pairs and music.
        n_steps: length of a crop.
        batch_size: crops.
        dropout: that share, 0..1.
        rng: draws pieces, places, alphas and what is hidden.

    Returns:
        Batch, some rows without curves and some without z_d.
    """
    prepared, alphas, kept = [], [], []
    for _ in range(batch_size):
        dropped = rng.random() < dropout
        group = ready.music if dropped and ready.music else ready.films
        prepared.append(group[rng.integers(len(group))])
        alphas.append(_alpha(prepared[-1], dropped, rng))
        fate = rng.random()
        kept.append((fate >= DROP_CURVES, not DROP_CURVES <= fate < DROP_CURVES + DROP_MOTION))
    crops = [crop(p, n_steps, a, rng) for p, a in zip(prepared, alphas, strict=True)]
    for one, keep in zip(crops, kept, strict=True):
        hide(one["dynamics"], *keep)
    return collate(crops, prepared, alphas)


def _alpha(one: ConditionedPiece, dropped: bool, rng: np.random.Generator) -> float:
    """Draw the alpha of a crop: its trust in the film, or without one in the music's own curves."""
    if one.motion is None:
        return draw_alpha(one.piece, rng)
    return 0.0 if dropped else 1.0 if rng.random() < 0.6 else float(rng.uniform(0.05, 1.0))


def held_out_batches(ready: Ready, n_steps: int, batch_size: int) -> list[Batch]:
    """Every held-out film once, alpha 1, the same crops each time.

    Args:
        ready: of the held-out pairs.
        n_steps: length of a crop.
        batch_size: at most.

    Returns:
        Every film once, alpha 1, the same crops each time.
    """
    rng = np.random.default_rng(0)
    groups = even_groups(ready.films, batch_size)
    return [
        collate([crop(p, n_steps, 1.0, rng) for p in group], group, [1.0] * len(group)) for group in groups
    ]


def even_groups(items: list[T], most: int) -> list[list[T]]:
    """Group items in order, as evenly as can be: none is left alone without need.

    Args:
        items: any.
        most: items a group.

    Returns:
        Groups; none of no items.
    """
    n = -(-len(items) // most)
    bounds = [round(i * len(items) / n) for i in range(n + 1)] if n else [0]
    return [items[a:b] for a, b in zip(bounds[:-1], bounds[1:], strict=True)]


def hide(dynamics: Any, curves: bool, motion: bool) -> None:
    """Zero the parts of z~ that are hidden, in place.

    Args:
        dynamics: [..., D_DYNAMICS], an array or a tensor.
        curves: keep hit, cut and energy.
        motion: keep z_d.
    """
    if not curves:
        dynamics[..., :N_CURVES] = 0
    if not motion:
        dynamics[..., N_CURVES : N_CURVES + D_MOTION] = 0

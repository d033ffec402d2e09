"""Render a pair: a piece of music, its choreographed film, and the film's features.

The film goes the whole way of a real one (vision.analysis, film_curves, motion_features); only the
pixels are ours: textures that a camera travels over, or footage that moves at the music's pace.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from dyvim_cli.model.conditioning.film_curves import film_curves, motion_features
from dyvim_cli.music.timing.tempo_map import hit_table
from dyvim_cli.training.data.piece import Piece
from dyvim_cli.training.films import footage, motion_scenes
from dyvim_cli.training.films.choreography import Choreography, Shot, choreograph
from dyvim_cli.types import STEPS_PER_BEAT, FilmFeatures, TempoMap
from dyvim_cli.vision.analysis import analyse

SHAPES = ((90, 160), (90, 160), (120, 160), (68, 160), (160, 90))  # (H, W), as media.decode gives them
FRAME_RATES = (20.0, 24.0, 25.0)
FOOTAGE_SHARE = 0.6  # share of the sets that show footage, where there is any
MARGIN = 1.15  # enlargement of footage over the picture, so that it can be shaken
FAULTY_SHARE = 0.4  # share of the shots with blur, flicker, noise or compression
BLOCK = 64  # frames that get their camera faults together


@dataclass(frozen=True)
class RenderedFrame:
    """Frame with the fields of media.decode's."""

    time_s: float
    pixels: np.ndarray  # [H, W, 3] uint8


@dataclass(frozen=True)
class Pair:
    """A piece and its film's features on the piece's grid."""

    piece: Piece
    curves: np.ndarray  # [S, 3] float32: hit, cut, energy of the film, as model/film_curves finds them
    motion: np.ndarray  # [S, D_MOTION] float32: z_d


@dataclass(frozen=True)
class Material:
    """Images and textures that films are rendered from."""

    textures: Sequence[np.ndarray]  # [H, W, 3] uint8 each
    takes: Sequence[footage.ClipShot] = ()


@dataclass(frozen=True)
class Set:
    """Scene in front of the camera."""

    background: np.ndarray  # [side, side, 3] uint8
    sprites: list[tuple[np.ndarray, np.ndarray]]  # (texture [side, side, 3], mask [side, side]) uint8
    take: footage.ClipShot | None = None  # instead of the background
    playhead: np.ndarray | None = None  # [T] its frame at every frame of the film


def render_pair(piece: Piece, material: Material, rng: np.random.Generator) -> Pair:
    """Make a film of the piece and watch it.

    Args:
        piece: music with curves.
        material: what the film is made of.
        rng: draws the film.

    Returns:
        The piece and what is seen of its film on the piece's grid.
    """
    features, step_times_s = watch_film_of(piece, material, rng)
    return Pair(piece, *on_grid(features, step_times_s, piece.bpm))


def watch_film_of(
    piece: Piece, material: Material, rng: np.random.Generator
) -> tuple[FilmFeatures, np.ndarray]:
    """Make a film of the piece and analyse it as a real one.

    Args:
        piece: music with curves.
        material: what the film is made of.
        rng: draws frame rate, shape and film.

    Returns:
        (features, times [S + 1] of the piece's steps in the film, s).
    """
    film = choreograph(piece, float(rng.choice(FRAME_RATES)), rng)
    size = SHAPES[rng.integers(len(SHAPES))]
    step_times_s = np.arange(piece.tokens.shape[1] + 1) * 60 / (STEPS_PER_BEAT * piece.bpm)
    return analyse(render(film, size, material, rng), float(step_times_s[-1])), step_times_s


def on_grid(features: FilmFeatures, step_times_s: np.ndarray, bpm: float) -> tuple[np.ndarray, np.ndarray]:
    """Resample a film's features to the grid of its music.

    Args:
        features: of the film.
        step_times_s: [S + 1].
        bpm: tempo, beats a minute.

    Returns:
        (curves [S, 3] float32, z_d [S, D_MOTION]).
    """
    grid = TempoMap(step_times_s, bpm)
    hits = hit_table(grid, features.event_times_s, features.event_weights, features.event_names)
    grid = TempoMap(step_times_s, bpm, hits)
    curves = np.stack(film_curves(features, grid), axis=1).astype(np.float32)
    return curves, motion_features(features, grid)


def render(
    film: Choreography, size: tuple[int, int], material: Material, rng: np.random.Generator
) -> Iterator[RenderedFrame]:
    """Draw the film's frames, shot by shot; some shots get a camera's faults.

    Args:
        film: every frame's motion.
        size: (height, width) px.
        material: what the sets are made of.
        rng: draws sets and faults.

    Yields:
        Frames [H, W, 3] uint8 with their times.
    """
    sets: dict[int, Set] = {}
    for shot in film.shots:
        if shot.set not in sets:
            sets[shot.set] = _new_set(film, size, material, rng)
        faulty = rng.random() < FAULTY_SHARE
        for start in range(shot.start, shot.end, BLOCK):
            block = range(start, min(start + BLOCK, shot.end))
            frames = np.stack([_picture(film, shot, sets[shot.set], i, size) for i in block])
            if faulty:
                frames = motion_scenes.camera_faults(rng, frames)
            for i, pixels in zip(block, frames, strict=True):
                yield RenderedFrame(float(film.times_s[i]), pixels)


def _new_set(film: Choreography, size: tuple[int, int], material: Material, rng: np.random.Generator) -> Set:
    """A background, sprites, and footage in some of the sets."""
    background = _patch(rng, material.textures, 2 * max(size))
    sprites = [_sprite(size, material.textures, rng) for _ in range(film.sprites.shape[1])]
    if not material.takes or rng.random() >= FOOTAGE_SHARE:
        return Set(background, sprites)
    ways = np.array([take.travel[-1] for take in material.takes])
    take = material.takes[rng.choice(len(ways), p=ways / ways.sum())]  # a short one turns round too often
    return Set(background, sprites, take, footage.play_take(take, film.travel, rng))


def _sprite(
    size: tuple[int, int], textures: Sequence[np.ndarray], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    side = max(size)
    texture, mask = _patch(rng, textures, side), np.zeros((side, side), np.uint8)
    axes = tuple(int(side * share) for share in rng.uniform(0.25, 0.5, 2))
    cv2.ellipse(mask, (side // 2,) * 2, axes, rng.uniform(0, 180), 0, 360, 255, -1, cv2.LINE_AA)
    return texture, mask


def _patch(rng: np.random.Generator, textures: Sequence[np.ndarray], side: int) -> np.ndarray:
    return np.clip(motion_scenes._crop(rng, textures, side, side), 0, 255).astype(np.uint8)


def _picture(film: Choreography, shot: Shot, seen: Set, index: int, size: tuple[int, int]) -> np.ndarray:
    """One frame: the background as the camera sees it, the sprites over it."""
    height, width = size
    if seen.take is None:
        background = seen.background
        x, y, angle, zoom = film.camera[index] - film.camera[shot.start] * (1, 1, 1, 0)
        scale = np.exp(zoom)
    else:
        background = seen.take.picture(cast(np.ndarray, seen.playhead)[index])
        x, y, angle, zoom = film.shake[index]
        scale = np.exp(zoom) * MARGIN * max(height / background.shape[0], width / background.shape[1])
    place = _placed(background, width * (0.5 - x), height / 2 - width * y, angle, scale)
    picture = cv2.warpAffine(background, place, (width, height), borderMode=cv2.BORDER_REFLECT)
    for (texture, mask), (sx, sy, turn, grown) in zip(seen.sprites, film.sprites[index], strict=True):
        place = _placed(texture, sx * width, sy * height, turn, grown * min(size) / max(size))
        cover = cv2.warpAffine(mask, place, (width, height))
        colour = cv2.warpAffine(texture, place, (width, height))
        picture = np.where(cover[..., None] > 127, colour, picture)
    return picture


def _placed(texture: np.ndarray, x: float, y: float, angle: float, scale: float) -> np.ndarray:
    """[2, 3] affine matrix that puts a texture with its centre at (x, y)."""
    height, width = texture.shape[:2]
    matrix = motion_scenes._affine(height, x, y, angle, scale)[:2]
    matrix[:, 2] += matrix[:, 0] * (height - width) / 2  # _affine takes it for a square
    return matrix

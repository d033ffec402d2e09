"""Rendered pairs: a piece of music, the film that a choreography makes of it, and what vision sees in it.

The film goes the whole way of a real one (vision.analysis, film_curves, motion_features); only the
pixels are ours.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from dyvim_cli.model.film_curves import film_curves, motion_features
from dyvim_cli.music.tempo_map import hit_table
from dyvim_cli.training import motion_scenes
from dyvim_cli.training.choreography import Choreography, Shot, choreograph
from dyvim_cli.training.piece import Piece
from dyvim_cli.types import EVENT_KINDS, STEPS_PER_BEAT, FilmFeatures, TempoMap
from dyvim_cli.vision.analysis import analyse

SHAPES = ((90, 160), (90, 160), (120, 160), (68, 160), (160, 90))  # (H, W), as media.decode gives them
FRAME_RATES = (20.0, 24.0, 25.0)
FAULTY_SHARE = 0.4  # of the shots: blur, flicker, noise, compression
BLOCK = 64  # frames that get their camera faults together


@dataclass(frozen=True)
class Frame:
    """As media.decode gives them."""

    time_s: float
    pixels: np.ndarray  # [H, W, 3] uint8


@dataclass(frozen=True)
class Pair:
    """A piece and what is seen of its film on the piece's grid."""

    piece: Piece
    curves: np.ndarray  # [S, 3] float32: hit, cut, energy of the film, as model/film_curves finds them
    motion: np.ndarray  # [S, D_MOTION] float32: z_d


def render_pair(piece: Piece, textures: Sequence[np.ndarray], rng: np.random.Generator) -> Pair:
    """Make a film of the piece and watch it."""
    features, step_times_s = watch_film_of(piece, textures, rng)
    return Pair(piece, *on_grid(features, step_times_s, piece.bpm))


def watch_film_of(
    piece: Piece, textures: Sequence[np.ndarray], rng: np.random.Generator
) -> tuple[FilmFeatures, np.ndarray]:
    """What is seen in a film of the piece, and the times [S + 1] of the piece's steps in it."""
    film = choreograph(piece, float(rng.choice(FRAME_RATES)), rng)
    size = SHAPES[rng.integers(len(SHAPES))]
    step_times_s = np.arange(piece.tokens.shape[1] + 1) * 60 / (STEPS_PER_BEAT * piece.bpm)
    return analyse(render(film, size, textures, rng), float(step_times_s[-1])), step_times_s


def on_grid(features: FilmFeatures, step_times_s: np.ndarray, bpm: float) -> tuple[np.ndarray, np.ndarray]:
    """The film's curves [S, 3] and z_d [S, D_MOTION] on a grid that the music has fixed."""
    grid = TempoMap(step_times_s, bpm)
    kinds = [EVENT_KINDS[kind] for kind in features.event_kinds]
    hits = hit_table(grid, features.event_times_s, features.event_weights, kinds)
    grid = TempoMap(step_times_s, bpm, hits)
    curves = np.stack(film_curves(features, grid), axis=1).astype(np.float32)
    return curves, motion_features(features, grid)


def render(
    film: Choreography, size: tuple[int, int], textures: Sequence[np.ndarray], rng: np.random.Generator
) -> Iterator[Frame]:
    """The film's frames [H, W, 3], size = (H, W)."""
    sets: dict[int, list] = {}
    for shot in film.shots:
        if shot.set not in sets:
            sets[shot.set] = _layers(film.sprites.shape[1], size, textures, rng)
        layers = sets[shot.set]
        faulty = rng.random() < FAULTY_SHARE
        for start in range(shot.start, shot.end, BLOCK):
            block = range(start, min(start + BLOCK, shot.end))
            frames = np.stack([_picture(film, shot, layers, i, size) for i in block])
            if faulty:
                frames = motion_scenes.camera_faults(rng, frames)
            for i, pixels in zip(block, frames, strict=True):
                yield Frame(float(film.times_s[i]), pixels)


def _layers(n_sprites: int, size, textures, rng) -> list[tuple[np.ndarray, np.ndarray | None]]:
    """(texture uint8, mask 0..255 or None): the background, then the sprites."""
    side = 2 * max(size)
    layers = [(_patch(rng, textures, side), None)]
    for _ in range(n_sprites):
        texture = _patch(rng, textures, max(size))
        mask = np.zeros(texture.shape[:2], np.uint8)
        axes = tuple(int(max(size) * share) for share in rng.uniform(0.25, 0.5, 2))
        cv2.ellipse(mask, (max(size) // 2,) * 2, axes, rng.uniform(0, 180), 0, 360, 255, -1, cv2.LINE_AA)
        layers.append((texture, mask))
    return layers


def _patch(rng, textures, side: int) -> np.ndarray:
    return np.clip(motion_scenes._crop(rng, textures, side, side), 0, 255).astype(np.uint8)


def _picture(film: Choreography, shot: Shot, layers, index: int, size) -> np.ndarray:
    """One frame: the background as the camera sees it, the sprites over it."""
    height, width = size
    x, y, angle, zoom = film.camera[index] - film.camera[shot.start] * (1, 1, 1, 0)
    background = layers[0][0]
    matrix = motion_scenes._affine(
        background.shape[0], width * (0.5 - x), height / 2 - width * y, angle, np.exp(zoom)
    )
    picture = cv2.warpAffine(background, matrix[:2], (width, height), borderMode=cv2.BORDER_REFLECT)
    for (texture, mask), (sx, sy, turn, scale) in zip(layers[1:], film.sprites[index], strict=True):
        place = motion_scenes._affine(
            texture.shape[0], sx * width, sy * height, turn, scale * min(size) / max(size)
        )
        cover = cv2.warpAffine(mask, place[:2], (width, height))
        colour = cv2.warpAffine(texture, place[:2], (width, height))
        picture = np.where(cover[..., None] > 127, colour, picture)
    return picture

"""Turn a piece's events into the script of a procedural film: cuts, camera moves, sprites.

The links between picture and music are drawn film by film, so that none of them can be taken for
granted: cuts at boundaries, jolts on hits and pace by energy are in the event curves as well;
surges of pace on what is played within the beat (the curves know whole beats and great events only),
height by melody (rising pitch is heard as rising: Eitan and Granot 2006), a pulse by kick and snare,
spin by arpeggio and the kind of camera by texture are in the motion features alone. Letters: S
grid steps, T frames.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dyvim_cli.music.symbols import tokens
from dyvim_cli.training.data.curves import onset_mass
from dyvim_cli.training.data.piece import Piece
from dyvim_cli.types import STEPS_PER_BEAT

SLOW, FAST = 0.012, 0.6  # picture widths a second at the least and the most energy
STILL_ENERGY = 0.04  # as conditioning.event_curves: below it nothing moves
CUT_SHARE = 0.95  # share of the music's boundaries that the film cuts on
LINK_SHARE = 0.75  # share of the films in which a link holds
SURGE, SURGE_S = 2.5, 0.1  # how much faster all moves at a step of full onset weight, how long
PULSE = 0.1  # growth of a sprite: seen by the encoder, but no event
JOLT_S, PULSE_S, GLIDE_S = 0.15, 0.12, 0.25  # how long a jolt, a pulse, a change of height lasts


@dataclass(frozen=True)
class Shot:
    """Frames [start, end) of one set; equal sets look alike."""

    start: int
    end: int
    set: int


@dataclass(frozen=True)
class Choreography:
    """Every frame's motion; lengths in picture widths, angles in radians."""

    times_s: np.ndarray  # [T]
    shots: tuple[Shot, ...]
    camera: np.ndarray  # [T, 4]: x, y, angle, log of zoom, the shake included
    shake: np.ndarray  # [T, 4]: the part of it that hits have caused
    travel: np.ndarray  # [T] how far what moves at the music's pace has come, in picture widths
    sprites: np.ndarray  # [T, N, 4]: x, y (0..1 of the picture), angle, scale


def choreograph(piece: Piece, fps: float, rng: np.random.Generator) -> Choreography:
    """Make a film of the whole piece at a constant tempo.

    Args:
        piece: its curves rule cuts, pace and hits.
        fps: frames a second.
        rng: draws shots, paths and shake.

    Returns:
        T frames' motion, at least four frames.
    """
    step_s = 60 / (STEPS_PER_BEAT * piece.bpm)
    n_frames = max(4, round(piece.tokens.shape[1] * step_s * fps))
    times_s = np.arange(n_frames) / fps
    shots = _shots(piece, times_s, step_s, rng)
    pace = _pace(piece, times_s, step_s)
    if rng.random() < LINK_SHARE:
        pace = pace * (1 + SURGE * _decaying_onsets(piece, times_s, step_s))
    hits = np.flatnonzero(piece.curves[:, 0] > 0)
    jolts = _decaying(times_s, hits * step_s, piece.curves[hits, 0], JOLT_S)
    path, reversals = _path(piece, times_s, step_s, pace, jolts, shots, rng)
    shake = _shake(jolts, rng)
    sprites = [_sprite(piece, times_s, step_s, pace, jolts, i, rng) for i in range(rng.integers(0, 4))]
    travel = np.cumsum(pace * reversals) / fps
    placed = np.stack(sprites, axis=1) if sprites else np.zeros((n_frames, 0, 4))
    return Choreography(times_s, shots, path + shake, shake, travel, placed)


def _shots(piece: Piece, times_s: np.ndarray, step_s: float, rng: np.random.Generator) -> tuple[Shot, ...]:
    """A shot from cut to cut; a section that returns returns to its set."""
    cuts = [step for step in np.flatnonzero(piece.curves[:, 1] > 0) if step and rng.random() < CUT_SHARE]
    frames = np.searchsorted(times_s, np.array([0, *cuts]) * step_s - 1e-9)
    labels = {s.start: s.label for s in piece.sections}
    sets: list[int] = []
    fresh = 100
    for step in [0, *map(int, cuts)]:
        label = labels.get(step, -1)
        fresh += 1
        # the same set twice in a row would be no cut
        sets.append(label if label >= 0 and (not sets or sets[-1] != label) else fresh)
    ends = [*frames[1:], len(times_s)]
    return tuple(Shot(int(a), int(b), s) for a, b, s in zip(frames, ends, sets, strict=True) if b > a)


def _pace(piece: Piece, times_s: np.ndarray, step_s: float) -> np.ndarray:
    """[T] speed in picture widths a second, logarithmic in energy, 0 where the music rests."""
    energy = np.interp(times_s, (np.arange(len(piece.curves)) + 0.5) * step_s, piece.curves[:, 2])
    return np.where(energy < STILL_ENERGY, 0.0, SLOW * (FAST / SLOW) ** energy)


def _decaying_onsets(piece: Piece, times_s: np.ndarray, step_s: float) -> np.ndarray:
    """[T] 0..1: recent onset weight, against the piece's fullest steps."""
    mass = onset_mass(piece.tokens)
    onsets = np.flatnonzero(mass > 0)
    weights = np.minimum(1.0, mass[onsets] / np.percentile(mass[onsets], 90)) if len(onsets) else onsets
    return _decaying(times_s, onsets * step_s, weights, SURGE_S)


def _decaying(times_s: np.ndarray, onsets_s: np.ndarray, weights: np.ndarray, decay_s: float) -> np.ndarray:
    """[T] what is left of the impulses at onsets_s, each beginning at its weight."""
    level = np.zeros(len(times_s))
    for onset, weight in zip(onsets_s, weights, strict=True):
        first = np.searchsorted(times_s, onset - 1e-9)
        level[first:] = np.maximum(level[first:], weight * np.exp(-(times_s[first:] - onset) / decay_s))
    return level


def _path(
    piece: Piece,
    times_s: np.ndarray,
    step_s: float,
    pace: np.ndarray,
    jolts: np.ndarray,
    shots: tuple[Shot, ...],
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """The camera's path [T, 4], in each shot a heading, or a zoom, or a turn; [T] +1 or -1: its sense."""
    frame_s = times_s[1] - times_s[0]
    thin = _share(piece, ("pad",), times_s, step_s) > _share(piece, ("arp", "drums"), times_s, step_s)
    rates = np.zeros((len(times_s), 4))
    for shot in shots:
        span = slice(shot.start, shot.end)
        heading = rng.uniform(0, 2 * np.pi)
        pan = np.array([np.cos(heading), np.sin(heading), 0.0, 0.0])
        # a thin texture is looked into, a driving one is travelled through
        linked = rng.random() < LINK_SHARE
        zooms = thin[shot.start : shot.end].mean() > 0.5 if linked else rng.random() < 0.3
        turn = np.array([0.0, 0.0, rng.normal(0, 1.0) if rng.random() < 0.2 else 0.0, 0.0])
        rates[span] = np.array([0.0, 0.0, 0.0, rng.choice([-2.0, 2.0])]) if zooms else pan + turn
    reversals = _signs(jolts, rng) if rng.random() < 0.5 else np.ones(len(times_s))
    path = np.cumsum(rates * (pace * reversals * frame_s)[:, None], axis=0)
    path[:, 3] = 0.5 * np.sin(2 * path[:, 3])  # a zoom comes back
    return path, reversals


def _shake(jolts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """[T, 4]: what hits do to the camera, one way in the whole film."""
    shaken = rng.random() < LINK_SHARE
    direction = rng.uniform(0, 2 * np.pi)
    return shaken * 0.12 * jolts[:, None] * np.array([np.cos(direction), np.sin(direction), 0.3, 0.5])


def _signs(jolts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """[T] +1 or -1, turned round at every jolt."""
    onsets = np.diff(jolts, prepend=0.0) > 0.05
    return np.where(np.cumsum(onsets) % 2 == 0, 1.0, -1.0)


def _sprite(
    piece: Piece,
    times_s: np.ndarray,
    step_s: float,
    pace: np.ndarray,
    jolts: np.ndarray,
    index: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """[T, 4] of one sprite: travels at the music's pace, jumps on hits, and follows its own links."""
    frame_s = times_s[1] - times_s[0]
    links = rng.random(4) < LINK_SHARE
    orbit, phase = rng.uniform(0.2, 0.4), rng.uniform(0, 2 * np.pi)
    angle = phase + np.cumsum(pace * links[0]) * frame_s / orbit * rng.choice([-1, 1])
    x, y = 0.5 + orbit * np.cos(angle), 0.5 + orbit * np.sin(angle)
    if links[1] and index == 0:
        y = 0.85 - 0.7 * _height(piece, times_s, step_s)
    y = y - 0.3 * jolts * (rng.random() < 0.8)
    spin = rng.choice([-1, 1]) * 3 * _share(piece, ("arp",), times_s, step_s) * links[2]
    beats = np.flatnonzero(np.maximum(piece.tokens[tokens.STREAM_INDEX["drums"]], 0) & 0b11)  # kick, snare
    pulse = _decaying(times_s, beats * step_s, np.ones(len(beats)), PULSE_S) * links[3]
    scale = rng.uniform(0.25, 0.6) * (1 + PULSE * pulse)
    return np.stack([x, y, np.cumsum(spin) * frame_s, scale], axis=1)


def _share(piece: Piece, streams: Sequence[str], times_s: np.ndarray, step_s: float) -> np.ndarray:
    """[T] onsets of streams a step, averaged over the beat's surroundings."""
    rows = [
        piece.tokens[tokens.STREAM_INDEX[name]] >= (tokens.FIRST_PITCH if name in tokens.PITCHED else 1)
        for name in streams
    ]
    share = np.mean(rows, axis=0)
    smooth = np.convolve(share, np.full(2 * STEPS_PER_BEAT, 0.5 / STEPS_PER_BEAT), mode="same")[: len(share)]
    return np.interp(times_s, (np.arange(len(share)) + 0.5) * step_s, smooth)


def _height(piece: Piece, times_s: np.ndarray, step_s: float) -> np.ndarray:
    """[T] 0..1: how high the melody is, gliding from note to note; 0.5 before the first."""
    row = piece.tokens[tokens.STREAM_INDEX["melody"]]
    onsets = np.flatnonzero(row >= tokens.FIRST_PITCH)
    span = tokens.STREAMS[tokens.STREAM_INDEX["melody"]].cardinality - tokens.FIRST_PITCH - 1
    targets = np.concatenate([[0.5], (row[onsets] - tokens.FIRST_PITCH) / span])
    target = targets[np.searchsorted(onsets * step_s, times_s + 1e-9, side="right")]
    share = 1 - np.exp(-(times_s[1] - times_s[0]) / GLIDE_S)
    height = np.empty(len(times_s))
    now = target[0]
    for i, wanted in enumerate(target):
        now += share * (wanted - now)
        height[i] = now
    return height

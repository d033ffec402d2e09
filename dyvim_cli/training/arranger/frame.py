"""The frame of a piece that every part reads, and helpers that turn onsets into token rows."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from dyvim_cli.music.idioms.grooves import NEVER
from dyvim_cli.music.symbols import tokens
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.stylebook.record import Arranger
from dyvim_cli.training.arranger.film import FilmCurves
from dyvim_cli.training.arranger.form import Scene
from dyvim_cli.types import STEPS_PER_BAR

LONGEST = 4 * STEPS_PER_BAR  # no note is longer than four bars
SILENT = 2 * NEVER  # need of every step of a part that is silent for a scene


@dataclass(frozen=True)
class PieceFrame:
    """The frame of a piece; S steps."""

    style: str
    bpm: float
    is_minor: bool
    scenes: tuple[Scene, ...]
    film: FilmCurves
    follows: bool  # False: free music, the film has no say
    final: int  # step of the last chord, which rings out

    @property
    def n_steps(self) -> int:
        """S."""
        return self.scenes[-1].end

    def scene_at(self, step: int) -> Scene:
        """Find the scene of a step.

        Args:
            step: 0..S - 1.

        Returns:
            The scene.

        Raises:
            StopIteration: the step is behind the last scene.
        """
        return next(s for s in self.scenes if s.start <= step < s.end)

    @property
    def habits(self) -> Arranger:
        """The arranger's settings of the style."""
        return RECORDS[self.style].arranger


def lay(pattern_of_scene: dict[int, np.ndarray], plan: PieceFrame) -> np.ndarray:
    """Place the patterns of the scenes on the bar grid: each begins with the bar in which its scene begins.

    Args:
        pattern_of_scene: index of scene -> values [P], which repeat for as long as the scene is.
        plan: frame of the piece, S steps.

    Returns:
        [S] values.
    """
    steps = np.arange(plan.n_steps)
    row = np.full(plan.n_steps, NEVER)
    for i, scene in enumerate(plan.scenes):
        pattern = pattern_of_scene[i]
        span = steps[scene.start : scene.end]
        row[scene.start : scene.end] = pattern[
            (span - scene.start // STEPS_PER_BAR * STEPS_PER_BAR) % len(pattern)
        ]
    return row


def chord_changes(chords: np.ndarray) -> np.ndarray:
    """Find where a new chord begins.

    Args:
        chords: [S] chord tokens.

    Returns:
        [S] bool, True where a new chord begins (step 0 included).
    """
    return np.concatenate([[True], chords[1:] != chords[:-1]])


def write_row(name: str, onsets: Any, pitches: Any, ends: Any, n_steps: int) -> np.ndarray:
    """Write the notes of a pitched stream as tokens; a note ends at the next one at latest.

    Args:
        name: of the stream.
        onsets: [N] steps, ascending.
        pitches: [N] MIDI numbers.
        ends: [N] steps, the first that no longer sounds.
        n_steps: S, the length of the piece.

    Returns:
        [S] int16 tokens: rests, pitches, holds.
    """
    stream = tokens.STREAMS[tokens.STREAM_INDEX[name]]
    row = np.full(n_steps, tokens.REST, dtype=np.int16)
    limits = [*onsets[1:], n_steps][: len(onsets)]
    for start, pitch, end, limit in zip(onsets, pitches, ends, limits, strict=True):
        row[start : min(end, limit, start + LONGEST)] = tokens.HOLD
        row[start] = tokens.pitch_token(stream, int(pitch))
    return row

"""Read lead sheets (OpenEWLD and any folder of MusicXML with chord symbols): melody and chords."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dyvim_cli.music.symbols.keys import find_key, pitch_class_weights
from dyvim_cli.music.symbols.tokens import CHORD_QUALITIES, STREAM_INDEX, empty
from dyvim_cli.training.data.curves import music_curves
from dyvim_cli.training.data.piece import Piece
from dyvim_cli.training.sources import grid, sheet
from dyvim_cli.types import Key

SOURCE = "openewld"
SUFFIXES = sheet.SUFFIXES
DEFAULT_BPM = 110.0  # a lead sheet rarely names its tempo


def read(path: Path) -> list[Piece]:
    """Read one lead sheet: its runs in duple metre; melody and chords known, the rest not.

    Args:
        path: of MusicXML.

    Returns:
        Its pieces.

    Raises:
        InputError: it cannot be read.
    """
    return pieces(sheet.read(path), SOURCE, Path(path).stem)


def pieces(song: sheet.Sheet, source: str, title: str) -> list[Piece]:
    """Make pieces from a parsed score.

    Args:
        song: the score.
        source: first part of the pieces' names.
        title: the rest of them.

    Returns:
        One piece per run; none when the score has no chord symbols.
    """
    return [_piece(f"{source}/{title}", source, song, run) for run in grid.runs(song.bars) if song.chords]


def _piece(name: str, source: str, song: sheet.Sheet, run: grid.BarRun) -> Piece:
    notes = song.notes[(song.notes["end"] > run.start) & (song.notes["start"] < run.end)]
    key = _key(notes, [(t, c) for t, c in song.chords if t < run.end], run)
    tokens = empty(run.n_steps)
    shift = grid.octave_shift(notes["pitch"], "melody", key.tonic)
    starts, ends = run.step(notes["start"]), run.step(notes["end"])
    tokens[STREAM_INDEX["melody"]] = grid.line("melody", starts, ends, notes["pitch"] + shift, run.n_steps)
    tokens[STREAM_INDEX["chord"]] = grid.chord_line(song.chords, run, key.tonic)
    sections = grid.sections_of(run)
    return Piece(
        name, source, tokens, music_curves(tokens, [s.start for s in sections]), sections, key.is_minor,
        song.bpm or DEFAULT_BPM, -1, run.starts_piece, run.ends_piece,
    )  # fmt: skip


def _key(notes: np.ndarray, chords: Sequence[tuple[float, Any]], run: grid.BarRun) -> Key:
    """Key signature, major or minor by the profile of melody and chord tones and the last chord."""
    weights = pitch_class_weights(notes["pitch"], notes["end"] - notes["start"])
    times = [max(time, run.start) for time, _ in chords] + [run.end]
    last_root = None
    for i, (_, chord) in enumerate(chords):
        if chord is not None:
            last_root = chord[0]
            tones = [chord[0] + interval for interval in CHORD_QUALITIES[chord[1]]]
            weights += pitch_class_weights(tones, [max(0.0, times[i + 1] - times[i]) / 2] * len(tones))
    return find_key(weights, run.fifths, last_root)

"""Read songs for voice and piano (OpenScore Lieder, and MusicXML of the same layout)."""

from pathlib import Path

import numpy as np

from dyvim_cli.music.symbols import keys
from dyvim_cli.music.symbols.tokens import STREAM_INDEX, empty
from dyvim_cli.training.data.curves import music_curves
from dyvim_cli.training.data.piece import Piece
from dyvim_cli.training.sources import chord_inference, dynamics, grid, sheet, texture
from dyvim_cli.training.sources.texture import Notes
from dyvim_cli.types import Key

SOURCE = "lieder"
SUFFIXES = sheet.SUFFIXES
DEFAULT_BPM = 90.0  # where the score gives no tempo


def read(path: Path) -> list[Piece]:
    """Read one song: voice = melody, left hand = bass, piano chords = pad, figuration = arp.

    Args:
        path: of MusicXML.

    Returns:
        One piece per run in duple metre.

    Raises:
        InputError: it cannot be read.
    """
    return pieces(sheet.read(path), SOURCE, Path(path).stem)


def pieces(song: sheet.Sheet, source: str, fallback: str) -> list[Piece]:
    """Make pieces from a parsed score.

    Args:
        song: the score.
        source: first part of the pieces' names.
        fallback: name when the score has no title.

    Returns:
        One piece per run in duple metre.
    """
    name = f"{source}/{work_title(song) or fallback}"
    piano = piano_part(song)
    return [_piece(name, source, song, run, piano) for run in grid.runs(song.bars)]


def work_title(song: sheet.Sheet) -> str:
    """Name a work, so that one song printed in two keys is one work.

    Args:
        song: the score.

    Returns:
        Composer and title, so that one song printed in two keys is one work; "" without either.
    """
    return " - ".join(filter(None, (song.composer, song.title))).replace("/", " ").replace("#", " ")


def piano_part(song: sheet.Sheet) -> int:
    """Find the part of the piano.

    Args:
        song: the score.

    Returns:
        Index of the part with two staves; the last part when none has.
    """
    on_second = song.notes["part"][song.notes["staff"] == 2]
    return int(np.bincount(on_second).argmax()) if len(on_second) else len(song.part_names) - 1


def _piece(name: str, source: str, song: sheet.Sheet, run: grid.BarRun, piano: int) -> Piece:
    raw = song.notes[(song.notes["end"] > run.start) & (song.notes["start"] < run.end)]
    key = _key(raw, run)
    starts, ends = run.clip(raw["start"], raw["end"])
    shift = grid.octave_shift(raw["pitch"][raw["part"] != piano], "melody", key.tonic)
    every = Notes(starts, ends, raw["pitch"].astype(int) + shift)
    tokens = empty(run.n_steps)
    voice = every[raw["part"] == _singer(raw, piano)]
    hands = [every[(raw["part"] == piano) & ((raw["staff"] == 2) == left)] for left in (False, True)]
    tokens[STREAM_INDEX["melody"]] = grid.line("melody", voice.starts, voice.ends, voice.pitches, run.n_steps)
    for stream, row in _piano_streams(hands[0], hands[1], voice, run.n_steps).items():
        tokens[STREAM_INDEX[stream]] = row
    tokens[STREAM_INDEX["chord"]] = chord_inference.chords_of_notes(
        every.starts, every.ends, every.pitches, run.n_steps, key.is_minor
    )
    tokens[STREAM_INDEX["level"]] = dynamics.levels(song, run, raw)
    sections = grid.sections_of(run)
    return Piece(
        name, source, tokens, music_curves(tokens, [s.start for s in sections]), sections, key.is_minor,
        song.bpm or DEFAULT_BPM, -1, run.starts_piece, run.ends_piece,
    )  # fmt: skip


def _singer(raw: np.ndarray, piano: int) -> int:
    """The part that sings most; -1 when the piano is alone."""
    others = raw["part"][raw["part"] != piano]
    return int(np.bincount(others).argmax()) if len(others) else -1


def _key(raw: np.ndarray, run: grid.BarRun) -> Key:
    weights = keys.pitch_class_weights(raw["pitch"], raw["end"] - raw["start"])
    last = raw[raw["end"] >= raw["end"].max() - 1.0] if len(raw) else raw
    rest = int(last["pitch"].min()) % 12 if len(last) else None
    return keys.find_key(weights, run.fifths, rest)


def _piano_streams(right: Notes, left: Notes, voice: Notes, n_steps: int) -> dict[str, np.ndarray]:
    """bass, pad and arp rows of the two hands."""
    low = texture.bass_mask(left)
    bass, figure = left[low], left[~low]
    bass_ends = texture.hold_through(bass, figure)
    both_staves = texture.join_parts([right, figure])
    pad = both_staves[texture.chord_mask(both_staves)]
    right = right[~texture.chord_mask(right) & ~_doubles(right, voice)]
    figure = figure[~np.isin(figure.starts, pad.starts)]
    by_left = texture.busier_by_bar(right, figure, n_steps)
    moving = texture.join_parts([right[~by_left[right.starts]], figure[by_left[figure.starts]]])
    return {
        "bass": grid.line("bass", bass.starts, bass_ends, bass.pitches, n_steps),
        "pad": grid.line("pad", pad.starts, pad.ends, pad.pitches, n_steps),
        "arp": grid.line("arp", moving.starts, moving.ends, moving.pitches, n_steps),
    }


def _doubles(part: Notes, voice: Notes) -> np.ndarray:
    """Mask of the notes that only double the voice (same step, same pitch or an octave off)."""
    sung = set(zip(voice.starts.tolist(), (voice.pitches % 12).tolist(), strict=True))
    played = zip(part.starts.tolist(), (part.pitches % 12).tolist(), strict=True)
    return np.array([note in sung for note in played], dtype=bool)

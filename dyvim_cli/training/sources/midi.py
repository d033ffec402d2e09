"""Read multitrack MIDI of any folder; the tracks' roles are inferred from their notes."""

from pathlib import Path
from typing import Any

import numpy as np

from dyvim_cli.errors import InputError
from dyvim_cli.music.symbols import keys
from dyvim_cli.music.symbols.tokens import STREAM_INDEX, empty
from dyvim_cli.training.data.curves import music_curves
from dyvim_cli.training.data.piece import Piece, PieceSection
from dyvim_cli.training.sources import chord_inference, drums, dynamics, grid, roles, texture
from dyvim_cli.training.sources.texture import Notes
from dyvim_cli.types import STEPS_PER_BEAT, STYLES

SOURCE = "midi"
SUFFIXES = (".mid", ".midi")
DEFAULT_BPM = 120.0  # what MIDI itself assumes
PEDAL_BONUS = 0.3  # riffs sit on their tonic: worth more than a tonic that is only touched
MIN_ONSETS = 16  # pitched notes below which a run is no music


def read(path: Path, source: str = SOURCE) -> list[Piece]:
    """Read one file: its runs in duple metre, with the streams that its tracks fill.

    Args:
        path: of the file.
        source: first part of the pieces' names.

    Returns:
        One piece per run that can be used.

    Raises:
        InputError: it cannot be read.
    """
    score = load(path)
    bars = bar_lines(score)
    tracks = roles.tracks_of(score)
    bpm = _bpm(score)
    pieces = [_piece(f"{source}/{Path(path).stem}", source, run, tracks, bpm) for run in grid.runs(bars)]
    return [piece for piece in pieces if piece is not None]


def load(path: Path) -> Any:
    """Load a MIDI file with times in quarter notes.

    Args:
        path: of the file.

    Returns:
        A symusic Score with times in quarter notes.

    Raises:
        InputError: it cannot be read, or has no notes.
    """
    import symusic

    try:
        score = symusic.Score(str(path), ttype="quarter")
    except Exception as error:  # symusic raises plain RuntimeError, ValueError and its own kinds
        raise InputError(f"cannot read MIDI: {path}: {error}", "export the file again") from error
    if score.note_num() == 0:  # type: ignore[attr-defined]
        raise InputError(f"no notes in MIDI: {path}", "leave the file out")
    return score


def bar_lines(score: Any) -> list[grid.Bar]:
    """Find bars by the time signatures (four-four without one); key signatures in MIDI are not reliable.

    Args:
        score: symusic's, in quarter notes.

    Returns:
        Bars to the end of the score.
    """
    signatures = [
        t for t in score.time_signatures if t.numerator > 0 and t.denominator > 0
    ]  # not of torn files
    changes = sorted((float(t.time), 4.0 * t.numerator / t.denominator) for t in signatures)
    if not changes or changes[0][0] > 0:
        changes.insert(0, (0.0, 4.0))
    ends = [time for time, _ in changes[1:]] + [float(score.end())]
    bars: list[grid.Bar] = []
    for (time, nominal), end in zip(changes, ends, strict=True):
        while time < end - grid.EPSILON:
            bars.append(grid.Bar(time, nominal, nominal, None, len(bars), False))
            time += nominal
    return bars


def _bpm(score: Any) -> float:
    """The tempo that lasts longest."""
    tempos = sorted((float(t.time), float(t.qpm)) for t in score.tempos)
    if not tempos:
        return DEFAULT_BPM
    ends = [time for time, _ in tempos[1:]] + [max(float(score.end()), tempos[-1][0])]
    lasting = [end - time for (time, _), end in zip(tempos, ends, strict=True)]
    return tempos[int(np.argmax(lasting))][1]


def _piece(
    name: str, source: str, run: grid.BarRun, tracks: list[roles.CorpusTrack], bpm: float
) -> Piece | None:
    inside = [t for t in (track.cut(run) for track in tracks) if len(t.notes)]
    pitched = [track for track in inside if track.is_pitched]
    if sum(len(track.notes) for track in pitched) < MIN_ONSETS:
        return None
    key = _key(pitched)
    cast = roles.cast(pitched, run.n_steps)
    tokens = empty(run.n_steps)
    for stream, notes in cast.items():
        if len(notes):
            shift = grid.octave_shift(notes.pitches, stream, key.tonic)
            tokens[STREAM_INDEX[stream]] = grid.line(
                stream, notes.starts, notes.ends, notes.pitches + shift, run.n_steps
            )
    every = texture.join_parts([track.notes for track in pitched])
    tokens[STREAM_INDEX["chord"]] = chord_inference.chords_of_notes(
        every.starts, every.ends, every.pitches - key.tonic + 12, run.n_steps, key.is_minor
    )
    drum_tracks = [track for track in inside if track.is_drums]
    if drum_tracks:
        hits = texture.join_parts([track.notes for track in drum_tracks])
        tokens[STREAM_INDEX["drums"]] = drums.row(hits.starts, hits.pitches, run.n_steps)
    tokens[STREAM_INDEX["level"]] = dynamics.velocity_levels(
        np.concatenate([track.notes.starts for track in inside]),
        np.concatenate([track.velocities for track in inside]),
        run.n_steps,
    )
    style = roles.style(pitched, bool(drum_tracks))
    return Piece(
        name, source, tokens, music_curves(tokens), (PieceSection(0, run.n_steps),), key.is_minor, bpm,
        STYLES.index(style) if style else -1, run.starts_piece, run.ends_piece,
    )  # fmt: skip


def _key(pitched: list[roles.CorpusTrack]) -> Any:
    every: Notes = texture.join_parts([track.notes for track in pitched])
    lengths = np.maximum(every.ends - every.starts, 0)  # torn files hold notes that end before they begin
    weights = keys.pitch_class_weights(every.pitches, lengths)
    lowest = chord_inference.lowest_sounding(every.starts, every.ends, every.pitches, int(every.ends.max()))
    heard = lowest[lowest >= 0]
    opening = int(heard[:STEPS_PER_BEAT].min()) % 12  # a loop comes to rest where it begins
    is_pedal = opening == np.bincount(heard % 12).argmax()
    return keys.find_key(weights, rest=opening, bonus=PEDAL_BONUS if is_pedal else keys.TONIC_BONUS)

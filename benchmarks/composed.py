"""Measure one composed score: the corpus statistics, its ending, and faults that must never occur."""

from dataclasses import dataclass

import numpy as np

from dyvim_cli.model.compose.bands import EFFECTS
from dyvim_cli.model.conditioning.film_curves import motion_on_scale, smooth, step_means
from dyvim_cli.music.symbols import tokens
from dyvim_cli.music.symbols.measures import longest_run, measures, note_lengths
from dyvim_cli.types import STEPS_PER_BAR, STEPS_PER_BEAT, FilmFeatures, Score

MOVES = 0.15  # motion on scale (film_curves) from which on a bar without any sound was not asked for
LONGEST_NOTE_BARS = 4.0  # a longer one is stuck, unless it is the last
LONGEST_RUN = 12  # most onsets in a row on one pitch; the corpus' melodies have fewer
SHORTEST_RING_S = 0.6


@dataclass(frozen=True)
class Composed:
    """One score with its film and style."""

    name: str
    features: FilmFeatures
    score: Score


def faults(piece: Composed) -> tuple[str, ...]:
    """List the faults of a piece: stuck notes, unplanned silence, a missing ending.

    Args:
        piece: with its film.

    Returns:
        Names of the faults.
    """
    found = []
    if stuck := stuck_streams(piece.score):
        found.append(f"stuck note: {', '.join(stuck)}")
    if n := silent_bars(piece):
        found.append(f"{n} silent bars")
    if not ends_on_tonic(piece.score):
        found.append("last chord is not the tonic")
    ring_s = min(SHORTEST_RING_S, 0.25 * piece.features.duration_s)
    ring, inside = last_ring(piece)
    if ring < ring_s or not inside:
        found.append(f"last chord rings {ring:.2f} s" + ("" if inside else ", beyond the film"))
    return tuple(found)


def figures(piece: Composed) -> dict[str, float]:
    """Measure a score's whole bars as the corpus was (music.symbols.measures).

    Args:
        piece: with its film.

    Returns:
        Figures by name.
    """
    n_steps = piece.score.tokens.shape[1] // STEPS_PER_BAR * STEPS_PER_BAR
    return measures(piece.score.tokens[:, :n_steps], piece.score.key.is_minor) if n_steps else {}


def stuck_streams(score: Score) -> list[str]:
    """Find streams with a note of over four bars before the last chord, or an endlessly repeated pitch.

    Args:
        score: the score.

    Returns:
        Names of streams.
    """
    found = []
    for name in tokens.PITCHED:
        row = score.tokens[tokens.STREAM_INDEX[name]]
        lengths = note_lengths(row)
        pitches = row[row >= tokens.FIRST_PITCH]
        held = (lengths[:-1] > LONGEST_NOTE_BARS * STEPS_PER_BAR).any()
        if held or (name == "melody" and longest_run(np.diff(pitches) == 0) >= LONGEST_RUN):
            found.append(name)
    return found


def silent_bars(piece: Composed) -> int:
    """Count the bars in which no note sounds although the film moves.

    Args:
        piece: with its film.

    Returns:
        Number of bars.
    """
    grid = piece.score.tempo_map.step_times_s
    notes = [note for stem in piece.score.stems for note in stem.notes]
    starts, ends = np.array([n.start_s for n in notes]), np.array([n.end_s for n in notes])
    features = piece.features
    motion = step_means(motion_on_scale(features.energy.astype(float)), features.times_s, grid)
    moving = smooth(motion, STEPS_PER_BEAT)
    silent = 0
    for step in range(0, len(grid) - STEPS_PER_BAR, STEPS_PER_BAR):
        sounds = (starts < grid[step + STEPS_PER_BAR]) & (ends > grid[step])
        silent += not sounds.any() and moving[step : step + STEPS_PER_BAR].mean() > MOVES
    return silent


def ends_on_tonic(score: Score) -> bool:
    """Check whether the last chord's root and the last note of the bass are the tonic.

    Args:
        score: the score.

    Returns:
        True where both are.
    """
    chord = tokens.chord_of(score.tokens[tokens.STREAM_INDEX["chord"], -1])
    bass = [stem.notes[-1].pitch for stem in score.stems if stem.name == "bass"]
    return chord is not None and chord[0] == 0 and all(p % 12 == score.key.tonic for p in bass)


def last_ring(piece: Composed) -> tuple[float, bool]:
    """Measure the ring-out.

    An impact under a late accent is a stroke, as a drum's is: the chord rings on beneath it.

    Args:
        piece: with its film.

    Returns:
        (seconds from the last onset of a pitched part to the last sound, True if that is inside the film).
    """
    parts = (stem for stem in piece.score.stems if not stem.is_drums and stem.name not in EFFECTS)
    notes = [note for stem in parts for note in stem.notes]
    if not notes:
        return 0.0, True
    last, end = max(n.start_s for n in notes), max(n.end_s for n in notes)
    return end - last, end <= piece.features.duration_s


def instrument_likeness(one: Score, other: Score) -> float:
    """Compare the players (stem, General MIDI program) of two scores.

    Args:
        one: a score.
        other: another.

    Returns:
        Share that both have in common, 0..1.
    """
    a, b = ({(stem.name, stem.program) for stem in score.stems} for score in (one, other))
    return len(a & b) / max(len(a | b), 1)


def likeness(one: Score, other: Score) -> float:
    """Compare the onsets, with their pitches, of two scores step by step.

    Args:
        one: a score.
        other: another.

    Returns:
        Share that both have in common, 0..1.
    """
    n = min(one.tokens.shape[1], other.tokens.shape[1])
    a, b = (score.tokens[2:, :n] for score in (one, other))  # without level and chord
    first = np.array([tokens.FIRST_PITCH if s.name in tokens.PITCHED else 1 for s in tokens.STREAMS[2:]])
    struck_a, struck_b = a >= first[:, None], b >= first[:, None]
    return float((struck_a & struck_b & (a == b)).sum() / max((struck_a | struck_b).sum(), 1))


def rhythm_likeness(one: Score, other: Score) -> float:
    """Compare the onset profiles of two scores by stream and place in the bar.

    Args:
        one: a score.
        other: another.

    Returns:
        Jaccard likeness, 0..1.
    """
    a, b = _profile(one), _profile(other)
    return float(np.minimum(a, b).sum() / max(np.maximum(a, b).sum(), 1e-9))


def _profile(score: Score) -> np.ndarray:
    """[streams, 16] onsets of each stream at each place in the bar."""
    n = score.tokens.shape[1]
    rows = []
    for k, stream in enumerate(tokens.STREAMS[2:], start=2):
        first = tokens.FIRST_PITCH if stream.name in tokens.PITCHED else 1
        struck = score.tokens[k] >= first
        rows.append(np.bincount(np.arange(n)[struck] % STEPS_PER_BAR, minlength=STEPS_PER_BAR))
    return np.array(rows) * STEPS_PER_BAR / n

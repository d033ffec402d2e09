"""Choose between takes: reject degenerate ones, then keep the one that meets the film and keeps time best."""

from dataclasses import dataclass

import numpy as np

from dyvim_cli.model.conditioning.film_curves import ranks
from dyvim_cli.music.symbols import tokens
from dyvim_cli.music.symbols.measures import CHORD_TONES, note_lengths, onsets
from dyvim_cli.types import STEPS_PER_BAR, STEPS_PER_BEAT

MELODY, CHORD, LEVEL = (tokens.STREAM_INDEX[name] for name in ("melody", "chord", "level"))
FAULT = 6.0  # cost of one fault: more than sync (-2 to 2) and pulse (-1 to 1) make up
PULSE = 0.6  # weight of the pulse beside sync
MOST_OF_ONE_PITCH = 0.7  # share of a tune's notes
MOST_CLASHES = 0.12  # share of a tune's notes
MOVES = 0.15  # mean energy of a bar
PULSE_STEPS = (2, 4, 6, 8)  # lags at which a groove repeats: an eighth, a beat, a dotted quarter, half a bar


@dataclass(frozen=True)
class TakeRating:
    """Ranking's rating of one take."""

    accent: float  # how much more is played where the film has events, -1..1
    following: float  # rank correlation of loudness x density with the film's energy, -1..1
    pulse: float  # largest autocorrelation of the onsets at PULSE_STEPS, -1..1
    faults: tuple[str, ...]  # faults found by the gate

    def score(self, alpha: float) -> float:
        """Weigh sync and pulse against faults.

        The takes of one film differ as much in pulse as in sync. With the pulse counted, the sound of six
        edits had one of .45 (best take .46, without it .41) and met as many cuts.

        Args:
            alpha: 0..1, how much sync counts.

        Returns:
            Higher is better.
        """
        return alpha * (self.accent + self.following) + PULSE * self.pulse - FAULT * len(self.faults)


def n_onsets(piece: np.ndarray) -> np.ndarray:
    """Count the streams that begin a note at each step.

    Args:
        piece: [K, S] tokens.

    Returns:
        [S] int.
    """
    return np.sum([onsets(piece, name).astype(int) for name in ("drums", *tokens.PITCHED)], axis=0)


def strength(piece: np.ndarray) -> np.ndarray:
    """Measure how strongly each step is played: onsets weighted by level.

    Args:
        piece: [K, S] tokens.

    Returns:
        [S] float, at least 0.
    """
    return n_onsets(piece) * (1 + piece[LEVEL].astype(float)) / tokens.N_LEVELS


def rate_take(piece: np.ndarray, hit: np.ndarray, energy: np.ndarray) -> TakeRating:
    """Rate one take against the film.

    Args:
        piece: [K, S] tokens.
        hit: [S] weights of events.
        energy: [S] 0..1.

    Returns:
        Accent, following and faults.
    """
    onset_weights = strength(piece)
    return TakeRating(
        _accent(onset_weights, hit),
        _following(onset_weights, energy),
        _pulse(onset_weights),
        tuple(_faults(piece, energy)),
    )


def best(takes: list[TakeRating], alpha: float) -> int:
    """Choose the take to keep.

    Args:
        takes: verdicts, at least one.
        alpha: 0..1, how much sync counts.

    Returns:
        Index; the first of equals.
    """
    return int(np.argmax([take.score(alpha) for take in takes]))


def _accent(onset_weights: np.ndarray, hit: np.ndarray) -> float:
    """Mean rank of the onset weight at events against all steps, -1..1; 0 without events."""
    if not (hit > 0).any() or onset_weights.std() == 0:
        return 0.0
    return float(np.average(ranks(onset_weights)[hit > 0], weights=hit[hit > 0]) * 2 - 1)


def _following(onset_weights: np.ndarray, energy: np.ndarray) -> float:
    """Spearman of beat-wise sums; 0 where either is constant.

    Beats that are alike share a rank: which of them a sort puts first depends on the processor.
    """
    if len(onset_weights) < 3 * STEPS_PER_BEAT:
        return 0.0
    a, b = (_ranks(_grouped(x, STEPS_PER_BEAT).sum(axis=1)) for x in (onset_weights, energy))
    return float(np.corrcoef(a, b)[0, 1]) if a.std() > 0 and b.std() > 0 else 0.0


def _ranks(values: np.ndarray) -> np.ndarray:
    """[n] places of the values in order, from 1; equal ones share the mean of theirs."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[which]


def _pulse(onset_weights: np.ndarray) -> float:
    """Largest autocorrelation at PULSE_STEPS; 0 where nothing varies or the piece is too short."""
    n = len(onset_weights)
    if n < 2 * max(PULSE_STEPS) or onset_weights.std() == 0:
        return 0.0
    centred = (onset_weights - onset_weights.mean()) / onset_weights.std()
    return max(float((centred[lag:] * centred[:-lag]).mean()) for lag in PULSE_STEPS)


def _faults(piece: np.ndarray, energy: np.ndarray) -> list[str]:
    """Stuck notes, unplanned silence, clashes, endless loops."""
    found = {
        "one melody note over and over": _is_monotonous(piece[MELODY]),
        "a note that does not end": _longest_hold(piece) > tokens.LONGEST_HOLD_STEPS,
        "a silent bar where the film moves": _falls_silent(piece, energy),
        "melody against the chord": _clash_share(piece) > MOST_CLASHES,
        "an endless loop": _loops(piece),
    }
    return [fault for fault, is_there in found.items() if is_there]


def _is_monotonous(melody: np.ndarray) -> bool:
    pitches = melody[melody >= tokens.FIRST_PITCH]
    return len(pitches) > 8 and np.bincount(pitches).max() > MOST_OF_ONE_PITCH * len(pitches)


def _longest_hold(piece: np.ndarray) -> int:
    """Steps that the longest note of all lasts."""
    rows = [piece[tokens.STREAM_INDEX[name]] for name in tokens.PITCHED]
    return max(note_lengths(row).max(initial=0) for row in rows)


def _falls_silent(piece: np.ndarray, energy: np.ndarray) -> bool:
    onset_weights, motion = (_grouped(x, STEPS_PER_BAR) for x in (n_onsets(piece), energy))
    return bool(((onset_weights.sum(axis=1) == 0) & (motion.mean(axis=1) > MOVES)).any())


def _grouped(values: np.ndarray, n_steps: int) -> np.ndarray:
    """[S] -> [bars or beats, n_steps], whole ones alone."""
    n = len(values) // n_steps
    return values[: n * n_steps].reshape(n, n_steps)


def _loops(piece: np.ndarray) -> bool:
    """Check whether too few of the bars differ from one another, apart from their loudness."""
    n_bars = piece.shape[1] // STEPS_PER_BAR
    notes = np.delete(piece, LEVEL, axis=0)
    different = {notes[:, i * STEPS_PER_BAR : (i + 1) * STEPS_PER_BAR].tobytes() for i in range(n_bars)}
    return n_bars >= 8 and len(different) < n_bars / 3


def _clash_share(piece: np.ndarray) -> float:
    """Share of melody notes a semitone above a chord tone that do not belong to the chord."""
    steps = np.flatnonzero(onsets(piece, "melody"))
    if len(steps) == 0:
        return 0.0
    pitch_classes = (piece[MELODY, steps] - tokens.FIRST_PITCH + tokens.STREAMS[MELODY].low) % 12
    tones = CHORD_TONES[np.maximum(piece[CHORD, steps], tokens.NO_CHORD)]  # [notes, 12]
    note = np.arange(len(steps)), pitch_classes
    return float((~tones & np.roll(tones, 1, axis=1))[note].mean())

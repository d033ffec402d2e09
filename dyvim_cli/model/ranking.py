"""Which of several takes to keep: a gate against degenerate ones, then how well it meets the film."""

from dataclasses import dataclass

import numpy as np

from dyvim_cli.music import tokens
from dyvim_cli.types import STEPS_PER_BAR

MELODY, BASS, DRUMS = (tokens.STREAM_INDEX[n] for n in ("melody", "bass", "drums"))
CHORD, LEVEL = tokens.STREAM_INDEX["chord"], tokens.STREAM_INDEX["level"]
FAULT = 4.0  # what one costs: all that sync can make up, from -2 to 2


@dataclass(frozen=True)
class Take:
    """What the ranking saw in one take."""

    accent: float  # how much more is struck where the film has events, -1..1
    following: float  # rank correlation of loudness x density with the film's energy, -1..1
    faults: tuple[str, ...]  # what the gate objects to

    def score(self, alpha: float) -> float:
        """Higher is better; sync counts as far as alpha asks for it."""
        return alpha * (self.accent + self.following) - FAULT * len(self.faults)


def onsets(piece: np.ndarray) -> np.ndarray:
    """[S] how many streams strike at each step of tokens [K, S]."""
    count = (piece[DRUMS] > 0).astype(int)
    for name in tokens.PITCHED:
        count += piece[tokens.STREAM_INDEX[name]] >= tokens.FIRST_PITCH
    return count


def strength(piece: np.ndarray) -> np.ndarray:
    """[S] how strongly each step is struck: onsets weighted by level."""
    return onsets(piece) * (1 + piece[LEVEL].astype(float)) / tokens.N_LEVELS


def judge(piece: np.ndarray, hit: np.ndarray, energy: np.ndarray) -> Take:
    """Look at one take [K, S] beside the film's hits [S] and energy [S]."""
    struck = strength(piece)
    return Take(_accent(struck, hit), _following(struck, energy), tuple(_faults(piece, energy)))


def best(takes: list[Take], alpha: float) -> int:
    """Index of the take to keep; the first of equals."""
    return int(np.argmax([take.score(alpha) for take in takes]))


def _accent(struck: np.ndarray, hit: np.ndarray) -> float:
    """Mean rank of the struck strength at events against all steps, -1..1; 0 without events."""
    if not (hit > 0).any() or struck.std() == 0:
        return 0.0
    ranks = struck.argsort(kind="stable").argsort(kind="stable") / max(len(struck) - 1, 1)
    return float(np.average(ranks[hit > 0], weights=hit[hit > 0]) * 2 - 1)


def _following(struck: np.ndarray, energy: np.ndarray) -> float:
    """Spearman of beat-wise sums; 0 where either is constant."""
    n = len(struck) // 4 * 4
    if n < 12:
        return 0.0
    a, b = (x[:n].reshape(-1, 4).sum(axis=1).argsort().argsort() for x in (struck, energy))
    return float(np.corrcoef(a, b)[0, 1]) if a.std() > 0 and b.std() > 0 else 0.0


def _faults(piece: np.ndarray, energy: np.ndarray) -> list[str]:
    """Stuck notes, unasked-for silence, clashes, endless loops."""
    faults = []
    melody = piece[MELODY]
    pitches = melody[melody >= tokens.FIRST_PITCH]
    if len(pitches) > 8 and np.bincount(pitches).max() > 0.7 * len(pitches):
        faults.append("one melody note over and over")
    holds = [_longest_hold(piece[tokens.STREAM_INDEX[name]]) for name in tokens.PITCHED]
    if max(holds) > tokens.LONGEST_HOLD_STEPS:
        faults.append("a note that does not end")
    bars = len(melody) // STEPS_PER_BAR
    counts = onsets(piece)[: bars * STEPS_PER_BAR].reshape(bars, STEPS_PER_BAR).sum(axis=1)
    moving = energy[: bars * STEPS_PER_BAR].reshape(bars, STEPS_PER_BAR).mean(axis=1) > 0.15
    if ((counts == 0) & moving).any():
        faults.append("a silent bar where the film moves")
    if _clash_share(piece) > 0.12:
        faults.append("melody against the chord")
    if bars >= 8 and len({piece[1:, b * 16 : b * 16 + 16].tobytes() for b in range(bars)}) < bars / 3:
        faults.append("an endless loop")
    return faults


def _longest_hold(row: np.ndarray) -> int:
    """Steps that the longest note of a pitched stream [S] lasts."""
    struck = np.flatnonzero(row != tokens.HOLD)
    ends = np.append(struck[1:], len(row))
    notes = row[struck] >= tokens.FIRST_PITCH
    return int((ends - struck)[notes].max(initial=0))


def _clash_share(piece: np.ndarray) -> float:
    """Share of melody notes a semitone above a chord tone that do not belong to the chord."""
    steps = np.flatnonzero(piece[MELODY] >= tokens.FIRST_PITCH)
    if len(steps) == 0:
        return 0.0
    clashes = 0
    for step in steps:
        classes = tokens.chord_pitch_classes(int(piece[CHORD, step]))
        pitch = tokens.token_pitch(tokens.STREAMS[MELODY], piece[MELODY, step]) % 12
        clashes += pitch not in classes and (pitch - 1) % 12 in classes
    return clashes / len(steps)

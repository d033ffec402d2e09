"""Infer chords from the sounding notes, by template likelihoods and Viterbi decoding."""

import numpy as np

from dyvim_cli.music.symbols.keys import in_scale
from dyvim_cli.music.symbols.tokens import CHORD_QUALITIES, QUALITY_NAMES

# A chord is a distribution over pitch classes: its tones share all but STRAY of the mass.
STRAY = 0.12
EVIDENCE = 7.0  # how many independent pitch classes a full segment of sound is worth
BASS_EVIDENCE = 1.6  # the same for the lowest voice
BASS_SHARES = (0.62, 0.17, 0.14, 0.04)  # root, third, fifth, seventh in the bass; the rest is stray
QUALITY_PRIOR = {  # log weights: how common each quality is, all else being equal
    "maj": 0.0, "min": 0.0, "7": -0.5, "min7": -0.9, "maj7": -1.2, "dim": -1.2, "m7b5": -1.2,
    "sus4": -1.6, "sus2": -2.2, "aug": -2.2,
}  # fmt: skip
CHROMATIC_TONE = -0.35  # log weight of each chord tone outside the scale
CHANGE = -1.6  # log weight of a change of chord
FIFTH_MOTION = 0.5  # share of that cost saved when the root falls a fifth


def infer_chords(sounding: np.ndarray, bass: np.ndarray, is_minor: bool | None = None) -> np.ndarray:
    """Find the chords of segments.

    Template likelihoods with the bass as a witness of its own, smoothed by Viterbi (in the manner of Sheh and
    Ellis 2003, Bello and Pickens 2005, with fixed instead of learned parameters).

    Args:
        sounding: [n, 12] weights of the pitch classes; class 0 is the tonic when is_minor is given.
        bass: [n, 12] weights of the lowest notes.
        is_minor: mode, whose usual chords are then preferred; None prefers none.

    Returns:
        [n] int16 chord tokens; silent segments carry on the chord before them, or NO_CHORD at the beginning.
    """
    if not len(sounding):
        return np.zeros(0, dtype=np.int16)
    scores = _evidence(sounding) @ _LOG_TONES.T * EVIDENCE + _evidence(bass) @ _LOG_BASS.T * BASS_EVIDENCE
    audible = sounding.sum(1) > 0
    path = 1 + _viterbi(scores + audible[:, None] * _priors(is_minor), _TRANSITIONS)
    path[np.cumsum(audible) == 0] = 0
    return path.astype(np.int16)


def sounding_weights(starts: np.ndarray, ends: np.ndarray, pitches: np.ndarray, n_steps: int) -> np.ndarray:
    """Count the sounding notes of each pitch class on the grid.

    Args:
        starts: [N] steps.
        ends: [N] steps, the first that no longer sounds.
        pitches: [N] MIDI numbers.
        n_steps: length of the grid.

    Returns:
        [n_steps, 12] how many notes of each pitch class sound.
    """
    classes = np.asarray(pitches, dtype=int) % 12
    change = np.zeros((n_steps + 1, 12))
    np.add.at(change, (np.clip(starts, 0, n_steps), classes), 1.0)
    np.add.at(change, (np.clip(ends, 0, n_steps), classes), -1.0)
    return np.maximum(np.cumsum(change, axis=0)[:n_steps], 0)


def lowest_sounding(starts: np.ndarray, ends: np.ndarray, pitches: np.ndarray, n_steps: int) -> np.ndarray:
    """[n_steps] lowest MIDI pitch that sounds at each grid step, -1 in silence.

    Args:
        starts: [N] steps.
        ends: [N] steps, the first that no longer sounds.
        pitches: [N] MIDI numbers.
        n_steps: length of the grid.

    Returns:
        [n_steps] lowest MIDI number that sounds, -1 in silence.
    """
    starts, ends = np.clip(starts, 0, n_steps), np.clip(ends, 0, n_steps)
    lengths = ends - starts
    steps = np.repeat(starts - np.append(0, np.cumsum(lengths)[:-1]), lengths) + np.arange(lengths.sum())
    lowest = np.full(n_steps, 128)
    np.minimum.at(lowest, steps, np.repeat(np.asarray(pitches, dtype=int), lengths))
    return np.where(lowest == 128, -1, lowest)


def chords_of_notes(
    starts: np.ndarray, ends: np.ndarray, pitches: np.ndarray, n_steps: int, is_minor: bool, segment: int = 8
) -> np.ndarray:
    """Find one chord a segment of steps.

    Args:
        starts: [N] steps.
        ends: [N] steps, the first that no longer sounds.
        pitches: [N] semitones, a multiple of 12 being the tonic.
        n_steps: length of the grid, a multiple of segment.
        is_minor: mode.
        segment: steps a chord.

    Returns:
        [n_steps] int16 chord tokens.
    """
    sounding = sounding_weights(starts, ends, pitches, n_steps)
    lowest = lowest_sounding(starts, ends, pitches, n_steps)
    bass = np.zeros((n_steps, 12))
    heard = lowest >= 0
    bass[np.flatnonzero(heard), lowest[heard] % 12] = 1.0
    bass[::segment] *= 2  # the bass's first note of a segment counts most
    pooled = [m.reshape(-1, segment, 12).sum(1) for m in (sounding, bass)]
    return np.repeat(infer_chords(pooled[0], pooled[1], is_minor), segment)


def _evidence(weights: np.ndarray) -> np.ndarray:
    """Weights as shares of each segment; silence is no evidence for anything."""
    compressed = np.sqrt(weights)  # a held note counts more than a short one, but not in proportion
    return compressed / np.maximum(compressed.sum(1, keepdims=True), 1e-9)


def _chord_list() -> list[tuple[int, str]]:
    return [(root, quality) for root in range(12) for quality in QUALITY_NAMES]  # in token order


def _tone_table() -> np.ndarray:
    table = np.full((12 * len(QUALITY_NAMES), 12), 0.0)
    for row, (root, quality) in zip(table, _chord_list(), strict=True):
        tones = [(root + i) % 12 for i in CHORD_QUALITIES[quality]]
        row[:] = STRAY / (12 - len(tones))
        row[tones] = (1 - STRAY) / len(tones)
    return np.log(table)


def _bass_table() -> np.ndarray:
    table = np.full((12 * len(QUALITY_NAMES), 12), 0.012)
    for row, (root, quality) in zip(table, _chord_list(), strict=True):
        for interval, share in zip(CHORD_QUALITIES[quality], BASS_SHARES, strict=False):
            row[(root + interval) % 12] = share
    return np.log(table)


def _transition_table() -> np.ndarray:
    roots = np.repeat(np.arange(12), len(QUALITY_NAMES))
    table = np.full((len(roots), len(roots)), CHANGE)
    table[(roots[:, None] - roots[None]) % 12 == 7] += FIFTH_MOTION  # from row to column
    np.fill_diagonal(table, 0.0)
    return table


def _priors(is_minor: bool | None) -> np.ndarray:
    priors = np.array([QUALITY_PRIOR[quality] for _, quality in _chord_list()])
    if is_minor is None:
        return priors
    strays = [
        sum(not in_scale(root + i, is_minor) for i in CHORD_QUALITIES[quality])
        for root, quality in _chord_list()
    ]
    return priors + CHROMATIC_TONE * np.array(strays)


def _viterbi(scores: np.ndarray, transitions: np.ndarray) -> np.ndarray:
    """[n] best path through [n, states] log scores with [states, states] log transitions."""
    best = scores[0]
    back = np.zeros(scores.shape, dtype=int)
    columns = np.arange(scores.shape[1])
    for t in range(1, len(scores)):
        candidates = best[:, None] + transitions
        back[t] = candidates.argmax(0)
        best = candidates[back[t], columns] + scores[t]
    path = np.empty(len(scores), dtype=int)
    path[-1] = best.argmax()
    for t in range(len(scores) - 1, 0, -1):
        path[t - 1] = back[t, path[t]]
    return path


_LOG_TONES, _LOG_BASS, _TRANSITIONS = _tone_table(), _bass_table(), _transition_table()

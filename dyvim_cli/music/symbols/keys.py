"""Musical keys: scale degrees, and key detection from pitch-class durations."""

import numpy as np
from numpy.typing import ArrayLike

from dyvim_cli.types import Key

# Key profiles for the correlation method of Krumhansl and Schmuckler, with the values of Temperley 1999,
# "What's key for key?". On full textures of songs with a key signature they find 95 % of the signatures,
# the probe-tone ratings of Krumhansl and Kessler 1982 73 %: those confuse a key with its dominant.
MAJOR_PROFILE = np.array([5, 2, 3.5, 2, 4.5, 4, 2, 4.5, 2, 3.5, 1.5, 4])
MINOR_PROFILE = np.array([5, 2, 3.5, 4.5, 2, 4, 2, 4.5, 3.5, 2, 1.5, 4])

TONIC_BONUS = 0.1  # correlation points for the key on whose tonic the bass comes to rest
SCALES = {False: (0, 2, 4, 5, 7, 9, 11), True: (0, 2, 3, 5, 7, 8, 10, 11)}  # minor: leading note too


def pitch_class_weights(pitches: ArrayLike, durations: ArrayLike) -> np.ndarray:
    """Weigh pitch classes: the square roots of their notes' durations, summed.

    Between counting notes and adding durations; finds more keys than either.

    Args:
        pitches: [N] MIDI numbers.
        durations: [N] at least 0, any unit.

    Returns:
        [12], C first.
    """
    return np.bincount(np.asarray(pitches, dtype=int) % 12, weights=np.sqrt(durations), minlength=12)


def _standard(values: np.ndarray) -> np.ndarray:
    centred = values - values.mean(-1, keepdims=True)
    return centred / np.maximum(np.linalg.norm(centred, axis=-1, keepdims=True), 1e-9)


# [2, 12, 12] standardised profile of each mode and tonic
_KEY_PROFILES = _standard(
    np.array([[np.roll(p, t) for t in range(12)] for p in (MAJOR_PROFILE, MINOR_PROFILE)])
)


def key_scores(weights: np.ndarray, rest: int | None = None, bonus: float = TONIC_BONUS) -> np.ndarray:
    """Correlate pitch-class weights with the profiles of all keys.

    Args:
        weights: [12], C first.
        rest: pitch class that the bass comes to rest on, which makes its keys likelier; None = unknown.
        bonus: what that is worth.

    Returns:
        [2, 12] correlations with the 12 major (row 0) and 12 minor keys (row 1).
    """
    scores = _KEY_PROFILES @ _standard(np.asarray(weights, dtype=float))
    if rest is not None:
        scores[:, rest % 12] += bonus
    return scores


def find_key(
    weights: np.ndarray, fifths: int | None = None, rest: int | None = None, bonus: float = TONIC_BONUS
) -> Key:
    """Find the key of pitch-class weights.

    Args:
        weights: [12], C first.
        fifths: key signature, sharps positive; it leaves only its two relative keys. None = unknown.
        rest: pitch class that the bass comes to rest on; None = unknown.
        bonus: what that is worth.

    Returns:
        The key with the best score.
    """
    scores = key_scores(weights, rest, bonus)
    if fifths is not None:
        major = fifths * 7 % 12
        minor = (major + 9) % 12
        is_minor = scores[1, minor] > scores[0, major]
        return Key(minor if is_minor else major, bool(is_minor))
    row, tonic = np.unravel_index(np.argmax(scores), scores.shape)
    return Key(int(tonic), bool(row))


def in_scale(pitch_class: int, is_minor: bool) -> bool:
    """Check whether a pitch class belongs to the major or the (harmonic or natural) minor scale.

    Args:
        pitch_class: semitones above the tonic.
        is_minor: mode of the key.

    Returns:
        True for notes of the scale.
    """
    return pitch_class % 12 in SCALES[is_minor]

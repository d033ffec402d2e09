"""Lean a film's styles by how much is spoken in its own sound.

The picture is watched without the sound, and its features are kept by themselves; what is heard leans their
scores afterwards. So a film without sound costs nothing more, and no sound is listened to twice.
"""

from dataclasses import replace

import numpy as np

from dyvim_cli.hearing.speech import has_detector
from dyvim_cli.types import FilmFeatures, OwnSound
from dyvim_cli.vision.styles import MEASURES, SPEECH, leaned_scores

SPOKEN = 0.5  # share of a film from which on it counts as spoken throughout: speakers pause


def with_speech(features: FilmFeatures, own: OwnSound | None) -> FilmFeatures:
    """Let a film's speech lean its styles.

    Leaning twice is leaning once: what was heard before is replaced.

    Args:
        features: of the picture.
        own: what was heard in the film's own sound; None = nothing is known of it, and nothing changes.

    Returns:
        The features with the measure of speech and the scores that follow from it.
    """
    measures = features.style_measures
    # features of an older version have no such measure; without a detector any loud sound counts as speech
    if own is None or len(measures) != len(MEASURES) or not has_detector():
        return features
    place, level = MEASURES.index(SPEECH), np.float32(speech_level(own.speech_s, features.duration_s))
    change = float(level - measures[place])
    if not change:
        return features
    heard = measures.copy()
    heard[place] = level
    return replace(
        features, style_measures=heard, style_scores=leaned_scores(features.style_scores, {SPEECH: change})
    )


def speech_level(speech_s: np.ndarray, duration_s: float) -> float:
    """Measure how much of a film is spoken.

    Args:
        speech_s: [N, 2] spans of speech, seconds.
        duration_s: of the film.

    Returns:
        0 without a word to 1 for a film of which half is speech, or more.
    """
    spoken_s = float(np.diff(np.asarray(speech_s).reshape(-1, 2), axis=1).sum())
    return min(1.0, spoken_s / (SPOKEN * duration_s))

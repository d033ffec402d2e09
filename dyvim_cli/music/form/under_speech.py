"""Lay the speech of a film's own sound on the grid and thin the band under it.

Reviewers of films call music under a voice "too bouncy, too varied in pitch": the writing disturbs as much
as the level. Under speech the tune and the arpeggio rest, drums keep the beat with kick and snare alone,
bass and chords start notes on beats only, and nothing but accents is louder than LOUDEST_LEVEL.
"""

import numpy as np

from dyvim_cli.music.symbols import tokens
from dyvim_cli.types import STEPS_PER_BEAT, TempoMap

RESTING = ("melody", "arp")  # streams in the register of voices, and those that move fast
KEPT_DRUMS = tokens.drum_token(("kick", "snare"))
LOUDEST_LEVEL = 3
LEAD_S = 0.25  # the tune rests so long before a word, so that no phrase is cut off by it
TAIL_S = 0.4  # and so long after: a pause to breathe is no pause of the speech


def speech_on_grid(tempo_map: TempoMap, speech_s: np.ndarray) -> np.ndarray:
    """Steps of the grid that lie under speech.

    Args:
        tempo_map: the grid of S steps.
        speech_s: [N, 2] spans of speech in seconds.

    Returns:
        [S] bool.
    """
    starts_s, ends_s = tempo_map.step_times_s[:-1], tempo_map.step_times_s[1:]
    under = np.zeros(tempo_map.n_steps, dtype=bool)
    for start_s, end_s in np.asarray(speech_s, dtype=float).reshape(-1, 2):
        under |= (ends_s > start_s - LEAD_S) & (starts_s < end_s + TAIL_S)
    return under


def rest_the_tune(forced: np.ndarray, under_speech: np.ndarray) -> None:
    """Write rests where somebody speaks, in place.

    Args:
        forced: [K, S] tokens; the RESTING streams are changed.
        under_speech: [S] bool.
    """
    for name in RESTING:
        forced[tokens.STREAM_INDEX[name], under_speech] = tokens.REST


def is_off_beat(step: int) -> bool:
    """Tell whether bass and chords start no note on a step under speech.

    Args:
        step: of the grid.

    Returns:
        True but on beats.
    """
    return step % STEPS_PER_BEAT != 0

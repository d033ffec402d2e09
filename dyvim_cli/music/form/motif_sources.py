"""Choose for each melody bar the earlier bar whose motif it imitates.

A phrase's second bar answers its first, later phrases open as the section's first did, and what a return does
not bring back note by note it varies (the sentence and the period of Schoenberg's Fundamentals, 1967).
"""

from collections.abc import Iterator

import numpy as np

from dyvim_cli.music.form.sections import Section
from dyvim_cli.types import STEPS_PER_BAR

PHRASE_BARS = 4  # bars of a phrase, or of half a long one
OPENING_BARS = 3  # bars that copy the section's first phrase; the fourth is free, for the cadence


def gesture_sources(
    sections: tuple[Section, ...], phrase_starts: np.ndarray, hits: np.ndarray, final_step: int
) -> np.ndarray:
    """Find the earlier step whose melodic gesture may be taken up.

    None where an event is, there the picture decides, and none in the bar that leads into the last chord.

    Args:
        sections: of the piece, covering all S steps.
        phrase_starts: [P] steps at which phrases begin.
        hits: [S] weights of events.
        final_step: of the last chord.

    Returns:
        [S] int64 steps, -1 = none.
    """
    sources = np.full(len(hits), -1, dtype=np.int64)
    for section in sections:
        for bar, source in _bars(section, sections, phrase_starts):
            steps = np.arange(max(bar, section.start), min(bar + STEPS_PER_BAR, section.end))
            sources[steps] = steps - bar + source
    steps = np.arange(len(hits))
    none = (hits > 0) | (steps >= final_step - STEPS_PER_BAR)
    return np.where(none, -1, sources)


def _bars(
    section: Section, sections: tuple[Section, ...], phrase_starts: np.ndarray
) -> Iterator[tuple[int, int]]:
    """Pairs (first step of a bar, first step of the earlier bar that it imitates) in a section."""
    theme = None if section.recap_of is None else sections[section.recap_of]
    inside = (phrase_starts >= section.first_bar) & (phrase_starts < section.end)
    for first in range(section.first_bar, section.end, STEPS_PER_BAR):
        since = first - section.first_bar
        if theme is not None and theme.first_bar + since < theme.end:
            yield first, theme.first_bar + since
            continue
        begun = phrase_starts[inside & (phrase_starts <= first)]
        number = (first - int(begun[-1])) // STEPS_PER_BAR if len(begun) else 0
        is_first = len(begun) <= 1 and number < PHRASE_BARS
        if not is_first and number % PHRASE_BARS < OPENING_BARS:
            yield first, section.first_bar + number % PHRASE_BARS * STEPS_PER_BAR
        elif is_first and number == 1:
            yield first, first - STEPS_PER_BAR

"""Match every visual event with the accent that meets it, for display; no measure uses it."""

from dataclasses import dataclass

import numpy as np

from dyvim_cli.evaluation.judge.audio_events import AudioEvents
from dyvim_cli.evaluation.judge.sync import HEADLINE_S, accents_of
from dyvim_cli.evaluation.judge.visual_events import VisualEvents

REACH_S = 0.5  # an accent further off has nothing to do with the event
CLEAR_ACCENT = 0.5  # share of one accent from which on an event counts as met


@dataclass(frozen=True)
class Meeting:
    """An event of the picture and the accent that comes nearest to it."""

    film_s: float
    weight: float  # 0..1
    kind: str  # cut | impact
    music_s: float | None  # None without a clear accent within REACH_S
    accent: float  # 0..1, how much of an accent there is within the tolerance: what recall counts

    @property
    def is_met(self) -> bool:
        """True if a clear accent lies within the tolerance."""
        return self.accent >= CLEAR_ACCENT


def meetings(picture: VisualEvents, sound: AudioEvents, tolerance_s: float = HEADLINE_S) -> list[Meeting]:
    """Match every event of the picture with the accent that meets it.

    Args:
        picture: the film's events.
        sound: the music's events.
        tolerance_s: within which an accent counts as met.

    Returns:
        One meeting for every event, in the order of the film.
    """
    onsets, accents = accents_of(picture, sound)
    found = []
    for time, weight, is_cut in zip(
        picture.event_times_s, picture.event_weights, picture.is_cut, strict=True
    ):
        distance = np.abs(onsets - time)
        accent = accents[distance <= tolerance_s].max(initial=0.0)
        near = (accents >= CLEAR_ACCENT) & (distance <= REACH_S)
        music_s = float(onsets[near][distance[near].argmin()]) if near.any() else None
        kind = "cut" if is_cut else "impact"
        found.append(Meeting(float(time), float(weight), kind, music_s, float(accent)))
    return found

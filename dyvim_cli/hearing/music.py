"""Detect music: many steady pitches that change, on one grid of semitones.

Noise, wind and applause have no steady partials; a hum, a tone or a bell has few and always the same; those
of engines and voices lie on no grid, since they glide or count up from a moving fundamental. Each window must
pass all three tests, so that one chance resemblance makes no music. Drums alone count as machines.
"""

from dataclasses import dataclass

import numpy as np

from dyvim_cli.hearing import spans
from dyvim_cli.hearing.partials import FRAME, HOP_S, SAMPLE_RATE, steady_partials

WINDOW_S, STEP_S = 6.0, 3.0  # a window holds a phrase: enough notes to see a grid
STEADY_SHARE = 0.10  # of the power: pieces of music have .12 to .75 of it, noises at most .06
NEW_PITCHES_PER_S = 1.5  # pitches that begin: pieces have 1.5 to 10, bells and engines at most 1.2
GRID = 0.55  # how well they agree on a grid, 0..1: pieces .56 to .98, voices up to .53
TALK = 1.15  # times these where somebody speaks most of the time: a voice alone comes within .96 of them
CLEAR_SHARE = 0.003  # of the strongest partial's power: 25 dB below it nothing tells where music begins
FAINT = 1e-3  # of full scale: a window that is softer throughout is silence
SETTLED_FRAMES = 3  # a partial that sounds when the window begins is not new
SHORTEST_S = 4.0  # a ring tone or a jingle is no reason for the music to step aside
BRIDGED_S = 7.0  # between two stretches of music it went on under what was louder


@dataclass(frozen=True)
class Tonality:
    """How much a window is like music."""

    steady_share: float = 0.0  # of the power, 0..1
    new_pitches_per_s: float = 0.0
    grid: float = 0.0  # 0..1, agreement of the pitches on a grid of semitones (a circular mean's length)
    begins_s: float = 0.0  # the first and the last steady pitch, from the window's start
    ends_s: float = 0.0

    def is_music(self, demand: float = 1.0) -> bool:
        """Tell whether the window passes all three tests.

        Args:
            demand: each test is made so many times as hard.

        Returns:
            True for music.
        """
        return (
            self.steady_share >= demand * STEADY_SHARE
            and self.new_pitches_per_s >= demand * NEW_PITCHES_PER_S
            and self.grid >= demand * GRID
        )


def tonality(samples: np.ndarray) -> Tonality:
    """Measure how much a window is like music.

    Args:
        samples: [n] float, mono, at partials.SAMPLE_RATE.

    Returns:
        The three figures; all 0 for silence.
    """
    if not len(samples) or np.abs(samples).max() <= FAINT:
        return Tonality()
    partials, power = steady_partials(samples)
    if not partials:
        return Tonality()
    duration_s = len(samples) / SAMPLE_RATE
    powers = np.array([sum(partial.powers) for partial in partials])
    pitches = np.array([np.median(partial.pitches) for partial in partials])
    starts = np.array([partial.start for partial in partials])
    ends = starts + [len(partial.powers) for partial in partials]
    clear = powers > powers.max() * CLEAR_SHARE
    return Tonality(
        steady_share=float(powers.sum() / power),
        new_pitches_per_s=len(set(np.round(pitches[starts >= SETTLED_FRAMES]))) / duration_s,
        grid=_grid(pitches, np.sqrt(powers)),
        begins_s=float(starts[clear].min()) * HOP_S,
        ends_s=float(ends[clear].max() - 1) * HOP_S + FRAME / SAMPLE_RATE,
    )


def _grid(pitches: np.ndarray, weights: np.ndarray) -> float:
    """Length of the mean of the pitches' places within a semitone, taken as angles."""
    return float(abs((weights * np.exp(2j * np.pi * pitches)).sum()) / weights.sum())


class MusicListener:
    """Listens to mono blocks at partials.SAMPLE_RATE; afterwards `spans_s` says where there is music."""

    def __init__(self) -> None:
        self._waiting = np.zeros(0, np.float32)
        self._windows: list[Tonality] = []
        self._n_heard = 0

    def feed(self, block: np.ndarray) -> None:
        """Listen to the next samples.

        Args:
            block: [n] float, mono, at partials.SAMPLE_RATE; any length.
        """
        self._n_heard += len(block)
        self._waiting = np.concatenate([self._waiting, block.astype(np.float32, copy=False)])
        window, step = round(WINDOW_S * SAMPLE_RATE), round(STEP_S * SAMPLE_RATE)
        while len(self._waiting) >= window:
            self._windows.append(tonality(self._waiting[:window]))
            self._waiting = self._waiting[step:]

    def spans_s(self, speech: np.ndarray = spans.NONE) -> np.ndarray:
        """Find where music was heard.

        Music that is heard before and after somebody speaks goes on under the voice.

        Args:
            speech: [N, 2] spans in seconds in which somebody speaks.

        Returns:
            [M, 2] spans in seconds, ascending.
        """
        duration_s = self._n_heard / SAMPLE_RATE
        windows = list(self._windows)
        # the end, or a film shorter than a window
        if len(self._waiting) >= STEP_S * SAMPLE_RATE or not windows:
            windows.append(tonality(self._waiting))
        found = [
            [i * STEP_S + window.begins_s, i * STEP_S + window.ends_s]
            for i, window in enumerate(windows)
            if window.is_music(_demand(i * STEP_S, speech))
        ]
        bridged = _bridged(spans.joined(np.array(found).reshape(-1, 2), HOP_S), speech)
        return spans.lasting(spans.within(bridged, duration_s), min(SHORTEST_S, 0.8 * duration_s))


def _demand(start_s: float, speech: np.ndarray) -> float:
    """How much harder the tests are for the window that begins at start_s."""
    return TALK if _talk_s(speech, start_s, start_s + WINDOW_S) > WINDOW_S / 2 else 1.0


def _talk_s(speech: np.ndarray, start_s: float, end_s: float) -> float:
    """Seconds of speech between two times."""
    return spans.total_s(spans.within(speech - start_s, end_s - start_s))


def _bridged(found: np.ndarray, speech: np.ndarray) -> np.ndarray:
    """Stretches of music with the gaps closed that are short, or filled with speech for the most part."""
    closed: list[list[float]] = []
    for start, end in found.tolist():
        gap_s = start - closed[-1][1] if closed else np.inf
        if gap_s < BRIDGED_S or closed and _talk_s(speech, closed[-1][1], start) > gap_s / 2:
            closed[-1][1] = end
        else:
            closed.append([start, end])
    return np.array(closed).reshape(-1, 2)

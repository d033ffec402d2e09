"""Detect music: many steady pitches that change, on one grid of semitones.

Noise, wind and applause have no steady partials; a hum, a tone or a bell has few and always the same; those
of engines and voices fit no grid, since they glide or follow a moving fundamental. Each window must
pass all three tests, so that one chance resemblance makes no music. Under a voice, whose harmonics hide what
is below, the pauses between the words are tested by themselves. Drums alone are tested by their strokes.
"""

from dataclasses import dataclass, field

import numpy as np

from dyvim_cli.hearing import spans
from dyvim_cli.hearing.drums import Drumming, drumming
from dyvim_cli.hearing.partials import FRAME, HOP_S, SAMPLE_RATE, Partial, steady_partials, within

WINDOW_S, STEP_S = 6.0, 3.0  # a window holds a phrase: enough notes to see a grid
# least share of the power in steady partials: pieces of music have .12 to .75, noises at most .06
STEADY_SHARE = 0.10
NEW_PITCHES_PER_S = 1.5  # pitches that begin: pieces have 1.5 to 10, bells and engines at most 1.2
GRID = 0.55  # how well they agree on a grid, 0..1: pieces .56 to .98, voices up to .53
TALK = 1.15  # factor of these limits where most of it is speech: a voice alone comes within .96 of them
BETWEEN = 1.0  # factor of these limits in the pauses between words
# limits for a window next to one of music
GOES_ON_SHARE, GOES_ON_PITCHES_PER_S, GOES_ON_GRID = 0.2, 3.0, 0.33
DRUMS_TALK_S = 1.0  # most speech in a window of drums, seconds: whoever counts aloud has a pulse
GOES_ON_TALK_S = 1.5  # most speech in such a window: voices reach the first two limits, and .47 of the third
BESIDE_WORDS_S = 0.05  # distance from a word within which its own sound is not over
LEAST_PAUSE_S = 1.2  # least length of pauses in a window; in less no grid can be seen
CLEAR_SHARE = 0.003  # share of the strongest partial's power, -25 dB, below which no onset of music is clear
FAINT = 1e-3  # share of full scale: a window that is softer throughout is silence
SETTLED_FRAMES = 3  # a partial that sounds when the window begins is not new
SHORTEST_S = 4.0  # a ring tone or a jingle is no reason for the music to step aside
BRIDGED_S = 7.0  # longest gap between two stretches of music in which it went on under what was louder


@dataclass(frozen=True)
class Tonality:
    """Similarity of a window to music."""

    steady_share: float = 0.0  # share of the power in steady partials, 0..1
    new_pitches_per_s: float = 0.0
    grid: float = 0.0  # 0..1, agreement of the pitches on a grid of semitones (a circular mean's length)
    begins_s: float = 0.0  # the first and the last steady pitch, from the window's start
    ends_s: float = 0.0

    def is_music(self, demand: float = 1.0) -> bool:
        """Check whether the window passes all three tests.

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

    def goes_on(self) -> bool:
        """Check whether music of a neighbouring window continues in this one, gliding or out of tune.

        Returns:
            True where pitches are many and strong, though their grid is weak.
        """
        return (
            self.steady_share >= GOES_ON_SHARE
            and self.new_pitches_per_s >= GOES_ON_PITCHES_PER_S
            and self.grid >= GOES_ON_GRID
        )


@dataclass(frozen=True)
class _Window:
    """Steady partials of a window, the power of each of its frames [F], and its strokes."""

    partials: list[Partial] = field(default_factory=list)
    powers: np.ndarray = field(default_factory=lambda: np.zeros(0))
    duration_s: float = 0.0
    drums: Drumming = field(default_factory=Drumming)


def _listened(samples: np.ndarray) -> _Window:
    """Listen to a window, mono samples [n] float at partials.SAMPLE_RATE; silence holds nothing."""
    if not len(samples) or np.abs(samples).max() <= FAINT:
        return _Window()
    return _Window(*steady_partials(samples), len(samples) / SAMPLE_RATE, drumming(samples))


def tonality(samples: np.ndarray) -> Tonality:
    """Measure how much a window is like music.

    Args:
        samples: [n] float, mono, at partials.SAMPLE_RATE.

    Returns:
        The three figures; all 0 for silence.
    """
    return _tonality(_listened(samples))


def _tonality(window: _Window) -> Tonality:
    """The three figures of a window; all 0 without steady partials."""
    if not window.partials:
        return Tonality()
    partials = window.partials
    powers = np.array([sum(partial.powers) for partial in partials])
    pitches = np.array([np.median(partial.pitches) for partial in partials])
    starts = np.array([partial.start for partial in partials])
    ends = starts + [len(partial.powers) for partial in partials]
    clear = powers > powers.max() * CLEAR_SHARE
    return Tonality(
        steady_share=float(powers.sum() / window.powers.sum()),
        new_pitches_per_s=len(set(np.round(pitches[starts >= SETTLED_FRAMES]))) / window.duration_s,
        grid=_grid(pitches, np.sqrt(powers)),
        begins_s=float(starts[clear].min()) * HOP_S,
        ends_s=float(ends[clear].max() - 1) * HOP_S + FRAME / SAMPLE_RATE,
    )


def _in_pauses(window: _Window, start_s: float, speech: np.ndarray) -> _Window:
    """The pauses between speech in a window that begins at start_s; none if they are too short."""
    n = len(window.powers)
    around_s = np.array([-FRAME / SAMPLE_RATE, 0.0]) + np.array([-BESIDE_WORDS_S, BESIDE_WORDS_S])
    kept = ~spans.flags_of(spans.joined(speech - start_s + around_s, 0.0), HOP_S, n)
    duration_s = float(kept.sum()) * HOP_S
    if duration_s < LEAST_PAUSE_S:
        return _Window()
    cut = [within(partial, kept) for partial in window.partials]
    steady = [partial for partial in cut if partial is not None and partial.is_steady]
    return _Window(steady, window.powers[kept], duration_s)


def _grid(pitches: np.ndarray, weights: np.ndarray) -> float:
    """Length of the mean of the pitches' places within a semitone, taken as angles."""
    return float(abs((weights * np.exp(2j * np.pi * pitches)).sum()) / weights.sum())


class MusicListener:
    """Listens to mono blocks at partials.SAMPLE_RATE; afterwards `spans_s` says where there is music."""

    def __init__(self) -> None:
        self._waiting = np.zeros(0, np.float32)
        self._windows: list[_Window] = []
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
            self._windows.append(_listened(self._waiting[:window]))
            self._waiting = self._waiting[step:]

    def spans_s(self, speech: np.ndarray = spans.NONE) -> np.ndarray:
        """Find where music was heard.

        Music before and after speech is taken to continue under the voice.

        Args:
            speech: [N, 2] spans of speech, seconds.

        Returns:
            [M, 2] spans in seconds, ascending.
        """
        duration_s = self._n_heard / SAMPLE_RATE
        windows = list(self._windows)
        # the end, or a film shorter than a window
        if len(self._waiting) >= STEP_S * SAMPLE_RATE or not windows:
            windows.append(_listened(self._waiting))
        heard = _gone_on(windows, [_music_in(w, i * STEP_S, speech) for i, w in enumerate(windows)], speech)
        found = [
            [i * STEP_S + each.begins_s, i * STEP_S + each.ends_s]
            for i, each in enumerate(heard)
            if each is not None
        ]
        bridged = _bridged(spans.joined(np.array(found).reshape(-1, 2), HOP_S), speech)
        return spans.lasting(spans.within(bridged, duration_s), min(SHORTEST_S, 0.8 * duration_s))


def _music_in(window: _Window, start_s: float, speech: np.ndarray) -> Tonality | Drumming | None:
    """Tell what makes a window from start_s on music, whole or in the pauses of speech, or drums; else None.

    If most of it is speech the tests of the whole are harder: a voice alone comes close.
    """
    talk_s = _talk_s(speech, start_s, start_s + WINDOW_S)
    whole = _tonality(window)
    if whole.is_music(TALK if talk_s > WINDOW_S / 2 else 1.0):
        return whole
    if window.drums.is_music() and talk_s <= DRUMS_TALK_S:
        return window.drums
    between = _tonality(_in_pauses(window, start_s, speech)) if talk_s > 0 else whole
    return between if between.is_music(BETWEEN) else None


def _gone_on(
    windows: list[_Window], heard: list[Tonality | Drumming | None], speech: np.ndarray
) -> list[Tonality | Drumming | None]:
    """Tell what makes each window music; quieter windows next to one of music count as well."""
    spread = list(heard)
    n = len(windows)
    for order in (range(1, n), range(n - 2, -1, -1)):
        beside = -1 if order.step == 1 else 1
        for i in order:
            start_s = i * STEP_S
            if spread[i] is not None or spread[i + beside] is None:
                continue
            if _talk_s(speech, start_s, start_s + WINDOW_S) <= GOES_ON_TALK_S:
                kinds: tuple[Tonality | Drumming, ...] = (_tonality(windows[i]), windows[i].drums)
                spread[i] = next((kind for kind in kinds if kind.goes_on()), None)
    return spread


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

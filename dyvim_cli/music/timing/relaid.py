"""Fit an old grid to a new cut: kept parts keep their steps, moved pictures take their beats along.

Where two distant stretches meet, the bar continues with the beat on which the next one begins; the beats
between last no time (as in bar_lines.py). What is left of a beat is taken up by the bars around the seam.
S steps of the new grid, R of the old one.
"""

from dataclasses import dataclass, replace

import numpy as np

from dyvim_cli.old_piece import FootageRun, OldPiece
from dyvim_cli.types import STEPS_PER_BAR, STEPS_PER_BEAT

NONE = -1  # the source of a step that is new
AT_S = 0.06  # an old event so near a stretch's edge is the one that the edge was cut at
FIXED = 0.3  # events of at least this weight stay with their picture: the grid yields around them
GIVES_BARS = 2  # bars over which the grid gives way to a seam, where there is room
MOST_GIVE = 0.3  # most that it gives way, as a share of the time in which it does
LEAST_BEATS = 2  # least length of an old stretch; shorter ones are not worth two seams
SLACK = 0.4  # share of a beat: a new stretch that is shorter only stretches what is before it


@dataclass(frozen=True)
class Relaid:
    """The new grid, and where its steps come from."""

    step_times_s: np.ndarray  # [S + 1]
    source: np.ndarray  # [S] step of the old grid, NONE = new
    spans: tuple["Span", ...]

    @property
    def seams(self) -> list[int]:
        """First steps of old stretches that do not continue the stretch before them."""
        firsts = [span.first for span in self.spans if span.is_old]
        return [first for first in firsts if first == 0 or self.source[first - 1] != self.source[first] - 1]


@dataclass(frozen=True)
class Span:
    """A stretch of the new grid: steps first .. first + n."""

    run: FootageRun
    start: int = 0  # old steps start .. end; both 0 for what is new
    end: int = 0
    first: int = 0
    n: int = 0

    @property
    def is_old(self) -> bool:
        """True if its steps come from the old grid."""
        return self.end > self.start


def relaid(piece: OldPiece, runs: tuple[FootageRun, ...], cuts_s: np.ndarray) -> Relaid:
    """Fit an old grid to a new cut.

    Args:
        piece: the old piece.
        runs: stretches of the new cut in order, the last of which ends with the film.
        cuts_s: [C] the new film's cuts in seconds, which seams fall on.

    Returns:
        The new grid and where its steps come from.
    """
    old = _OldGrid(piece)
    spans = _without_crumbs([old.span(run, i == len(runs) - 1) for i, run in enumerate(runs)], old.beat_s)
    seams_s = old.seams_s(spans, cuts_s)
    times: list[float] = []
    source: list[int] = []
    for i, span in enumerate(spans):
        from_s, to_s = seams_s[i : i + 2]
        if span.is_old:
            missing = (span.start - len(times)) % STEPS_PER_BAR
            times += [from_s] * missing
            source += [NONE] * missing
            steps, new_times = np.arange(span.start, span.end), old.bent(span, from_s, to_s)
        else:
            n = _n_new_steps(len(times), (to_s - from_s) / old.beat_s)
            steps, new_times = np.full(n, NONE), np.linspace(from_s, to_s, n, endpoint=False)
        spans[i] = replace(span, first=len(times), n=len(steps))
        times += new_times.tolist()
        source += steps.tolist()
    return Relaid(np.array([*times, seams_s[-1]]), np.array(source), tuple(spans))


def _n_new_steps(phase: int, beats: float) -> int:
    """Steps of a new stretch of so many beats that ends on a beat; phase: steps before it."""
    n_beats = max(1, round(beats + phase % STEPS_PER_BEAT / STEPS_PER_BEAT))
    return n_beats * STEPS_PER_BEAT - phase % STEPS_PER_BEAT


def _without_crumbs(spans: list[Span], beat_s: float) -> list[Span]:
    """Spans of which new ones side by side are one, and none is so short that it holds no beat."""
    result: list[Span] = []
    for span in spans:
        last = result[-1] if result else None
        is_crumb = span.run.to_s - span.run.from_s < SLACK * beat_s
        if last is not None and not span.is_old and (is_crumb or not last.is_old):
            result[-1] = replace(last, run=replace(last.run, to_s=span.run.to_s))
        else:
            result.append(span)
    return result


class _OldGrid:
    """The old piece's steps, by time."""

    def __init__(self, piece: OldPiece):
        self.times_s, self.hit = piece.step_times_s, piece.hit
        self.lasting = np.flatnonzero(np.diff(self.times_s) > 0)
        self.beats = self.lasting[self.lasting % STEPS_PER_BEAT == 0]
        self.beat_s = 60 / piece.bpm

    def span(self, run: FootageRun, is_last: bool) -> Span:
        """The steps that a run shows, from beat to beat; the film may end on any step."""
        if run.old_s is None:
            return Span(run)
        start = self._beat(run.old_s)
        end = self._step(run.old_end_s) if is_last else self._beat(run.old_end_s, or_end=True)
        is_long = end - start >= LEAST_BEATS * STEPS_PER_BEAT
        return Span(run, start, end) if is_long else Span(replace(run, old_s=None))

    def seams_s(self, spans: list[Span], cuts_s: np.ndarray) -> list[float]:
        """The times at which spans begin, and the end of the last one."""
        seams = [0.0]
        for before, span in zip(spans, spans[1:], strict=False):
            at_s = span.run.from_s
            if span.is_old:
                seams.append(at_s + self._early(span) / span.run.rate)
            elif len(cuts_s) and np.abs(cuts_s - at_s).min() <= AT_S:
                seams.append(float(cuts_s[np.abs(cuts_s - at_s).argmin()]))
            else:
                seams.append(before.run.when(float(self.times_s[before.end])) if before.is_old else at_s)
        last = spans[-1]
        natural_s = last.run.when(float(self.times_s[last.end])) if last.is_old else np.inf
        left_s = last.run.to_s - natural_s
        is_natural = last.end == len(self.times_s) - 1 and 0 <= left_s < self.beat_s / STEPS_PER_BEAT
        return [*seams, natural_s if is_natural else last.run.to_s]

    def bent(self, span: Span, from_s: float, to_s: float) -> np.ndarray:
        """[n] times of a span's steps: as they were, but next to its seams."""
        run, old_s = span.run, self.times_s[span.start : span.end + 1]
        natural_s = run.from_s + (old_s - run.old_s) / run.rate
        fixed = np.flatnonzero(self.hit[span.start : span.end] >= FIXED)
        inner = natural_s[fixed[fixed >= STEPS_PER_BEAT]]
        for at_s, edge_s, gap_s in (
            (natural_s[0], from_s, inner - natural_s[0]),
            (natural_s[-1], to_s, natural_s[-1] - inner),
        ):
            error_s = edge_s - at_s
            reach_s = self._reach(error_s, gap_s[gap_s > 0], old_s[-1] - old_s[0])
            bend = error_s * np.maximum(0, 1 - np.abs(natural_s - at_s) / reach_s)
            natural_s = natural_s + bend
        return np.maximum.accumulate(np.maximum(natural_s, from_s))[:-1]

    def _reach(self, error_s: float, gaps_s: np.ndarray, length_s: float) -> float:
        """Seconds over which an error is taken up."""
        wide_s = min(GIVES_BARS * STEPS_PER_BAR / STEPS_PER_BEAT * self.beat_s, length_s)
        free_s = min(wide_s, gaps_s.min()) if len(gaps_s) else wide_s
        return max(free_s, min(abs(error_s) / MOST_GIVE, length_s), 1e-6)

    def _early(self, span: Span) -> float:
        """Seconds from the event that a span was cut at to its first beat; 0 without one."""
        near = self.lasting[np.abs(self.times_s[self.lasting] - span.run.old_s) <= AT_S]
        near = near[self.hit[near] > 0]
        if not len(near):
            return 0.0
        strongest = near[self.hit[near].argmax()]
        return float(self.times_s[span.start] - self.times_s[strongest])

    def _beat(self, at_s: float, or_end: bool = False) -> int:
        beats = np.append(self.beats, len(self.times_s) - 1) if or_end else self.beats
        return int(beats[np.abs(self.times_s[beats] - at_s).argmin()])

    def _step(self, at_s: float) -> int:
        steps = np.append(self.lasting, len(self.times_s) - 1)
        return int(steps[np.abs(self.times_s[steps] - at_s).argmin()])

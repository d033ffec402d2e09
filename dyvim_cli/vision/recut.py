"""Find the shots of a film again in another cut of it: kept, moved, trimmed, swapped, faster, or gone.

Each shot of the new cut is searched for in the old one by the prints of its frames. Times are seconds;
letters: N frames of the new cut, M of the old one, P probes of a shot.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from dyvim_cli.old_piece import Footage, FootageRun
from dyvim_cli.types import FilmFeatures
from dyvim_cli.vision.prints import SAME, print_distances

PROBES = 9  # frames of a shot that are searched for, its first and last included
SPEEDS = (0.7, 1.43)  # slowest and fastest speed of a shot that is shown again
FASTER_GAIN = 0.03  # least gain of another speed over the old one
AS_GOOD = 0.02  # fits that differ by less are equal: a still shot fits anywhere
ALIGNED_S = 0.06  # a shot whose edge is this near to an old one's edge shares it
GOES_ON_S = 0.045  # largest gap between two adjacent shots
WHOLE = 0.9  # share of a shot's frames that are found where the shot is
FOUND = 0.8  # the same of a part, which begins or ends the shot
SHORTEST_S = 0.4  # shortest part of a shot that is searched for
LEFT_S = 1.0  # shorter remains of a shot are new: its frames are like those next to it
BRIDGED_S = 2.0  # a shorter insert leaves the music unchanged


def footage_of(features: FilmFeatures) -> Footage:
    """Collect the fingerprint data of a film.

    Args:
        features: its motion, events, scenes and style.

    Returns:
        Length, prints and edges of its shots.
    """
    end_s = features.duration_s
    cuts = features.event_times_s[[kind == "cut" for kind in features.event_names]]
    cuts = cuts[(cuts > SHORTEST_S / 4) & (cuts < end_s - SHORTEST_S / 4)]
    edges = np.concatenate([[0.0], cuts, [end_s]])
    return Footage(end_s, features.prints, features.print_times_s, edges)


def match_footage(new: Footage, old: Footage) -> tuple[FootageRun, ...]:
    """Find a new cut in an old one.

    Args:
        new: the new cut.
        old: the old one.

    Returns:
        The whole new cut as runs in order; within a run old and new show the same.
    """
    search = _Search(new, old)
    found: list[FootageRun] = []
    if (whole := search.other_speed()) is not None:
        return (whole,)
    for start_s, end_s in zip(new.edges_s[:-1], new.edges_s[1:], strict=True):
        found += search.runs(float(start_s), float(end_s), _offset(found))
    return tuple(_bridged(_joined(found)))


def _offset(runs: list[FootageRun]) -> float:
    """Offset in frames of the latest match in the old cut."""
    later = (run.old_s - run.from_s for run in reversed(runs) if run.old_s is not None and run.rate == 1)
    return next(later, 0.0)


class _Search:
    """Looks for stretches of one film in another."""

    def __init__(self, new: Footage, old: Footage):
        self.new, self.old = new, old

    def runs(self, start_s: float, end_s: float, offset_s: float, depth: int = 0) -> Iterator[FootageRun]:
        """A shot, or a part of one, as runs; offset_s: of what is shown before it."""
        times_s = self.new.print_times_s
        frames = np.flatnonzero((times_s >= start_s - 1e-3) & (times_s < end_s - 1e-3))
        if len(frames) < 2 or (depth and end_s - start_s < LEFT_S):
            yield FootageRun(start_s, end_s)
            return
        run = self._placed(start_s, end_s, frames, offset_s)
        found = self._found(run, frames)
        if found.mean() >= WHOLE:
            yield run
            return
        part = _part(found, times_s[frames], start_s, end_s)
        if part is None or depth > 3:
            yield FootageRun(start_s, end_s)
            return
        first_s, last_s = part
        if first_s > start_s:
            yield from self.runs(start_s, first_s, offset_s, depth + 1)
        yield FootageRun(first_s, last_s, run.at(first_s), run.rate)
        if last_s < end_s:
            yield from self.runs(last_s, end_s, run.at(last_s) - last_s, depth + 1)

    def other_speed(self) -> FootageRun | None:
        """The whole film as the old one at another speed, if that is what it is."""
        rate = self.old.duration_s / self.new.duration_s
        run = FootageRun(0.0, self.new.duration_s, 0.0, rate)
        if len(self.new.edges_s) != len(self.old.edges_s) or not SPEEDS[0] <= rate <= SPEEDS[1]:
            return None
        if np.abs(self.new.edges_s * rate - self.old.edges_s).max() > ALIGNED_S:
            return None
        return run if self._found(run, np.arange(len(self.new.print_times_s))).mean() >= WHOLE else None

    def _placed(self, start_s: float, end_s: float, frames: np.ndarray, offset_s: float) -> FootageRun:
        """The stretch where the old film is most like it."""
        probes = frames[np.unique(np.linspace(0, len(frames) - 1, PROBES).astype(int))]
        table = print_distances(self.new.prints[probes], self.old.prints)  # [P, M]
        since_s = self.new.print_times_s[probes] - start_s
        olds = self.old.print_times_s - since_s[len(probes) // 2]  # where it may begin, by the middle probe
        costs = self._costs(table, since_s, olds)
        best = self._faster(table, since_s, start_s, end_s, costs.min())
        if best is not None:
            return best
        likely = self._likely(start_s, end_s, start_s + offset_s)
        good = likely[self._costs(table, since_s, likely) <= costs.min() + AS_GOOD]
        near = [olds[costs.argmin()]] if self._is_sharp(costs, olds) else []
        good = [each for each in good if not near or abs(each - near[0]) <= ALIGNED_S]
        return FootageRun(start_s, end_s, float(good[0] if good else olds[costs.argmin()]))

    def _is_sharp(self, costs: np.ndarray, olds: np.ndarray) -> bool:
        """Check whether the shot matches one place only: equally good matches are adjacent."""
        good = olds[costs <= costs.min() + AS_GOOD]
        return bool(np.ptp(good) <= 2 * ALIGNED_S)

    def _likely(self, start_s: float, end_s: float, goes_on_s: float) -> np.ndarray:
        """Likely old times of the start: a continuation, or the start or end of an old shot."""
        starts, ends = self.old.edges_s[:-1], self.old.edges_s[1:] - (end_s - start_s)
        nearest = (times[np.argsort(np.abs(times - goes_on_s), kind="stable")] for times in (starts, ends))
        return np.concatenate([[goes_on_s], *nearest])

    def _faster(
        self, table: np.ndarray, since_s: np.ndarray, start_s: float, end_s: float, least: float
    ) -> FootageRun | None:
        """The stretch as a whole old shot at another speed, if that fits better."""
        lengths = np.diff(self.old.edges_s)
        rates = lengths / (end_s - start_s)
        best = None
        for old_s, rate in zip(self.old.edges_s[:-1], rates, strict=True):
            if SPEEDS[0] <= rate <= SPEEDS[1] and abs(rate - 1) * (end_s - start_s) > ALIGNED_S:
                cost = self._costs(table, since_s * rate, np.array([old_s]))[0]
                if cost < least - FASTER_GAIN:
                    best, least = FootageRun(start_s, end_s, float(old_s), float(rate)), cost
        return best

    def _costs(self, table: np.ndarray, since_s: np.ndarray, olds: np.ndarray) -> np.ndarray:
        """[len(olds)] mean distance of the probes if the stretch begins at the old times; what is not there
        counts no more than SAME, however unlike it is."""
        times = self.old.print_times_s
        asked = olds[None] + since_s[:, None]
        after = np.clip(np.searchsorted(times, asked), 1, len(times) - 1)
        index = after - (asked - times[after - 1] < times[after] - asked)
        outside = (asked < times[0] - ALIGNED_S) | (asked > self.old.duration_s)
        found = np.where(outside, SAME, np.take_along_axis(table, index, axis=1))
        return np.minimum(found, SAME).mean(axis=0)

    def _found(self, run: FootageRun, frames: np.ndarray) -> np.ndarray:
        """[n] bool: which of the frames are where a run has them, give or take a frame."""
        times = self.old.print_times_s
        asked = run.at(self.new.print_times_s[frames])
        nearest = np.clip(np.searchsorted(times, asked), 0, len(times) - 1)
        best = np.full(len(frames), np.inf)
        for shift in (-1, 0, 1):
            index = np.clip(nearest + shift, 0, len(times) - 1)
            best = np.minimum(best, _pairwise(self.new.prints[frames], self.old.prints[index]))
        return (best <= SAME) & (asked >= -ALIGNED_S) & (asked < self.old.duration_s)


def _pairwise(ours: np.ndarray, theirs: np.ndarray, rows: int = 256) -> np.ndarray:
    """[n] distance of each print to its partner."""
    parts = range(0, len(ours), rows)
    return np.concatenate([np.diag(print_distances(ours[i : i + rows], theirs[i : i + rows])) for i in parts])


def _part(found: np.ndarray, times_s: np.ndarray, start_s: float, end_s: float) -> tuple[float, float] | None:
    """(from, to) of the longest stretch of frames that were found; None: too short."""
    padded = np.concatenate([[False], _closed(found), [False]])
    begins, ends = (np.flatnonzero(np.diff(padded.astype(int)) == sign) for sign in (1, -1))
    if not len(begins):
        return None
    longest = int(np.argmax(ends - begins))
    first, last = begins[longest], ends[longest]
    from_s = start_s if first == 0 else float(times_s[first])
    to_s = end_s if last == len(times_s) else float(times_s[last])
    return (from_s, to_s) if to_s - from_s >= SHORTEST_S and found[first:last].mean() >= FOUND else None


def _closed(found: np.ndarray, gap: int = 3) -> np.ndarray:
    """The same, where a few frames between two that were found count as found."""
    known = np.flatnonzero(found)
    closed = found.copy()
    for before, after in zip(known, known[1:], strict=False):
        if after - before <= gap:
            closed[before:after] = True
    return closed


def _joined(runs: list[FootageRun]) -> list[FootageRun]:
    """Join runs that continue each other, and adjacent new pictures."""
    joined: list[FootageRun] = []
    for run in runs:
        last = joined[-1] if joined else None
        if last is not None and _goes_on(last, run):
            joined[-1] = replace(last, to_s=run.to_s)
        else:
            joined.append(run)
    return joined


def _goes_on(last: FootageRun, run: FootageRun) -> bool:
    if last.old_s is None or run.old_s is None:
        return last.old_s is run.old_s
    is_same_rate = abs(last.rate - run.rate) < 0.02
    return is_same_rate and abs(last.old_end_s - run.old_s) <= GOES_ON_S


def _bridged(runs: list[FootageRun]) -> list[FootageRun]:
    """Runs in which a short new picture, with as much of the old film gone, interrupts nothing."""
    result: list[FootageRun] = []
    for run in runs:
        *_, before, between = [None, None, *result]
        if before is not None and between.old_s is None and None not in (before.old_s, run.old_s):
            is_short = between.to_s - between.from_s <= BRIDGED_S
            if is_short and _goes_on(replace(before, to_s=run.from_s), run):
                result[-2:] = [replace(before, to_s=run.to_s)]
                continue
        result.append(run)
    return result

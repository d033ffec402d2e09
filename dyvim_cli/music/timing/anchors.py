"""Choose the visual events that the grid is anchored to, by dynamic programming over many tempi.

The search walks from event to event. A link from event i to event j puts a whole number n of
sixteenths between them, so both fall exactly on the grid and the tempo between them is constant.
The state after an event is its phase in the bar (16) and the rate of the link that arrived (step
length / base, in R classes across the drift allowed); the value of a state is the reward of the
best way to reach it. Letters: A tempo candidates, L sources looked back at, R rate classes,
P = 16 phases, X links that keep the bounds, Q events that a link passes over.
"""

from bisect import bisect
from dataclasses import dataclass

import numpy as np

from dyvim_cli.types import STEPS_PER_BAR, STEPS_PER_BEAT

LOOK_BACK = 16  # events; thinned to MIN_SPACING_S they span at least three seconds
START_SLOT = LOOK_BACK + 1  # the tables of events in reach are kept in a ring; the start's stay
MIN_SPACING_S = 0.2  # spacing of events below which only the heavier one may be an anchor
FINE_RATES, COARSE_RATES = 17, 9  # classes to choose anchors with, and to compare tempi with
NEAR_S = 0.045  # an event passed over counts as met if a sixteenth is about this near

# Tempo changes into a link, by its length: the shorter, the less, or bars would differ by too much.
JUMP_STEPS = (12, 24)  # lengths at which the next limit begins
JUMP_LIMITS = (0.5, 1.0, 1.4)  # limits in units of the drift; a long link may approach its neighbour's tempo

# What a unit of weight earns by where it falls: downbeat, half bar, beat, eighth, sixteenth.
_DOWNBEAT, _HALF_BAR, _BEAT, _EIGHTH, _SIXTEENTH = 1.0, 0.75, 0.7, 0.12, 0.06
_NEAR = 0.2  # the same for an event passed over that a sixteenth happens to meet
_END_OF_BAR, _END_OF_HALF, _END_OF_BEAT = 1.0, 0.7, 0.3  # the film's end asks for whole bars
_DRIFT_COST = 0.003  # a bar played at the limit of the drift
_JUMP_COST = 0.01  # a tempo change as large as allowed


@dataclass(frozen=True)
class Targets:
    """Candidate anchors in ascending order: the start (first), events, the film's end (last)."""

    times_s: np.ndarray  # [E] float64
    rewards: np.ndarray  # [E, P] what an anchor earns by phase
    near_rewards: np.ndarray  # [E] what an event earns that merely is near a sixteenth


@dataclass(frozen=True)
class Anchoring:
    """The best way through the events for one tempo."""

    times_s: np.ndarray  # [n] float64, the first is 0.0
    steps: np.ndarray  # [n] int64, the first is 0
    earned: np.ndarray  # [n] reward of each, the first 0


def make_targets(
    duration_s: float, times_s: np.ndarray, importance: np.ndarray, whole_bars: bool = False
) -> Targets:
    """Make the candidate anchors of a film; events too near a heavier one are left to fall where they may.

    Args:
        duration_s: of the film.
        times_s: [E] of its events, ascending.
        importance: [E] at least 0.
        whole_bars: that the film ends with a bar is worth as much as all its events.

    Returns:
        Start, events and end with what each earns by its place in the bar.
    """
    kept = _thin(duration_s, times_s, importance)
    by_phase = _phase_table(_DOWNBEAT, _HALF_BAR, _BEAT, _EIGHTH, _SIXTEENTH)
    end = _phase_table(_END_OF_BAR, _END_OF_HALF, _END_OF_BEAT, 0.0, 0.0)
    end[0] += importance.sum() * whole_bars
    rewards = np.vstack([np.zeros(STEPS_PER_BAR), importance[kept, None] * by_phase, end])
    near = np.concatenate([[0.0], _NEAR * importance[kept], [0.0]])
    return Targets(np.concatenate([[0.0], times_s[kept], [duration_s]]), rewards, near)


def rewards_of_tempi(targets: Targets, steps_s: np.ndarray, drift: float) -> np.ndarray:
    """Find the best total reward of each tempo, in a coarse search.

    Args:
        targets: of the film.
        steps_s: [A] base length of a sixteenth in seconds.
        drift: 0..1, how far a step may differ from its base length.

    Returns:
        [A] rewards.
    """
    return _searched(targets, steps_s, drift, COARSE_RATES).value.max(axis=(0, 2, 3))


def choose_anchors(targets: Targets, steps_s: np.ndarray, drift: float, ease: float = 1.0) -> list[Anchoring]:
    """Find the best anchoring for each tempo.

    Between two anchors the step length stays within steps_s * (1 +- drift); at an anchor it
    changes by at most steps_s * drift * ease * JUMP_LIMITS.

    Args:
        targets: of the film.
        steps_s: [A] base length of a sixteenth in seconds.
        drift: 0..1, how far a step may differ from its base length.
        ease: scales the tempo changes that are allowed at anchors.

    Returns:
        One anchoring for each of the A tempi.
    """
    search = _searched(targets, steps_s, drift, FINE_RATES, ease)
    return [search.trace_back(tempo) for tempo in range(len(steps_s))]


def _searched(
    targets: Targets, steps_s: np.ndarray, drift: float, n_rates: int, ease: float = 1.0
) -> "_Search":
    """The tables for base step lengths steps_s [A], all events reached."""
    search = _Search(targets, steps_s, drift, n_rates, ease)
    for event in range(1, len(targets.times_s)):
        search.reach(event)
    return search


def _phase_table(
    downbeat: float, half_bar: float, beat: float, eighth: float, sixteenth: float
) -> np.ndarray:
    """[P] what a unit of weight earns by its phase in the bar."""
    table = np.full(STEPS_PER_BAR, sixteenth)
    table[::2] = eighth
    table[::STEPS_PER_BEAT] = beat
    table[STEPS_PER_BAR // 2] = half_bar
    table[0] = downbeat
    return table


def _jump_class(counts: np.ndarray) -> np.ndarray:
    """Index into JUMP_LIMITS of links of this many steps."""
    return np.searchsorted(JUMP_STEPS, counts, side="right")


def _thin(duration_s: float, times_s: np.ndarray, importance: np.ndarray) -> np.ndarray:
    """Indices of events at least MIN_SPACING_S apart, heavier ones first; start and end are taken."""
    taken = [0.0, duration_s]
    kept = []
    for event in np.argsort(-importance, kind="stable"):
        time_s = float(times_s[event])
        place = bisect(taken, time_s)
        around = taken[max(0, place - 1) : place + 1]
        if importance[event] > 0 and min(abs(time_s - other) for other in around) >= MIN_SPACING_S:
            taken.insert(place, time_s)
            kept.append(event)
    return np.sort(np.array(kept, dtype=np.int64))


@dataclass(frozen=True)
class _Links:
    """Ways to reach one event that keep the drift bound, sorted by tempo, then rate class."""

    sources: np.ndarray  # [X] event each comes from
    tempi: np.ndarray  # [X]
    rates: np.ndarray  # [X] class of the rate
    counts: np.ndarray  # [X] steps
    gains: np.ndarray  # [X] what is earned on the way


class _Search:
    """Tables of the dynamic programming, filled event by event."""

    def __init__(self, targets: Targets, steps_s: np.ndarray, drift: float, n_rates: int, ease: float):
        self.targets, self.steps_s, self.drift = targets, steps_s, drift
        self.rates = np.linspace(-drift, drift, n_rates)  # deviations from the base
        jump = np.abs(self.rates[:, None] - self.rates) / (drift * ease)
        limits = np.array(JUMP_LIMITS)[:, None, None] + 1e-9
        self.jump_cost = np.where(jump <= limits, _JUMP_COST * jump**2, np.inf)  # [C, R, R]
        # What a link of rate r may start from: best value over the rates of arrival, by phase;
        # phases are stored twice over, so that any rotation of them is one slice.
        # Kept for the events in reach only; the last slot is the start's.
        shape = (LOOK_BACK + 2, len(JUMP_LIMITS), len(steps_s), n_rates, 2 * STEPS_PER_BAR)
        self.departure = np.full(shape, -np.inf)
        self.departure[START_SLOT, ..., 0::STEPS_PER_BAR] = 0.0  # the picture starts on a downbeat
        self.value = np.full((len(targets.times_s), len(steps_s), n_rates, STEPS_PER_BAR), -np.inf)
        self.value[0, :, :, 0] = 0.0

    def reach(self, event: int) -> None:
        """Fill the tables of one event from those before it."""
        links = self._links_to(event)
        self.departure[event % START_SLOT] = -np.inf
        if not len(links.counts):
            return
        group = links.tempi * len(self.rates) + links.rates
        first = np.flatnonzero(np.diff(group, prepend=-1))
        best = np.maximum.reduceat(self._totals(links), first, axis=0)
        tempi, rates = links.tempi[first], links.rates[first]
        self.value[event, tempi, rates] = best + self.targets.rewards[event]
        depart = np.full(self.departure.shape[1:4] + (STEPS_PER_BAR,), -np.inf)  # [C, A, R, P]
        for arrival in range(len(self.rates)):
            cost = self.jump_cost[:, None, arrival, :, None]
            np.maximum(depart, self.value[event, :, arrival][:, None] - cost, out=depart)
        self.departure[event % START_SLOT] = np.concatenate([depart, depart], axis=3)

    def _links_to(self, event: int) -> _Links:
        """All ways from the events in reach to this one, at all tempi."""
        times = self.targets.times_s
        sources = self._sources(event)
        nominal = (times[event] - times[sources]) / self.steps_s[:, None, None]  # [A, 1, L]
        counts = np.maximum(np.rint(nominal / (1 + self.rates[:, None])), 1)  # [A, R, L]
        # A count belongs to the class its own rate falls into, so none is listed twice.
        width = self.rates[1] - self.rates[0]
        deviation = nominal / counts - 1
        own_class = np.rint((deviation + self.drift) / width) == np.arange(len(self.rates))[:, None]
        tempi, rates, which = np.nonzero(own_class & (np.abs(deviation) <= self.drift))
        counts, deviation = counts[tempi, rates, which], deviation[tempi, rates, which]
        gains = self._near_gain(event, sources, which, counts, self.steps_s[tempi] * (1 + deviation))
        gains -= _DRIFT_COST * (deviation / self.drift) ** 2 * counts / STEPS_PER_BAR
        return _Links(sources[which], tempi, rates, counts.astype(np.int64), gains)

    def _sources(self, event: int) -> np.ndarray:
        """Events looked back at; with little drift only long links exist: then the start as well."""
        nearest = np.arange(max(0, event - LOOK_BACK), event)
        span_s = self.targets.times_s[event] - self.targets.times_s[nearest[0]]
        if nearest[0] > 0 and span_s * self.drift < self.steps_s.max():
            return np.concatenate([[0], nearest])
        return nearest

    def _near_gain(
        self, event: int, sources: np.ndarray, which: np.ndarray, counts: np.ndarray, step_s: np.ndarray
    ) -> np.ndarray:
        """Reward [X] of the events between, by how near a sixteenth each of them falls.

        sources [L]; which [X]: the source of each link; counts [X] its steps, step_s [X] their length.
        """
        passed = np.arange(max(1, event - LOOK_BACK + 1), event)
        if not len(passed):
            return np.zeros(len(counts))
        since_s = self.targets.times_s[passed] - self.targets.times_s[sources, None]  # [L, Q]
        position = since_s[which] / step_s[:, None]  # [X, Q]
        miss_s = np.abs(position - np.rint(position)) * step_s[:, None]
        met = np.maximum(1 - (miss_s / NEAR_S) ** 2, 0) * (position > 0)
        return met @ self.targets.near_rewards[passed]

    def _totals(self, links: _Links) -> np.ndarray:
        """Value [X, P] of arriving by each link, by the phase of arrival."""
        turn = STEPS_PER_BAR - links.counts % STEPS_PER_BAR
        slot = np.where(links.sources > 0, links.sources % START_SLOT, START_SLOT)
        row = (slot * len(JUMP_LIMITS) + _jump_class(links.counts)) * len(self.steps_s) + links.tempi
        row = row * len(self.rates) + links.rates
        start = row * 2 * STEPS_PER_BAR + turn % STEPS_PER_BAR
        return self.departure.reshape(-1)[start[:, None] + np.arange(STEPS_PER_BAR)] + links.gains[:, None]

    def trace_back(self, tempo: int) -> Anchoring:
        """Read the best path of one tempo; it may end before the film does."""
        values = self.value[:, tempo]
        event, rate, phase = (int(i) for i in np.unravel_index(np.argmax(values), values.shape))
        path = []
        while event > 0:
            links = self._links_to(event)
            fits = (links.tempi == tempo) & (links.rates == rate)
            counts, before = links.counts[fits], links.sources[fits]
            phases = (phase - counts) % STEPS_PER_BAR
            arrivals = self.value[before, tempo, :, phases] - self.jump_cost[_jump_class(counts), :, rate]
            best, arrival = divmod(int(np.argmax(arrivals + links.gains[fits, None])), len(self.rates))
            path.append((event, counts[best]))
            event, phase, rate = int(before[best]), int(phases[best]), arrival
        events, counts = np.array([(0, 0), *path[::-1]]).T
        steps = np.cumsum(counts)
        return Anchoring(
            self.targets.times_s[events], steps, self.targets.rewards[events, steps % STEPS_PER_BAR]
        )

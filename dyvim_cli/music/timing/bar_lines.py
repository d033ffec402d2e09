"""Insert bars of two, three or five beats, so that a heavy cut falls on a downbeat.

The tempo map brings a cut onto a beat; which beat of the bar that is, is left to chance. Where it is no
downbeat a film composer writes a shorter or a longer bar before the cut. The bar lines are chosen by
dynamic programming over the beats of the finished grid; no beat moves.

On the grid every bar keeps its 16 steps, so that bar lines stay multiples of STEPS_PER_BAR: the beats that
a short bar goes without last no time (they sound together with the step after them), and nothing may be
accented there. Its first beat and its last stay, and with them the chord that leads on. Five beats are a
bar of four and one of its last beat alone.
"""

from dataclasses import replace

import numpy as np

from dyvim_cli.types import STEPS_PER_BAR, STEPS_PER_BEAT, TempoMap

BEATS = STEPS_PER_BAR // STEPS_PER_BEAT
COSTS = {2: 0.25, 3: 0.35, 5: 0.35}  # cost of an odd bar by its beats, in weights of cuts
HEAVY = 0.6  # lighter cuts are not worth an odd bar
# Beats of a bar that are played, by how many it has
PLAYED = {1: (3,), 2: (0, 3), 3: (0, 2, 3), 4: (0, 1, 2, 3)}


def realign_bar_lines(tempo_map: TempoMap, strength: float, steady_bars: int) -> TempoMap:
    """Move bar lines so that bars begin with the heavy cuts; no beat moves.

    Args:
        tempo_map: the grid.
        strength: 0..1 scales what a cut is worth; at 0 every bar has four beats.
        steady_bars: regular bars that follow an odd one at least.

    Returns:
        The same beats in other bars; steps that a short bar goes without last no time.
    """
    gains = strength * _gains(tempo_map)
    if not gains.any():
        return tempo_map
    source = _sources(_bar_lengths(gains, tempo_map.n_steps, steady_bars), tempo_map.n_steps)
    hits = []
    for hit in tempo_map.hits:
        step = int(np.searchsorted(source, hit.step, side="right")) - 1
        hits.append(replace(hit, step=step, on_downbeat=hit.on_beat and step % STEPS_PER_BAR == 0))
    return replace(tempo_map, step_times_s=tempo_map.step_times_s[source], hits=tuple(hits))


def _gains(tempo_map: TempoMap) -> np.ndarray:
    """[beats + 1] weight of the heavy cuts that each beat meets."""
    gains = np.zeros(tempo_map.n_steps // STEPS_PER_BEAT + 1)
    for hit in tempo_map.hits:
        if hit.kind in ("cut", "marked") and hit.on_beat and hit.weight >= HEAVY:
            gains[hit.step // STEPS_PER_BEAT] += hit.weight
    return gains


def _bar_lengths(gains: np.ndarray, n_steps: int, steady_bars: int) -> list[int]:
    """Beats of each bar but the last; odd bars only before a gain, and never close to one another."""
    best, before = _ways_through(gains, steady_bars)
    # the last bar takes what is left, one step to a whole bar
    last = np.arange(max(0, -(-(n_steps - STEPS_PER_BAR) // STEPS_PER_BEAT)), -(-n_steps // STEPS_PER_BEAT))
    row, calm = np.unravel_index(np.argmax(best[last]), best[last].shape)
    lengths, beat = [], int(last[row])
    while beat > 0:
        start, calm = before[beat, calm].tolist()
        lengths.append(beat - start)
        beat = start
    return lengths[::-1]


def _ways_through(gains: np.ndarray, steady_bars: int) -> tuple[np.ndarray, np.ndarray]:
    """The value of the best bars up to each beat, by `calm`, and the (beat, calm) that they come from.

    calm: regular bars since an odd one, as far as they matter; only at steady_bars may one be odd again.
    """
    n_beats = len(gains) - 1
    best = np.full((n_beats + 1, steady_bars + 1), -np.inf)
    best[0, steady_bars] = 0.0
    before = np.zeros((*best.shape, 2), dtype=int)
    for beat in range(n_beats):
        for calm in range(steady_bars + 1):
            for length in (BEATS, *COSTS) if calm == steady_bars else (BEATS,):
                is_odd, end = length != BEATS, beat + length
                if end > n_beats or (is_odd and not gains[end]):
                    continue
                value = best[beat, calm] + gains[end] - COSTS.get(length, 0.0)
                after = 0 if is_odd else min(calm + 1, steady_bars)
                if value > best[end, after]:
                    best[end, after], before[end, after] = value, (beat, calm)
    return best, before


def _sources(lengths: list[int], n_steps: int) -> np.ndarray:
    """[S' + 1] the step of the old grid at which each step of the new one begins."""
    source, start = [], 0
    for length in lengths:
        for n_beats in (length,) if length <= BEATS else (BEATS, length - BEATS):
            bar = np.zeros(STEPS_PER_BAR, dtype=int)
            bar.reshape(BEATS, STEPS_PER_BEAT)[list(PLAYED[n_beats])] = 1
            source.append(start + np.cumsum(bar) - bar)
            start += n_beats * STEPS_PER_BEAT
    return np.concatenate([*source, np.arange(start, n_steps + 1)])

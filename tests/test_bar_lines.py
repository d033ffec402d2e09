"""Odd bars before heavy cuts."""

from dataclasses import replace

import numpy as np
import pytest

from dyvim_cli.music.symbols.midi import time_signatures
from dyvim_cli.music.timing.bar_lines import realign_bar_lines
from dyvim_cli.music.timing.tempo_map import hit_table
from dyvim_cli.types import STEPS_PER_BAR, STEPS_PER_BEAT, TempoMap

STEP_S = 0.125


def with_cuts(beats: list[int], n_beats: int = 40, weight: float = 1.0) -> TempoMap:
    """An even grid with a cut on each of some beats."""
    grid = TempoMap(np.arange(n_beats * STEPS_PER_BEAT + 1) * STEP_S, 120.0)
    times = np.array(beats) * STEPS_PER_BEAT * STEP_S
    hits = hit_table(grid, times, np.full(len(beats), weight), ["cut"] * len(beats))
    return replace(grid, hits=hits)


@pytest.mark.parametrize(("beat", "signatures"), [
    (12, [(0, 4)]), (18, [(0, 4), (64, 2), (80, 4)]), (19, [(0, 4), (64, 3), (80, 4)]),
    (17, [(0, 4), (48, 5), (80, 4)]),
])  # fmt: skip
def test_a_heavy_cut_gets_a_downbeat(beat, signatures):
    before = with_cuts([beat])
    after = realign_bar_lines(before, 1.0, 2)
    (hit,) = after.hits
    assert hit.on_downbeat and hit.step % STEPS_PER_BAR == 0
    assert after.step_times_s[hit.step] == hit.music_time_s == before.step_times_s[beat * STEPS_PER_BEAT]
    assert np.array_equal(after.step_times_s[np.append(after.played, True)], before.step_times_s)
    assert time_signatures(after.played) == signatures


def test_odd_bars_are_rare_and_end_at_cuts():
    after = realign_bar_lines(with_cuts([5, 10, 15, 21, 27, 34, 41, 46, 53, 61], n_beats=80), 1.0, 4)
    signatures = time_signatures(after.played)
    odd = [step for step, beats in signatures if beats != 4]
    assert 1 <= len(odd) <= 4 and (np.diff(odd) >= 5 * STEPS_PER_BAR).all()
    downbeats = [hit.step for hit in after.hits if hit.on_downbeat]
    assert set(step for step, beats in signatures[1:] if beats == 4) <= set(downbeats)
    assert sum(hit.on_downbeat for hit in after.hits) > sum(
        hit.step % STEPS_PER_BAR == 0 for hit in with_cuts([5, 10, 15, 21, 27, 34, 41, 46, 53, 61], 80).hits
    )


def test_light_cuts_and_no_strength_leave_the_bars_alone():
    assert realign_bar_lines(with_cuts([18], weight=0.5), 1.0, 2).played.all()
    assert realign_bar_lines(with_cuts([18]), 0.0, 2).played.all()
    assert realign_bar_lines(
        with_cuts([18]), 0.2, 2
    ).played.all()  # what is hardly wanted is worth no odd bar
    assert not realign_bar_lines(with_cuts([18]), 1.0, 2).played.all()


def test_films_of_any_length_keep_all_their_steps():
    for n_steps in (1, 3, 15, 16, 17, 70, 71):
        grid = TempoMap(np.arange(n_steps + 1) * STEP_S, 120.0)
        cuts = np.arange(0, n_steps * STEP_S, 0.75)
        grid = replace(grid, hits=hit_table(grid, cuts, np.ones(len(cuts)), ["cut"] * len(cuts)))
        after = realign_bar_lines(grid, 1.0, 0)
        assert np.array_equal(after.step_times_s[np.append(after.played, True)], grid.step_times_s)
        assert after.played[::STEPS_PER_BAR].sum() >= 1 and len(after.hits) == len(cuts)
        for hit in after.hits:
            assert after.step_times_s[hit.step] == hit.music_time_s and (
                hit.step == after.n_steps or after.played[hit.step]
            )

"""Events are matched with note onsets, not with lines of the grid."""

import numpy as np

from dyvim_cli.describe import hits_of
from dyvim_cli.music.timing.nearest_onsets import onsets_near
from dyvim_cli.types import Hit, Key, Note, Score, Stem, TempoMap


def part(name, *starts, velocity=90):
    return Stem(name, 0, name == "drums", tuple(Note(s, s + 0.2, 60, velocity) for s in starts))


def test_the_nearest_hard_note_is_found_and_pads_have_none():
    stems = [part("melody", 1.03, 3.0), part("drums", 1.06, velocity=120), part("pad", 2.0)]
    soft = part("arp", 1.001, velocity=20)
    assert onsets_near([*stems, soft], np.array([1.0, 2.0, 3.05])) == [1.03, None, 3.0]
    assert onsets_near([], np.array([1.0])) == [None]


def test_an_event_after_the_last_note_is_not_met():
    grid = np.arange(0, 9, 0.125)
    hits = tuple(Hit(t, 0.9, "cut", t + 0.008, round(t / 0.125), True, False) for t in (2.0, 6.2, 7.4))
    score = Score((part("melody", 2.011, 5.6),), TempoMap(grid, 120.0, hits), Key(0, False), "pop", grid, ())
    first, second, third = hits_of(score)
    assert (first["music_s"], first["error_ms"], first["is_met"], first["on_beat"]) == (
        2.011,
        11.0,
        True,
        True,
    )
    for hit in (second, third):
        assert (hit["music_s"], hit["error_ms"], hit["on_beat"]) == (None, None, False)
    assert [hit["is_met"] for hit in (first, second, third)] == [True, False, False]

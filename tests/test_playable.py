"""An ostinato is played in eighths where its sixteenths would be a blur."""

import numpy as np
import pytest

from dyvim_cli.music.form.playable import playable
from dyvim_cli.music.performance.perform import perform
from dyvim_cli.music.symbols import tokens
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.types import Key, Score, TempoMap

ARP, LEVEL = tokens.STREAM_INDEX["arp"], tokens.STREAM_INDEX["level"]
ACCENTED = 5  # an odd step that is a hit
LIMIT_S = RECORDS["cinematic"].palette.parts["arp"].shortest_step_s


def ostinato(style: str, step_s: float) -> Score:
    """Two bars of sixteenths of the arpeggio alone, one of them accented."""
    rows = np.zeros((tokens.K, 32), np.int16)
    rows[ARP], rows[LEVEL] = tokens.FIRST_PITCH + 12, 3
    rows[LEVEL, ACCENTED] = 7
    grid = TempoMap(np.arange(33) * step_s, 15 / step_s)
    return perform(playable(rows, grid, style), grid, Key(0, False), style, 33 * step_s, 0)


def arp_notes(score: Score):
    return next(stem.notes for stem in score.stems if stem.name == "arp")


@pytest.mark.parametrize(
    ("style", "step_s", "n_notes"),
    [("cinematic", 0.8 * LIMIT_S, 17), ("cinematic", 1.2 * LIMIT_S, 32), ("electronic", 0.8 * LIMIT_S, 32)],
)
def test_fast_sixteenths_become_eighths_and_accents_stay(style, step_s, n_notes):
    notes = arp_notes(ostinato(style, step_s))
    assert len(notes) == n_notes
    assert min(abs(note.start_s - ACCENTED * step_s) for note in notes) < 1e-6


def test_what_is_dropped_is_held_by_the_note_before():
    notes = arp_notes(ostinato("cinematic", 0.8 * LIMIT_S))
    single = arp_notes(ostinato("cinematic", 1.2 * LIMIT_S))
    assert (notes[1].end_s - notes[1].start_s) / 0.8 > 1.5 * (single[1].end_s - single[1].start_s) / 1.2


def test_the_ostinato_leans_on_the_beats():
    by_step = np.array([note.velocity for note in arp_notes(ostinato("cinematic", 1.2 * LIMIT_S))], float)
    by_step = np.delete(by_step, [ACCENTED])
    on_beat = np.delete(np.arange(32), ACCENTED) % 4 == 0
    assert by_step[on_beat].mean() - by_step[~on_beat].mean() > 6

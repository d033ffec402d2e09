"""The arpeggio and the hat keep the time between the accents."""

import numpy as np
import pytest

from dyvim_cli.music.form.time_keeping import keep_time
from dyvim_cli.music.symbols import tokens
from dyvim_cli.types import STEPS_PER_BAR

ARP, PAD, DRUMS, CHORD, LEVEL = (
    tokens.STREAM_INDEX[name] for name in ("arp", "pad", "drums", "chord", "level")
)
LOW, HIGH = tokens.FIRST_PITCH + 3, tokens.FIRST_PITCH + 7
HAT, TOM = tokens.drum_token(["hat"]), tokens.drum_token(["tom"])
FINAL = 2 * STEPS_PER_BAR


def sparse(level: int = 3) -> np.ndarray:
    """Two bars: two notes of an arpeggio and a drum in the first, a last chord after them."""
    piece = np.zeros((tokens.K, FINAL + STEPS_PER_BAR), dtype=np.int16)
    piece[LEVEL], piece[CHORD] = level, 4
    piece[ARP, 0], piece[ARP, 2], piece[DRUMS, 8] = LOW, HIGH, TOM
    return piece


def free(piece: np.ndarray) -> np.ndarray:
    return np.ones(piece.shape, dtype=bool)


def test_eighths_are_filled_with_the_arpeggios_own_pattern_up_to_the_last_chord():
    kept = keep_time(sparse(), free(sparse()), "cinematic", FINAL)
    onsets = np.flatnonzero(kept[ARP] >= tokens.FIRST_PITCH)
    assert onsets.tolist() == list(range(0, FINAL, 2))
    assert kept[ARP, STEPS_PER_BAR] == LOW and kept[ARP, STEPS_PER_BAR + 2] == HIGH  # as a bar before
    assert not (kept[:, FINAL:] != sparse()[:, FINAL:]).any()


def test_calm_bars_are_kept_in_quarters():
    kept = keep_time(sparse(level=1), free(sparse()), "ambient", FINAL)
    assert np.flatnonzero(kept[ARP] >= tokens.FIRST_PITCH).tolist() == [0, 2, *range(4, FINAL, 4)]


def test_the_hat_joins_drums_and_does_not_begin_without_them():
    kept = keep_time(sparse(), free(sparse()), "cinematic", FINAL)
    assert (kept[DRUMS, 0:FINAL:2] & HAT).all()
    assert kept[DRUMS, 8] == TOM | HAT
    alone = sparse()
    alone[DRUMS] = 0
    assert not keep_time(alone, free(alone), "cinematic", FINAL)[DRUMS].any()


def test_no_note_of_another_chord_is_played():
    piece = sparse()
    piece[CHORD, STEPS_PER_BAR:] = 5
    kept = keep_time(piece, free(piece), "ambient", FINAL)
    assert (kept[ARP, STEPS_PER_BAR:] == tokens.REST).all()


def test_where_somebody_begins_a_note_the_arpeggio_leaves_room():
    piece = sparse()
    piece[PAD, 4] = tokens.FIRST_PITCH
    assert keep_time(piece, free(piece), "ambient", FINAL)[ARP, 4] == tokens.REST


@pytest.mark.parametrize("row", [ARP, DRUMS])
def test_an_excluded_part_stays_silent(row):
    piece, allowed = sparse(), free(sparse())
    allowed[row] = False
    assert (keep_time(piece, allowed, "cinematic", FINAL)[row] == piece[row]).all()


def test_where_drums_keep_the_beat_the_hat_alone_fills_the_eighths():
    piece = sparse()
    piece[DRUMS, 4] = tokens.drum_token(["open_hat"])
    kept = keep_time(piece, free(piece), "rock", FINAL)
    others = [row for row in range(tokens.K) if row != DRUMS]
    assert (kept[others] == piece[others]).all()
    assert np.flatnonzero(kept[DRUMS] & HAT).tolist() == [0, 2, *range(6, FINAL, 2)]
    assert kept[DRUMS, 4] == tokens.drum_token(["open_hat"])  # no second hat beside it


def test_swung_drums_are_left_alone():
    assert (keep_time(sparse(), free(sparse()), "jazz", FINAL) == sparse()).all()

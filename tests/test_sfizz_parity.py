"""SFZ opcodes sound as sfizz plays them: onsets, pitches, levels."""

import pytest

from tools import sfizz_parity

STRAIGHT_FALLS = ("decay", "lfo")  # where both differ by design


def test_every_opcode_sounds_as_in_sfizz():
    pytest.importorskip("pysfizz")
    for (sample, opcodes, *_), (ms, cents, db) in zip(
        sfizz_parity.CASES, sfizz_parity.compare(), strict=True
    ):
        is_straight = any(word in opcodes for word in STRAIGHT_FALLS)
        assert ms <= 1.0 and (sample == "noise" or cents <= 3.0), opcodes
        assert db <= (1.5 if is_straight else 0.5), opcodes

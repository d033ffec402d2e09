"""Planned accents: events that are played whatever the decoder draws."""

from dataclasses import replace

import numpy as np
import pytest

from dyvim_cli.model.score.form_rules import BASS, DRUMS, LEVEL, PAD, FormRules
from dyvim_cli.model.score.token_constraints import Grammar
from dyvim_cli.music.form.accents import HEAVY, TOP_LEVEL, Accents, is_crowded, plan_accents
from dyvim_cli.music.form.form import free_form
from dyvim_cli.music.symbols import tokens
from dyvim_cli.types import STEPS_PER_BAR, STYLES

KICK, CRASH, HAT = (tokens.drum_token([name]) for name in ("kick", "crash", "hat"))


def hits(*events: tuple[int, float], n: int = 96) -> np.ndarray:
    row = np.zeros(n)
    for step, weight in events:
        row[step] = weight
    return row


@pytest.mark.parametrize("style", STYLES)
def test_heavy_events_are_struck_in_every_style(style):
    accents = plan_accents(hits((8, 0.9), (48, 0.5)), style, 0.35, np.ones(96, dtype=bool))
    assert accents.level[8] == TOP_LEVEL and accents.level[48] == TOP_LEVEL - 1
    assert accents.drums[8] and accents.drums[48] and np.count_nonzero(accents.level) == 2


def test_lighter_events_and_silent_drums_are_left_alone():
    accents = plan_accents(hits((8, 0.9), (48, 0.5)), "pop", HEAVY, np.zeros(96, dtype=bool))
    assert accents.level[8] and not accents.level[48] and not accents.drums.any()


def test_a_montage_keeps_its_groove():
    dense = hits(*((step, 0.9) for step in range(0, 96, 8)))
    assert list(np.flatnonzero(plan_accents(dense, "rock", HEAVY, np.ones(96, dtype=bool)).level)) == [0]
    sparse = hits(*((step, 0.9) for step in range(0, 96, STEPS_PER_BAR + 1)))
    assert np.count_nonzero(plan_accents(sparse, "rock", HEAVY, np.ones(96, dtype=bool)).level) == 6


def test_only_an_event_as_heavy_crowds():
    assert is_crowded(hits((8, 0.9), (12, 0.8)), 12) and not is_crowded(hits((8, 0.5), (12, 0.8)), 12)
    assert not is_crowded(hits((8, 0.2), (12, 0.2)), 12)  # light ones do not


def rules_with_accent(step: int) -> FormRules:
    level, drums = np.zeros(16, dtype=np.int64), np.zeros(16, dtype=np.int64)
    level[step], drums[step] = TOP_LEVEL, KICK | CRASH
    return FormRules(replace(free_form(16), accents=Accents(level, drums)))


def test_an_accent_is_added_to_what_the_decoder_drew():
    rules, grammar = rules_with_accent(4), Grammar(1, False, 64, 32)
    delayed = np.zeros((1, tokens.K, 32), dtype=np.int64)
    drawn = np.zeros((1, tokens.K), dtype=np.int64)
    drawn[0, LEVEL], drawn[0, DRUMS] = 3, HAT
    assert rules.decided(drawn, delayed, 4 + LEVEL, grammar)[0, LEVEL] == TOP_LEVEL
    assert rules.decided(drawn, delayed, 4 + DRUMS, grammar)[0, DRUMS] == HAT | KICK | CRASH
    assert rules.decided(drawn, delayed, 5 + DRUMS, grammar)[0, DRUMS] == HAT


def test_bass_and_pad_start_a_note_at_an_accent_and_are_free_elsewhere():
    rules = rules_with_accent(4)
    for k in (BASS, PAD):
        logits = np.zeros((1, tokens.K, 64), dtype=np.float32)
        rules.constrain(logits, 4 + k)
        assert (logits[0, k, : tokens.FIRST_PITCH] < -1e6).all() and not logits[
            0, k, tokens.FIRST_PITCH :
        ].any()
        logits = np.zeros((1, tokens.K, 64), dtype=np.float32)
        rules.constrain(logits, 5 + k)
        assert not logits[0, k].any()

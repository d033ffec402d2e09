"""A melody made of few ideas: where gestures come from, how they are taken up, what returns around events."""

import numpy as np

from dyvim_cli.model.score import motif
from dyvim_cli.model.score.form_rules import FormRules
from dyvim_cli.model.score.motif import MELODY, Motif
from dyvim_cli.model.score.token_constraints import Grammar
from dyvim_cli.music.form.film_on_grid import FilmOnGrid
from dyvim_cli.music.form.form import free_form
from dyvim_cli.music.form.motif_sources import gesture_sources
from dyvim_cli.music.form.recapitulation import returns
from dyvim_cli.music.form.sections import Section
from dyvim_cli.music.symbols import tokens
from dyvim_cli.types import STEPS_PER_BAR

N_BARS = 24
N_STEPS = N_BARS * STEPS_PER_BAR
SECTIONS = (
    Section(0, 8 * STEPS_PER_BAR, "theme", 0, 0.0, 0.0),
    Section(8 * STEPS_PER_BAR, 16 * STEPS_PER_BAR, "contrast", 1, 0.0, 0.0),
    Section(16 * STEPS_PER_BAR, N_STEPS, "theme", 0, 0.0, 0.0, recap_of=0),
)
PHRASES = np.array([0, 4, 8, 16, 20]) * STEPS_PER_BAR  # the contrast is one phrase of eight bars
WIDTH = tokens.STREAMS[MELODY].cardinality


def bars_taken_up() -> dict[int, int]:
    """{bar: the bar whose gesture it takes up}"""
    sources = gesture_sources(SECTIONS, PHRASES, np.zeros(N_STEPS), final_step=23 * STEPS_PER_BAR)
    assert (sources < np.arange(N_STEPS)).all()
    assert (sources[sources >= 0] % STEPS_PER_BAR == np.flatnonzero(sources >= 0) % STEPS_PER_BAR).all()
    firsts = sources[::STEPS_PER_BAR]
    return {bar: int(first) // STEPS_PER_BAR for bar, first in enumerate(firsts) if first >= 0}


def test_phrases_answer_themselves_and_returns_take_up_the_theme():
    expected = {1: 0, 4: 0, 5: 1, 6: 2}  # two phrases of four bars
    expected |= {9: 8, 12: 8, 13: 9, 14: 10}  # one of eight, in halves
    expected |= {16: 0, 17: 1, 18: 2, 19: 3, 20: 4, 21: 5}  # the theme again, but for the way into the end
    assert bars_taken_up() == expected


def test_an_event_takes_up_nothing():
    hits = np.zeros(N_STEPS)
    hits[5 * STEPS_PER_BAR + 3] = 0.2
    sources = gesture_sources(SECTIONS, PHRASES, hits, final_step=23 * STEPS_PER_BAR)
    steps = np.arange(5 * STEPS_PER_BAR, 6 * STEPS_PER_BAR)
    assert np.flatnonzero(sources[steps] < 0).tolist() == [3]


def sung(phrase: list[int], sources: np.ndarray, n_steps: int) -> list[int]:
    """A melody of n_steps that begins with a phrase and continues as it is biased (else it rests)."""
    follow, delayed = Motif(1, sources), np.zeros((1, tokens.K, n_steps + tokens.K), dtype=np.int64)
    for position in range(n_steps + MELODY):
        logits = np.zeros((1, tokens.K, WIDTH), dtype=np.float32)
        logits[:, MELODY, tokens.REST] = 0.1
        follow.lean(logits, delayed, position)
        step = position - MELODY
        token = phrase[step] if 0 <= step < len(phrase) else int(logits[0, MELODY].argmax())
        delayed[0, MELODY, position] = token
        follow.advance(delayed[:, :, position])
    return delayed[0, MELODY, MELODY : MELODY + n_steps].tolist()


def test_a_gesture_comes_again_with_its_rhythm_and_its_intervals():
    rest, hold = tokens.REST, tokens.HOLD
    phrase = [20, hold, 22, rest, 24, hold, 17, hold, 15]  # up, up, down; then from another note
    sources = np.full(16, -1)
    sources[9:16] = np.arange(1, 8)
    again = sung(phrase, sources, 16)[9:]
    assert again == [hold, 17, rest, 19, hold, 12, hold]


def test_without_a_source_nothing_is_leaned_to():
    logits = np.zeros((1, tokens.K, WIDTH), dtype=np.float32)
    Motif(1, np.full(8, -1)).lean(logits, np.zeros((1, tokens.K, 32), dtype=np.int64), MELODY + 3)
    Motif(1, None).lean(logits, np.zeros((1, tokens.K, 32), dtype=np.int64), MELODY + 3)
    assert not logits.any() and motif.RHYTHM > 0


def test_a_theme_makes_room_for_a_heavy_event_and_for_no_more():
    hits = np.zeros(N_STEPS)
    hits[[17 * STEPS_PER_BAR + 8, 18 * STEPS_PER_BAR + 8]] = 0.9, 0.3
    film = FilmOnGrid(np.zeros(1, int), np.zeros(1, int), np.zeros((1, 2)), np.full(N_STEPS, 0.5), hits)
    copy_from = returns(SECTIONS, PHRASES, film, np.ones((tokens.K, N_STEPS), bool), N_STEPS)[MELODY]
    assert np.flatnonzero(copy_from[17 * STEPS_PER_BAR :][: 2 * STEPS_PER_BAR] < 0).tolist() == list(
        range(6, 12)
    )
    kept = np.flatnonzero(copy_from >= 0)
    assert (kept - copy_from[kept] == 16 * STEPS_PER_BAR).all()


def test_what_returns_holds_its_own_note_alone():
    """A theme whose first bar begins in a tied note, over silence, over the same note and over another."""
    n_steps, position = 8, MELODY + 4
    form = free_form(n_steps)
    rules = FormRules(form)
    form.copy_from[MELODY, 4] = 1  # which was held
    delayed = np.zeros((3, tokens.K, n_steps + tokens.K), dtype=np.int64)
    delayed[:, MELODY, MELODY], delayed[:, MELODY, MELODY + 1] = 20, tokens.HOLD
    delayed[:, MELODY, position - 1] = tokens.REST, 20, 22
    grammar = Grammar(3, False, 64, 8)
    for before in range(position):
        grammar.advance(delayed[..., before])
    drawn = np.full((3, tokens.K), 25)
    decided = rules.decided(drawn, delayed, position, grammar)
    assert decided[:, MELODY].tolist() == [25, tokens.HOLD, 25]
    grammar.held[1, MELODY] = tokens.LONGEST_HOLD_STEPS
    assert rules.decided(drawn, delayed, position, grammar)[1, MELODY] == 25
    form.forced[MELODY, 4] = tokens.HOLD  # the form may ask to hold what sounds, but not what does not
    decided = rules.decided(drawn, delayed, position, grammar)
    assert decided[:, MELODY].tolist() == [tokens.REST, tokens.HOLD, tokens.HOLD]


def test_a_returning_note_that_clashes_with_the_chord_does_not_return():
    """Over a still picture the harmony does not move: the theme's F, which came with its own chord, would be
    a semitone above the third of C major. Between beats it may pass; an intended clash returns."""
    form = free_form(8)
    rules = FormRules(form)
    form.copy_from[MELODY, 4:6] = 0
    f = tokens.pitch_token(tokens.STREAMS[MELODY], 77)
    delayed = np.zeros((1, tokens.K, 8 + tokens.K), dtype=np.int64)
    delayed[:, MELODY, MELODY] = f
    drawn = np.full((1, tokens.K), 25)
    decided = {}
    for came_over, step, root in ((5, 4, 5), (5, 4, 0), (5, 5, 0), (0, 4, 0)):
        grammar = Grammar(1, False, 64, 16)
        for position in range(step + MELODY + 1):
            chord = came_over if position == MELODY else root
            grammar.bias(np.full((1, tokens.K), tokens.chord_token(chord, "maj")), position)
            if position < step + MELODY:
                grammar.advance(delayed[..., position])
        written = rules.decided(drawn, delayed, step + MELODY, grammar)
        decided[came_over, step, root] = int(written[0, MELODY])
    assert decided == {(5, 4, 5): f, (5, 4, 0): 25, (5, 5, 0): f, (0, 4, 0): f}

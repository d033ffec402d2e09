"""Ranking of takes: the gate names planted degenerate ones; sync decides among the rest."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.imagined_films import film

from dyvim_cli.composer import load_embedded
from dyvim_cli.model.compose.score import write_score
from dyvim_cli.model.score import ranking, sampling
from dyvim_cli.model.score.token_constraints import FORBIDDEN, Grammar
from dyvim_cli.music.symbols import tokens
from dyvim_cli.options import ComposeOptions
from dyvim_cli.training.arranger import library

N_STEPS = 256
MELODY, PAD, CHORD = (tokens.STREAM_INDEX[name] for name in ("melody", "pad", "chord"))


@pytest.fixture(scope="module")
def piece():
    """Sixteen bars of the arranger's to which nothing is to be objected, everybody playing."""
    for one in library.arrange_pieces(40, seed=11):
        take = one.tokens[:, :N_STEPS].astype(int)
        if take.shape[1] == N_STEPS and (take != tokens.UNKNOWN).all() and not faults(take):
            return take
    raise AssertionError("not one good piece")


def faults(take, energy=0.5):
    return ranking.rate_take(take, np.zeros(N_STEPS), np.full(N_STEPS, energy)).faults


def stuck(take):
    take[MELODY, take[MELODY] >= tokens.FIRST_PITCH] = 12


def endless(take, stream=PAD):
    take[stream, 32:132] = tokens.HOLD
    take[stream, 32] = 12


def silent(take):
    for name in tokens.PITCHED:
        take[tokens.STREAM_INDEX[name], 64:80] = tokens.REST
    take[tokens.STREAM_INDEX["drums"], 64:80] = 0


def clashing(take):
    """Every tune note a semitone above a tone of its chord."""
    for step in np.flatnonzero(take[MELODY] >= tokens.FIRST_PITCH):
        classes = tokens.chord_pitch_classes(take[CHORD, step])
        sharp = next(c for c in ((tone + 1) % 12 for tone in classes) if c not in classes)
        take[MELODY, step] = tokens.pitch_token(tokens.STREAMS[MELODY], 60 + sharp)


def looping(take):
    take[:] = np.tile(take[:, :32], N_STEPS // 32)


@pytest.mark.parametrize(
    "plant, named",
    [
        (stuck, "one melody note over and over"),
        (endless, "a note that does not end"),
        (silent, "a silent bar where the film moves"),
        (clashing, "melody against the chord"),
        (looping, "an endless loop"),
    ],
)
def test_a_degenerate_take_is_named_and_loses_to_any_other(piece, plant, named):
    take = piece.copy()
    plant(take)
    assert named in faults(take) and faults(piece) == ()
    worst_sync = ranking.TakeRating(-1.0, -1.0, -1.0, ())
    best_sync = ranking.TakeRating(1.0, 1.0, 0.9, faults(take))
    for alpha in (0.0, 0.5, 1.0):
        assert ranking.best([best_sync, worst_sync], alpha) == 1


def test_where_the_film_stands_still_a_bar_may_be_silent(piece):
    take = piece.copy()
    silent(take)
    assert faults(take, energy=0.0) == ()


def test_the_take_that_strikes_the_events_and_follows_the_motion_is_kept_as_far_as_alpha_asks(piece):
    struck = ranking.strength(piece)
    energy = np.convolve(struck, np.ones(8) / 8, mode="same")
    hit = np.zeros(N_STEPS)
    hit[np.argsort(struck)[-12:]] = 1.0
    meets = ranking.rate_take(piece, hit, energy)
    misses = ranking.rate_take(np.roll(piece, 5, axis=1), hit, energy[::-1])
    assert meets.accent > 0.8 > misses.accent and meets.following > misses.following
    assert ranking.best([misses, meets], 1.0) == 1
    assert ranking.best([replace(misses, pulse=meets.pulse), meets], 0.0) == 0  # the first of equals


def test_of_takes_that_meet_the_film_alike_the_one_that_keeps_time_is_kept(piece):
    at, hit, energy = np.arange(N_STEPS), np.zeros(N_STEPS), np.full(N_STEPS, 0.5)
    groove, shuffled = np.zeros_like(piece), np.zeros_like(piece)
    groove[tokens.STREAM_INDEX["drums"]] = np.select([at % 8 == 0, at % 4 == 0, at % 2 == 0], [1, 2, 4])
    shuffled[:] = np.random.default_rng(0).permutation(groove, axis=1)
    keeps, loses = (ranking.rate_take(one, hit, energy) for one in (groove, shuffled))
    assert keeps.pulse > 0.9 and loses.pulse < 0.3
    assert ranking.rate_take(np.zeros_like(piece), hit, energy).pulse == 0
    keeps, loses = (replace(one, faults=()) for one in (keeps, loses))
    assert all(ranking.best([loses, keeps], alpha) == 1 for alpha in (0.0, 0.5, 1.0))


def test_beats_that_are_alike_share_a_rank(piece):
    """Else the take that is kept depends on how a processor sorts, and the same seed on where it runs."""
    energy = np.random.default_rng(0).integers(0, 3, N_STEPS // 4).repeat(4).astype(float)
    order = np.random.default_rng(1).permutation(N_STEPS // 4)
    other_piece, other_energy = (x.reshape(*x.shape[:-1], -1, 4)[..., order, :] for x in (piece, energy))
    other = ranking.rate_take(other_piece.reshape(piece.shape), np.zeros(N_STEPS), other_energy.reshape(-1))
    assert ranking.rate_take(piece, np.zeros(N_STEPS), energy).following == pytest.approx(other.following)


def test_a_degenerate_candidate_is_not_what_is_heard(monkeypatch):
    whole = sampling.sample_pieces

    def compose(model, conditions, plan, settings, progress=None):
        pieces = whole(model, conditions, plan, settings, progress)
        melody = pieces[0, MELODY]
        melody[melody >= tokens.FIRST_PITCH] = 20
        return pieces

    options = ComposeOptions(style="pop", seed=3, candidates=2, alpha=1.0)
    decoder = load_embedded()
    monkeypatch.setattr(sampling, "sample_pieces", compose)
    score = write_score(film(1, duration_s=20.0), options, decoder)
    assert "one melody note over and over" in score.extras["takes"][0].faults
    assert score.extras["take"] == 1


def test_no_note_is_held_for_longer_than_four_bars():
    width = max(stream.cardinality for stream in tokens.STREAMS) + 1
    grammar = Grammar(1, False, width, 100)
    chords = np.full((1, tokens.K), tokens.chord_token(0, "maj"))
    note = np.array([[3, 1, 12, 12, 0, 12, 12]])
    hold = np.array([[3, 1, 1, 1, 0, 1, 1]])
    grammar.advance(note)
    for position in range(1, tokens.LONGEST_HOLD_STEPS):
        assert grammar.bias(chords, position)[0, PAD, tokens.HOLD] > FORBIDDEN / 2
        grammar.advance(hold)
    assert grammar.bias(chords, tokens.LONGEST_HOLD_STEPS)[0, PAD, tokens.HOLD] <= FORBIDDEN

"""Music under a voice: no tune, few and soft notes; in the pauses as elsewhere."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.imagined import imagined_film
from dyvim_cli.errors import UsageError
from dyvim_cli.model.compose.score import write_score
from dyvim_cli.music.form.under_speech import (
    ENTERING,
    LEAD_S,
    LOUDEST_LEVEL,
    TAIL_S,
    answered_energy,
    barred_steps,
    of_its_kind,
    speech_on_grid,
    without_entries,
)
from dyvim_cli.music.symbols import tokens
from dyvim_cli.options import ComposeOptions
from dyvim_cli.pipeline import load_embedded
from dyvim_cli.types import TempoMap

SPEECH_S = np.array([[4.0, 9.0]])


@pytest.fixture(scope="module")
def decoder():
    return load_embedded()


def composed(decoder, style: str, seed: int, **asked):
    film = imagined_film(np.random.default_rng(seed), 16.0, style)
    options = ComposeOptions(style=style, seed=seed, candidates=1, **asked)
    return write_score(film, options, decoder, speech_s=SPEECH_S)


def onsets_a_second(score, start_s: float, end_s: float) -> float:
    """Distinct onset times per second."""
    starts = {round(note.start_s / 0.03) for stem in score.stems for note in stem.notes
              if start_s <= note.start_s < end_s}  # fmt: skip
    return len(starts) / (end_s - start_s)


def test_speech_lies_on_the_grid_with_a_lead_and_a_tail():
    grid = TempoMap(np.arange(65) * 0.125, 120.0)
    under = speech_on_grid(grid, np.array([[2.0, 3.0]]))
    first, last = np.flatnonzero(under)[[0, -1]]
    assert grid.step_times_s[first + 1] > 2.0 - LEAD_S >= grid.step_times_s[first]
    assert grid.step_times_s[last] < 3.0 + TAIL_S <= grid.step_times_s[last + 1]
    assert under[first : last + 1].all()
    assert not speech_on_grid(grid, np.zeros((0, 2))).any()


def test_the_rest_after_the_last_word_ends_at_a_heavy_event():
    grid, speech = TempoMap(np.arange(65) * 0.125, 120.0), np.array([[2.0, 3.0]])
    hit = np.zeros(64)
    hit[26] = 0.8  # 3.25 s, in the breath after the last word
    under = speech_on_grid(grid, speech, hit)
    assert under[25] and not under[26:].any()
    for step, weight in ((26, 0.3), (20, 0.9)):  # light, or in mid-sentence
        others = np.zeros(64)
        others[step] = weight
        assert np.array_equal(speech_on_grid(grid, speech, others), speech_on_grid(grid, speech))


def test_medium_events_beside_the_words_are_met_in_pauses_but_not_in_breaths():
    grid = TempoMap(np.arange(97) * 0.125, 120.0)

    def under(speech_s, seconds, weight=0.4):
        hit = np.zeros(96)
        hit[round(seconds / 0.125)] = weight
        return speech_on_grid(grid, np.array(speech_s), hit)

    pause, breath = [[5.0, 6.0], [2.0, 3.0]], [[2.0, 3.0], [3.5, 5.0]]  # a plan may name them in any order
    assert not under(pause, 3.25)[26:38].any()  # the rest ends at the event
    assert not under(pause, 4.875)[28:40].any() and under(pause, 4.875)[40:48].all()  # or begins after it
    assert under(pause, 3.25)[16:24].all() and under(pause, 5.25)[40:48].all()  # words are never cut
    for spans, seconds, weight in ((pause, 3.25, 0.3), (pause, 4.875, 0.3), (breath, 3.25, 0.4)):
        assert np.array_equal(under(spans, seconds, weight), speech_on_grid(grid, np.array(spans)))


@pytest.mark.parametrize("style", ["pop", "rock", "cinematic", "acoustic"])
def test_no_tune_and_half_the_onsets_under_a_voice(decoder, style):
    inside, outside = [], []
    for seed in range(3):
        score = composed(decoder, style, seed)
        for stem in score.stems:
            if stem.name in ("melody", "arp"):
                assert not any(4.2 < note.start_s < 9.0 for note in stem.notes), stem.name
        inside.append(onsets_a_second(score, 4.0, 9.0))
        outside.append(onsets_a_second(score, 0.0, 3.5))
        outside.append(onsets_a_second(score, 9.6, 14.0))
    assert np.mean(inside) <= 0.5 * np.mean(outside)


def test_levels_under_a_voice_are_soft_but_for_accents(decoder):
    score = composed(decoder, "pop", 1)
    under = speech_on_grid(score.tempo_map, SPEECH_S)[: score.tokens.shape[1]]
    level = score.tokens[tokens.STREAM_INDEX["level"]]
    assert np.mean(level[under] > LOUDEST_LEVEL) < 0.1


def test_the_same_is_written_where_that_is_asked_for(decoder):
    film = imagined_film(np.random.default_rng(1), 16.0, "pop")
    options = ComposeOptions(style="pop", seed=1, candidates=1, under_speech="same")
    told = write_score(film, options, decoder, speech_s=SPEECH_S)
    untold = write_score(film, options, decoder)
    assert np.array_equal(told.tokens, untold.tokens)
    assert not np.array_equal(told.tokens, composed(decoder, "pop", 1).tokens)


def test_what_is_no_way_of_writing_is_refused():
    with pytest.raises(UsageError, match="under_speech"):
        ComposeOptions(under_speech="loud")


def test_off_beats_of_bass_and_pad_are_ruled_out():
    from dyvim_cli.model.score.form_rules import BASS, FormRules
    from dyvim_cli.music.form.form import free_form

    under = np.ones(16, dtype=bool)
    barred = barred_steps(TempoMap(np.arange(17) * 0.2, 75.0), under)
    rules = FormRules(replace(free_form(16), under_speech=under, barred=barred))
    half_bar, beat = np.zeros((2, 1, tokens.K, 64), dtype=np.float32)
    rules.constrain(half_bar, 8 + BASS)
    rules.constrain(beat, 4 + BASS)
    assert not half_bar[0, BASS].any() and (beat[0, BASS, tokens.FIRST_PITCH :] < -1e6).all()
    drums = np.full(1, tokens.drum_token(("kick", "hat")))
    assert rules._subdued(tokens.STREAM_INDEX["drums"], drums, 8) == tokens.drum_token(("kick",))
    assert rules._subdued(tokens.STREAM_INDEX["drums"], drums, 4) == 0


def test_strokes_under_a_voice_are_more_than_a_second_apart_at_any_tempo():
    for bpm in (50, 75, 99, 101, 120, 180):
        grid = TempoMap(np.arange(65) * 15 / bpm, bpm)
        free = np.flatnonzero(~barred_steps(grid, np.ones(64, dtype=bool)))
        assert np.diff(grid.step_times_s[free]).min() > 1.1
        assert not barred_steps(grid, np.zeros(64, dtype=bool)).any()


def test_nobody_comes_in_while_somebody_speaks():
    active = np.ones((tokens.K, 64), dtype=bool)
    under, drums, pad = np.zeros(64, dtype=bool), tokens.STREAM_INDEX["drums"], tokens.STREAM_INDEX["pad"]
    under[16:40] = True
    active[drums, :24] = False  # would come in at 24, in mid-sentence
    active[pad, 30:] = False
    waiting = without_entries(active, under, 60)
    assert not waiting[drums, :40].any() and waiting[drums, 40:].all()
    assert np.array_equal(waiting[pad], active[pad])  # who goes may go
    active[list(ENTERING), :20] = False
    waiting = without_entries(active, under, 60)
    assert waiting[pad, 20:30].all()  # else no part would play under the voice
    assert without_entries(active, np.ones(64, dtype=bool), 60)[drums, 60:].all()


def test_pauses_take_nothing_over_from_what_was_written_under_a_voice():
    under = np.array([True, True, False, False, True])
    assert of_its_kind(np.array([-1, 0, 1, 2, 0]), under).tolist() == [-1, 0, -1, 2, 0]
    energy = answered_energy(np.full(5, 0.5), under)
    assert (energy[under] < 0.3).all() and (energy[~under] > 0.6).all()
    assert np.array_equal(answered_energy(energy, np.zeros(5, dtype=bool)), energy)


@pytest.mark.parametrize("style", ["pop", "jazz"])
def test_the_tune_comes_forward_in_the_pauses(decoder, style):
    tunes = []
    for seed in range(3):
        score = composed(decoder, style, seed)
        tunes += [n.start_s for stem in score.stems if stem.name == "melody" for n in stem.notes]
    after = [start_s for start_s in tunes if 9.4 < start_s < 11.5]
    assert len(after) >= 3 * 2  # within two seconds of the last word

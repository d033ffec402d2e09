"""Impacts and risers: under the heaviest accents alone, in tune, in time, and of several strengths."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from helpers.songs import played

from dyvim_cli.music.form.accents import TOP_LEVEL
from dyvim_cli.music.mixing.mastering import produce
from dyvim_cli.music.performance.impacts import plan_impacts
from dyvim_cli.music.synth.effects_player import EffectsPlayer
from dyvim_cli.music.synth.impacts import blow, rise
from dyvim_cli.music.synth.orchestra import Orchestra
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.types import SAMPLE_RATE, STEPS_PER_BAR, Hit, Note, Stem

STEP_S = 0.125


def planned(heavy_steps, n_steps=12 * STEPS_PER_BAR, weight=1.0):
    """(impacts, risers) of a performance with accents of the top level on some steps."""
    levels = np.full(n_steps, 3)
    levels[heavy_steps] = TOP_LEVEL
    times_s = np.arange(n_steps + 1) * STEP_S
    feel = SimpleNamespace(levels=levels, times_s=times_s, duration_s=float(times_s[-1]), first_s=0.04)
    bass = Stem("bass", 43, False, (Note(0.0, 24.0, 43, 80),))
    hits = [Hit(step * STEP_S, weight, "cut", step * STEP_S, step, True, True) for step in heavy_steps]
    return [stem.notes for stem in plan_impacts(feel, [bass], hits)]


def test_blows_stand_on_heavy_steps_two_bars_apart_in_the_harmony():
    blows, risers = planned([4, 8, 80, 160])
    assert [note.start_s for note in blows] == [4 * STEP_S, 80 * STEP_S, 160 * STEP_S]
    assert {note.pitch for note in blows} == {43}  # the bass's G
    assert [note.end_s for note in risers] == [80 * STEP_S, 160 * STEP_S]
    assert all(1.0 <= note.end_s - note.start_s <= 4.0 for note in risers)
    assert planned([]) == [(), ()]


def test_a_heavier_event_is_struck_harder():
    lighter, heavier = (planned([80], weight=weight)[0][0].velocity for weight in (0.6, 1.0))
    assert heavier >= lighter + 30


def centroid_hz(sound: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(sound.mean(axis=0)))
    return float((spectrum * np.fft.rfftfreq(sound.shape[1], 1 / SAMPLE_RATE)).sum() / spectrum.sum())


def test_blows_have_three_strengths_and_two_takes():
    bright = [centroid_hz(blow(30, velocity, SAMPLE_RATE, 0)) for velocity in (60, 90, 120)]
    assert bright[0] * 1.3 < bright[1] and bright[1] * 1.3 < bright[2]
    one, other = (blow(30, 90, SAMPLE_RATE, take) for take in (0, 1))
    assert np.corrcoef(one[0], other[0])[0, 1] < 0.99
    assert np.abs(one).max() == pytest.approx(np.abs(other).max(), rel=0.05)


def test_the_deep_end_is_the_same_on_both_sides_and_settles_on_its_key():
    sound = blow(33, 100, SAMPLE_RATE, 0)
    spectra = np.fft.rfft(sound[:, SAMPLE_RATE // 5 :] * np.hanning(SAMPLE_RATE - SAMPLE_RATE // 5))
    hz = np.fft.rfftfreq(SAMPLE_RATE - SAMPLE_RATE // 5, 1 / SAMPLE_RATE)
    low = hz < 100
    assert np.abs(spectra[0] - spectra[1])[low].max() < 0.05 * np.abs(spectra[0])[low].max()
    assert hz[np.abs(spectra[0]).argmax()] == pytest.approx(55, abs=2)


@pytest.mark.parametrize("length_s", [0.8, 3.0])
def test_a_riser_is_loudest_at_its_end_which_is_its_notes(length_s):
    note = Note(0.5, 0.5 + length_s, 64, 100)
    sound = np.concatenate(list(EffectsPlayer("riser").blocks([note], 4 * SAMPLE_RATE, 5000)), axis=1)
    level = np.abs(sound).max(axis=0)
    end = round(note.end_s * SAMPLE_RATE)
    assert level[end:].max() == 0 and level[: round(0.5 * SAMPLE_RATE)].max(initial=0) == 0
    assert level[end - 2400 : end].max() > 0.9 * level.max()
    assert level[: end - int(0.7 * length_s * SAMPLE_RATE)].max() < 0.2 * level.max()


def test_blocks_have_no_seams():
    notes = [Note(0.2, 1.4, 30, 110), Note(0.9, 1.9, 35, 70)]
    player, n = EffectsPlayer("impact"), 2 * SAMPLE_RATE
    whole = next(player.blocks(notes, n, n))
    np.testing.assert_array_equal(np.concatenate(list(player.blocks(notes, n, 7001)), axis=1), whole)
    onset = np.flatnonzero(np.abs(whole).max(axis=0) > 0.02)[0] / SAMPLE_RATE
    assert onset == pytest.approx(0.2, abs=0.003)


def test_an_instrument_that_was_asked_for_plays_in_the_effects_place():
    stem = Stem("impact", 118, False, (Note(0.2, 0.9, 40, 110),))
    ours, theirs = (
        next(Orchestra().blocks(one, SAMPLE_RATE, SAMPLE_RATE)) for one in (stem, replace(stem, program=47))
    )
    assert not np.allclose(ours, theirs)


def test_impacts_belong_to_the_heavy_styles_and_reach_the_mix():
    score = played("cinematic", n_bars=6)
    blow_at = Stem("impact", 118, False, (Note(1.0, 2.4, 28, 120),))
    heard = produce(replace(score, stems=(*score.stems[:1], blow_at)), 4.0, keep_stems=True)
    assert np.abs(heard.stems["impact"]).max() > 0.02
    assert {name for name, style in RECORDS.items() if style.palette.impacts} == {
        "cinematic", "orchestral", "electronic",
    }  # fmt: skip


def test_rises_repeat_exactly():
    np.testing.assert_array_equal(rise(60, 90, 9000, 0), rise.__wrapped__(60, 90, 9000, 0))

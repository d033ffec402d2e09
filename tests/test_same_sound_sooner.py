"""Faster ways sound as before: filters, envelopes, rooms, kept tones."""

import numpy as np
import pytest
from scipy.signal import lfilter

from dyvim_cli.music.mixing.effects import convolver
from dyvim_cli.music.mixing.reverb import BANDS_HZ, _bands
from dyvim_cli.music.synth import impacts, low_pass
from dyvim_cli.music.synth.byte_cache import ByteCache
from dyvim_cli.music.synth.envelopes import HeldLevel
from dyvim_cli.music.synth.instrument import SampledInstrument
from dyvim_cli.music.synth.kept_tones import KeptTones
from dyvim_cli.music.synth.soundfont import shipped_soundfont
from dyvim_cli.types import SAMPLE_RATE, Note


def decibels(difference, of):
    return 20 * np.log10(np.abs(difference).max() / np.abs(of).max() + 1e-20)


@pytest.mark.parametrize("n", [128 * low_pass.HOP, 100 * low_pass.HOP + 17, 20 * low_pass.HOP + 1])
def test_a_sweep_is_filtered_as_one_hop_after_the_other(n):
    cents = np.linspace(9000, 5000, -(-n // low_pass.HOP))
    sound = np.random.default_rng(1).standard_normal(n).astype(np.float32)
    swept, expected, state = sound.copy(), np.zeros(n), np.zeros(2)
    filtered = low_pass.LowPass(cents, 100)
    assert filtered._sweeps(0)
    filtered.apply(swept, 0)
    for hop, cent in enumerate(cents):
        place = slice(hop * low_pass.HOP, (hop + 1) * low_pass.HOP)
        step = round(cent / low_pass.STEP_CENTS)
        b, a = low_pass._coefficients(step, 10 - low_pass.BUTTERWORTH_DB)
        expected[place], state = lfilter(b.astype(float), a.astype(float), sound[place], zi=state)
    assert decibels(swept - expected, expected) < -120
    assert filtered._state == pytest.approx(state, abs=1e-9)


@pytest.mark.parametrize("floor_db", [0.0, 30.0])
def test_a_released_tone_keeps_its_level_wherever_the_key_is_let_go(floor_db):
    level = HeldLevel(begin=100, top=700, edge=1500, db_per_s=400.0, floor_db=floor_db)
    whole = np.ones(level.settled + 5000)
    level.apply(whole)
    for first in (50, 300, 1000, 1600, 3000, level.settled - 10):
        factors, last = level.frozen(first, 4000), min(first + 4000, level.settled)
        if floor_db == 0 and first >= level.top:
            assert factors is None
            continue
        kept = whole[first:last] * factors[: last - first]
        assert kept[whole[first:last] > 1e-6] == pytest.approx(whole[first], rel=1e-4)
        assert factors[last - first :] == pytest.approx(whole[first] / whole[last - 1], rel=1e-4)


def test_a_room_is_heard_through_blocks_of_any_length():
    rng = np.random.default_rng(2)
    response = rng.standard_normal((2, 700)).astype(np.float32)
    sound = rng.standard_normal((2, 5000)).astype(np.float32)
    sound[:, 1500:3500] = 0
    room, edges = convolver(response), (0, 1000, 2500, 3400, 3500, 4800, 5000)
    blocks = [room(sound[:, begin:end]) for begin, end in zip(edges, edges[1:], strict=False)]
    for side in range(2):
        expected = np.convolve(sound[side].astype(float), response[side].astype(float))[:5000]
        assert decibels(np.concatenate(blocks, axis=1)[side] - expected, expected) < -110


def test_the_bands_of_a_room_add_up_and_hold_their_frequencies():
    noise = np.random.default_rng(3).standard_normal((2, 9973))
    bands = list(_bands(noise))
    assert len(bands) == 4 and np.abs(sum(bands) - noise).max() < 1e-12
    for side in range(2):
        hz = np.fft.rfftfreq(9973, 1 / SAMPLE_RATE)
        for band, low, high in zip(bands, (0, *BANDS_HZ), (*BANDS_HZ, SAMPLE_RATE), strict=True):
            spectrum = np.abs(np.fft.rfft(band[side]))
            inside = (hz >= low) & (hz < high)
            assert spectrum[inside] == pytest.approx(np.abs(np.fft.rfft(noise[side]))[inside], abs=1e-9)
            assert spectrum[~inside].max() < 1e-9


def test_steady_sines_are_those_of_their_formula():
    hz, phases, n = np.array([441.0, 9000.5, 20_000.0]), np.array([0.1, 2.0, 5.0]), 1700
    times_s = np.arange(n) / SAMPLE_RATE
    expected = np.sin(2 * np.pi * hz[:, None] * times_s + phases[:, None]).sum(axis=0)
    assert impacts._sines(hz, phases, n) == pytest.approx(expected, abs=1e-9)


def test_tones_go_with_the_last_note_that_asks_for_them():
    """Two players share a cache: each tone is made once, as long as the longest note, and nothing stays."""
    cache = ByteCache(48 << 20)
    notes = [Note(i / 4, i / 4 + 0.2 + 0.1 * (i % 3), 60 + 3 * (i % 2), 90) for i in range(12)]
    for program in (0, 81):
        player = SampledInstrument(shipped_soundfont(), False, program, tone_cache=cache)
        made, render = [], player._rendered
        player._rendered = lambda *what, made=made, render=render, **how: (
            made.append((what[0], what[3:4])) if how.get("rings", True) else None,
            render(*what, **how),
        )[1]
        sound = np.concatenate(list(player.blocks(notes, 4 * SAMPLE_RATE, SAMPLE_RATE)), axis=1)
        assert np.abs(sound).max() > 0.01 and len(made) == len(set(made)) > 1
    assert len(cache) == 0 and cache.n_bytes == 0


def test_tones_that_nobody_expects_stay():
    kept, asked = KeptTones(), []
    for _ in range(2):
        kept.tones((1, 2), 100, 120, lambda n: asked.append(n) or [])
    assert asked == [120] and len(kept.cache) == 1

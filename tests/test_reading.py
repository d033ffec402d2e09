"""Samples are read the same however they are cut; filters and peaks leave out nothing."""

import numpy as np
import pytest
from scipy.signal import butter, firwin, resample_poly, sosfilt

from dyvim_cli.hearing import metering
from dyvim_cli.music.mixing import effects
from dyvim_cli.music.synth.low_pass import HOP, LowPass
from dyvim_cli.music.synth.reading import Course, Reader
from dyvim_cli.types import SAMPLE_RATE


def tremble(n_frames: int) -> np.ndarray:
    """Cents for every HOP of a sound, up and down by 50."""
    return 50 * np.sin(np.arange(-(-n_frames // HOP)) / 5)


@pytest.mark.parametrize("moves", [False, True])
def test_a_piece_is_the_same_cut_anywhere(moves):
    data = np.random.default_rng(1).standard_normal(5000).astype(np.float32)
    reader = Reader(data, Course(0.8, tremble(6300) if moves else None))
    whole = reader.read(0, reader.n_frames)
    pieces = [reader.read(first, min(first + 3 * HOP, len(whole))) for first in range(0, len(whole), 3 * HOP)]
    assert np.array_equal(np.concatenate(pieces), whole)


def test_a_moving_course_is_the_sum_of_its_speeds():
    cents = tremble(2000)
    speeds = np.repeat(0.8 * 2 ** (cents / 1200), HOP)[:2000]
    course = Course(0.8, cents)
    expected = np.concatenate([[0], np.cumsum(speeds)[:-1]])
    assert course.places(0, 2000) == pytest.approx(expected, abs=1e-8)
    assert course.place(1234) == pytest.approx(expected[1234])
    assert course.n_before(1000.0) == np.searchsorted(expected, 1000.0)


def test_a_sine_keeps_its_pitch_and_shape():
    data = np.sin(2 * np.pi * 200 / SAMPLE_RATE * np.arange(9000)).astype(np.float32)
    reader = Reader(data, Course(1.5))
    sound = reader.read(0, reader.n_frames)
    expected = np.sin(2 * np.pi * 300 / SAMPLE_RATE * np.arange(len(sound)))
    assert len(sound) == pytest.approx(6000, abs=6) and np.abs(sound - expected)[5:].max() < 1e-4


def test_a_filter_goes_on_from_piece_to_piece():
    cents = np.linspace(6000, 9000, 40)
    sound = np.random.default_rng(2).standard_normal(40 * HOP).astype(np.float32)
    whole, cut = sound.copy(), sound.copy()
    LowPass(cents, 60).apply(whole, 0)
    filtered = LowPass(cents, 60)
    for first in range(0, len(cut), 7 * HOP):
        filtered.apply(cut[first : first + 7 * HOP], first)
    assert np.allclose(whole, cut, atol=1e-6) and not np.allclose(whole, sound, atol=0.1)


def test_a_filter_wakes_from_silence():
    """Stretches of nothing cost nothing and change nothing."""
    sections = butter(2, 100, "highpass", fs=SAMPLE_RATE, output="sos")
    sound = np.random.default_rng(3).standard_normal((2, 5 * SAMPLE_RATE)).astype(np.float32)
    sound[:, SAMPLE_RATE : 4 * SAMPLE_RATE] = 0
    effect = effects.filter_sections(sections)
    heard = np.concatenate([effect(block) for block in np.split(sound, 5, axis=1)], axis=1)
    expected = sosfilt(sections, sound.astype(np.float64), axis=1)
    assert np.abs(heard - expected).max() < 1e-3 and np.abs(heard[:, -SAMPLE_RATE:]).max() > 1


@pytest.mark.parametrize("n_frames", [1, 31, 32, 33, 5000, 40_000])
def test_true_peaks_are_those_of_a_resampled_sound(n_frames):
    block = (
        np.random.default_rng(n_frames).standard_normal((2, metering.N_TAPS + n_frames)).astype(np.float32)
    )
    window = firwin(metering.N_TAPS, 1 / metering.OVERSAMPLING)
    fine = np.abs(resample_poly(block, metering.OVERSAMPLING, 1, axis=1, window=window)).max(axis=0)
    first = (metering.N_TAPS - metering.CELL) * metering.OVERSAMPLING
    cells = np.pad(fine[first:], (0, -len(fine[first:]) % (metering.CELL * metering.OVERSAMPLING)))
    cells = cells.reshape(-1, metering.CELL * metering.OVERSAMPLING).max(axis=1)
    expected = np.append(max(cells[:2]), cells[2:])  # a peak that shows late counts for the first cell
    assert metering.cell_peaks(block) == pytest.approx(expected, abs=1e-5)

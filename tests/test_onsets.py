"""Instruments sound at their notes' onsets at every key, velocity and take."""

import numpy as np
import pytest

from benchmarks.onsets import Alignment, measure, table
from dyvim_cli.music.synth.attack import QUICK_S, SLOWEST_S, heard_early, heard_frame
from dyvim_cli.music.synth.sampler import DRUM_BANK
from dyvim_cli.music.synth.soundfont import shipped_soundfont
from dyvim_cli.types import SAMPLE_RATE


@pytest.mark.parametrize(("bank", "program"), [(0, 25), (0, 40), (0, 73), (0, 95), (DRUM_BANK, 48)])
def test_presets_that_speak_at_once_or_late_are_on_time(bank, program):
    found = measure(shipped_soundfont(), bank, program)
    assert len(found.late_ms) > 40 and found.is_met, table([found])


def swell(attack_s: float, silence_s: float = 0.1) -> np.ndarray:
    """A tone [2, n] of 440 Hz whose level rises in a straight line."""
    times_s = np.arange(SAMPLE_RATE) / SAMPLE_RATE - silence_s
    level = np.clip(times_s / attack_s, 0, 1)
    return np.tile(level * np.sin(2 * np.pi * 440 * times_s), (2, 1)).astype(np.float32)


@pytest.mark.parametrize(
    ("attack_s", "late_s"),
    # a quarter of the loudest that follows within 150 ms, and half of the 5 ms that a level is taken over
    [(0.001, 0.001), (0.1, 0.0275), (1.0, 0.0525)],
)
def test_a_swell_is_heard_at_a_quarter_of_its_level(attack_s, late_s):
    assert heard_frame(swell(attack_s)) / SAMPLE_RATE == pytest.approx(0.1 + late_s, abs=0.003)


def test_a_noise_before_the_tone_is_not_the_tone():
    sound = swell(0.001)
    sound[:, : SAMPLE_RATE // 50] = 0.1 * np.random.default_rng(0).standard_normal((2, SAMPLE_RATE // 50))
    assert heard_frame(sound) / SAMPLE_RATE == pytest.approx(0.1, abs=0.003)
    assert heard_frame(np.zeros((2, 100))) == 0


def test_late_presets_are_told():
    late = Alignment(0, 1, "x", np.array([0.0, 1.0, -12.0, 4.0]))
    assert not late.is_met and "late" in table([late])


@pytest.mark.parametrize(("silence_s", "attack_s"), [(0, 0), (0.02, 0.01), (0.04, 0), (0.08, 0.1), (0.25, 0)])
def test_a_short_beginning_tells_the_same_onset_or_none(silence_s, attack_s):
    """What is told early is what the whole beginning tells."""
    times_s = np.arange(round(SLOWEST_S * SAMPLE_RATE)) / SAMPLE_RATE - silence_s
    swell = np.clip(times_s / attack_s, 0, 1) if attack_s else times_s >= 0
    whole = np.tile(swell * np.sin(2 * np.pi * 440 * times_s), (2, 1)).astype(np.float32)
    early = heard_early(whole[:, : round(QUICK_S * SAMPLE_RATE)])
    assert early == (heard_frame(whole) if silence_s < 0.05 else None)

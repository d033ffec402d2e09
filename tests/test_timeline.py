"""The timeline of a film and its music, kept for drawing."""

import json
from dataclasses import replace

import numpy as np
import pytest
from helpers.film_features import features

from dyvim_cli.music.mixing.loudness import Meter
from dyvim_cli.timeline import POINTS, accents, motion, timeline
from dyvim_cli.types import SAMPLE_RATE, Key, Note, Score, Stem, TempoMap


def piece(*notes: tuple[float, int], n_steps: int = 64, step_s: float = 0.125) -> Score:
    grid = TempoMap(np.arange(n_steps + 1) * step_s, 120.0)
    stem = Stem(
        "melody", 0, False, tuple(Note(start, start + 0.1, 60, velocity) for start, velocity in notes)
    )
    return Score((stem,), grid, Key(0, False), "pop", np.zeros((7, n_steps), np.int16), ())


def film(energy, duration_s: float):
    times = np.arange(len(energy)) / len(energy) * duration_s
    return replace(features(), duration_s=duration_s, times_s=times, energy=np.asarray(energy, np.float32))


def heard(samples) -> Meter:
    meter = Meter()
    if samples.size:
        meter.feed(samples.astype(np.float32))
    return meter


def sine(seconds: float) -> np.ndarray:
    return np.tile(
        0.1 * np.sin(2 * np.pi * 997 * np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE), (2, 1)
    )


def test_a_peak_of_motion_stays_where_it_is_however_long_the_film():
    energy = np.full(60_000, 0.1)
    energy[15_000] = 2.0
    curve = motion(film(energy, 6000.0))
    assert len(curve) == POINTS and np.argmax(curve) == POINTS // 4 and curve.max() == 2.0


def test_a_film_with_few_frames_keeps_each():
    assert motion(film([0.1, 0.5, 0.3], 0.3)) == pytest.approx([0.1, 0.5, 0.3])


def test_accents_are_the_steps_struck_hardest():
    found = accents(piece((0.26, 50), (1.0, 90), (1.01, 90), (2.0, 45)))
    assert found[:, 0] == pytest.approx([0.25, 1.0, 2.0])  # on the grid, two notes in one step
    assert found[:, 1] == pytest.approx([50**2 / (2 * 90**2), 1.0, 45**2 / (2 * 90**2)])
    many = accents(piece(*[(i * 0.125, 40 + i % 80) for i in range(640)], n_steps=640))
    assert len(many) == POINTS and (np.diff(many[:, 0]) > 0).all() and many[:, 1].min() > 0.5


def test_loudness_over_time_is_the_music_s():
    sound = np.concatenate([sine(3), np.zeros((2, 3 * SAMPLE_RATE))], axis=1)
    facts = timeline(piece((0, 90)), film([0.1] * 60, 6.0), heard(sound))
    curve = facts["curves"]["loudness_lufs"]
    assert facts["loudness_lufs"] == pytest.approx(-20.0, abs=0.5)  # a sine in both channels
    assert facts["true_peak_db"] == pytest.approx(-20.0, abs=0.1)
    assert len(curve) == 60 and curve[10] == pytest.approx(-20.0, abs=0.1) and curve[-10:] == [None] * 10
    assert facts["curves"]["bars_s"] == [0, 2, 4, 6]
    assert json.loads(json.dumps(facts, allow_nan=False))["loudness_lufs"] == facts["loudness_lufs"]


@pytest.mark.parametrize("seconds", [0, 0.01, 0.05])
def test_silence_and_next_to_nothing_are_none(seconds):
    facts = timeline(piece(), film([0.0], 0.05), heard(np.zeros((2, round(seconds * SAMPLE_RATE)))))
    assert facts["loudness_lufs"] is None and facts["true_peak_db"] is None
    assert set(facts["curves"]["loudness_lufs"]) <= {None} and facts["curves"]["accents"] == []

"""The page of styles, and the figures of a mix on sounds whose figures are known."""

import numpy as np
import pytest

from benchmarks.mix_figures import FALL_DB, THIRDS_HZ, faults, measure, off_line_db
from benchmarks.style_gallery import write_page
from dyvim_cli.pipeline import load_embedded
from dyvim_cli.types import SAMPLE_RATE


def test_a_page_shows_sound_spectrum_roll_and_figures(tmp_path):
    (figures,) = write_page(["jazz"], load_embedded(), 3.0, tmp_path)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    files = [f"jazz.{kind}" for kind in ("ogg", "spectrum.png", "roll.png")]
    assert all(name in page and (tmp_path / name).stat().st_size > 5000 for name in files)
    assert figures.thirds_db.shape == THIRDS_HZ.shape and figures.cpu_s > 0


def tone(hz: float, gain: float = 0.5) -> np.ndarray:
    return gain * np.sin(2 * np.pi * hz * np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE)


def test_width_air_crest_and_tune_are_those_of_the_sounds():
    low, high = tone(60), tone(12000, 0.05)
    samples = np.stack([low + high, -low + high], axis=1)  # the bass on opposite sides
    tune, pad = (np.tile(tone(1000, gain)[:, None], 2) for gain in (0.2, 0.1))
    found = measure("x", samples, {"melody": tune, "pad": pad}, 0.01)
    assert found.side_db[0] > 20 and found.side_db[2] < -20
    assert found.air_db == pytest.approx(-20, abs=0.5) and found.tune_db == pytest.approx(6, abs=0.2)
    assert found.crest_db == pytest.approx(3.4, abs=0.5)
    assert faults(found, has_cymbals=True) == ["bass is not mono"]
    silent_top = measure("x", np.stack([low, low], axis=1), {"melody": pad, "pad": tune}, 1.0)
    assert faults(silent_top, has_cymbals=True) == ["no air", "pad over tune", "slow"]


def test_the_line_of_records_lies_on_itself():
    line = FALL_DB * np.log2(THIRDS_HZ / 100)
    assert off_line_db(line) == pytest.approx(0, abs=1e-9) and off_line_db(-line) > 4


def test_noise_whose_density_falls_as_that_of_records_lies_on_the_line():
    """Levels of third octaves fall less than the density: each is wider than the one below it."""
    n = 30 * SAMPLE_RATE
    spectrum = np.fft.rfft(np.random.default_rng(1).standard_normal(n))
    hz = np.maximum(np.fft.rfftfreq(n, 1 / SAMPLE_RATE), 30.0)
    noise = np.fft.irfft(spectrum * 10 ** (-5 * np.log2(hz / 100) / 20), n)
    found = measure("x", np.stack([noise, noise], axis=1), {}, 0.01)
    assert found.off_db < 0.3

"""The judge against its golden file, and its detectors against librosa's; see golden/make_evaluation.py."""

import json
from dataclasses import replace

import numpy as np
import pytest
from golden.make_evaluation import FILE, FILM, judged, tracks
from helpers.evaluation_planted import SAMPLE_RATE, clicks, picture

from dyvim_cli.evaluation.judge import audio_events as hearing
from dyvim_cli.evaluation.judge import literature as lit
from dyvim_cli.evaluation.judge import rhythm, spectra
from dyvim_cli.evaluation.judge.literature_report import LORIS_PICKING
from dyvim_cli.evaluation.judge.onsets import detect_onsets
from dyvim_cli.evaluation.judge.sync import compare

GOLDEN = json.loads(FILE.read_text(encoding="utf-8"))
TRACKS = tracks()
SOUNDING = [name for name in TRACKS if name != "silence"]


def flat(value, path=""):
    """Nested values -> {path: value}."""
    if not isinstance(value, dict):
        return {path: value}
    return {p: v for key, inner in value.items() for p, v in flat(inner, f"{path}/{key}").items()}


@pytest.mark.parametrize("name", TRACKS)
def test_figures_are_what_they_were(name):
    found, known = flat(judged(TRACKS[name])), flat(GOLDEN["judge"][name])
    assert found.keys() == known.keys()
    for path, value in known.items():
        assert found[path] == (pytest.approx(value, abs=2e-3) if isinstance(value, float) else value), path


def test_the_golden_figures_make_sense():
    hit = {name: facts["sync"]["events_hit_beyond_chance"] for name, facts in GOLDEN["judge"].items()}
    assert hit["all hit"] > 0.95 > 0.7 > hit["half hit"] > 0.3 and hit["metronome"] == hit["silence"] == 0
    assert GOLDEN["judge"]["follows"]["sync"]["motion_loudness_correlation"] > 0.9
    assert GOLDEN["judge"]["tune"]["musicality"]["key"] == "C major"


@pytest.mark.parametrize("name", SOUNDING)
def test_detectors_agree_with_librosa(name):
    known, mono = GOLDEN["librosa"][name], hearing.analysis_signal(TRACKS[name], SAMPLE_RATE)
    assert detect_onsets(mono) == pytest.approx(known["onsets"], abs=1e-4)
    assert detect_onsets(mono, LORIS_PICKING) == pytest.approx(known["onsets_loris"], abs=1e-4)
    rate, bands = hearing.SAMPLE_RATE, (hearing.N_MELS, hearing.LOW_HZ, hearing.HIGH_HZ)
    power = spectra.mel_power(mono, rate, hearing.N_FFT, hearing.HOP, *bands)
    assert power.mean(axis=1) / power.mean() == pytest.approx(known["mel"], rel=1e-3, abs=1e-4)
    assert spectra.cepstrum(spectra.decibels(power), 12).mean(axis=1) == pytest.approx(
        known["mfcc"], rel=1e-3, abs=0.01
    )
    rise = rhythm.onset_strength(power**hearing.LOUDNESS_EXPONENT, hearing.RISE_FRAMES)
    assert [rise.mean(), rise.std(), rise.max()] == pytest.approx(known["rise"], rel=1e-2)
    [tonal] = spectra.power_frames(mono, 4096, 1024)
    chroma = (spectra.chroma_filters(rate, 4096) @ tonal).mean(axis=1)
    assert chroma / chroma.mean() == pytest.approx(known["chroma"], rel=1e-2, abs=1e-3)


@pytest.mark.parametrize("name", ["metronome", "tune"])
def test_beats_agree_with_librosa_where_there_is_a_beat(name):
    known = GOLDEN["librosa"][name]
    found = hearing.audio_events(TRACKS[name], SAMPLE_RATE).beat_times_s
    assert 60 / np.median(np.diff(found)) == pytest.approx(known["tempo"], rel=0.02)
    near = np.abs(np.array(known["beats"])[:, None] - found[None, :]).min(axis=1)
    assert np.mean(near < 0.03) > 0.9


@pytest.mark.parametrize("seed", [0, 10, 11])
def test_the_last_digits_of_another_processor_move_no_beat(seed):
    film, found = picture(24.0, 12, seed=seed), set()
    mono = hearing.analysis_signal(clicks(film.event_times_s, film.duration_s), SAMPLE_RATE)
    bands = (hearing.N_MELS, hearing.LOW_HZ, hearing.HIGH_HZ)
    power = spectra.mel_power(mono, hearing.SAMPLE_RATE, hearing.N_FFT, hearing.HOP, *bands)
    rng = np.random.default_rng(0)
    for size in [0.0] + 8 * [3e-7]:
        digits = 1 + rng.uniform(-size, size, power.shape).astype(np.float32)
        rise = rhythm.onset_strength((power * digits) ** hearing.LOUDNESS_EXPONENT, hearing.RISE_FRAMES)
        found.add(tuple(rhythm.beats(rise, hearing.SAMPLE_RATE / hearing.HOP)))
    assert len(found) == 1 and len(found.pop()) > 30


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000, 11111])
def test_any_sample_rate_gives_the_same_times(rate):
    t = np.arange(4 * rate) / rate
    burst = sum(np.exp(-((t - at) ** 2) / 1e-5) * np.sin(2 * np.pi * 1000 * t) for at in (1.0, 2.5))
    onsets = hearing.audio_events(burst, rate).onset_times_s
    assert onsets == pytest.approx([1.0, 2.5], abs=0.03)


@pytest.mark.parametrize(
    "change",
    [
        {"event_times_s": FILM.event_times_s[::-1]},
        {"event_times_s": FILM.event_times_s + 20},
        {"event_weights": FILM.event_weights[:-1]},
        {"event_weights": -FILM.event_weights},
        {"energy": np.full_like(FILM.energy, np.nan)},
        {"is_cut": FILM.is_cut[1:]},
        {"duration_s": -1.0},
        {"times_s": FILM.times_s[:, None]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_pictures_that_make_no_sense_are_refused(change):
    sound = hearing.audio_events(TRACKS["metronome"], SAMPLE_RATE)
    with pytest.raises(ValueError):
        compare(replace(FILM, **change), sound)
    assert compare(FILM, sound).n_events == 12


def test_sounds_that_make_no_sense_are_refused():
    sound = hearing.audio_events(TRACKS["metronome"], SAMPLE_RATE)
    for change in (
        {"onset_saliences": sound.onset_saliences[1:]},
        {"onset_times_s": sound.onset_times_s - 1},
        {"loudness_db": sound.loudness_db[1:]},
        {"beat_times_s": sound.beat_times_s[::-1]},
    ):
        with pytest.raises(ValueError):
            compare(FILM, replace(sound, **change))


@pytest.mark.parametrize(
    "call",
    [
        lambda: lit.beat_alignment([2.0, 1.0], [1.0]),
        lambda: lit.beat_alignment([1.0], [1.0], sigma_s=0),
        lambda: lit.av_align([1.0], [np.inf], 25),
        lambda: lit.av_align([1.0], [1.0], fps=0),
        lambda: lit.transition_beat_iou([[1.0]], [1.0]),
        lambda: lit.seconds_with_onsets([-1.0], 3),
        lambda: lit.motion_beats(np.arange(4.0), np.zeros(3)),
        lambda: lit.cmt_matching(np.zeros(2), np.zeros(2), np.zeros((1, 16)), np.zeros((2, 16))),
    ],
)
def test_the_literature_s_measures_refuse_what_makes_no_sense(call):
    with pytest.raises(ValueError):
        call()


def test_music_longer_or_shorter_than_the_film_and_backwards():
    film = picture(20, 10, seed=3)
    whole = clicks(film.event_times_s, film.duration_s)
    longer = np.concatenate([whole, whole[: 5 * SAMPLE_RATE]])
    assert judged_cuts(film, longer) >= 0.95  # what sounds after the film does not count
    half = judged_cuts(film, whole[: len(whole) // 2])
    assert 0.0 < half < 0.9  # the second half has no music, and hits nothing
    assert abs(judged_cuts(film, whole[::-1])) <= 0.1


def judged_cuts(film, track):
    return compare(film, hearing.audio_events(track, SAMPLE_RATE)).events_hit_beyond_chance

"""Levels: the film's own sound and the music under it, loudness and peaks, in any number of channels."""

import numpy as np
import pytest
from conftest import run_ffmpeg
from helpers.media_films import BURSTS, heard, make_film
from test_media_mux import RATE, scored, tone

from dyvim_cli.media.containers import CONTAINERS, audio_arguments
from dyvim_cli.media.mix import PEAK_LIMIT_DB
from dyvim_cli.media.sound import read_audio, write_audio


def tone_level_db(samples: np.ndarray, hertz: float) -> float:
    """Level of one frequency."""
    phase = 2j * np.pi * hertz * np.arange(len(samples)) / RATE
    return float(20 * np.log10(2 * abs(np.mean(samples * np.exp(-phase))) + 1e-9))


def test_silence_is_replaced_and_sound_is_ducked_by_default(tmp_path):
    for sound, expected in ((None, "drop"), ("anullsrc", "drop"), (BURSTS, "duck")):
        film = make_film(tmp_path, ".mp4", sound=sound)
        assert scored(film, tmp_path, overwrite=True)[1].keep_audio == expected


def test_music_ducks_under_the_films_own_sound_which_keeps_its_level(tmp_path):
    film = make_film(tmp_path, ".mp4", seconds=9)  # bursts of 440 Hz at 1-2, 4-5 and 7-8 s
    _, _, path = scored(film, tmp_path, tone(9), keep_audio="duck", duck_db=-14.0)
    samples = heard(path)

    def level(start, hertz):
        return tone_level_db(samples[round(start * RATE) : round((start + 0.5) * RATE)], hertz)

    under, between = level(4.25, 1000), level(6.1, 1000)
    assert under - between == pytest.approx(-14, abs=0.7)
    assert level(1.25, 440) == pytest.approx(level(7.25, 440), abs=0.3)
    assert level(1.25, 440) - under > 10


@pytest.mark.parametrize("layout", ["mono", "5.1", "7.1"])
def test_music_is_heard_under_any_number_of_channels(tmp_path, layout):
    """Own sound in the centre alone; the ducked music plays left and right of it."""
    centre = f"pan={layout}|{'c0' if layout == 'mono' else 'c2'}=c0"
    film = make_film(tmp_path, ".mkv", options=["-af", centre, "-c:a", "pcm_s16le"], seconds=9)
    _, _, path = scored(film, tmp_path, tone(9), keep_audio="duck", duck_db=-14.0)
    samples = heard(path)
    under, between = (tone_level_db(samples[round(s * RATE) :][: RATE // 2], 1000) for s in (4.25, 6.1))
    assert under - between == pytest.approx(-14, abs=0.7)
    lufs, peak_dbtp = loudness(path)
    assert lufs == pytest.approx(-14, abs=1) and peak_dbtp <= -1


@pytest.mark.parametrize("seed", [1, 6, 7])
def test_what_is_struck_at_once_hardly_overshoots_when_it_is_encoded(tmp_path, seed):
    rng, time_s = np.random.default_rng(seed), np.arange(RATE // 5) / RATE
    partials = 2 * np.pi * 110 * np.outer([1, 2, 3, 4, 6, 8], time_s) + rng.uniform(0, 6, (6, 1))
    note = np.pad(np.exp(-6 * time_s) * np.sin(partials).sum(0), (RATE * 3 // 100, 0))[: len(time_s)]
    sound = note[:, None] / 2 + 0.1 * rng.standard_normal((len(time_s), 2))
    ceiling = 10 ** (PEAK_LIMIT_DB / 20)
    loud = write_audio(tmp_path / "loud.wav", np.clip(sound, -ceiling, ceiling).astype(np.float32), RATE)
    coded, options = tmp_path / "coded.m4a", []
    for name, value in audio_arguments(CONTAINERS["mp4"], 0, 2).items():
        options += [f"-{name}", str(value)]
    run_ffmpeg("-i", str(loud), *options, str(coded))
    assert 20 * np.log10(np.abs(read_audio(coded)[0]).max()) < -1


def test_dynamic_sound_that_begins_at_full_level(tmp_path):
    centre = ["-af", "pan=5.1|c2=c0", "-c:a", "pcm_s16le"]
    noise = "anoisesrc=c=pink:a=0.06:seed=4,tremolo=f=1:d=0.9"
    film = make_film(tmp_path, ".mkv", sound=noise, options=centre)
    _, _, path = scored(film, tmp_path, tone(3), keep_audio="mix")
    lufs, peak_dbtp = loudness(path)  # though the limiter takes much of so dynamic a sound
    assert lufs == pytest.approx(-14, abs=0.6) and peak_dbtp <= -1


def loudness(path) -> tuple[float, float]:
    """(LUFS, dBTP) as ffmpeg measures them."""
    import subprocess

    from dyvim_cli.media.programs import find_ffmpeg

    args = [find_ffmpeg(), "-i", str(path), "-af", "ebur128=peak=true:framelog=verbose", "-f", "null", "-"]
    text = subprocess.run(args, capture_output=True, text=True, check=True).stderr
    numbers = [line.split()[1] for line in text.splitlines() if line.split()[:1] in (["I:"], ["Peak:"])]
    return float(numbers[-2]), float(numbers[-1])


@pytest.mark.parametrize("level", [0.02, 0.9])
@pytest.mark.parametrize("extension", [".mp4", ".webm"])
def test_mixes_are_neither_soft_nor_clipped(tmp_path, level, extension):
    noise = f"anoisesrc=a={level}:c=pink:r=48000"
    film = make_film(tmp_path, extension, sound=noise)
    for keep_audio in ("duck", "mix"):
        _, _, path = scored(film, tmp_path, tone(3, level=0.9), keep_audio=keep_audio, overwrite=True)
        lufs, peak_dbtp = loudness(path)
        assert lufs == pytest.approx(-14, abs=1) and peak_dbtp <= -1


def test_every_pass_over_the_sound_tells_how_far_it_is(tmp_path):
    class Listener:
        def update(self, stage, done, total):
            told.setdefault(stage, []).append(done / total)

    told = {}
    scored(make_film(tmp_path, ".mkv"), tmp_path, keep_audio="duck", progress=Listener())
    assert list(told)[:3] == ["own sound", "music level", "mix level"] and list(told)[-1] == "mux"
    for shares in told.values():
        assert shares == sorted(shares) and shares[-1] == 1
    assert all(len(told[stage]) > 1 for stage in list(told)[:3])


def test_fades(tmp_path):
    _, _, path = scored(make_film(tmp_path, ".mp4", sound=None), tmp_path, fade_in_s=1, fade_out_s=1)
    samples = heard(path)
    ends = np.abs(samples[2000:4000]).max(), np.abs(samples[-4000:-2000]).max()
    assert max(ends) < 0.1 * np.abs(samples[RATE : 2 * RATE]).max()

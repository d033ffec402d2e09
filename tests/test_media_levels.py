"""Levels: the film's own sound and the music under it, loudness and peaks, in any number of channels."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import run_ffmpeg
from helpers.media_films import BURSTS, heard, make_film
from helpers.scored_films import RATE, scored, tone
from helpers.voices import (
    SENTENCES,
    apart,
    decoded,
    film_with,
    laid,
    level_db,
    melody,
    noise,
    spoken,
    unmixed,
)
from scipy.ndimage import median_filter

from dyvim_cli.media.containers import CONTAINERS, audio_arguments
from dyvim_cli.media.levels import Levels, ceiling_of, to_loudness
from dyvim_cli.media.sound import write_audio
from dyvim_cli.media.sound_reading import read_audio
from dyvim_cli.options import LOUDNESS
from dyvim_cli.types import OwnSound


def tone_level_db(samples: np.ndarray, hertz: float) -> float:
    """Level of one frequency."""
    phase = 2j * np.pi * hertz * np.arange(len(samples)) / RATE
    return float(20 * np.log10(2 * abs(np.mean(samples * np.exp(-phase))) + 1e-9))


def test_silence_is_replaced_and_sound_is_ducked_by_default(tmp_path):
    for sound, expected in ((None, "drop"), ("anullsrc", "drop"), (BURSTS, "duck")):
        film = make_film(tmp_path, ".mp4", sound=sound)
        assert scored(film, tmp_path, overwrite=True)[1].keep_audio == expected


@pytest.fixture(scope="module")
def talk(tmp_path_factory) -> np.ndarray:
    """[n] 12 s in which somebody speaks from 3 s and from 8.5 s on."""
    folder = tmp_path_factory.mktemp("talk")
    first, second = (spoken(folder, text)[: 3 * RATE] for text in SENTENCES)
    return laid(12, (3.0, first), (8.5, second))


PHRASES = ((3.0, 6.0), (8.5, 11.5))
PAUSE = (0.5, 2.5)


def music_of(seconds: float) -> tuple[np.ndarray, int]:
    tune = melody(seconds, level=0.5).astype(np.float32)
    return np.stack([tune, tune], axis=1), RATE


@pytest.mark.parametrize(
    ("level", "layout", "loudness"),
    [(1.0, "stereo", None), (0.03, "stereo", "podcast"), (0.5, "5.1", None), (0.5, "mono", "ebu")],
)
def test_speech_is_clear_of_the_music_at_any_level(tmp_path, talk, level, layout, loudness):
    spread = f"pan={layout}|{'c2' if layout == '5.1' else 'c0'}=c0" + ("|c1=c0" if layout == "stereo" else "")
    film = film_with(tmp_path, level * talk, ".mkv", "-af", spread)
    music = music_of(12)
    asked = LOUDNESS[loudness] if loudness else None
    _, result, path = scored(film, tmp_path, music, loudness=asked)
    gain, voice, tune = unmixed(path, film, music[0][:, 0])
    for start, end in PHRASES:
        assert level_db(voice, start, end) - level_db(tune, start, end) > 10
    assert level_db(tune, *PAUSE) - level_db(tune, 3.5, 5.5) > 3  # it comes forward in the pauses
    lufs, peak_dbtp = loudness_of(path)
    assert (result.loudness_lufs, result.true_peak_db) == pytest.approx((lufs, peak_dbtp), abs=0.15)
    if asked:
        assert lufs == pytest.approx(asked.lufs, abs=0.5) and peak_dbtp <= asked.peak_dbtp
        assert result.own_gain_db != 0
    else:
        assert result.own_gain_db == 0
    assert 20 * np.log10(gain) == pytest.approx(result.own_gain_db, abs=0.5)


def test_the_music_goes_down_before_the_word_rests_and_comes_back_gently(tmp_path, talk):
    film = film_with(tmp_path, talk)
    music = (np.full((12 * RATE, 2), 0.0, np.float32), RATE)
    music[0][:] = 0.2 * np.sin(2 * np.pi * 6000 * np.arange(12 * RATE) / RATE)[:, None]  # above the voice
    _, result, path = scored(film, tmp_path, music, duck_db=-14.0)
    phase = np.exp(-2j * np.pi * 6000 * np.arange(12 * RATE) / RATE)
    level = 20 * np.log10(np.abs((heard(path)[: 12 * RATE] * phase).reshape(-1, 480).mean(axis=1)) + 1e-6)
    level -= np.median(level[50:250])  # every 10 ms, 0 in the pauses
    down = 50 + np.flatnonzero(level[50:] < -1)
    assert 3.0 - 0.2 < down[0] / 100 <= 3.0  # not before 150 ms ahead, but for the detector's slack
    rests = median_filter(level, 15)[310:590]  # from the first word to the last: no pumping
    assert rests == pytest.approx(-14, abs=0.5)
    back = np.flatnonzero((level > -1) & (np.arange(len(level)) > 600))[0] / 100
    assert 0.6 <= back - 6.0 <= 1.3
    assert result.duck_db == -14 and len(result.speech_s) >= 2


def test_own_music_is_raised_to_the_loudness_that_is_asked_for_and_noise_is_not():
    levels, flat = Levels(0.0, -6.0), np.full(100, -30.0, np.float32)
    own = OwnSound(8.0, flat, np.zeros((0, 2)), np.array([[0.0, 8.0]]), np.array([-18.0, -4.0, -15.0]))
    assert to_loudness(levels, own, -18.0, -14.0) == Levels(4.0, -2.0)
    noise_alone = replace(own, music_s=np.zeros((0, 2)))
    assert to_loudness(levels, noise_alone, -16.0, -14.0).own_gain_db == 0


def test_noise_is_never_raised_nor_ducked_under(tmp_path):
    film = film_with(tmp_path, noise(6, 0.01))
    for asked in (None, LOUDNESS["web"]):
        _, result, path = scored(film, tmp_path, music_of(6), loudness=asked, overwrite=True)
        assert (result.own_gain_db, result.duck_db, result.speech_s) == (0, 0, ())
        assert loudness_of(path)[0] == pytest.approx(-14, abs=0.7)


def test_gains_that_are_asked_for_are_applied_and_said(tmp_path):
    film = film_with(tmp_path, noise(4, 0.02, colour=0.0))
    usual = scored(film, tmp_path, music_of(4), keep_audio="mix")[1]
    _, result, path = scored(
        film, tmp_path, music_of(4), keep_audio="mix", own_gain_db=-6.0, music_gain_db=-10.0, overwrite=True
    )
    assert result.own_gain_db == -6 and result.music_gain_db < usual.music_gain_db - 8
    gain, _, _ = unmixed(path, film, music_of(4)[0][:, 0])
    assert 20 * np.log10(gain) == pytest.approx(-6, abs=0.3)


def test_the_music_is_silent_where_the_film_s_own_sound_is_music(tmp_path):
    own = laid(19, (6.5, melody(6, step_s=0.3))) + noise(19, 0.0005)
    film = film_with(tmp_path, own)
    music = tone(19, hertz=6000.0)
    _, result, path = scored(film, tmp_path, music)
    samples = heard(path)
    at = [tone_level_db(samples[round(s * RATE) :][: RATE // 2], 6000) for s in (2.0, 8.0, 11.0, 17.0)]
    assert at[1] < -75 and at[2] < -75 and min(at[0], at[3]) > -45
    assert result.own_music_s[0] == pytest.approx((6.5, 12.5), abs=0.4)
    assert "--over-own-music" in " ".join(result.warnings)
    over = scored(film, tmp_path, music, over_own_music=True, overwrite=True)
    samples = heard(over[2])
    assert tone_level_db(samples[8 * RATE :][: RATE // 2], 6000) > -45 and over[1].own_music_s == ()


def test_loud_surround_without_speech_is_not_turned_down_by_the_music(tmp_path):
    engine = np.stack([np.clip(noise(4, 0.3, seed, colour=2.0), -0.7, 0.7) for seed in range(6)], axis=1)
    engine[:, 3] = 0  # the effects channel is coded up to 120 Hz only
    film = film_with(tmp_path, engine, ".mkv", "-c:a", "flac", "-af", "aformat=channel_layouts=5.1")
    drum = np.exp(-np.arange(RATE // 5) / 3000) * np.sin(np.arange(RATE // 5) * 2 * np.pi * 90 / RATE)
    beaten = music_of(4)[0] * 0.2 + 0.9 * laid(4, *((beat, drum) for beat in (0.5, 1.0, 2.0, 3.0)))[:, None]
    music = beaten.astype(np.float32), RATE
    _, result, path = scored(film, tmp_path, music)
    gains = centre_gains_db(path, film)
    assert result.own_gain_db == 0 and not result.speech_s
    assert gains.min() > -2.0 and np.median(gains) == pytest.approx(0, abs=0.2)
    assert not any("turned down" in note for note in result.warnings)
    _, asked, path = scored(film, tmp_path, music, music_gain_db=9.0, overwrite=True)
    assert asked.music_gain_db > result.music_gain_db + 9  # as asked for, and what it costs is said
    assert centre_gains_db(path, film).min() < -3
    assert "the film's own sound is turned down by up to" in " ".join(asked.warnings)


def centre_gains_db(path, film) -> np.ndarray:
    """Gain of a film's own sound every 10 ms, by the centre of its surround, where no music is."""
    both = [decoded(each, "-af", "pan=mono|c0=FC")[: 4 * RATE - 4800, 0] for each in (path, film)]
    mixed, own = (each.reshape(-1, 480)[5:] for each in both)  # behind the fade of the onset
    return 20 * np.log10((mixed * own).sum(axis=1) / (own**2).sum(axis=1))


@pytest.mark.parametrize("extension", [".mov", ".mp4"])
def test_clipped_sound_keeps_its_level_and_its_peaks(tmp_path, talk, extension):
    clipped = np.repeat(np.clip(8 * talk + noise(12, 0.01), -1, 1)[:, None], 2, axis=1)
    film = film_with(tmp_path, clipped, extension)
    _, result, path = scored(film, tmp_path, music_of(12))
    gain, _, _ = unmixed(path, film, music_of(12)[0][:, 0])
    assert 20 * np.log10(gain) == pytest.approx(0, abs=0.5) and result.own_gain_db == 0
    assert loudness_of(path)[1] < loudness_of(film)[1] + 0.7
    assert "dBTP come with the film's own sound" in " ".join(result.warnings)


def test_a_voice_of_large_dynamic_is_clear_of_the_music_behind_the_limiter(tmp_path, talk):
    dynamic = talk * np.interp(np.arange(len(talk)) / RATE, [3, 4, 4.1, 8.5, 11], [0.1, 0.12, 2, 2, 0.1])
    film = film_with(tmp_path, 0.3 * dynamic, ".mkv")
    _, result, path = scored(film, tmp_path, music_of(12), loudness=LOUDNESS["web"])
    voice, tune = apart(path, film, music_of(12)[0][:, 0])
    for start, end in PHRASES:
        assert level_db(voice, start, end) - level_db(tune, start, end) > 10
    assert loudness_of(path)[0] == pytest.approx(-14, abs=0.5) and loudness_of(path)[1] <= -1
    assert "own sound are turned down by up to" in " ".join(result.warnings)


@pytest.mark.parametrize("seed", [1, 6, 7])
def test_what_is_struck_at_once_hardly_overshoots_when_it_is_encoded(tmp_path, seed):
    rng, time_s = np.random.default_rng(seed), np.arange(RATE // 5) / RATE
    partials = 2 * np.pi * 110 * np.outer([1, 2, 3, 4, 6, 8], time_s) + rng.uniform(0, 6, (6, 1))
    note = np.pad(np.exp(-6 * time_s) * np.sin(partials).sum(0), (RATE * 3 // 100, 0))[: len(time_s)]
    sound = note[:, None] / 2 + 0.1 * rng.standard_normal((len(time_s), 2))
    ceiling = 10 ** (ceiling_of(None).db / 20)
    loud = write_audio(tmp_path / "loud.wav", np.clip(sound, -ceiling, ceiling).astype(np.float32), RATE)
    coded, options = tmp_path / "coded.m4a", []
    for name, value in audio_arguments(CONTAINERS["mp4"].audio_options, 0, 2).items():
        options += [f"-{name}", str(value)]
    run_ffmpeg("-i", str(loud), *options, str(coded))
    assert 20 * np.log10(np.abs(read_audio(coded)[0]).max()) < -1


def test_dynamic_sound_that_begins_at_full_level(tmp_path):
    centre = ["-af", "pan=5.1|c2=c0", "-c:a", "pcm_s16le"]
    noise = "anoisesrc=c=pink:a=0.06:seed=4,tremolo=f=1:d=0.9"
    film = make_film(tmp_path, ".mkv", sound=noise, options=centre)
    _, _, path = scored(film, tmp_path, tone(3), keep_audio="mix", loudness=LOUDNESS["web"])
    lufs, peak_dbtp = loudness_of(path)  # though the limiter takes much of so dynamic a sound
    assert lufs == pytest.approx(-14, abs=0.6) and peak_dbtp <= -1


def loudness_of(path) -> tuple[float, float]:
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
        how = {"keep_audio": keep_audio, "loudness": LOUDNESS["web"], "overwrite": True}
        _, _, path = scored(film, tmp_path, tone(3, level=0.9), **how)
        lufs, peak_dbtp = loudness_of(path)
        assert lufs == pytest.approx(-14, abs=1) and peak_dbtp <= -1


def test_every_pass_over_the_sound_tells_how_far_it_is(tmp_path):
    class Listener:
        def update(self, stage, done, total):
            told.setdefault(stage, []).append(done / total)

    told = {}
    scored(make_film(tmp_path, ".mkv"), tmp_path, keep_audio="duck", progress=Listener())
    assert list(told) == ["own sound", "music level", "mux", "check"]
    for shares in told.values():
        assert shares == sorted(shares) and shares[-1] == 1
    assert all(len(told[stage]) > 1 for stage in list(told)[:3])


def test_fades(tmp_path):
    _, _, path = scored(make_film(tmp_path, ".mp4", sound=None), tmp_path, fade_in_s=1, fade_out_s=1)
    samples = heard(path)
    ends = np.abs(samples[2000:4000]).max(), np.abs(samples[-4000:-2000]).max()
    assert max(ends) < 0.1 * np.abs(samples[RATE : 2 * RATE]).max()

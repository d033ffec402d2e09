"""What is filtered by products, measured while it decodes and left unlimited is what it was."""

import os
import subprocess
import sys

import ffmpeg
import numpy as np
import pytest
from conftest import run_ffmpeg
from helpers import odd_films
from scipy.signal import butter, sosfilt

from dyvim_cli.filters import BlockFilter
from dyvim_cli.media.delivered import measured_sound
from dyvim_cli.media.loudness import measure
from dyvim_cli.media.mix import MixSettings, music_alone
from dyvim_cli.media.probe import probe
from dyvim_cli.media.sound import write_audio
from dyvim_cli.music.mixing.loudness import CEILING_DBTP
from dyvim_cli.progress import Silent
from dyvim_cli.types import SAMPLE_RATE

SECTIONS = {
    "low": butter(2, 30.0, "highpass", fs=SAMPLE_RATE, output="sos"),
    "band": np.concatenate([
        butter(2, 180.0, "highpass", fs=SAMPLE_RATE, output="sos"),
        butter(4, 9000.0, "lowpass", fs=SAMPLE_RATE, output="sos"),
    ]),
}  # fmt: skip


@pytest.mark.parametrize("name", SECTIONS)
def test_a_filter_of_blocks_is_the_filter_of_the_whole(name):
    sound = np.random.default_rng(1).standard_normal((2, 20_000)).astype(np.float32)
    effect, edges = BlockFilter(SECTIONS[name]), (0, 6400, 6401, 6470, 12_000, 12_063, 20_000)
    blocks = [effect(sound[:, begin:end]) for begin, end in zip(edges, edges[1:], strict=False)]
    found, expected = np.concatenate(blocks, axis=1), sosfilt(SECTIONS[name], sound.astype(float))
    assert found.dtype == np.float32
    assert np.sqrt(np.mean((found - expected) ** 2) / np.mean(expected**2)) < 1e-5


def test_a_filter_of_silence_rings_out():
    effect, silence = BlockFilter(SECTIONS["low"], 1), np.zeros((1, 640), np.float32)
    assert effect(silence) is silence
    effect(np.ones((1, 640), np.float32))
    assert np.abs(effect(silence)).max() > 1e-3


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    """Five seconds of two tones that come and go, one on each side; their peaks are at -6 and -12 dBFS."""
    times_s = np.arange(5 * SAMPLE_RATE) / SAMPLE_RATE
    swell = 0.5 + 0.5 * np.sin(np.pi * times_s)
    sides = 0.5 * np.sin(2 * np.pi * 997 * times_s) * swell, 0.25 * np.sin(2 * np.pi * 301 * times_s)
    return write_audio(tmp_path_factory.mktemp("music") / "music.wav", np.stack(sides, axis=1), SAMPLE_RATE)


@pytest.mark.parametrize("coding", ["aac", "pcm_s16le"])
def test_a_delivered_sound_measures_as_by_ebur128(music, tmp_path, coding):
    film, heard_s = tmp_path / "film.mkv", []
    coded = ffmpeg.output(ffmpeg.input(str(music)), str(film), **{"c:a": coding, "b:a": "256k"})
    run_ffmpeg(*coded.get_args())
    found = measured_sound(film, heard_s.append)
    expected = measure(ffmpeg.input(str(film))["a:0"], "?", wants_moments=True)
    assert heard_s[-1] == np.inf and heard_s[-2] == pytest.approx(5.0, abs=0.05)
    assert found.loudness_lufs == pytest.approx(expected.loudness_lufs, abs=0.06)  # it says a decimal
    assert found.true_peak_db == pytest.approx(expected.true_peak_db, abs=0.1)
    assert found.momentary_lufs == pytest.approx(expected.momentary_lufs, abs=0.8)
    assert found.momentary_lufs[3:50] == pytest.approx(expected.momentary_lufs[3:50], abs=0.06)


def test_music_whose_peaks_are_known_to_be_low_is_not_limited(music, tmp_path):
    film = probe(odd_films.small_film(tmp_path / "film.mp4", sound=None))

    def filters(peak_db, **options):
        settings = MixSettings(film, music, "drop", 2.0, music_peak_db=peak_db, **options)
        return " ".join(ffmpeg.output(music_alone(settings, Silent()).sound, "-").get_args())

    assert "alimiter" not in filters(CEILING_DBTP) and "atrim=duration=2" in filters(CEILING_DBTP)
    assert "alimiter" in filters(None) and "alimiter" in filters(CEILING_DBTP + 0.1)
    assert "alimiter" in filters(CEILING_DBTP, music_gain_db=1.0)


@pytest.mark.skipif(sys.platform != "linux", reason="counts the threads in /proc")
@pytest.mark.parametrize("asked", [None, "2"])
def test_a_command_multiplies_in_one_thread(asked):
    code = (
        "from dyvim_cli.cli.threads import multiply_in_one_thread as once; once(); import numpy as np, os;"
        "a = np.ones((600, 600)); a @ a; print(len(os.listdir('/proc/self/task')))"
    )
    kept = {name: value for name, value in os.environ.items() if "NUM_THREADS" not in name}
    told = kept if asked is None else kept | {"OMP_NUM_THREADS": asked}
    said = subprocess.run([sys.executable, "-c", code], env=told, capture_output=True, text=True, check=True)
    n_cores = len(os.sched_getaffinity(0))
    assert int(said.stdout) == (1 if asked is None else min(2, n_cores))

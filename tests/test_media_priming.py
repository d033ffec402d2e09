"""Sound with a coder's priming in matroska and webm: films and music are on time with every ffmpeg."""

import json

import numpy as np
import pytest
from conftest import run_ffmpeg
from helpers.media_films import SECONDS, click_times, clicks, heard, make_film

from dyvim_cli.media.mux import mux
from dyvim_cli.media.probe import probe
from dyvim_cli.media.sound import write_audio
from dyvim_cli.media.sound_reading import read_audio
from dyvim_cli.media.stills import extract_stills

RATE = 48_000
PLACES = np.arange(0.1, SECONDS - 0.01, 0.5)  # where `clicks` are
SILENCE = (np.zeros((RATE, 2), np.float32), RATE)


@pytest.fixture(scope="module", params=["mkv-aac", "mkv-libmp3lame", "webm-libopus"])
def primed(request, tmp_path_factory):
    """A film as the newest ffmpeg writes it, whose own sound clicks and begins before the picture."""
    folder = tmp_path_factory.mktemp("primed")
    extension, _, coder = request.param.partition("-")
    sound = write_audio(folder / "clicks.wav", clicks(SECONDS), RATE)
    picture = make_film(folder, f".{extension}", sound=None, name="picture")
    film = folder / f"film.{extension}"
    run_ffmpeg("-i", str(picture), "-i", str(sound), "-c:v", "copy", "-c:a", coder, str(film), newest=True)
    assert click_times(heard(film)) == pytest.approx(PLACES, abs=0.002)
    return film


@pytest.mark.parametrize("extension", [".mp4", ".mkv"])
def test_music_begins_with_the_picture(tmp_path, primed, extension):
    if primed.suffix == ".webm" and extension == ".mp4":
        extension = ".webm"
    music = (clicks(SECONDS), RATE)
    for start_s in (None, 1.0):
        path = tmp_path / f"scored{extension}"
        how = {"keep_audio": "drop", "start_s": start_s, "fade_out_s": 0.0, "overwrite": True}
        length_s = mux(probe(primed), music, path, **how).duration_s
        assert click_times(heard(path)) == pytest.approx(PLACES[length_s > PLACES], abs=0.0015)


@pytest.mark.parametrize("keep_audio", ["mix", "track"])
@pytest.mark.parametrize("start_s", [None, 1.0])
def test_own_sound_stays_with_the_picture(tmp_path, primed, keep_audio, start_s):
    path = tmp_path / f"scored{'.webm' if primed.suffix == '.webm' else '.mp4'}"
    result = mux(probe(primed), SILENCE, path, keep_audio=keep_audio, start_s=start_s)
    after = click_times(heard(path, track=1 if keep_audio == "track" else 0)) + result.start_s
    after = after[after > result.start_s + 0.05]  # copied packets may begin a little before the cut
    first = result.start_s + 0.05
    assert after == pytest.approx(PLACES[first < PLACES], abs=0.002)


def test_frames_have_the_times_of_the_picture(tmp_path, primed):
    manifest = json.loads(extract_stills(probe(primed), tmp_path / "frames", key_only=True).read_text())
    assert [row["time_s"] for row in manifest["frames"]] == pytest.approx([0, 1, 2], abs=0.0015)


def test_music_out_of_such_a_file(tmp_path, primed):
    assert click_times(read_audio(primed)[0][:, 0]) == pytest.approx(PLACES, abs=0.0015)

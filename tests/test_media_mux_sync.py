"""The film's own sound stays where it was against the picture, and open groups of pictures stay whole."""

import numpy as np
import pytest
from conftest import run_ffmpeg
from helpers.media_films import CODECS, FPS, SECONDS, click_times, clicks, heard, make_film, picture_hashes

from dyvim_cli.media.decode import frames
from dyvim_cli.media.mux import mux
from dyvim_cli.media.output import output_path
from dyvim_cli.media.probe import probe
from dyvim_cli.media.sound import write_audio

RATE = 48_000
SILENCE = (np.zeros((RATE, 2), np.float32), RATE)


def clicking_film(folder, extension, sound_late_s: float):
    """A film whose own sound clicks; the sound track begins `sound_late_s` after the picture."""
    music = write_audio(folder / "clicks.wav", clicks(SECONDS), RATE)
    picture = make_film(folder, extension, sound=None, name="picture")
    film = folder / f"clicking{extension}"
    codecs = CODECS[extension]
    run_ffmpeg("-i", str(picture), "-itsoffset", str(sound_late_s), "-i", str(music), "-map", "0:v",
               "-map", "1:a", "-c:v", "copy", *codecs[codecs.index("-c:a") :], str(film))  # fmt: skip
    return film


@pytest.mark.parametrize("extension", [".mp4", ".mov", ".mkv", ".webm", ".ts"])
@pytest.mark.parametrize(("keep_audio", "start_s"), [("track", None), ("track", 1.4), ("duck", 1.4)])
def test_own_sound_stays_with_the_picture(tmp_path, extension, keep_audio, start_s):
    film = clicking_film(tmp_path, extension, sound_late_s=0.24)
    before = click_times(heard(film))
    assert before[0] == pytest.approx(0.34, abs=0.01)
    info = probe(film)
    path = output_path(film, info.codec, str(tmp_path / "scored"))
    result = mux(info, SILENCE, path, keep_audio=keep_audio, start_s=start_s)
    after = click_times(heard(path, track=1 if keep_audio == "track" else 0)) + result.start_s
    audible = before[before > result.start_s + 0.05]
    # copied packets may begin a little before the cut
    after = after[after > result.start_s + 0.05]
    assert len(audible) >= 3 and after == pytest.approx(audible, abs=0.002)


def open_gop_film(folder, extension):
    """Key frames that pictures shown before them refer to: x264's and MPEG-2's usual broadcasts."""
    film = folder / f"open{extension}"
    picture = ["-f", "lavfi", "-i", f"testsrc2=s=320x180:r={FPS}:d={SECONDS}"]
    if extension == ".ts":
        codec = ["-c:v", "mpeg2video", "-bf", "2", "-g", "12", "-b:v", "2M"]
    else:
        codec = ["-c:v", "libx264", "-preset", "veryfast", "-bf", "3", "-x264-params",
                 "open-gop=1:keyint=25:min-keyint=25:scenecut=0", "-pix_fmt", "yuv420p"]  # fmt: skip
    run_ffmpeg(*picture, *codec, str(film))
    return film


@pytest.mark.parametrize("extension", [".mp4", ".mkv", ".ts"])
def test_open_groups_of_pictures_are_copied_and_cut_whole(tmp_path, extension):
    film = open_gop_film(tmp_path, extension)
    info = probe(film)
    whole = mux(info, SILENCE, tmp_path / f"whole{extension}")
    assert picture_hashes(whole.path) == picture_hashes(film)
    part = mux(info, SILENCE, tmp_path / f"part{extension}", start_s=1.4, end_s=2.2)
    assert part.start_s <= 1.4 and part.start_s + part.duration_s >= 2.2
    hashes, all_hashes = picture_hashes(part.path), picture_hashes(film)
    first = all_hashes.index(hashes[0])
    assert all_hashes[first : first + len(hashes)] == hashes
    shown = {round((f.time_s + part.start_s) * FPS): f.pixels for f in frames(probe(part.path))}
    expected = list(frames(info))
    for number in range(35, 55):  # 1.4 s to 2.2 s
        assert np.array_equal(shown[number], expected[number].pixels), number


def test_analysis_may_begin_inside_an_open_group(tmp_path):
    info = probe(open_gop_film(tmp_path, ".mkv"))
    whole, part = list(frames(info)), list(frames(info, start_s=1.4, end_s=2.2))
    assert len(part) == 20
    assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(part, whole[35:55], strict=True))

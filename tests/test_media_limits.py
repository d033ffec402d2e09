"""Films beyond the limits are refused before the work, in seconds and little memory."""

import struct

import pytest
from conftest import dyvim, run_ffmpeg
from helpers.media_films import make_film

from dyvim_cli.errors import InputError, UsageError
from dyvim_cli.limits import MAX_STREAMS, Limits, limits
from dyvim_cli.media.mux import mux
from dyvim_cli.media.probe import probe
from dyvim_cli.media.sound_reading import check_sound


def gif(path, width: int, height: int, n_pictures: int, delay_hundredths: int):
    """A gif of two colours in which one pixel moves."""
    data = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    for index in range(n_pictures):
        data += b"\x21\xf9\x04\0" + struct.pack("<H", delay_hundredths) + b"\0\0"
        data += b"\x2c" + struct.pack("<HHHH", index % width, 0, 1, 1) + b"\0\x02\x02\x4c\x01\0"
    path.write_bytes(data + b"\x3b")
    return path


def test_a_picture_of_too_many_pixels_is_refused_with_the_way_out(tmp_path, monkeypatch):
    film = gif(tmp_path / "large.gif", 16000, 16000, 3, 10)
    with pytest.raises(InputError, match="16000x16000 are 256 million pixels, the limit is 100") as caught:
        probe(film)
    assert "256000000" in caught.value.hint
    small = gif(tmp_path / "small.gif", 100, 100, 3, 10)
    assert probe(small).n_frames == 3
    monkeypatch.setenv("DYVIM_MAX_PIXELS", "9999")
    with pytest.raises(InputError, match="100x100"):
        probe(small)


def test_limits_come_from_the_environment_and_must_be_numbers(monkeypatch):
    assert limits() == Limits()
    monkeypatch.setenv("DYVIM_MAX_DURATION", "90")
    assert limits().max_duration_s == 90
    for nonsense in ("much", "0", "-1", "inf", "nan"):
        monkeypatch.setenv("DYVIM_MAX_PIXELS", nonsense)
        with pytest.raises(UsageError, match="DYVIM_MAX_PIXELS"):
            limits()


def test_pictures_that_are_too_far_apart_are_refused(tmp_path):
    with pytest.raises(InputError, match="655 s apart, the limit is 600 s") as caught:
        probe(gif(tmp_path / "slow.gif", 64, 64, 5, 65535))
    assert "-vf fps=" in caught.value.hint
    hole = tmp_path / "hole.mkv"
    late = "settb=1/1000,setpts='if(lt(N,25),N/25,3600+N/25)/TB'"
    run_ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x64:r=25:d=2", "-vf", late, "-fps_mode", "passthrough",
               "-c:v", "mpeg4", str(hole), newest=True)  # fmt: skip
    with pytest.raises(InputError, match="3600 s apart"):
        probe(hole)


def test_a_film_that_lasts_too_long_is_refused_before_the_work(tmp_path):
    film = make_film(tmp_path, ".mp4")
    music = make_film(tmp_path, ".ts", name="music")
    call = ["mux", film, music, "-o", tmp_path / "out.mp4"]
    done = dyvim(*call, "--max-duration", "2")
    assert done.returncode == 3 and "lasts 3 s, the limit is 2 s" in done.stderr
    assert "--max-duration 3" in done.stderr and not (tmp_path / "out.mp4").exists()
    assert dyvim(*call, "--max-pixels", "100").returncode == 3
    assert dyvim(*call, "--max-pixels", "57600", "--max-duration", "3.1").returncode == 0


def test_more_streams_than_any_film_has_are_refused(tmp_path):
    film, many = make_film(tmp_path, ".mkv", seconds=1), tmp_path / "many.mkv"
    maps = ["-map", "0:v"] + ["-map", "0:a"] * MAX_STREAMS
    run_ffmpeg("-i", str(film), *maps, "-c", "copy", str(many))
    with pytest.raises(InputError, match=f"holds {MAX_STREAMS + 1} streams"):
        probe(many)


def test_sound_of_an_impossible_rate_is_no_music(tmp_path):
    path = tmp_path / "slow.wav"
    form = struct.pack("<HHIIHH", 1, 1, 1, 2, 2, 16)  # one sample a second
    path.write_bytes(b"RIFF" + struct.pack("<I", 36 + 200) + b"WAVEfmt " + struct.pack("<I", 16) + form
                     + b"data" + struct.pack("<I", 200) + bytes(200))  # fmt: skip
    with pytest.raises(InputError, match="1 samples a second"):
        check_sound(path)


def test_own_sound_of_an_impossible_rate_does_not_stop_the_film(tmp_path):
    film = make_film(tmp_path, ".avi", sound="sine=r=44100")
    data, rate = film.read_bytes(), (44100).to_bytes(4, "little")
    assert data.count(rate) == 2  # in the stream's head and in the sound's
    film.write_bytes(data.replace(rate, (1).to_bytes(4, "little")))
    info = probe(film)
    assert info.duration_s == pytest.approx(3, abs=0.1) and not info.audio[0].is_known
    result = mux(info, make_film(tmp_path, ".ts", name="music"), tmp_path / "out.mp4")
    assert result.keep_audio == "drop" and probe(result.path).n_frames == info.n_frames

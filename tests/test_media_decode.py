"""Decode: every frame, upright, small, at its true time."""

import threading
from itertools import pairwise

import numpy as np
import pytest
from conftest import run_ffmpeg
from helpers.media_films import FPS, H264, SECONDS, make_film

from dyvim_cli.errors import InputError
from dyvim_cli.media import decode
from dyvim_cli.media.decode import frames
from dyvim_cli.media.probe import probe

# left half red, a blue corner at the top left: shows which way is up
MARKED = "color=green:s=320x160:r=25:d=1,drawbox=0:0:160:160:red:fill,drawbox=0:0:80:80:blue:fill"


def corners(pixels):
    """Dominant channel of the four corners: top left, top right, bottom left, bottom right."""
    return [int(pixels[y, x].argmax()) for y in (4, -5) for x in (4, -5)]


@pytest.mark.parametrize("extension", [".mp4", ".mov", ".mkv", ".webm", ".avi", ".ts", ".gif"])
def test_every_frame_at_its_time(tmp_path, extension):
    got = list(frames(probe(make_film(tmp_path, extension, sound=None))))
    times = np.array([frame.time_s for frame in got])
    assert np.allclose(times, np.arange(FPS * SECONDS) / FPS, atol=0.006)  # gif counts hundredths
    assert all(frame.pixels.shape == (88, 160, 3) and frame.pixels.dtype == np.uint8 for frame in got)
    assert any(np.any(a.pixels != b.pixels) for a, b in pairwise(got))


def test_key_frames_are_marked(tmp_path):
    got = frames(probe(make_film(tmp_path, ".mp4")))
    assert [frame.time_s for frame in got if frame.is_key] == pytest.approx([0, 1, 2])


@pytest.mark.parametrize("extension", [".mp4", ".mkv", ".ts", ".avi", ".webm"])
def test_a_part_is_the_same_frames_from_zero(tmp_path, extension):
    film = probe(make_film(tmp_path, extension))
    whole, part = list(frames(film)), list(frames(film, start_s=1.4, end_s=2.2))
    assert len(part) == 20
    assert [f.time_s for f in part] == pytest.approx([i / FPS for i in range(20)], abs=0.002)
    assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(part, whole[35:55], strict=True))


def test_rotation_is_undone(tmp_path):
    upright = tmp_path / "upright.mp4"
    run_ffmpeg("-f", "lavfi", "-i", MARKED, *H264, str(upright))
    expected = corners(next(iter(frames(probe(upright)))).pixels)
    assert expected == [2, 1, 0, 1]
    for degrees, filters in ((90, "transpose=clock"), (180, "hflip,vflip"), (270, "transpose=cclock")):
        lying, film = tmp_path / "lying.mp4", tmp_path / f"turned{degrees}.mp4"
        run_ffmpeg("-i", str(upright), "-vf", filters, *H264, str(lying))
        run_ffmpeg("-display_rotation", str(degrees), "-i", str(lying), "-c", "copy", str(film), newest=True)
        first = next(iter(frames(probe(film))))
        assert corners(first.pixels) == expected and first.pixels.shape == (80, 160, 3)


@pytest.mark.parametrize(
    ("options", "filters"),
    [(["-display_hflip"], "hflip"), (["-display_vflip"], "vflip"),
     (["-display_rotation", "90", "-display_hflip"], "hflip,transpose=clock"),
     (["-display_rotation", "270", "-display_vflip"], "vflip,transpose=cclock")],
)  # fmt: skip
def test_mirroring_is_undone_as_players_do(tmp_path, options, filters):
    stored, film, shown = (tmp_path / name for name in ("stored.mp4", "film.mp4", "shown.mp4"))
    run_ffmpeg("-f", "lavfi", "-i", MARKED, "-vf", filters, *H264, str(stored))
    run_ffmpeg(*options, "-i", str(stored), "-c", "copy", str(film), newest=True)
    run_ffmpeg("-i", str(film), *H264, str(shown))  # ffmpeg turns it upright itself
    expected = corners(next(iter(frames(probe(shown)))).pixels)
    assert corners(next(iter(frames(probe(film)))).pixels) == expected == [2, 1, 0, 1]


def test_portrait_keeps_the_longer_side(tmp_path):
    film = tmp_path / "portrait.mp4"
    run_ffmpeg("-f", "lavfi", "-i", "testsrc2=s=180x320:r=25:d=1", *H264, str(film))
    assert next(iter(frames(probe(film)))).pixels.shape == (160, 88, 3)


def test_alpha_lies_over_black(tmp_path):
    clear = tmp_path / "clear.webm"
    source = "color=white:s=320x160:r=25:d=1,format=yuva420p,geq=lum=235:cb=128:cr=128:a='255*gt(X,160)'"
    run_ffmpeg("-f", "lavfi", "-i", source, "-c:v", "libvpx-vp9", "-deadline", "realtime", str(clear))
    pixels = next(iter(frames(probe(clear)))).pixels
    assert pixels[:, :70].max() < 20 and pixels[:, 90:].min() > 200


def test_interlaced_pictures_do_not_comb(tmp_path):
    film = tmp_path / "fields.mkv"
    bar = "color=black:s=320x176:r=50:d=1[b];color=white:s=40x176:r=50:d=1[w];[b][w]overlay=x=n*20:y=0"
    source = f"{bar},tinterlace=interleave_top"
    run_ffmpeg("-f", "lavfi", "-i", source, *H264, "-flags", "+ilme+ildct", str(film))
    middle = list(frames(probe(film), width=320))[3].pixels.astype(int)
    assert np.abs(np.diff(middle[40:60, :, 0], axis=0)).max() < 80  # rows alike: one field


def test_fast_films_are_thinned_evenly_and_keep_their_key_frames(tmp_path):
    film = tmp_path / "fast.mp4"
    run_ffmpeg("-f", "lavfi", "-i", "testsrc2=s=320x180:r=60:d=2", *H264, "-g", "31", str(film))
    got = list(frames(probe(film)))
    assert np.allclose(np.diff([f.time_s for f in got]), 1 / 30, atol=1e-4)
    assert sum(f.is_key for f in got) == len(probe(film).key_times_s)


def test_variable_rate_keeps_true_times(tmp_path):
    film = tmp_path / "phone.mkv"
    uneven = "settb=1/1000,setpts='if(lt(N,10),N/25,0.4+(N-10)/10)/TB'"
    run_ffmpeg("-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=1", "-vf", uneven, "-fps_mode", "vfr",
               "-enc_time_base", "1:1000", *H264, str(film))  # fmt: skip
    times = [frame.time_s for frame in frames(probe(film))]
    assert times == pytest.approx([i / 25 for i in range(10)] + [0.4 + i / 10 for i in range(15)], abs=0.002)


def test_broken_packets_cost_their_frames_only(tmp_path):
    data = bytearray(make_film(tmp_path, ".ts", sound=None).read_bytes())
    middle = len(data) // 2
    data[middle : middle + 4000] = bytes(4000)
    hurt = tmp_path / "hurt.ts"
    hurt.write_bytes(data)
    got = list(frames(probe(hurt)))
    assert len(got) > 0.6 * FPS * SECONDS
    assert got[-1].time_s > 0.9 * SECONDS


def test_nothing_decodable_is_an_input_error(tmp_path, monkeypatch):
    film = probe(make_film(tmp_path, ".mp4", sound=None))
    monkeypatch.setattr(decode, "_decoded", lambda *_: iter(()))
    with pytest.raises(InputError):
        list(frames(film))


def decoding(before: set[threading.Thread]) -> list[threading.Thread]:
    """Decoding threads that were not there before."""
    return [thread for thread in set(threading.enumerate()) - before if thread.name == "decode"]


def test_stopping_early_ends_the_decoding_thread(tmp_path):
    film = probe(make_film(tmp_path, ".mp4", seconds=6))
    before = set(threading.enumerate())
    reader = frames(film)
    next(reader)
    (thread,) = decoding(before)
    reader.close()
    assert not thread.is_alive()


def test_decoding_begins_with_the_call_and_ends_when_nobody_asks(tmp_path, monkeypatch):
    monkeypatch.setattr(decode, "READ_AHEAD_BYTES", 0)  # a few frames: the thread waits for a reader
    film = probe(make_film(tmp_path, ".mp4"))
    before = set(threading.enumerate())
    reader = frames(film)
    (thread,) = decoding(before)
    thread.join(timeout=0.3)
    assert thread.is_alive()
    del reader
    thread.join(timeout=60)
    assert not thread.is_alive()


def test_errors_in_the_thread_reach_the_caller(tmp_path):
    film = probe(make_film(tmp_path, ".mp4"))
    film.path.unlink()
    with pytest.raises(InputError, match="no such file"):
        list(frames(film))


def pictures(path) -> np.ndarray:
    return np.stack([frame.pixels for frame in frames(probe(path))])


def test_threads_of_the_decoder_change_no_picture(tmp_path, monkeypatch):
    path = make_film(tmp_path, ".mp4", seconds=1)
    monkeypatch.setattr(decode, "n_cores", lambda: 2)
    assert decode._n_threads(probe(path)) == 1  # the other core watches
    alone = pictures(path)
    monkeypatch.setattr(decode, "ALONE_PIXELS_HZ", 0)  # a film that keeps two cores busy
    assert decode._n_threads(probe(path)) == 0
    np.testing.assert_array_equal(pictures(path), alone)

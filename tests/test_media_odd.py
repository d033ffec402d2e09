"""Films that cameras, phones, recorders and accidents make are described as what they are."""

import numpy as np
import pytest
from conftest import run_ffmpeg
from helpers import odd_films
from helpers.media_films import picture_hashes

from dyvim_cli.errors import InputError
from dyvim_cli.media.bars import WHOLE, picture_area
from dyvim_cli.media.decode import frames
from dyvim_cli.media.probe import probe


def test_channels_in_an_order_of_their_own_are_counted(tmp_path):
    (track,) = probe(odd_films.film_order(tmp_path / "cinema.mov")).audio
    assert (track.codec, track.channels, track.sample_rate) == ("pcm_s16le", 6, 8000)


def test_a_sound_that_is_announced_but_not_sent(tmp_path):
    info = probe(odd_films.sound_announced_but_not_sent(tmp_path / "mute.ts"))
    assert info.duration_s == pytest.approx(3)
    assert [track.is_known for track in info.audio] == [False]


def test_a_sound_that_begins_unannounced(tmp_path):
    film = odd_films.sound_from(tmp_path / "late.flv", first_ms=9000)
    info = probe(film)
    assert (info.n_frames, info.duration_s) == (300, pytest.approx(12, abs=0.05))
    assert len(list(frames(info))) == 300


def test_a_still_of_more_pixels_is_not_taken_for_the_film(tmp_path):
    info = probe(odd_films.still_beside(tmp_path / "motion.mp4"))
    assert (info.n_frames, info.width, info.position) == (50, 160, 1)


def test_the_film_lasts_as_long_as_its_sound_while_the_picture_stands(tmp_path):
    info = probe(odd_films.picture_that_stands(tmp_path / "screen.mp4"))
    assert (info.picture_s, info.duration_s) == (pytest.approx(2), pytest.approx(8, abs=0.03))


def test_a_last_picture_that_stands_by_its_own_word(tmp_path):
    info = probe(odd_films.slide_show(tmp_path / "slides.mp4", last_s=6))
    assert (info.n_frames, info.duration_s) == (3, pytest.approx(8))


@pytest.mark.parametrize("offset_s", [None, "3600"])
def test_a_clock_that_begins_anew_or_jumps_is_bent_straight(tmp_path, offset_s):
    first = odd_films.small_film(tmp_path / "first.ts")
    second = first
    if offset_s:  # an hour later, by its own clock
        second = odd_films.small_film(tmp_path / "second.ts", options=["-output_ts_offset", offset_s])
    film = odd_films.joined(tmp_path / "joined.ts", first, second)
    info = probe(film)
    assert (info.n_frames, info.duration_s) == (150, pytest.approx(6, abs=0.05))
    assert info.key_times_s == pytest.approx(np.arange(6), abs=0.05)
    # each recording by itself: on several threads x264 does not write the same film twice
    alone = [[frame.pixels for frame in frames(probe(part))] for part in (first, second)]
    seen = list(frames(info))
    assert [frame.time_s for frame in seen] == pytest.approx(np.arange(150) / 25, abs=0.05)
    assert all(np.array_equal(a.pixels, b) for a, b in zip(seen, alone[0] + alone[1], strict=True))
    part = list(frames(info, start_s=4.0, end_s=5.0))
    assert [f.pixels.tobytes() for f in part] == [pixels.tobytes() for pixels in alone[1][25:50]]
    assert picture_area(info, 0.0, 6.0) == WHOLE


def test_a_picture_whose_time_is_broken_does_not_lengthen_the_film(tmp_path):
    film = odd_films.small_film(tmp_path / "film.ts")
    data = bytearray(film.read_bytes())
    at = data.index(b"\x00\x00\x01\xe0", len(data) // 2)  # a picture's head, its time in bytes 9 to 13
    data[at + 9] |= 0x0C  # an hour and more
    film.write_bytes(data)
    assert probe(film).duration_s == pytest.approx(3, abs=0.1)


def test_alpha_beside_the_picture_is_seen_in_our_own_webm(tmp_path):
    film = tmp_path / "clear.webm"
    clear = "format=rgba,colorchannelmixer=aa=0.5,format=yuva420p"
    run_ffmpeg("-f", "lavfi", "-i", "testsrc2=s=160x90:r=25:d=1", "-vf", clear, "-c:v", "libvpx-vp9",
               "-deadline", "realtime", str(film))  # fmt: skip
    again = tmp_path / "again.webm"
    run_ffmpeg("-i", str(film), "-c", "copy", str(again), newest=True)
    assert picture_hashes(again) == picture_hashes(film) and probe(again).has_alpha


def test_a_still_alone_is_no_film(tmp_path):
    film = tmp_path / "one.mp4"
    run_ffmpeg("-f", "lavfi", "-i", "testsrc2=s=160x90:d=1", "-frames:v", "1", str(film))
    with pytest.raises(InputError, match="single picture"):
        probe(film)

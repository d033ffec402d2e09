"""Probe: the picture's true times and shape, and clear words about what is no film."""

import os
import sys
from pathlib import Path

import pytest
from conftest import run_ffmpeg
from helpers import batch_films
from helpers.media_films import FPS, H264, SECONDS, make_film

from dyvim_cli.errors import ExitCode, InputError
from dyvim_cli.media.covers import covers
from dyvim_cli.media.probe import probe


@pytest.mark.parametrize("extension", [".mp4", ".mov", ".mkv", ".webm", ".avi", ".ts"])
def test_times_come_from_the_picture(tmp_path, extension):
    # the sound is longer than the picture, so the container's duration is not the picture's
    info = probe(make_film(tmp_path, extension, options=["-af", "apad=pad_dur=0.7"]))
    assert info.duration_s == pytest.approx(SECONDS, abs=0.002)
    assert info.fps == pytest.approx(FPS, rel=0.001)
    assert info.n_frames == FPS * SECONDS
    assert not info.is_variable_rate
    assert info.key_times_s.tolist() == pytest.approx([0, 1, 2], abs=0.002)
    assert (info.width, info.height) == (320, 180)
    assert len(info.audio) == 1


def test_offset_of_the_picture_against_the_sound(tmp_path):
    film = make_film(tmp_path, ".mp4")
    late = tmp_path / "late.mkv"
    run_ffmpeg("-itsoffset", "0.4", "-i", str(film), "-i", str(film), "-map", "0:v", "-map", "1:a",
               "-c", "copy", str(late))  # fmt: skip
    info = probe(late)
    assert info.start_s - info.container_start_s == pytest.approx(0.4, abs=0.03)
    assert info.duration_s == pytest.approx(SECONDS, abs=0.002)


def test_rotation_and_oblong_pixels_become_upright_size(tmp_path):
    film = make_film(tmp_path, ".mp4", sound=None)
    turned, oblong = tmp_path / "turned.mp4", tmp_path / "oblong.mp4"
    run_ffmpeg("-display_rotation", "90", "-i", str(film), "-c", "copy", str(turned), newest=True)
    assert (probe(turned).rotation, probe(turned).width, probe(turned).height) == (90, 180, 320)
    run_ffmpeg("-i", str(film), "-vf", "setsar=2", *H264, str(oblong))
    assert (probe(oblong).width, probe(oblong).height) == (640, 180)


def test_variable_rate_is_seen(tmp_path):
    film = tmp_path / "phone.mkv"
    uneven = "settb=1/1000,setpts='if(lt(N,25),N/25,1+(N-25)/50)/TB'"
    run_ffmpeg("-f", "lavfi", "-i", "testsrc2=s=320x180:r=50:d=2", "-vf", uneven, "-fps_mode", "vfr",
               "-enc_time_base", "1:1000", *H264, str(film))  # fmt: skip
    assert probe(film).is_variable_rate


def test_interlaced_and_alpha_are_seen(tmp_path):
    fields, clear = tmp_path / "fields.mkv", tmp_path / "clear.webm"
    source = ["-f", "lavfi", "-i", "testsrc2=s=320x180:r=50:d=1"]
    run_ffmpeg(*source, "-vf", "tinterlace=interleave_top", *H264, "-flags", "+ilme+ildct", str(fields))
    run_ffmpeg(*source, "-vf", "format=rgba,colorchannelmixer=aa=0.5,format=yuva420p", "-c:v", "libvpx-vp9",
               "-deadline", "realtime", str(clear))  # fmt: skip
    assert probe(fields).is_interlaced and not probe(fields).has_alpha
    assert probe(clear).has_alpha and not probe(clear).is_interlaced


def test_subtitles_chapters_attachments_and_covers_are_counted(tmp_path):
    notes, chapters, picture = tmp_path / "s.srt", tmp_path / "c.txt", tmp_path / "cover.png"
    notes.write_text("1\n00:00:00,500 --> 00:00:01,500\nHello\n")
    chapters.write_text(";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1000\ntitle=One\n")
    run_ffmpeg("-f", "lavfi", "-i", "color=red:s=64x64:d=1", "-frames:v", "1", str(picture))
    film = make_film(tmp_path, ".mkv", name="plain")
    rich = tmp_path / "rich.mkv"
    run_ffmpeg("-i", str(film), "-i", str(notes), "-i", str(chapters), "-map", "0", "-map", "1",
               "-map_metadata", "2", "-c", "copy", "-attach", str(picture),
               "-metadata:s:t:0", "mimetype=image/png", "-attach", str(notes),
               "-metadata:s:t:1", "mimetype=text/plain", str(rich))  # fmt: skip
    info = probe(rich)
    assert [track.codec for track in info.subtitles] == ["subrip"]
    assert (info.n_chapters, info.n_attachments, info.n_pictures_attached) == (1, 1, 1)
    (cover,) = covers(info)
    assert cover.data == picture.read_bytes() and cover.mimetype == "image/png"


def bad_inputs(folder):
    """Name -> (path, words of the message)."""
    film = make_film(folder, ".mp4", options=["-movflags", "+faststart"])
    text, empty, torn = folder / "text.mp4", folder / "empty.mp4", folder / "torn.mp4"
    sound, one, still = folder / "sound.mp4", folder / "one.mp4", folder / "still.png"
    text.write_text("these are words\n" * 100)
    empty.write_bytes(b"")
    plain = make_film(folder, ".mp4", name="plain")
    torn.write_bytes(plain.read_bytes()[: plain.stat().st_size // 2])
    run_ffmpeg("-i", str(film), "-vn", "-c", "copy", str(sound))
    run_ffmpeg("-i", str(film), "-frames:v", "1", "-an", "-c:v", "libx264", str(one))
    run_ffmpeg("-i", str(film), "-frames:v", "1", str(still))
    return {
        "missing": (folder / "nowhere.mp4", "no such file"),
        "folder": (folder, "is a folder"),
        "text": (text, "not a film"),
        "empty": (empty, "is empty"),
        "truncated": (torn, "moov"),
        "sound only": (sound, "no picture"),
        "one frame": (one, "single picture"),
        "still": (still, "single picture"),
    }


@pytest.mark.parametrize(
    ("way", "words"),
    [("_encrypted", "is encrypted"), ("_unknown_coding", "does not know"), ("_zeroed", "not one picture"),
     ("_song_with_cover", "a cover but no picture"), ("_dead_link", "is a link to")],
)  # fmt: skip
def test_broken_films_are_told_apart(way, words, tmp_path):
    plain, path = make_film(tmp_path, ".mp4", name="plain"), tmp_path / "broken.mp4"
    getattr(batch_films, way)(plain, path)
    with pytest.raises(InputError, match=words) as caught:
        probe(path)
    assert str(path) in caught.value.message and caught.value.hint


@pytest.mark.skipif(sys.platform != "linux", reason="names are UTF-8 elsewhere")
def test_a_name_that_is_no_utf8_is_said_to_be_one(tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.mp4"))
    path.write_bytes(b"x" * 99)
    with pytest.raises(InputError, match="not UTF-8"):
        probe(path)


def test_bad_inputs_are_told_apart(tmp_path):
    for path, words in bad_inputs(tmp_path).values():
        with pytest.raises(InputError) as caught:
            probe(path)
        assert words in caught.value.message and str(path) in caught.value.message
        assert caught.value.hint and caught.value.exit_code == ExitCode.INPUT


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_pipes_and_devices_are_told_from_empty_files(tmp_path):
    pipe = tmp_path / "pipe.mp4"
    os.mkfifo(pipe)
    for path in (pipe, Path(os.devnull)):
        with pytest.raises(InputError, match="pipe or a device"):
            probe(path)


@pytest.mark.skipif(not os.path.isdir("/dev/fd"), reason="no descriptors by name here")
def test_a_redirected_film_is_told_from_a_file(tmp_path):
    with open(make_film(tmp_path, ".mp4")) as file, pytest.raises(InputError, match="pipe or a device"):
        probe(Path(f"/dev/fd/{file.fileno()}"))


def test_a_raw_stream_without_times_is_told_how_to_get_some(tmp_path):
    raw = tmp_path / "raw.h264"
    run_ffmpeg("-i", str(make_film(tmp_path, ".mp4")), "-an", "-c", "copy", str(raw))
    with pytest.raises(InputError, match="without times") as caught:
        probe(raw)
    assert "-c copy" in caught.value.hint


def test_a_clock_that_begins_before_zero(tmp_path):
    film = make_film(tmp_path, ".ts", seconds=1, options=["-output_ts_offset", str(2**33 / 90_000 - 1.5)])
    assert probe(film).start_s < 0  # the 33 bits of a transport stream's clock ran over
    assert probe(film).duration_s == pytest.approx(1.0)


def test_torn_tail_counts_up_to_the_tear(tmp_path):
    film = make_film(tmp_path, ".mkv")
    torn = tmp_path / "torn.mkv"
    torn.write_bytes(film.read_bytes()[: int(film.stat().st_size * 0.6)])
    info = probe(torn)
    assert 0.5 < info.duration_s < SECONDS - 0.3


@pytest.mark.parametrize("name", ["-", "http://somewhere.org/film.mp4", "n" * 300 + ".mp4"])
def test_what_is_no_file_at_all(name):
    with pytest.raises(InputError) as caught:
        probe(name)
    assert ("save" in caught.value.hint) == (len(name) < 300)

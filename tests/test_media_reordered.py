"""Pictures that are shown in another order than they lie in, into and out of avi, which has no times."""

import av
import numpy as np
import pytest
import soundfile
from conftest import run_ffmpeg
from helpers.media_films import click_times, clicks
from typer.testing import CliRunner

from dyvim_cli.cli.main import app
from dyvim_cli.errors import UsageError
from dyvim_cli.media.decode import frames
from dyvim_cli.media.ffmpeg import stream
from dyvim_cli.media.mux import mux
from dyvim_cli.media.probe import probe
from dyvim_cli.media.programs import find_ffmpeg

RATE, SECONDS, FPS = 48_000, 2.0, 20
FLASHES = "geq=lum='255*lt(mod(T+0.401,0.5),0.049)':cb=128:cr=128"  # at .1, .6, 1.1 and 1.6 s, as the clicks
REORDERED = ["-c:v", "libx264", "-bf", "2", "-g", "25", "-x264-params", "b-adapt=0", "-pix_fmt", "yuv420p"]
STRAIGHT = ["-c:v", "libx264", "-bf", "0", "-pix_fmt", "yuv420p"]
MPEG4 = ["-c:v", "mpeg4", "-bf", "2", "-q:v", "2"]
MUSIC = (clicks(SECONDS), RATE)


def flashing(path, options):
    """A film that flashes where the music clicks."""
    run_ffmpeg(
        "-f", "lavfi", "-i", f"color=black:s=160x90:r={FPS}:d={SECONDS},{FLASHES}", *options, str(path)
    )
    return path


def flashes(path) -> np.ndarray:
    """Seconds at which the picture becomes white, on the clock by which ffmpeg shows it."""
    grey = ["-vf", "scale=1:1,format=gray", "-fps_mode", "passthrough", "-f", "rawvideo", "pipe:1"]
    raw = b"".join(stream([find_ffmpeg(), "-i", str(path), *grey], "cannot look"))
    times = ["-vf", "showinfo", "-f", "null", "-"]
    said: list[str] = []
    list(stream([find_ffmpeg(), "-i", str(path), *times], "cannot look", stderr_lines=said))
    at = [float(line.split("pts_time:")[1].split()[0]) for line in said if "pts_time:" in line]
    white = np.frombuffer(raw, np.uint8) > 128
    return np.array([time_s for time_s, is_white in zip(at, white, strict=True) if is_white])


def sound_of(path) -> np.ndarray:
    """The first sound track from the file's zero on."""
    words = ["-map", "0:a:0", "-af", "aresample=async=1:first_pts=0", "-ac", "1", "-ar", str(RATE)]
    raw = b"".join(stream([find_ffmpeg(), "-i", str(path), *words, "-f", "f32le", "pipe:1"], "cannot hear"))
    return np.frombuffer(raw, np.float32)


@pytest.mark.parametrize(
    ("extension", "options"),
    [(".mov", REORDERED), (".mkv", REORDERED), (".avi", MPEG4), (".avi", REORDERED)],
)
def test_in_avi_the_music_waits_for_pictures_that_are_shown_later(tmp_path, extension, options):
    film = flashing(tmp_path / f"film{extension}", options)
    result = mux(probe(film), MUSIC, tmp_path / "out.avi")
    shown, clicked = flashes(result.path), click_times(sound_of(result.path))
    assert len(shown) == len(clicked) == 4
    assert clicked == pytest.approx(shown, abs=0.005)


def test_in_avi_own_sound_stays_with_the_pictures(tmp_path):
    sounding, film = tmp_path / "sound.wav", tmp_path / "film.avi"
    soundfile.write(sounding, np.roll(clicks(SECONDS), round(0.1 * RATE), axis=0), RATE)
    silent = flashing(tmp_path / "silent.avi", REORDERED)
    run_ffmpeg("-i", str(silent), "-i", str(sounding), "-c", "copy", str(film))
    assert click_times(sound_of(film)) == pytest.approx(flashes(film), abs=0.005)
    quiet = (np.zeros((round(SECONDS * RATE), 2)), RATE)
    result = mux(probe(film), quiet, tmp_path / "out.avi", keep_audio="mix")
    assert click_times(sound_of(result.path)) == pytest.approx(flashes(result.path), abs=0.005)


def test_a_cut_of_h264_in_avi_begins_with_its_key_frame_and_the_music_with_it(tmp_path):
    film = flashing(tmp_path / "film.avi", REORDERED)
    result = mux(probe(film), MUSIC, tmp_path / "out.avi", start_s=1.3, fade_out_s=0)
    assert result.start_s == pytest.approx(1.25)
    assert flashes(result.path) == pytest.approx([0.1 + 1.6 - 1.25], abs=0.005)
    assert click_times(sound_of(result.path)) == pytest.approx([0.1 + 0.1, 0.1 + 0.6], abs=0.005)
    with av.open(str(result.path)) as container:
        assert sum(1 for packet in container.demux(video=0) if packet.size) == 15
    shorter = mux(probe(film), MUSIC, tmp_path / "shorter.avi", end_s=1.0)
    assert shorter.duration_s == pytest.approx(1.0) and flashes(shorter.path) == pytest.approx([0.2, 0.7])


def test_own_tracks_that_cannot_wait_are_said_to_be_early(tmp_path):
    film = tmp_path / "film.mov"
    tone = ["-f", "lavfi", "-i", f"sine=d={SECONDS}", "-c:a", "pcm_s16le"]
    picture = ["-f", "lavfi", "-i", f"testsrc2=s=160x90:r={FPS}:d={SECONDS}"]
    run_ffmpeg(*picture, *tone, *REORDERED, str(film))
    result = mux(probe(film), MUSIC, tmp_path / "out.avi", keep_audio="track")
    assert [note for note in result.warnings if "100 ms early" in note]
    assert not mux(probe(film), MUSIC, tmp_path / "out.mov", keep_audio="track").warnings


def test_h264_in_avi_is_seen_whole_and_in_its_order(tmp_path):
    film = flashing(tmp_path / "film.avi", REORDERED)
    info = probe(film)
    assert info.is_reordered
    seen = [frame.pixels.mean() > 128 for frame in frames(info)]
    assert len(seen) >= SECONDS * FPS - 2  # the last two have no time
    assert np.flatnonzero(seen)[:3].tolist() == [2, 12, 22]  # .1, .6 and 1.1 s at 20 a second


def test_h264_in_avi_is_not_given_times_that_nobody_knows(tmp_path):
    film = flashing(tmp_path / "film.avi", REORDERED)
    for extension in (".mp4", ".mkv"):
        with pytest.raises(UsageError, match="in which order its pictures are shown") as raised:
            mux(probe(film), MUSIC, tmp_path / f"out{extension}")
        assert "out.avi" in raised.value.hint
    done = CliRunner().invoke(app, ["score", str(film), "-o", str(tmp_path / "out.mp4"), "--dry-run"])
    assert isinstance(done.exception, UsageError)
    assert mux(probe(film), MUSIC, tmp_path / "out.avi").picture_copied


def test_h264_without_reordering_leaves_avi_as_before(tmp_path):
    film = flashing(tmp_path / "film.avi", STRAIGHT)
    assert not probe(film).is_reordered
    result = mux(probe(film), MUSIC, tmp_path / "out.mp4")
    with av.open(str(result.path)) as container:
        assert sum(1 for packet in container.demux(video=0) if packet.size) == SECONDS * FPS

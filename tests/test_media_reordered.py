"""Pictures that are shown in another order than they lie in, into and out of avi, which has no times."""

import av
import numpy as np
import pytest
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
    ("extension", "options"), [(".mov", REORDERED), (".mkv", REORDERED), (".avi", MPEG4)]
)
def test_in_avi_the_music_waits_for_pictures_that_are_shown_later(tmp_path, extension, options):
    film = flashing(tmp_path / f"film{extension}", options)
    result = mux(probe(film), MUSIC, tmp_path / "out.avi")
    shown, clicked = flashes(result.path), click_times(sound_of(result.path))
    assert len(shown) == len(clicked) == 4
    assert clicked == pytest.approx(shown, abs=0.005)


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

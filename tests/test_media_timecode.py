"""Time codes: counting in hours, minutes, seconds and frames."""

import av
import numpy as np
import pytest
from helpers.media_films import make_film

from dyvim_cli.media.mux import mux
from dyvim_cli.media.probe import probe
from dyvim_cli.media.sound import write_audio
from dyvim_cli.media.timecode import frame_number, later

NTSC = 30000 / 1001


@pytest.mark.parametrize(
    "first, n_frames, fps, expected",
    [
        ("01:00:00:00", 40, 25, "01:00:01:15"),
        ("23:59:59:24", 1, 25, "00:00:00:00"),
        ("00:00:00:00", 24 * 60, 24000 / 1001, "00:01:00:00"),
        ("00:00:59;29", 1, NTSC, "00:01:00;02"),  # numbers 0 and 1 are left out
        ("00:09:59;29", 1, NTSC, "00:10:00;00"),  # but not in each tenth minute
        ("00:01:59.29", 1, NTSC, "00:02:00.02"),
        ("00:00:59;59", 1, 2 * NTSC, "00:01:00;04"),
        ("00:00:00;00", 107892, NTSC, "01:00:00;00"),  # an hour of the clock
        ("23:59:59;29", 1, NTSC, "00:00:00;00"),
        ("00:00:59:29", 1, NTSC, "00:01:00:00"),
    ],
)
def test_frames_are_counted_on(first, n_frames, fps, expected):
    assert later(first, n_frames / fps, fps) == expected


@pytest.mark.parametrize("timecode", ["00:00:10:30", "00:00:60:00", "00:60:00:00", "01:00:02;45"])
def test_what_no_moment_is_called_is_no_timecode(timecode):
    assert frame_number(timecode, NTSC) is None
    assert frame_number("00:00:10:29", NTSC) == 10 * 30 + 29


def test_every_frame_of_ten_minutes_has_its_own_number():
    codes = [later("00:00:00;00", n / NTSC, NTSC) for n in range(17983)]
    assert codes == sorted(set(codes))
    assert codes[-1] == "00:10:00;00"


@pytest.mark.parametrize("timecode, fps", [("half past two", 25), ("01:00:00:00", 12.5), ("1:00:00:00", 25)])
def test_what_cannot_be_counted(timecode, fps):
    assert later(timecode, 1.0, fps) is None


def timecodes(path) -> set[str]:
    """Timecodes of every place that can hold one."""
    with av.open(str(path)) as container:
        places = [container.metadata, *[stream.metadata for stream in container.streams]]
    return {value for place in places for key, value in place.items() if key.lower() == "timecode"}


def cut_from(folder, extension, *options, start_s):
    """(result of muxing the rest of a film that carries a timecode, its path)."""
    film = make_film(folder, extension, options=options, sound="anullsrc")
    music = write_audio(folder / "music.wav", np.zeros((4800, 2), np.float32), 48_000)
    result = mux(probe(film), music, folder / f"cut{extension}", start_s=start_s)
    return result, result.path


@pytest.mark.parametrize("extension", [".mov", ".mp4", ".mkv"])
@pytest.mark.parametrize(
    "rate, first, expected",
    [("25", "01:00:00:10", "01:00:01:10"), ("30000/1001", "00:59:59;20", "01:00:00;15")],
)
def test_the_timecode_moves_with_the_start(tmp_path, extension, rate, first, expected):
    told = ["-metadata", f"timecode={first}"] if extension == ".mkv" else ["-timecode", first]
    result, path = cut_from(tmp_path, extension, "-r", rate, "-fps_mode", "cfr", *told, start_s=1.4)
    assert probe(tmp_path / f"film{extension}").timecode == first
    assert 0.8 < result.start_s < 1.1  # 25 frames
    assert timecodes(path) == {expected}


def test_where_it_cannot_be_told_it_is_left_out_and_that_is_said(tmp_path):
    uneven = ["-vf", "select='not(mod(n,3))+gt(n,40)'", "-fps_mode", "vfr", "-timecode", "01:00:00:00"]
    result, path = cut_from(tmp_path, ".mov", *uneven, start_s=2.5)
    assert result.start_s > 0 and timecodes(path) == set()
    assert any("timecode" in warning for warning in result.warnings)

"""Extracted frames: files at full size, with their true times, key frames marked."""

import json
import subprocess
import sys

import numpy as np
import pytest
from conftest import run_ffmpeg
from helpers.media_films import FPS, SECONDS, make_film
from PIL import Image

from dyvim_cli.errors import InputError, OutputError, UsageError
from dyvim_cli.media.probe import probe
from dyvim_cli.media.stills import extract_stills


def rows(manifest):
    return json.loads(manifest.read_text())["frames"]


@pytest.mark.parametrize("extension", [".mp4", ".mkv", ".ts", ".gif"])
def test_every_frame_with_its_time(tmp_path, extension):
    manifest = extract_stills(probe(make_film(tmp_path, extension)), tmp_path / "frames")
    found = rows(manifest)
    assert [row["time_s"] for row in found] == pytest.approx(np.arange(FPS * SECONDS) / FPS, abs=0.011)
    names = sorted(path.name for path in manifest.parent.glob("*.jpg"))
    assert names == [row["file"] for row in found]
    assert Image.open(manifest.parent / names[0]).size == (320, 180)
    if extension != ".gif":
        assert [row["time_s"] for row in found if row["is_key"]] == pytest.approx([0, 1, 2], abs=0.002)


def test_key_frames_parts_rates_and_sizes(tmp_path):
    film = probe(make_film(tmp_path, ".mp4"))
    keys = rows(extract_stills(film, tmp_path / "keys", key_only=True, image_format="png", width=96))
    assert [row["time_s"] for row in keys] == pytest.approx([0, 1, 2]) and all(row["is_key"] for row in keys)
    assert Image.open(tmp_path / "keys" / keys[0]["file"]).size == (96, 54)
    slow = rows(extract_stills(film, tmp_path / "slow", fps=2, start_s=1, end_s=2.5))
    assert [row["time_s"] for row in slow] == pytest.approx([1, 1.5, 2], abs=0.02)


def test_a_second_run_needs_overwrite_and_leaves_strangers_alone(tmp_path):
    film, folder = probe(make_film(tmp_path, ".mp4")), tmp_path / "frames"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    extract_stills(film, folder)
    with pytest.raises(OutputError, match="holds frames already"):
        extract_stills(film, folder)
    extract_stills(film, folder, fps=1, overwrite=True)
    assert len(list(folder.glob("*.jpg"))) == SECONDS and (folder / "notes.txt").read_text() == "mine"
    with pytest.raises(UsageError, match="no picture"):
        extract_stills(film, tmp_path / "none", start_s=10)
    assert not (tmp_path / "none").exists()


def test_rotated_and_oblong_films_come_upright(tmp_path):
    film, turned = make_film(tmp_path, ".mp4"), tmp_path / "turned.mp4"
    run_ffmpeg("-display_rotation", "90", "-i", str(film), "-c", "copy", str(turned), newest=True)
    manifest = extract_stills(probe(turned), tmp_path / "frames", fps=1)
    assert Image.open(manifest.parent / rows(manifest)[0]["file"]).size == (180, 320)


def test_on_the_command_line(tmp_path):
    film = make_film(tmp_path, ".mp4")
    call = [sys.executable, "-c", "from dyvim_cli.cli.main import run; run()", "extract-frames", str(film)]
    done = subprocess.run([*call, "-o", str(tmp_path / "f"), "--key-only"], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.strip() == str(tmp_path / "f" / "manifest.json")
    bad = subprocess.run([*call[:-1], "none.mp4", "-o", str(tmp_path / "g")], capture_output=True, text=True)
    assert bad.returncode == 3 and "no such file" in bad.stderr and not (tmp_path / "g").exists()


def test_a_timecode_on_the_command_line(tmp_path):
    film = make_film(tmp_path, ".mp4")
    call = [sys.executable, "-c", "from dyvim_cli.cli.main import run; run()", "extract-frames", str(film)]
    call += ["-o", str(tmp_path / "frames"), "--start", "00:00:01:00", "--end", "00:00:01:05"]
    done = subprocess.run(call, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "frames").glob("*.jpg"))) == 5


def test_a_run_that_fails_leaves_no_folder_and_the_frames_that_were_there(tmp_path):
    film, folder = probe(make_film(tmp_path, ".mp4")), tmp_path / "new" / "frames"
    film.path.rename(tmp_path / "away.mp4")  # a disk that goes while the film is in work
    with pytest.raises(InputError):
        extract_stills(film, folder)
    assert not folder.parent.exists()
    (tmp_path / "away.mp4").rename(film.path)
    extract_stills(film, folder, fps=2)
    before = sorted(folder.iterdir())
    film.path.rename(tmp_path / "away.mp4")
    with pytest.raises(InputError):
        extract_stills(film, folder, overwrite=True)
    (tmp_path / "away.mp4").rename(film.path)
    assert sorted(folder.iterdir()) == before
    (folder / "manifest.json").write_text('{"frames": [7]}')
    with pytest.raises(OutputError, match="not what dyvim wrote"):
        extract_stills(film, folder, overwrite=True)


def test_a_frame_whose_stamp_is_broken_is_left_out(tmp_path):
    film, broken = make_film(tmp_path, ".ts", sound=None, options=["-bf", "0"]), tmp_path / "broken.ts"
    hours_later = "setts=pts=if(eq(N\\,10)\\,PTS+5000*90000\\,PTS)"
    run_ffmpeg("-i", str(film), "-c", "copy", "-bsf:v", hours_later, str(broken))
    found = rows(extract_stills(probe(broken), tmp_path / "frames"))
    places = np.delete(np.arange(FPS * SECONDS), 10) / FPS
    assert [row["time_s"] for row in found] == pytest.approx(places, abs=0.011)

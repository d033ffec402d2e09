"""Fallbacks: what becomes other than it was, or than was asked for, is said once, in notes and in JSON."""

import json
from pathlib import Path

import pytest
from conftest import run_ffmpeg
from helpers import odd_films
from helpers.command_notes import run, said_once
from helpers.media_films import FPS, H264, make_film, rich_film
from helpers.scored_films import tone

from dyvim_cli.cli.show import tally
from dyvim_cli.media.programs import find_ffmpeg, is_on_time, newer_ffmpeg
from dyvim_cli.media.sound import write_audio

SILENT, FOUR = "anullsrc=r=48000", "pan=quad|c0=c0|c1=c0|c2=c0|c3=c0"


@pytest.fixture(scope="module")
def music(tmp_path_factory) -> Path:
    return write_audio(tmp_path_factory.mktemp("music") / "music.wav", *tone(2))


@pytest.fixture(scope="module")
def rich(tmp_path_factory) -> Path:
    return rich_film(tmp_path_factory.mktemp("rich"))


@pytest.mark.parametrize(
    ("extension", "words"),
    [
        (".mp4", ("subtitle track 1 becomes mov_text", "subrip")),
        (".mp4", ("attachment(s) dropped",)),
        (".avi", ("subtitle track 1 dropped", "subrip")),
        (".avi", ("2 chapter(s) dropped",)),
        (".ts", ("2 chapter(s) dropped",)),
        (".ts", ("cover picture dropped",)),
        (".avi", ("attachment(s) dropped",)),
    ],
)
def test_what_a_container_does_not_carry(tmp_path, rich, music, extension, words):
    said_once(run("mux", rich, music, "-o", tmp_path / f"out{extension}"), *words)


def silent(folder):
    return make_film(folder, ".mp4", sound=SILENT, seconds=1)


def mute(folder):
    return make_film(folder, ".mp4", sound=None, seconds=1)


def undecodable(folder):
    film = odd_films.small_film(folder / "film.mov", seconds=1, options=["-c:a", "pcm_s16le"])
    film.write_bytes(film.read_bytes().replace(b"sowt", b"apac"))
    return film


def quad(folder):
    return make_film(folder, ".mkv", sound="sine=r=48000", seconds=1, options=["-af", FOUR])


def gif(folder):
    return make_film(folder, ".gif", sound=None, seconds=1)


def camera(folder):
    film, path = make_film(folder, ".mov", seconds=1), folder / "camera.mov"
    run_ffmpeg("-i", str(film), "-c", "copy", "-timecode", "01:00:00:00", "-map", "0", str(path))
    return path


def early_sound(folder):
    film, path = make_film(folder, ".mp4"), folder / "early.mp4"
    late = ["-itsoffset", "1.5", "-i", str(film)]
    run_ffmpeg(*late, "-i", str(film), "-map", "0:v", "-map", "1:a", "-c", "copy", str(path))
    return path


def long_sound(folder):
    film, path = make_film(folder, ".mov", sound=None, seconds=1), folder / "long.mov"
    sound = ["-f", "lavfi", "-t", "1.8", "-i", "sine=r=48000"]
    run_ffmpeg("-i", str(film), *sound, "-c:v", "copy", "-c:a", "pcm_s16le", str(path))
    return path


def plain(folder):
    return make_film(folder, ".mp4")


@pytest.mark.parametrize(
    ("film", "options", "words"),
    [
        (silent, [], ("own sound is silent", "--keep-audio mix")),
        (mute, ["--keep-audio", "mix"], ("no sound of its own",)),
        (undecodable, [], ("sound track 1 dropped", "coding is not known")),
        (undecodable, ["--keep-audio", "mix"], ("sound track 1 dropped", "coding is not known")),
        (quad, [], ("sound track 1 becomes stereo", "4 channels")),
        (early_sound, [], ("own sound left out", "1.5 s before the first picture")),
        (long_sound, [], ("own sound left out", "0.8 s after the last picture")),
        (gif, [], ("the picture becomes H.264", "gif")),
        (camera, ["-o", "out.avi"], ("data track dropped: timecode",)),
        (plain, ["--start", "1.6"], ("starts at 1.000 s instead of 1.600 s", "key frame")),
    ],
)
def test_what_becomes_of_picture_and_sound(tmp_path, monkeypatch, music, film, options, words):
    monkeypatch.chdir(tmp_path)
    made = film(tmp_path)
    options = options if "-o" in options else ["-o", "out.mkv", *options]
    if film is gif:
        options = ["-o", "out.mp4"]
    said_once(run("mux", made, music, *options), *words)


@pytest.mark.parametrize("film", [silent, mute, plain])
def test_what_goes_as_asked_needs_no_note(tmp_path, music, film):
    notes, warnings = run("mux", film(tmp_path), music, "--keep-audio", "drop", "-o", tmp_path / "out.mp4")
    assert notes == warnings == []


def test_other_tracks_stay_beside_a_silent_one(tmp_path, music):
    """A film whose first track is silent loses none of the others."""
    from dyvim_cli.media.probe import probe

    first, second = silent(tmp_path), make_film(tmp_path, ".mp4", name="second", seconds=1)
    film, out = tmp_path / "two.mp4", tmp_path / "out.mp4"
    maps = ["-map", "0", "-map", "1:a", "-c", "copy"]
    run_ffmpeg("-i", str(first), "-i", str(second), *maps, str(film))
    run("mux", film, music, "-o", out)
    assert len(probe(out).audio) == 2


def test_another_ffmpeg_that_wrote_the_film(tmp_path, music):
    if is_on_time(find_ffmpeg()) or not newer_ffmpeg():
        pytest.skip("the ffmpeg in use needs no other")
    film = make_film(tmp_path, ".mkv", seconds=1)
    said_once(run("mux", film, music, "-o", tmp_path / "out.mkv"), "written by ffmpeg", "AAC begins")


def test_a_preview_and_a_cache_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "cache").touch()
    monkeypatch.setenv("DYVIM_CACHE", str(tmp_path / "cache"))
    film = odd_films.small_film(tmp_path / "film.mp4", seconds=4, options=[*H264, "-g", str(FPS)])
    part = ["--start", "0.4", "--preview", "1.6-3", "-o", tmp_path / "out.mp4", "--candidates", "1"]
    notes = run("score", film, *part)
    said_once(notes, "starts at 0.000 s instead of 0.400 s")
    said_once(notes, "starts at 1.000 s instead of")
    said_once(notes, "not cached", str(tmp_path / "cache"))


def test_a_plan_that_begins_elsewhere(tmp_path):
    film = odd_films.small_film(tmp_path / "film.mp4", options=[*H264, "-g", str(FPS)])
    said_once(run("plan", film, "--start", "1.6"), "starts at 1.000 s instead of 1.600 s")


def test_letters_that_a_plot_cannot_draw(tmp_path):
    pytest.importorskip("matplotlib")
    pytest.importorskip("cv2")
    film = make_film(tmp_path, ".mp4", name="日本 a")
    notes = run("evaluate", film, "--plot", tmp_path / "plot.png")
    said_once(notes, "日本 a.mp4", "lacks 日 本", "drawn as ?")


def test_a_batch_names_the_film_of_every_note(capsys):
    record = {"status": "done", "input": "films/a.mp4", "warnings": ["cover picture dropped"]}
    tally.BatchLines(as_json=False).show(tally.Tally(1, 1, 0), record)
    assert "note: a.mp4: cover picture dropped\n" in capsys.readouterr().err
    tally.BatchLines(as_json=True).show(tally.Tally(1, 1, 0), record)
    assert json.loads(capsys.readouterr().err)["warnings"] == ["cover picture dropped"]

"""Films whose end is missing are scored up to it, and that is said once."""

import shutil

import pytest
from conftest import run_ffmpeg
from helpers.command_notes import run, said_once
from helpers.media_films import H264, SECONDS
from helpers.odd_films import small_film
from helpers.scored_films import tone

from dyvim_cli.media.probe import probe
from dyvim_cli.media.sound import write_audio
from dyvim_cli.media.tears import is_torn

FRAGMENTS = ["-movflags", "+frag_keyframe+empty_moov"]
THEORA = ["-c:v", "libtheora", "-bf", "0", "-c:a", "libvorbis"]
MPEG2 = ["-c:v", "mpeg2video", "-bf", "0", "-c:a", "pcm_s16le"]
KINDS = {  # name -> options: every container that states how long its file is
    "index_first.mp4": ["-movflags", "+faststart"],
    "fragments.mp4": FRAGMENTS,
    "film.mkv": [],
    "film.webm": [],
    "film.avi": [],
    "film.ts": [],
    "film.m2ts": ["-mpegts_m2ts_mode", "1", "-f", "mpegts"],
    "film.flv": [],
    "film.wmv": ["-c:v", "wmv2", "-bf", "0", "-c:a", "wmav2"],
    "film.ogv": THEORA,
    "film.mxf": MPEG2,
    "film.nut": ["-c:v", "mpeg4", "-bf", "0", "-c:a", "pcm_s16le"],
    "film.mpg": ["-c:v", "mpeg2video", "-bf", "0", "-c:a", "mp2"],
    "film.vob": ["-c:v", "mpeg2video", "-bf", "0", "-c:a", "ac3"],
    "old.mpg": ["-c:v", "mpeg1video", "-bf", "0", "-c:a", "mp2", "-f", "vcd", "-ar", "44100"],
}
MISSING = "the film's end is missing"


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """Whole films by name."""
    folder = tmp_path_factory.mktemp("whole")
    return {name: small_film(folder / name, options=options) for name, options in KINDS.items()}


def torn(film, folder):
    """The first two thirds of a film's file."""
    data = film.read_bytes()
    path = folder / film.name
    path.write_bytes(data[: len(data) * 2 // 3 + 5])
    return path


@pytest.mark.parametrize("name", KINDS)
def test_a_missing_end_is_seen_and_a_whole_film_is_not_suspected(films, tmp_path, name):
    assert not probe(films[name]).is_torn
    info = probe(torn(films[name], tmp_path))
    assert info.is_torn and 0.5 < info.duration_s < SECONDS - 0.3


def test_a_torn_gif(tmp_path):
    whole = small_film(tmp_path / "whole.gif", sound=None, options=["-c:v", "gif", "-pix_fmt", "rgb8"])
    assert not is_torn(whole, "gif") and is_torn(torn(whole, _made(tmp_path / "torn")), "gif")


def _made(folder):
    folder.mkdir()
    return folder


@pytest.mark.parametrize("name", ["index_first.mp4", "film.mkv"])
def test_a_missing_end_is_said_once(films, tmp_path, name):
    music = write_audio(tmp_path / "music.wav", *tone(2))
    said_once(run("mux", torn(films[name], tmp_path), music, "-o", tmp_path / "out.mp4"), MISSING)
    notes, warnings = run("mux", films[name], music, "-o", tmp_path / "whole.mp4")
    assert not any(MISSING in note for note in notes + warnings)


@pytest.mark.parametrize("name", ["film.mpg", "film.vob", "old.mpg"])
def test_a_program_stream_that_breaks_off_anywhere(films, tmp_path, name):
    """Within a packet it is seen; between two, nothing tells it from one that ends there."""
    data, path = films[name].read_bytes(), tmp_path / name
    seen = []
    for n_bytes in range(len(data) // 2, len(data) // 2 + 9000, 501):
        path.write_bytes(data[:n_bytes])
        seen.append(is_torn(path, "mpeg"))
    assert sum(seen) >= len(seen) - 1


def test_what_follows_a_whole_film_is_no_tear(films, tmp_path):
    for name in ("index_first.mp4", "film.avi", "film.flv", "film.nut", "film.mpg"):
        path = shutil.copy(films[name], tmp_path / name)
        with open(path, "ab") as file:
            file.write(b"\xff" * 50)  # as download tools and editors leave it
        assert not probe(path).is_torn, name


def test_a_live_recording_that_states_no_size(tmp_path):
    path = tmp_path / "live.mkv"
    picture = ["-f", "lavfi", "-i", "testsrc2=s=160x90:r=25:d=1"]
    run_ffmpeg(*picture, *H264, "-f", "matroska", "-live", "1", str(path))
    assert not probe(path).is_torn

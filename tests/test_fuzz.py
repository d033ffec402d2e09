"""Two hundred damaged films: no promise is broken; and the fuzzer notices when one is."""

import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.media_films import make_film
from hypothesis import given
from hypothesis import strategies as st

from dyvim_cli.media.programs import find_ffmpeg
from tools.fuzz.judging import COMPARED, Run, broken_promises, digest, picture_packets
from tools.fuzz.mutations import MUTATIONS, damaged
from tools.fuzz.part_mutations import PART_MUTATIONS
from tools.fuzz.seeds import SEEDS, make_seeds
from tools.fuzz.structure import parts
from tools.fuzz.units import in_units

ROOT = Path(__file__).parents[1]
FILMS, SEED = 200, 20261129
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the workers are forked")


def test_damaged_films_break_no_promise(tmp_path):
    # a process of its own: this one has threads, and must not be forked
    asked = [str(FILMS), "--seed", str(SEED), "--patience", "6", "--keep", str(tmp_path / "found")]
    call = [sys.executable, "-m", "tools.fuzz", *asked]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    assert "0 violations" in done.stdout and "x exit 0" in done.stdout and "x exit 3" in done.stdout


@given(st.binary(min_size=1, max_size=400), st.integers(0, 2**32))
def test_every_mutation_makes_do_with_any_bytes_and_is_repeatable(data, seed):
    for mutate in MUTATIONS:
        first, second = (mutate(bytearray(data), random.Random(seed), [b"other"]) for _ in range(2))
        assert first == second and len(first) <= 8 * len(data) + 8
    film = damaged(data, random.Random(seed), [b"other"])
    assert film != data and film == damaged(data, random.Random(seed), [b"other"])


@pytest.fixture
def good(tmp_path) -> Run:
    """A run that kept every promise."""
    folder, scratch = tmp_path / "films", tmp_path / "tmp"
    folder.mkdir(), scratch.mkdir()
    film = make_film(folder, ".mkv", seconds=1)
    output = film.with_name("out.mkv")
    output.write_bytes(film.read_bytes())
    return Run("mux", film, output, folder, scratch, digest(film), 0, False, "out.mkv", 100.0, film)


def test_a_run_that_keeps_its_promises_is_let_pass(good):
    assert broken_promises(good) == []
    good.output.unlink()
    assert broken_promises(replace(good, exit_code=3)) == []


BROKEN = {
    "exit code 1": {"exit_code": 1},
    "exit code -11": {"exit_code": -11},
    "too long": {"was_ended": True},
    "a fault in dyvim": {"said": "error: a fault in dyvim: IndexError"},
    "Traceback": {"said": "Traceback (most recent call last):"},
    "3000 MB": {"memory_mb": 3000.0},
    "input was changed": {"film_digest": "0"},
}


@pytest.mark.parametrize("words", BROKEN)
def test_what_a_process_may_not_do_is_noticed(good, words):
    assert any(words in promise for promise in broken_promises(replace(good, **BROKEN[words])))


def test_files_that_are_left_or_missing_are_noticed(good):
    (good.folder / ".out.1.part").touch()
    (good.scratch / "dyvim-x").mkdir()
    assert len(broken_promises(good)) == 2
    good.output.unlink()
    assert "exit code 0 and no output" in broken_promises(good)


def test_lost_picture_packets_are_noticed(good):
    shorter = make_film(good.folder.parent, ".mkv", seconds=1, name="shorter", options=["-frames:v", "24"])
    good.output.write_bytes(shorter.read_bytes())
    assert len(picture_packets(good.film)) == 25
    assert "25 picture packets became 24" in broken_promises(good)[0]


def test_a_transport_stream_may_repeat_its_parameters_and_must_keep_its_pictures(good, monkeypatch):
    packets = {good.film: [b"key", b"next"], good.output: [b"parameters key", b"next"]}
    monkeypatch.setitem(COMPARED, good.film.suffix, packets.get)
    assert broken_promises(good) == []
    packets[good.output] = [b"parameters key", b"text"]
    assert "number 1" in broken_promises(good)[0]


def copy(film: Path, path: Path, *options: str) -> Path:
    """Copy the picture into another container by ffmpeg alone."""
    quiet = [find_ffmpeg(), "-v", "error", "-nostdin", "-y", "-i", f"file:{film}", "-an", "-c", "copy"]
    subprocess.run([*quiet, *options, f"file:{path}"], check=True)
    return path


@pytest.mark.parametrize(("came_as", "goes_as"), [(".ts", ".mp4"), (".mp4", ".ts"), (".ts", ".mkv")])
def test_a_transport_stream_by_another_name_is_compared_by_its_units(good, came_as, goes_as):
    """Start codes become lengths there, and the other way round: the bytes differ, the pictures do not."""
    came = copy(good.film, good.folder.parent / f"came{came_as}")
    good.film.write_bytes(came.read_bytes())
    goes = copy(came, good.folder.parent / f"goes{goes_as}")
    good.output.write_bytes(goes.read_bytes())
    run = replace(good, film_digest=digest(good.film))
    assert broken_promises(run) == []
    goes = copy(came, goes, "-bsf:v", "noise=drop=eq(n\\,9)")
    good.output.write_bytes(goes.read_bytes())
    assert broken_promises(run) == ["25 picture packets became 24, the first that differs is number 9"]


def test_other_units_are_noticed_and_delimiters_are_not():
    key, delimiter = b"\0\0\1\x65picture", b"\0\0\0\1\x09\xf0"
    assert in_units(delimiter + b"\0" + key + b"\0") == in_units(key) == key
    assert in_units(key + key) != in_units(key) != in_units(b"\0\0\1\x65Picture")


def test_a_packet_of_no_bytes_is_no_picture(good):
    """Damaged tables say that there is one; no container is written with it."""
    film = make_film(good.folder.parent, ".mov", seconds=1, options=["-c:v", "mpeg4"])
    data = bytearray(film.read_bytes())
    sizes = data.index(b"stsz") + 16  # behind version, flags, the size of all and their number
    data[sizes + 4 * 9 : sizes + 4 * 10] = bytes(4)
    good.film.write_bytes(data)
    assert len(picture_packets(good.film)) == 24
    good.output.write_bytes(copy(good.film, good.folder.parent / "copy.mkv").read_bytes())
    run = replace(good, film_digest=digest(good.film))
    assert broken_promises(run) == []
    good.film.write_bytes(film.read_bytes())
    assert "25 picture packets became 24" in broken_promises(replace(run, film_digest=digest(good.film)))[0]


def test_a_gif_by_another_name_is_compared_as_one(good):
    gif = make_film(good.folder.parent, ".gif", sound=None, seconds=1)
    good.film.write_bytes(gif.read_bytes())
    made = make_film(good.folder.parent, ".mkv", seconds=1, name="made", options=["-crf", "14"])
    good.output.write_bytes(made.read_bytes())
    assert broken_promises(replace(good, film_digest=digest(good.film))) == []
    shorter = make_film(good.folder.parent, ".mkv", seconds=0.8, name="shorter")
    good.output.write_bytes(shorter.read_bytes())
    assert "25 picture packets became 20" in broken_promises(replace(good, film_digest=digest(good.film)))[0]


def test_packets_are_listed_by_the_newest_ffmpeg_at_hand(good, monkeypatch):
    """An old one loses packets of some damaged films; what it loses must not be lost by dyvim unseen."""
    older = good.folder.parent / "older"
    older.write_text("#!/bin/sh\nexit 1\n")
    older.chmod(0o755)
    newest = find_ffmpeg()
    monkeypatch.setattr("tools.fuzz.judging.find_ffmpeg", lambda: str(older))
    monkeypatch.setattr("tools.fuzz.judging.newer_ffmpeg", lambda: newest)
    assert len(picture_packets(good.film)) == 25


@pytest.mark.parametrize("name", ["mp4", "fragments", "mkv", "avi", "ts", "flv", "mpg"])
def test_the_parts_of_a_film_are_found(tmp_path, monkeypatch, name):
    monkeypatch.setattr("tools.fuzz.seeds.SEEDS", {name: SEEDS[name]})
    (seed,) = make_seeds(tmp_path)
    found = parts(seed.data)
    assert len(found) > 20 and max(part.end for part in found) == len(seed.data)
    assert all(part.start < part.body <= part.end for part in found)
    for mutate in PART_MUTATIONS:
        chances = (random.Random(number) for number in range(8))
        assert any(mutate(bytearray(seed.data), chance, [b"other"]) != seed.data for chance in chances)

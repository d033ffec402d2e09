"""Full and read-only disks: every promised file is whole, or the run says why it is not."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import symusic
from conftest import MOVING, cut_film, dyvim
from helpers.batch_films import batch, finish, records
from helpers.small_disk import fill, small_disk
from helpers.weights_server import serve
from typer.testing import CliRunner

from dyvim_cli import atomic, cache
from dyvim_cli.batch.journal import open_journal
from dyvim_cli.cli.main import app
from dyvim_cli.errors import EnvironmentFault, ExitCode, InputError, OutputError, fault_of
from dyvim_cli.extras import stamp_sounds
from dyvim_cli.hub import download
from dyvim_cli.hub.catalogue import SOUNDS, Source
from dyvim_cli.markers.files import write_markers
from dyvim_cli.markers.marker import Marker
from dyvim_cli.media.film_clock import FilmClock
from dyvim_cli.media.output import check_folder
from dyvim_cli.media.sound import convert_audio, stem_writer
from dyvim_cli.options import ComposeOptions, Delivery
from dyvim_cli.pipeline import score

SECONDS, SMALL = 3.0, 50_000
QUICKLY = ComposeOptions(candidates=1, seed=1)
BATCH = ("--candidates", 1, "--seed", 1, "--progress", "json")


@pytest.fixture(scope="module")
def short_film(tmp_path_factory) -> Path:
    return cut_film(tmp_path_factory.mktemp("short") / "short.mp4", MOVING, seconds=2)


@pytest.fixture(scope="module")
def music(tmp_path_factory) -> Path:
    """Three seconds of noise, which no format makes small."""
    path = tmp_path_factory.mktemp("music") / "music.wav"
    noise = np.random.default_rng(0).normal(0, 0.2, (round(SECONDS * 48_000), 2))
    soundfile.write(path, noise, 48_000, "FLOAT")
    return path


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "ogg", "opus", "m4a"])
@pytest.mark.parametrize("leave_kilobytes", [0, 40])
def test_a_sound_file_is_whole_or_not_there(tmp_path, music, kind, leave_kilobytes):
    with small_disk(tmp_path / "disk", 200) as disk:
        fill(disk, leave_kilobytes)
        with pytest.raises(EnvironmentFault, match=rf"music.{kind}: the disk is full"):
            convert_audio(music, disk / f"music.{kind}")
        assert os.listdir(disk) == ["filling"]


def test_stems_are_whole_or_not_there(tmp_path):
    with small_disk(tmp_path / "disk", 200) as disk:
        full = pytest.raises(EnvironmentFault, match="bass.wav: the disk is full")
        with full, stem_writer(disk / "stems", SECONDS, overwrite=False) as write:
            for _ in range(9):
                write("bass", np.zeros((2, 48_000)))
        assert os.listdir(disk) == []


@pytest.mark.parametrize("ending", [".csv", ".edl", ".fcpxml", ".xml", ".mid", ".otio"])
def test_markers_that_find_no_room_are_the_machines_fault(tmp_path, ending):
    pytest.importorskip("opentimelineio")
    with small_disk(tmp_path / "disk", 64) as disk:
        fill(disk)
        with pytest.raises(EnvironmentFault, match="full"), atomic.written(disk / f"a{ending}") as part:
            write_markers([Marker(1.0, "hit")], FilmClock(Fraction(25), 4.0), part, kind=ending)
        assert os.listdir(disk) == ["filling"]


@pytest.mark.parametrize("extra", ["--midi", "--music", "--report", "--stems"])
def test_score_on_a_full_disk_ends_in_7_and_leaves_nothing(tmp_path, short_film, extra):
    """The film fits on the disk, the files next to it do not."""
    with small_disk(tmp_path / "disk", 200) as disk:
        fill(disk)
        name = {"--midi": "a.mid", "--music": "a.wav", "--report": "a.html", "--stems": "stems"}[extra]
        out = tmp_path / "out.mp4"
        done = dyvim("score", short_film, "-o", out, extra, disk / name, "--candidates", "1", "--seed", "1")
        assert done.returncode == ExitCode.ENVIRONMENT, done.stderr
        assert "the disk is full" in done.stderr and "fault in dyvim" not in done.stderr
        assert os.listdir(disk) == ["filling"]
        assert out.exists() == (extra == "--report")  # the page tells of the film that is there


def test_score_onto_a_full_disk_ends_in_7(tmp_path, short_film):
    with small_disk(tmp_path / "disk", 200) as disk:
        fill(disk, leave_kilobytes=12)
        done = dyvim("score", short_film, "-o", disk / "out.mp4", "--candidates", "1", "--seed", "1")
        assert done.returncode == ExitCode.ENVIRONMENT, done.stderr
        assert "out.mp4" in done.stderr and os.listdir(disk) == ["filling"]


def test_a_full_cache_disk_is_said_and_fails_no_film(tmp_path, short_film):
    with small_disk(tmp_path / "disk", 64) as disk:
        fill(disk)
        done = dyvim(
            "score",
            short_film,
            "-o",
            tmp_path / "out.mp4",
            "--candidates",
            "1",
            "--json",
            DYVIM_CACHE=str(disk),
        )
        assert done.returncode == ExitCode.OK, done.stderr
        said = json.loads(done.stdout)["warnings"]
        assert sum("not cached" in note and "full" in note for note in said) == 1
        assert done.stderr.count("not cached") == 1 and os.listdir(disk) == ["filling"]


def test_a_full_disk_for_intermediate_files_ends_in_7(tmp_path, short_film):
    with small_disk(tmp_path / "disk", 64) as disk:
        fill(disk, leave_kilobytes=16)
        arguments = ("generate", short_film, "-o", tmp_path / "m.wav", "--candidates", "1")
        done = dyvim(*arguments, TMPDIR=str(disk))
        assert done.returncode == ExitCode.ENVIRONMENT and "full" in done.stderr
        assert os.listdir(disk) == ["filling"] and not (tmp_path / "m.wav").exists()


def test_a_disk_that_takes_no_more_files_is_full(tmp_path):
    with small_disk(tmp_path / "disk", 200, n_files=1) as disk:
        (disk / "filling").touch()
        with pytest.raises(EnvironmentFault, match="full"):
            check_folder(disk / "new")
        with pytest.raises(EnvironmentFault, match="full"), open_journal(disk / "journal.jsonl"):
            pass
        assert os.listdir(disk) == ["filling"]


def test_a_file_that_is_too_large_for_its_disk_is_the_machines_fault(tmp_path, music):
    """As on FAT32: the system takes a film up to a size and no further."""
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({SMALL}, {SMALL}))"
    call = f"{limit}; from dyvim_cli.__main__ import run; run()"
    words = ["render", tmp_path / "notes.mid", "-o", tmp_path / "out.wav"]
    score = symusic.Score(480)
    score.tracks.append(symusic.Track(notes=[symusic.Note(0, 960, 60, 90)]))
    (tmp_path / "notes.mid").write_bytes(score.dumps_midi())
    done = subprocess.run([sys.executable, "-c", call, *map(str, words)], capture_output=True, text=True)
    assert done.returncode == ExitCode.ENVIRONMENT, done.stderr
    assert "takes no file so large" in done.stderr
    assert sorted(os.listdir(tmp_path)) == ["notes.mid"]


def test_features_are_whole_or_not_there(tmp_path, short_film):
    with small_disk(tmp_path / "disk", 64) as disk:
        fill(disk, leave_kilobytes=8)
        done = dyvim("extract-features", short_film, "--out", disk)
        assert done.returncode == ExitCode.ENVIRONMENT and "the disk is full" in done.stderr
        assert os.listdir(disk) == ["filling"]


def test_a_full_disk_while_features_are_stored_is_no_failure(tmp_path, monkeypatch, film):
    from helpers.film_features import features

    with small_disk(tmp_path / "disk", 32) as disk:
        monkeypatch.setenv("DYVIM_CACHE", str(disk))
        fill(disk)
        assert "full" in cache.store("key", features(), film)
        assert cache.load("key") is None and os.listdir(disk) == ["filling"]


def test_weights_that_find_no_room_are_the_machines_fault(tmp_path):
    import torch

    from dyvim_cli.model.score.checkpoint import save_tensors
    from dyvim_cli.training.data import shards

    with small_disk(tmp_path / "disk", 64) as disk:
        with pytest.raises(EnvironmentFault, match="w.safetensors"):
            save_tensors({"a": torch.zeros(100_000)}, disk / "w.safetensors", {})
        fill(disk)
        with pytest.raises(EnvironmentFault, match="s.safetensors"):
            shards.save([], disk / "s.safetensors")
        assert os.listdir(disk) == ["filling"]


def test_a_disk_that_is_read_only_is_the_outputs_fault(tmp_path, short_film):
    with small_disk(tmp_path / "disk", 200) as disk:
        film = Path(shutil.copy(short_film, disk / "film.mp4"))
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        before = film.read_bytes()
        beside = dyvim("score", film)
        assert beside.returncode == ExitCode.OUTPUT, beside.stderr
        with pytest.raises(OutputError, match="x.json"):
            from dyvim_cli.atomic import write_json

            write_json(disk / "x.json", {})
        assert film.read_bytes() == before and os.listdir(disk) == ["film.mp4"]


class At:
    """Do something to a disk when a stage is first reported."""

    def __init__(self, stage: str, act):
        self.stage, self.act = stage, act

    def update(self, stage: str, done: float, total: float) -> None:
        if stage == self.stage:
            self.stage = ""
            self.act()


def read_only(disk: Path) -> None:
    while subprocess.run(["mount", "-o", "remount,ro", str(disk)], capture_output=True).returncode:
        time.sleep(0.05)  # something is being written


def pull_out(disk: Path) -> None:
    subprocess.run(["umount", "-l", str(disk)], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro,size=4k", "tmpfs", str(disk)], check=True)  # its place


@pytest.mark.parametrize(
    ("stage", "happens", "said"),
    [("sound", read_only, "stems is not writable"), ("master", pull_out, "cannot write .*stems.*wav"),
     ("mux", pull_out, "taken away|has gone")],
)  # fmt: skip
def test_a_disk_that_goes_or_turns_read_only_below_the_stems(tmp_path, short_film, stage, happens, said):
    before = short_film.read_bytes()
    with small_disk(tmp_path / "disk", 8000) as disk:
        delivery = Delivery(output=str(disk / "o.mp4"), stems=disk / "stems", music=disk / "m.wav")
        with pytest.raises(OutputError, match=said) as raised:
            score(short_film, QUICKLY, delivery, progress=At(stage, lambda: happens(disk)))
        assert raised.value.hint and not [path for path in disk.rglob("*") if path.is_file()]
    assert short_film.read_bytes() == before


@pytest.mark.parametrize("happens", [read_only, pull_out])
def test_stems_that_cannot_be_stamped_are_the_outputs_fault(tmp_path, happens):
    fails = pytest.raises(OutputError, match="a.wav")
    with small_disk(tmp_path / "disk", 200) as disk, fails, atomic.together() as group:
        with atomic.written(disk / "a.wav", group=group) as part:
            soundfile.write(part, np.zeros(480), 48_000, format="WAV")
        group[0].lock.close()  # a disk that somebody writes to does not become read-only in a test
        happens(disk)
        stamp_sounds(group, FilmClock(Fraction(25), 4.0), "film")


def test_the_films_disk_goes_while_stems_are_made(tmp_path, short_film):
    with small_disk(tmp_path / "disk", 400) as disk:
        film = Path(shutil.copy(short_film, disk / "film.mp4"))
        delivery = Delivery(output=str(tmp_path / "o.mp4"), stems=tmp_path / "stems")
        with pytest.raises(InputError, match="film.mp4 has gone"):
            score(film, QUICKLY, delivery, progress=At("master", lambda: pull_out(disk)))
    assert os.listdir(tmp_path) == ["disk"]


@pytest.mark.parametrize(
    ("happens", "said"), [(read_only, "not writable|cannot be written to"), (pull_out, "has gone")]
)
def test_a_batch_whose_disk_goes_or_turns_read_only(tmp_path, short_film, happens, said):
    """The first film is there, the other has failed for the disk's sake, and the journal knows."""
    films, journal = tmp_path / "films", tmp_path / "j.jsonl"
    films.mkdir()
    for name in "ab":
        shutil.copy(short_film, films / f"{name}.mp4")
    with small_disk(tmp_path / "disk", 8000) as disk:
        running = batch(films, "-o", f"{disk}/out/", "--jobs", 1, "--journal", journal, *BATCH)
        next(line for line in running.stderr if '"done": 1' in line)
        happens(disk)
        done = finish(running)
        assert done.returncode == ExitCode.PARTIAL, done.stderr
        assert "fault in dyvim" not in done.stderr and re.search(said, done.stderr)
        told = records(journal)
        assert {record["status"] for record in told} == {"done", "failed"}
        failed = [record for record in told if record["status"] == "failed"]
        assert {record["exit_code"] for record in failed} == {ExitCode.OUTPUT}, failed


def pulled(place) -> Any:
    """`sounds pull band` into a folder."""
    return CliRunner().invoke(
        app, ["sounds", "pull", "band", "--sounds-dir", str(place), "--progress", "none"]
    )


def test_sounds_that_find_no_room_go_on_when_there_is_some(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "ATTEMPTS", 1)
    data = os.urandom(200_000)
    with serve({"band.sf2": data}) as hub, small_disk(tmp_path / "disk", 256, n_files=8) as disk:
        files = ((f"{hub.url}/resolve/abc123/band.sf2", hashlib.sha256(data).hexdigest()),)
        monkeypatch.setitem(SOUNDS, "band", Source("band", "a band", "CC0-1.0", 0.0, files=files))
        fill(disk, leave_kilobytes=100)
        fault = fault_of(pulled(disk).exception)
        assert (fault.exit_code, "full" in fault.message) == (ExitCode.ENVIRONMENT, True), fault
        assert not list(disk.rglob("*.json")) and not list(disk.rglob("band.sf2"))
        (disk / "filling").unlink()
        assert pulled(disk).exit_code == 0
        assert (disk / "band" / "band.sf2").read_bytes() == data
        assert hub.asked[-1][1].startswith("bytes=")  # what had found room was not asked for again


@pytest.mark.parametrize("n_files", [1, 2, 3, 4])
def test_sounds_onto_a_disk_that_takes_no_more_files(tmp_path, monkeypatch, n_files):
    monkeypatch.setattr(download, "ATTEMPTS", 1)
    data = os.urandom(2000)
    with serve({"band.sf2": data}) as hub, small_disk(tmp_path / "disk", 256, n_files) as disk:
        files = ((f"{hub.url}/resolve/abc123/band.sf2", hashlib.sha256(data).hexdigest()),)
        monkeypatch.setitem(SOUNDS, "band", Source("band", "a band", "CC0-1.0", 0.0, files=files))
        done = pulled(disk)
        if done.exit_code:
            assert fault_of(done.exception).exit_code == ExitCode.ENVIRONMENT, done.exception
        else:
            assert n_files > 3 and (disk / "band" / "band.sf2").read_bytes() == data

"""The whole way, as a user goes it: a film in, the same film out, with music from the shipped weights."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import av
import numpy as np
import pyloudnorm
import pytest
import symusic
from conftest import MOVING, cut_film, dyvim, run_ffmpeg

from dyvim_cli.errors import ExitCode
from dyvim_cli.hearing.metering import true_peak_db
from dyvim_cli.media.sound_reading import read_audio


def picture_md5(path: Path) -> str:
    """MD5 of the picture's packets."""
    digest = hashlib.md5()
    with av.open(str(path)) as container:
        for packet in container.demux(video=0):
            digest.update(bytes(packet))
    return digest.hexdigest()


def picture_duration_s(path: Path) -> float:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        times = [p.pts * stream.time_base for p in container.demux(stream) if p.pts is not None]
        return float(max(times) - min(times) + 1 / stream.average_rate)


@pytest.fixture(scope="module")
def scored(film, tmp_path_factory):
    """One film scored at full strength with everything written, by a machine without any programs.

    The result as JSON, the folder, the finished process.
    """
    folder = tmp_path_factory.mktemp("scored")
    # a cache of its own: with another test's features of the same film, there would be no vision to follow
    cache, no_programs = tmp_path_factory.mktemp("own_cache"), tmp_path_factory.mktemp("no_programs")
    done = dyvim(
        "score", film, "-o", folder / "out.mp4", "--alpha", 1, "--seed", 5, "--style", "pop", "--json",
        "--midi", folder / "score.mid", "--stems", folder / "stems", "--music", folder / "music.wav",
        "--progress", "json", PATH=str(no_programs), DYVIM_CACHE=str(cache),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), folder, done


def test_the_picture_is_untouched_and_the_length_exact(film, scored):
    facts, folder, _ = scored
    assert facts["output"] == str(folder / "out.mp4")
    assert picture_md5(film) == picture_md5(folder / "out.mp4")
    samples, sample_rate = read_audio(folder / "music.wav")
    assert abs(len(samples) / sample_rate - picture_duration_s(film)) <= 1024 / 48000


def test_loudness_and_peaks(scored):
    facts, folder, _ = scored
    samples, sample_rate = read_audio(folder / "music.wav")
    lufs = pyloudnorm.Meter(sample_rate).integrated_loudness(samples.astype(float))
    assert -15 <= lufs <= -13 and facts["music_loudness_lufs"] == pytest.approx(lufs, abs=0.2)
    assert facts["music_true_peak_db"] == pytest.approx(true_peak_db(samples.T), abs=0.1)
    delivered, rate = read_audio(folder / "out.mp4")  # what is reported is measured on what is delivered
    lufs = pyloudnorm.Meter(rate).integrated_loudness(delivered.astype(float))
    assert facts["loudness_lufs"] == pytest.approx(lufs, abs=0.2)
    assert facts["true_peak_db"] == pytest.approx(true_peak_db(delivered.T), abs=0.3)
    assert max(filter(None, facts["curves"]["loudness_lufs"])) > lufs
    assert np.abs(samples).max() <= 10 ** (-1 / 20)
    assert np.abs(samples[:, 0] - samples[:, 1]).max() > 0.01  # stereo


def test_cuts_lie_on_the_grid(scored):
    facts, _, _ = scored
    cuts = [hit for hit in facts["hits"] if hit["kind"] == "cut"]
    for planted_s in (1.6, 3.2, 4.8):
        near = [hit for hit in cuts if abs(hit["film_s"] - planted_s) < 0.001]
        assert near, f"the cut at {planted_s} s was not found: {cuts}"
        assert abs(near[0]["error_ms"]) <= 40


def test_everything_asked_for_is_there_and_nothing_else(scored):
    facts, folder, done = scored
    names = {p.name for p in folder.iterdir()}
    assert names == {"out.mp4", "score.mid", "stems", "music.wav"}
    stems = list((folder / "stems").glob("*.wav"))
    assert {"melody", "bass", "drums"} <= {p.stem for p in stems}
    assert facts["style"] == "pop" and facts["seed"] == 5 and facts["keep_audio"] == "drop"
    assert "seed 5" in done.stderr
    with av.open(str(folder / "out.mp4")) as container:
        comment = container.metadata["comment"]
    assert "seed=5" in comment and "alpha=1" in comment and "style=pop" in comment


def test_a_wrapper_can_follow_the_progress(scored):
    _, _, done = scored
    records = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    stages = [record["stage"] for record in records]
    assert list(dict.fromkeys(stages)) == ["vision", "compose", "sound", "master", "mux", "check"]
    for stage in set(stages):
        shares = [record["share"] for record in records if record["stage"] == stage]
        assert shares == sorted(shares) and shares[-1] == 1.0
    left = [record["eta_s"] for record in records if 0 < record["share"] < 1]
    assert left and all(isinstance(eta_s, float) and eta_s >= 0 for eta_s in left)


INTERRUPTIONS = [("vision", "SIGINT"), ("compose", "SIGTERM"), ("sound", "SIGHUP"), ("music level", "SIGINT")]


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize(("stage", "how"), INTERRUPTIONS)
def test_interrupted_in_any_stage_nothing_is_left(tmp_path, stage, how):
    """Not even stems that were finished long before."""
    out, scratch = tmp_path / "out", tmp_path / "scratch"
    out.mkdir(), scratch.mkdir()
    film = cut_film(tmp_path / "talk.mp4", MOVING, seconds=4, audio="sine=frequency=300:sample_rate=48000")
    command = [sys.executable, "-m", "dyvim_cli", "score", film, "-o", out / "o.mp4", "--no-cache"]
    command += ["--stems", out / "stems", "--progress", "json"]
    environment = os.environ | {"TMPDIR": str(scratch)}
    pipes = {"stderr": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    heard = partial(signal.signal, getattr(signal, how), signal.SIG_DFL)  # though nohup started the tests
    job = subprocess.Popen(command, env=environment, preexec_fn=heard, **pipes)
    while line := job.stderr.readline():
        if line.startswith("{") and json.loads(line)["stage"] == stage:
            break
    job.send_signal(getattr(signal, how))
    stdout, stderr = job.communicate(timeout=300)
    assert job.returncode == ExitCode.INTERRUPTED and stdout == "" and "interrupted" in stderr
    assert list(out.iterdir()) == [] and list(scratch.iterdir()) == []


def test_flag_over_environment_over_file_over_default(film, tmp_path):
    def alpha(*options, **environment) -> float:
        plan = ["score", film, "-o", tmp_path / "o.mp4", "--dry-run", "--json"]
        done = dyvim(*options[:2], *plan, *options[2:], **environment)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)["alpha"]

    settings = tmp_path / "dyvim.toml"
    settings.write_text("alpha = 0.1\n[score]\nstyle = 'jazz'\n")
    of_file = ("--config", settings)
    assert alpha() == 0.5
    assert alpha(*of_file) == 0.1
    assert alpha(*of_file, DYVIM_ALPHA="0.2") == 0.2
    assert alpha(*of_file, "--alpha", 0.3, DYVIM_ALPHA="0.2") == 0.3
    assert alpha(DYVIM_CONFIG=str(settings)) == 0.1


def test_same_seed_same_bytes_with_and_without_cache(film, scored, tmp_path):
    _, folder, _ = scored
    again = dyvim(
        "score", film, "-o", tmp_path / "out.mp4", "--alpha", 1, "--seed", 5, "--style", "pop",
        "--music", tmp_path / "music.wav", "--no-cache",
    )  # fmt: skip
    assert again.returncode == 0, again.stderr
    assert again.stdout.strip() == str(tmp_path / "out.mp4")
    assert (folder / "music.wav").read_bytes() == (tmp_path / "music.wav").read_bytes()


def test_alpha_zero_is_other_music(film, scored, tmp_path):
    _, folder, _ = scored
    done = dyvim(
        "generate", film, "-o", tmp_path / "m.wav", "--alpha", 0, "--seed", 5, "--style", "pop", "--json"
    )
    assert done.returncode == 0, done.stderr
    still, _ = read_audio(tmp_path / "m.wav")
    moved, _ = read_audio(folder / "music.wav")
    assert not np.array_equal(still, moved[: len(still)])
    facts = json.loads(done.stdout)
    steps = np.diff([s["start_s"] for s in facts["sections"]])
    assert facts["alpha"] == 0 and (steps > 0).all()


def test_a_film_with_sound_is_ducked_and_the_input_never_touched(tmp_path):
    film = cut_film(tmp_path / "talk.mkv", MOVING, seconds=3, audio="sine=frequency=300:sample_rate=48000")
    before = film.read_bytes()
    done = dyvim("score", film, "--json", "--seed", 1)
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["keep_audio"] == "duck" and facts["output"].endswith("talk.dyvim.mkv")
    assert film.read_bytes() == before
    refused = dyvim("score", film, "--seed", 1)
    assert refused.returncode == ExitCode.OUTPUT and "--overwrite" in refused.stderr
    over_itself = dyvim("score", film, "-o", film, "--overwrite")
    assert over_itself.returncode == ExitCode.OUTPUT and film.read_bytes() == before


@pytest.mark.parametrize("kind", ["text", "audio", "empty", "folder", "truncated"])
def test_bad_input_ends_in_3_and_leaves_nothing(kind, film, tmp_path):
    path = tmp_path / "bad.mp4"
    if kind == "text":
        path.write_text("this is no film\n" * 50)
    elif kind == "audio":
        run_ffmpeg("-f", "lavfi", "-i", "sine=duration=1", "-c:a", "aac", str(path))
    elif kind == "empty":
        path.touch()
    elif kind == "folder":
        path.mkdir()
    else:
        path.write_bytes(film.read_bytes()[:2000])
    done = dyvim("score", path)
    assert done.returncode == ExitCode.INPUT, done.stderr
    assert "bad.mp4" in done.stderr and "try:" in done.stderr and done.stdout == ""
    assert [p.name for p in tmp_path.iterdir()] == ["bad.mp4"]


def test_dry_run_plans_and_does_nothing(film, tmp_path):
    done = dyvim("score", film, "-o", tmp_path / "o.mp4", "--dry-run", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["output"] == str(tmp_path / "o.mp4")
    assert list(tmp_path.iterdir()) == []


def test_stems_that_are_there_are_refused_before_the_work(film, tmp_path):
    (tmp_path / "bass.wav").touch()
    refused = dyvim("score", film, "-o", tmp_path / "o.mp4", "--stems", tmp_path, "--dry-run")
    assert refused.returncode == ExitCode.OUTPUT and "bass.wav" in refused.stderr
    again = dyvim("score", film, "-o", tmp_path / "o.mp4", "--stems", tmp_path, "--dry-run", "--overwrite")
    assert again.returncode == 0


def test_doctor_finds_this_machine_fit():
    done = dyvim("doctor")
    assert done.returncode == 0, done.stdout
    assert "FAIL" not in done.stdout and "weights" in done.stdout


def test_doctor_tells_what_stops_a_film_from_what_does_not(tmp_path):
    (tmp_path / "file").touch()
    no_cache = dyvim("doctor", DYVIM_CACHE=str(tmp_path / "file" / "cache"))
    assert no_cache.returncode == 0 and "warn  cache" in no_cache.stdout
    assert "set DYVIM_CACHE" in no_cache.stdout
    no_ffmpeg = dyvim("doctor", DYVIM_FFMPEG=str(tmp_path / "none"))
    assert no_ffmpeg.returncode == ExitCode.ENVIRONMENT and "FAIL  ffmpeg" in no_ffmpeg.stdout


def test_music_for_a_still_film_is_calmer_than_for_a_moving_one(film, still_film, tmp_path):
    asked = ("--alpha", 1, "--seed", 2, "--style", "orchestral", "--candidates", 1, "--json")
    notes, force = {}, {}
    for source in (film, still_film):
        midi = tmp_path / f"{source.stem}.mid"
        done = dyvim("generate", source, "-o", tmp_path / f"{source.stem}.wav", "--midi", midi, *asked)
        assert done.returncode == 0, done.stderr
        facts = json.loads(done.stdout)
        played = [note for track in symusic.Score(midi).tracks for note in track.notes]
        notes[source] = len(played) / facts["duration_s"]
        force[source] = np.mean([note.velocity for note in played])
    assert facts["hits"] == []
    assert notes[still_film] < 0.8 * notes[film] and force[still_film] < force[film]


def test_features_of_a_folder(film, tmp_path):
    folder, out = tmp_path / "films", tmp_path / "out"
    folder.mkdir()
    for name in ("b.mp4", "a.mp4", ".hidden.mp4", "notes.txt"):
        (folder / name).write_bytes(film.read_bytes())
    (folder / "c.mp4").write_text("no film")
    done = dyvim("extract-features", folder, "--out", out, "--json")
    assert done.returncode == ExitCode.PARTIAL and "c.mp4" in done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [Path(row["film"]).name for row in rows] == ["a.mp4", "b.mp4"]
    assert {p.name for p in out.iterdir()} == {
        f"{name}.mp4.features.{kind}" for name in "ab" for kind in ("json", "safetensors")
    }
    music = dyvim("generate", out / "a.mp4.features.safetensors", "-o", tmp_path / "m.flac", "--seed", 1)
    assert music.returncode == 0 and len(read_audio(tmp_path / "m.flac")[0]) == round(6.4 * 48000)
    (tmp_path / "file").touch()
    refused = dyvim("extract-features", film, "--out", tmp_path / "file")
    assert refused.returncode == ExitCode.OUTPUT

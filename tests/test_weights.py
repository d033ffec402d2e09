"""Pulled weights: listing, resuming, checking, removing, and what is said when they are not right."""

import hashlib
import json

import pytest
from helpers.weights_server import serve
from typer.testing import CliRunner

from dyvim_cli.cli.main import app
from dyvim_cli.errors import EnvironmentFault, UsageError, WeightsError
from dyvim_cli.hub import download, store
from dyvim_cli.hub.catalogue import CATALOGUE, Source

LARGE = bytes(range(256)) * 4000
FILES = {
    "config.json": b'{"model_type": "musicgen"}',
    "tokenizer.json": b"{}",
    "model.safetensors": LARGE,
    "pytorch_model.bin": b"a pickle",
    "model-fp16-00001-of-00002.safetensors": b"another precision",
    "README.md": b"hello",
}
TAKEN = {"config.json", "tokenizer.json", "model.safetensors"}


@pytest.fixture
def hub(monkeypatch):
    monkeypatch.setattr(download, "ATTEMPTS", 2)
    monkeypatch.setattr(download.time, "sleep", lambda seconds: None)
    with serve(dict(FILES)) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        yield running


def files_of(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir() if not p.name.startswith((".", "dyvim-"))}


def test_pull_takes_safetensors_and_configurations_and_says_the_licence(hub, tmp_path):
    done = CliRunner().invoke(app, ["weights", "pull", "musicgen-small", "--weights-dir", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "CC-BY-NC-4.0" in done.stderr and "commercially" in done.stderr
    assert done.stdout.strip() == str(tmp_path / "musicgen-small")
    assert files_of(tmp_path / "musicgen-small") == {name: FILES[name] for name in TAKEN}
    facts = store.manifest("musicgen-small", tmp_path)
    assert facts["revision"] == "abc123" and facts["licence"] == "CC-BY-NC-4.0"
    assert facts["source"].endswith("facebook/musicgen-small")
    assert facts["files"]["model.safetensors"] == {
        "bytes": len(LARGE), "sha256": hashlib.sha256(LARGE).hexdigest()
    }  # fmt: skip


def test_scoring_says_the_licence_before_it_pulls(hub, tmp_path):
    hub.break_after = 300_000  # the pull fails: what was said was said before
    film = tmp_path / "film.mp4"
    options = ["--model", "musicgen-small", "--weights-dir", str(tmp_path)]
    done = CliRunner().invoke(app, ["score", str(film), *options])
    assert done.exit_code != 0 and "CC-BY-NC-4.0" in done.stderr and "commercially" in done.stderr
    quiet = CliRunner().invoke(app, ["score", str(film), *options, "--offline"])
    assert isinstance(quiet.exception, WeightsError) and "licensed" not in quiet.stderr


def test_a_broken_download_goes_on_where_it_stopped(hub, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "ATTEMPTS", 1)
    hub.break_after = 300_000
    with pytest.raises(WeightsError) as error:
        store.pull("musicgen-small", tmp_path)
    assert error.value.hint == f"dyvim weights pull musicgen-small --weights-dir {tmp_path}"
    part = tmp_path / "musicgen-small" / "model.safetensors.part"
    there = part.stat().st_size
    assert 0 < there <= 300_000
    assert store.manifest("musicgen-small", tmp_path) is None  # a half is not a model
    with pytest.raises(WeightsError):
        store.find("musicgen-small", tmp_path)
    hub.asked.clear()
    store.pull("musicgen-small", tmp_path)
    assert hub.asked == [("model.safetensors", f"bytes={there}-")]
    assert (store.find("musicgen-small", tmp_path) / "model.safetensors").read_bytes() == LARGE


def test_one_dead_line_is_tried_again_within_a_pull(hub, tmp_path):
    hub.break_after = 300_000
    folder = store.pull("musicgen-small", tmp_path)
    assert (folder / "model.safetensors").read_bytes() == LARGE
    ranges = [wanted for name, wanted in hub.asked if name == "model.safetensors"]
    assert ranges[0] is None and ranges[1].startswith("bytes=")


def test_what_is_whole_is_not_fetched_again_and_what_is_damaged_is(hub, tmp_path):
    folder = store.pull("musicgen-small", tmp_path)
    hub.asked.clear()
    store.pull("musicgen-small", tmp_path)
    assert hub.asked == []
    damaged = bytearray(LARGE)
    damaged[5000] ^= 1
    (folder / "model.safetensors").write_bytes(damaged)
    store.find("musicgen-small", tmp_path)  # the size is right: only verify sees it
    with pytest.raises(WeightsError) as error:
        store.verify("musicgen-small", tmp_path)
    assert "model.safetensors" in error.value.message and error.value.hint.startswith("dyvim weights pull")
    store.pull("musicgen-small", tmp_path)
    assert [name for name, _ in hub.asked] == ["model.safetensors"]
    store.verify("musicgen-small", tmp_path)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_other_bytes_than_promised_are_refused(hub, tmp_path, name):
    wrong = bytearray(FILES[name])
    wrong[3] ^= 1
    hub.serve_instead[name] = bytes(wrong)
    with pytest.raises(WeightsError, match="promised"):
        store.pull("musicgen-small", tmp_path)
    assert not (tmp_path / "musicgen-small" / name).exists()
    assert store.manifest("musicgen-small", tmp_path) is None


def test_shards_are_taken_where_there_is_no_single_file(hub, tmp_path):
    del hub.files["model.safetensors"]
    hub.files |= {"model-00001-of-00002.safetensors": b"one", "model-00002-of-00002.safetensors": b"two"}
    names = set(files_of(store.pull("musicgen-large", tmp_path)))
    assert {"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"} <= names
    assert "pytorch_model.bin" not in names and "model-fp16-00001-of-00002.safetensors" not in names


def test_a_pickle_alone_is_refused(hub, tmp_path):
    hub.files.pop("model.safetensors")
    with pytest.raises(WeightsError, match="safetensors"):
        store.pull("musicgen-small", tmp_path)


def test_single_addresses_are_checked_by_how_their_sha256_begins(hub, tmp_path, monkeypatch):
    begins = hashlib.sha256(LARGE).hexdigest()[:8]
    for name, promise in {"good": begins, "bad": "00000000"}.items():
        source = Source(
            name, "", "MIT", 0.1, files=((f"{hub.url}/resolve/abc123/model.safetensors", promise),)
        )
        monkeypatch.setitem(CATALOGUE, name, source)
    assert files_of(store.pull("good", tmp_path)) == {"model.safetensors": LARGE}
    with pytest.raises(WeightsError, match="checksum"):
        store.pull("bad", tmp_path)


def test_without_a_network_the_error_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # no server listens there
    done = CliRunner().invoke(app, ["weights", "pull", "clip", "--weights-dir", str(tmp_path)])
    assert isinstance(done.exception, WeightsError)
    assert done.exception.exit_code == 4 and "dyvim weights pull clip" in done.exception.hint
    assert "commercially" not in done.stderr  # MIT: nothing to warn of


def test_offline_fetches_nothing(hub, tmp_path):
    ask = ["weights", "pull", "musicgen-small", "--weights-dir", str(tmp_path), "--offline"]
    assert isinstance(CliRunner().invoke(app, ask).exception, WeightsError)
    assert hub.asked == []
    store.pull("musicgen-small", tmp_path)
    hub.asked.clear()
    assert CliRunner().invoke(app, ask).exit_code == 0 and hub.asked == []


def test_list_path_verify_and_rm(hub, tmp_path):
    run, at = CliRunner(), ["--weights-dir", str(tmp_path)]
    store.pull("musicgen-small", tmp_path)
    rows = [
        json.loads(line) for line in run.invoke(app, ["weights", "list", "--json", *at]).stdout.splitlines()
    ]
    by_name = {row["name"]: row for row in rows}
    assert set(by_name) == set(CATALOGUE)
    assert by_name["musicgen-small"]["bytes"] == sum(len(FILES[name]) for name in TAKEN)
    assert (
        by_name["musicgen-large"]["bytes"] is None and by_name["musicgen-large"]["licence"] == "CC-BY-NC-4.0"
    )
    assert run.invoke(app, ["weights", "path", "musicgen-small", *at]).stdout.strip() == str(
        tmp_path / "musicgen-small"
    )
    assert "ok    musicgen-small" in run.invoke(app, ["weights", "verify", *at]).stdout
    assert run.invoke(app, ["weights", "rm", "musicgen-small", *at]).exit_code == 0
    assert not (tmp_path / "musicgen-small").exists()
    assert isinstance(run.invoke(app, ["weights", "path", "musicgen-small", *at]).exception, WeightsError)
    assert isinstance(run.invoke(app, ["weights", "pull", "musicgen-tiny", *at]).exception, UsageError)


def test_a_checkpoint_that_was_copied_there_is_used_and_checked_by_a_pull(hub, tmp_path):
    """On a machine without the hub weights come by other means; half of them are none."""
    run, at = CliRunner(), ["--weights-dir", str(tmp_path)]
    folder = tmp_path / "musicgen-small"
    folder.mkdir()
    (folder / "config.json").write_bytes(FILES["config.json"])
    with pytest.raises(WeightsError, match="not here"):
        store.find("musicgen-small", tmp_path)
    shards = {letter: f"model-0000{i}-of-00002.safetensors" for i, letter in enumerate("ab", 1)}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": shards}))
    (folder / "model-00001-of-00002.safetensors").write_bytes(b"one")
    with pytest.raises(WeightsError, match="not here"):
        store.find("musicgen-small", tmp_path)
    (folder / "model-00002-of-00002.safetensors").write_bytes(b"two")
    assert store.find("musicgen-small", tmp_path) == folder
    for name in folder.glob("model*"):
        name.unlink()
    (folder / "model.safetensors").write_bytes(LARGE)
    assert run.invoke(app, ["weights", "path", "musicgen-small", *at]).stdout.strip() == str(folder)
    assert "here, unchecked" in run.invoke(app, ["weights", "list", *at]).stdout
    unknown = run.invoke(app, ["weights", "verify", *at])
    assert isinstance(unknown.exception, WeightsError) and "no checksums" in unknown.exception.message
    hub.asked.clear()
    store.pull("musicgen-small", tmp_path)
    assert [name for name, _ in hub.asked] == ["tokenizer.json"]  # the rest is what the hub promises
    store.verify("musicgen-small", tmp_path)


def test_verify_looks_at_all_before_it_complains(hub, tmp_path):
    for name in ("musicgen-small", "musicgen-medium", "clip"):
        store.pull(name, tmp_path)
    (tmp_path / "musicgen-large").mkdir()  # a pull that never got anything
    for name in ("musicgen-small", "clip"):
        (tmp_path / name / "config.json").write_bytes(b"changed")
    done = CliRunner().invoke(app, ["weights", "verify", "--weights-dir", str(tmp_path)])
    assert "ok    musicgen-medium" in done.stdout
    assert "musicgen-small" in done.stderr and "dyvim weights pull musicgen-small" in done.stderr
    assert isinstance(done.exception, WeightsError) and "clip" in done.exception.message


@pytest.mark.parametrize("verb", ["prepare", "tune", "compare"])
def test_learning_from_a_backbone_says_its_licence_too(tmp_path, verb, monkeypatch):
    monkeypatch.setenv("DYVIM_OFFLINE", "1")
    monkeypatch.setenv("DYVIM_WEIGHTS_DIR", str(tmp_path / "weights"))
    ask = ["train", verb, str(tmp_path), "-o", str(tmp_path / "out"), "--backbone", "musicgen-small"]
    done = CliRunner().invoke(app, ask)
    assert isinstance(done.exception, WeightsError) and "CC-BY-NC-4.0" in done.stderr


def test_a_full_disk_and_a_folder_that_cannot_be_made(hub, tmp_path, monkeypatch):
    monkeypatch.setattr(download.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 10})())
    with pytest.raises(EnvironmentFault, match="free"):
        store.pull("musicgen-small", tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(EnvironmentFault, match="cannot be made"):
        store.pull("musicgen-small", tmp_path / "file")


def test_a_pulled_clip_is_what_vision_sees_with(hub, tmp_path, monkeypatch):
    from dyvim_cli.vision.settings import clip_folder

    monkeypatch.setenv("DYVIM_WEIGHTS_DIR", str(tmp_path))
    monkeypatch.setenv("DYVIM_CLIP", "clip")
    with pytest.raises(WeightsError) as error:
        clip_folder()
    assert error.value.hint == "dyvim weights pull clip"
    assert store.pull("clip") == clip_folder() == tmp_path / "clip"
    (own := tmp_path / "own").mkdir()
    (own / "config.json").write_text('{"model_type": "clip"}', encoding="utf-8")
    (own / "model.safetensors").touch()
    monkeypatch.setenv("DYVIM_CLIP", str(own))
    assert clip_folder() == own


def test_doctor_lists_what_was_pulled_and_warns_of_what_is_torn(hub, tmp_path, monkeypatch):
    from dyvim_cli.cli.verbs import doctor

    monkeypatch.setenv("DYVIM_WEIGHTS_DIR", str(tmp_path))
    monkeypatch.setattr(doctor, "CHECKS", {"pulled": doctor.CHECKS["pulled"]})
    run = CliRunner()
    assert "no further weights" in run.invoke(app, ["doctor"]).stdout
    weights = store.pull("musicgen-small") / "model.safetensors"
    told = run.invoke(app, ["doctor"]).stdout
    assert told.startswith("ok") and "musicgen-small" in told and "CC-BY-NC-4.0" in told
    weights.write_bytes(LARGE[:-1])
    torn = run.invoke(app, ["doctor"])
    assert torn.exit_code == 0 and "warn  pulled" in torn.stdout
    assert "dyvim weights pull musicgen-small" in torn.stdout

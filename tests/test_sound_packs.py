"""Packs of sounds: pulled with their licence, resumed, checked, played by name, removed."""

import hashlib
import json

import pytest
from helpers.synthetic_fonts import STARTED, font
from helpers.weights_server import serve
from typer.testing import CliRunner

from dyvim_cli.cli.main import app
from dyvim_cli.cli.options.groups import Composing
from dyvim_cli.errors import UsageError, WeightsError
from dyvim_cli.hub import download, store
from dyvim_cli.hub.catalogue import SOUNDS, Source
from dyvim_cli.hub.shelf import PACKS
from tools.soundfont_writer import to_bytes


@pytest.fixture
def pack(monkeypatch, tmp_path):
    """A server with one small pack in the catalogue, and the folder that packs go to."""
    monkeypatch.setattr(download, "ATTEMPTS", 1)
    monkeypatch.setenv("DYVIM_SOUNDS_DIR", str(tmp_path))
    data = to_bytes(font({"Only One": STARTED}))
    with serve({"band.sf2": data}) as hub:
        files = ((f"{hub.url}/resolve/abc123/band.sf2", hashlib.sha256(data).hexdigest()),)
        monkeypatch.setitem(SOUNDS, "band", Source("band", "a band", "CC0-1.0", 0.001, files=files))
        yield hub


def run(*words):
    return CliRunner().invoke(app, ["sounds", *words])


def rows():
    return {row["name"]: row for row in map(json.loads, run("list", "--json").stdout.splitlines())}


def test_a_pack_is_listed_pulled_found_played_and_removed(pack, tmp_path):
    assert rows()["band"]["bytes"] is None and rows()["band"]["licence"] == "CC0-1.0"
    done = run("pull", "band")
    assert done.exit_code == 0 and "CC0-1.0" in done.stderr
    font = tmp_path / "band" / "band.sf2"
    assert done.stdout.strip() == str(font) == run("path", "band").stdout.strip()
    assert rows()["band"]["bytes"] == font.stat().st_size == len(pack.files["band.sf2"])
    facts = store.manifest("band", None, PACKS)
    assert facts["licence"] == "CC0-1.0" and facts["source"].endswith("band.sf2")
    assert run("verify", "band").stdout.startswith("ok")
    assert Composing(soundfont="band").options().soundfont == str(font)
    assert run("rm", "band").exit_code == 0 and not font.exists()
    fault = run("rm", "band").exception
    assert isinstance(fault, WeightsError) and "are not here" in fault.message
    assert fault.hint == "dyvim sounds list says what is here"
    with pytest.raises(WeightsError) as error:
        Composing(soundfont="band").options()
    assert error.value.hint == "dyvim sounds pull band"
    for verb in (["render", "a.mid", "-o", "a.wav"], ["rescore", "new.mp4", "--from", "old.mp4"]):
        fault = CliRunner().invoke(app, [*verb, "--soundfont", "band"]).exception
        assert isinstance(fault, WeightsError) and fault.hint == "dyvim sounds pull band"


def test_a_broken_pull_goes_on_where_it_stopped(pack, tmp_path):
    pack.break_after = 1000
    assert isinstance(run("pull", "band").exception, WeightsError)
    there = (tmp_path / "band" / "band.sf2.part").stat().st_size
    assert 0 < there <= 1000 and isinstance(run("path", "band").exception, WeightsError)
    assert run("pull", "band").exit_code == 0
    assert pack.asked[-1] == ("band.sf2", f"bytes={there}-")
    assert (tmp_path / "band" / "band.sf2").read_bytes() == pack.files["band.sf2"]


def test_other_bytes_than_promised_and_later_damage_are_told(pack, tmp_path):
    pack.serve_instead["band.sf2"] = pack.files["band.sf2"][:-1] + b"?"
    assert "checksum" in run("pull", "band").exception.message
    pack.serve_instead.clear()
    run("pull", "band")
    font = tmp_path / "band" / "band.sf2"
    font.write_bytes(font.read_bytes()[:-1] + b"?")
    fault = run("verify", "band").exception
    assert isinstance(fault, WeightsError) and fault.hint.startswith("dyvim sounds pull band")


def test_offline_asks_nobody_and_unknown_names_say_where_the_list_is(pack):
    assert isinstance(run("pull", "band", "--offline").exception, WeightsError) and pack.asked == []
    for name, hint in (("bend", "band? dyvim sounds list"), ("xylophones", "dyvim sounds list")):
        fault = run("pull", name).exception
        assert isinstance(fault, UsageError) and fault.hint == hint


def test_every_pack_says_licence_and_whole_checksum():
    for source in SOUNDS.values():
        assert source.is_commercial and all(len(digest) == 64 for _, digest in source.files)

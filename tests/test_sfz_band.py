"""SFZ behind --soundfont: which program a file plays, folders, map files, the command line, caches."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from conftest import MOVING, STILL, cut_film
from helpers.sfz_files import HZ, RATE, hertz, sine, written
from typer.testing import CliRunner

from dyvim_cli.batch.fingerprint import settings_digest
from dyvim_cli.cli.main import app
from dyvim_cli.desk.kept_mastering import name_of_sound
from dyvim_cli.desk.like import soundfont_again
from dyvim_cli.desk.scored_tag import soundfont_text
from dyvim_cli.errors import InputError, UsageError
from dyvim_cli.music.synth.orchestra import Orchestra, opened
from dyvim_cli.music.synth.sampler import DRUM_BANK
from dyvim_cli.music.synth.sfz.naming import DRUMS, programs_named
from dyvim_cli.options import ComposeOptions, Delivery
from dyvim_cli.types import Note, Stem


def instrument(path: Path, hz: float = HZ, text: str = "") -> Path:
    """An SFZ file with a sine of its own beside it."""
    sine(path.parent / "samples" / f"{path.stem}.wav", hz=hz)
    return written(path, f"{text}<region> sample=samples/{path.stem}.wav")


@pytest.mark.parametrize(
    ("name", "program"),
    [
        ("Salamander Grand Piano V3", 0), ("UprightPiano", 0), ("ViolinEnsSusVib", 40),
        ("SViolin-KS", 40), ("CelloEnsPizz", 42), ("ContrabassSusNV", 43), ("FHornSus", 60),
        ("Tuba-KS", 58), ("BassoonSus", 70),
        ("Bass Clarinet", 71), ("English Horn", 69), ("GM-StylePerc", DRUMS), ("Virtuosity_drums", DRUMS),
        ("Steel Drums", 114), ("Electric Piano", 4), ("jRhodes3d", 4), ("E-Guitar clean", 27),
        ("upright_bass", 32), ("FingerBass", 33), ("all-strings-SEC-sustain", 48), ("1st-violin-SOLO", 40),
        ("harp", 46), ("Harpsichord", 6), ("TubularBells", 14), ("073 My thing", 73),
        ("128 My thing", None), ("crystal", 98), ("Untitled", None),
        ("", None), ("Pipe Organ", 19), ("TrumpetHarmonMuteSus", 59), ("choir-female", 52),
    ],
)  # fmt: skip
def test_a_name_tells_the_program(name, program):
    assert programs_named(name)[:1] == (() if program is None else (program,))


def test_one_file_plays_its_program_and_ours_the_rest(tmp_path):
    path = instrument(tmp_path / "My Cello.sfz")
    notes = (Note(0.2, 0.9, 60, 100),)
    orchestra = Orchestra(path)
    cello, flute = Stem("tune", 42, False, notes), Stem("pad", 73, False, notes)
    assert orchestra.notes([cello, flute]) == [
        "My Cello.sfz has no program 73 (Flute): the shipped instrument plays it"
    ]
    sound = np.concatenate(list(orchestra.blocks(cello, 2 * RATE, RATE)), axis=1)
    assert abs(hertz(sound, 0.3, 0.8) - HZ) < 1
    (kit,) = opened(instrument(tmp_path / "Red Kit.sfz")).presets
    assert (kit.bank, kit.program) == (DRUM_BANK, 0)


def test_labels_or_the_folder_tell_where_the_name_does_not(tmp_path):
    labelled = instrument(tmp_path / "x1.sfz", text="<global> global_label=Solo Oboe ")
    assert [one.program for one in opened(labelled).presets] == [68]
    assert [one.program for one in opened(instrument(tmp_path / "Harp" / "x1.sfz")).presets] == [46]
    silent = instrument(tmp_path / "abc" / "x1.sfz")
    with pytest.raises(InputError, match=r"x1\.sfz: its name does not tell") as error:
        opened(silent)
    assert "040 Name.sfz" in error.value.hint and "band.toml" in error.value.hint


def test_a_folder_of_files(tmp_path):
    """Of several violins the plain one plays, numbers go before words, strange names stay silent."""
    for name in ("ViolinPizz", "Violin-sus", "Deep/Violin", "042 Strange", "Cello", "Untitled", "Kit"):
        instrument(tmp_path / "lib" / f"{name}.sfz")
    font = opened(tmp_path / "lib")
    names = {(one.bank, one.program): one.name.decode() for one in font.presets}
    assert names == {(0, 40): "Violin-sus", (0, 42): "042 Strange", (DRUM_BANK, 0): "Kit"}
    assert font.notes == ("lib: 3 of its 7 .sfz files play, one an instrument; a .toml file chooses others",)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"empty holds no \.sfz file"):
        opened(tmp_path / "empty")
    instrument(tmp_path / "odd" / "Untitled.sfz")
    with pytest.raises(InputError, match="odd has only .sfz files whose names tell no instrument"):
        opened(tmp_path / "odd")


def test_a_map_file(tmp_path):
    instrument(tmp_path / "in here" / "a.sfz")
    instrument(tmp_path / "b.sfz", 2 * HZ)
    path = written(
        tmp_path / "band.toml", '"40" = "in here/a.sfz"\n41 = "B.SFZ"\ndrums = "b.sfz"\npiano = "b.sfz"'
    )
    font = opened(path)
    found = [(one.bank, one.program, one.name.decode()) for one in font.presets]
    assert found == [(0, 40, "a"), (0, 41, "b"), (DRUM_BANK, 0, "b"), (0, 0, "b"), (0, 1, "b")]
    assert path in font.files and len(font.files) == 5
    sound = Orchestra(path).blocks(Stem("v", 41, False, (Note(0.2, 0.9, 60, 99),)), RATE, RATE)
    assert abs(hertz(next(sound), 0.3, 0.8) - 2 * HZ) < 2


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("violin = ", "not TOML"), ("", "assigns nothing"), ('128 = "b.sfz"', "'128' is no instrument"),
        ('zither9 = "b.sfz"', "'zither9' is no instrument"), ('0 = "gone.sfz"', "no .sfz file"),
        ("0 = 4", "no .sfz file"), ('0 = "band.toml"', "no .sfz file"), ('[0]\na = "b.sfz"', "no .sfz file"),
    ],
)  # fmt: skip
def test_a_map_file_that_makes_no_sense(tmp_path, text, why):
    instrument(tmp_path / "b.sfz")
    with pytest.raises(InputError, match=why) as error:
        opened(written(tmp_path / "band.toml", text))
    assert "band.toml" in error.value.message and 'drums = "Kit.sfz"' in error.value.hint


def test_every_file_of_an_instrument_is_part_of_a_results_key(tmp_path, score):
    """The text, what it includes, its samples: a change of one makes another result."""
    path = instrument(tmp_path / "Piano.sfz", text='#include "more.txt"\n')
    more = written(tmp_path / "more.txt", "<global> volume=1")
    tone, delivery = tmp_path / "samples" / "Piano.wav", Delivery(tmp_path / "film.mp4")
    alive = []  # what is gone may have its id taken

    def keys() -> tuple[str, str, int]:
        settings = settings_digest(ComposeOptions(soundfont=str(path)), delivery)
        alive.append(opened(path))
        return settings, name_of_sound(score, RATE, str(path)), id(alive[-1])

    first = keys()
    assert keys() == first
    seen = [first]
    for change in (
        lambda: written(more, "<global> volume=2"),
        lambda: path.write_text(path.read_text() + " tune=3"),
        lambda: sine(tone, seconds=1.5),
        lambda: os.utime(tone, ns=(0, 1_000_000_000)),
    ):
        change()
        seen.append(keys())
    for each in zip(*seen, strict=True):
        assert len(set(each)) == len(seen)
    unrelated = tmp_path / "samples" / "other.wav"
    sine(unrelated)
    assert keys() == seen[-1]


@pytest.fixture(scope="module")
def score():
    from helpers.songs import played

    return played("pop", 1)


def run(*words: object):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def short_film(tmp_path_factory) -> Path:
    """Two seconds with one cut."""
    return cut_film(tmp_path_factory.mktemp("short") / "short.mp4", MOVING, STILL, seconds=1)


def test_on_the_command_line(short_film, tmp_path):
    """generate and render play it and say what it lacks; what is missing is said before the work."""
    path = instrument(tmp_path / "Grand Piano.sfz", text="<global> eq1_gain=3 ")
    midi = tmp_path / "a.mid"
    asked = ["generate", short_film, "--json", "--candidates", "1", "--style", "acoustic", "--seed", "1"]
    made = run(*asked, "--soundfont", path, "-o", tmp_path / "a.wav", "--midi", midi)
    assert made.exit_code == 0, made.stderr
    rendered = run("render", midi, "-o", tmp_path / "b.wav", "--soundfont", path, "--json")
    assert rendered.exit_code == 0, rendered.stderr
    for done in (made, rendered):
        said = json.loads(done.stdout.splitlines()[-1])["warnings"]
        assert any("Grand Piano.sfz has no" in one for one in said)
        assert sum("Grand Piano.sfz plays without eq1_gain" in one for one in said) == 1
    (tmp_path / "samples" / "Grand Piano.wav").unlink()
    for words in (asked, ["render", midi]):
        refused = run(*words, "--soundfont", path, "-o", tmp_path / "c.wav")
        assert refused.exception.exit_code == 3
        assert f"{path}, line 1: no such sample: samples/Grand Piano.wav" in refused.exception.message
        assert not (tmp_path / "c.wav").exists()


def test_a_batch_makes_a_film_again_when_a_sample_changes(short_film, tmp_path):
    drums = instrument(tmp_path / "band" / "Drums.sfz")
    words = ["batch", short_film, "-o", f"{tmp_path}/out/", "--soundfont", drums.parent, "--candidates", "1"]

    def status() -> str:
        told = run(*words, "--dry-run", "--json")
        assert told.exit_code == 0, told.stderr
        return json.loads(told.stdout.splitlines()[-1])["status"]

    assert status() == "todo"
    done = run(*words, "--jobs", "1")
    assert done.exit_code == 0, done.stderr
    kept = status()
    sine(drums.parent / "samples" / "Drums.wav", seconds=0.7)
    assert (kept, status()) == ("done", "todo")


def test_a_scored_film_finds_its_instruments_again(tmp_path, monkeypatch):
    """The tag of a film has the name alone: a file or folder of that name nearby is meant."""
    for name in ("My Band.sfz", "my.toml", "Some Folder/x.sfz"):
        written(tmp_path / name, "")
    monkeypatch.chdir(tmp_path)
    for name in ("My Band.sfz", "my.toml", "Some Folder"):
        made = {"soundfont": soundfont_text(Path(name)), "piece": ""}
        assert soundfont_again(made, tmp_path / "film.mp4") == str(tmp_path / name)
    with pytest.raises(UsageError):
        soundfont_again({"soundfont": "[M]y_Band.sfz", "piece": ""}, tmp_path / "film.mp4")

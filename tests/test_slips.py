"""Slips of the command line: a wrong name replaces no file, and what to try can be pasted into a shell."""

import ast
import json
import re
import shlex
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import ROOT, dyvim

from dyvim_cli.batch.selection import SelectedFilm
from dyvim_cli.batch.tasks import journal_place, task_of
from dyvim_cli.cli.options.players import parse_instruments
from dyvim_cli.cli.show.console import summary
from dyvim_cli.desk.plan_file import plan_text
from dyvim_cli.desk.read_plan import read_plan
from dyvim_cli.errors import ExitCode, InputError, OutputError, UsageError, quoted
from dyvim_cli.extras import check_extras
from dyvim_cli.film_plan import FilmPlan, PlannedSection
from dyvim_cli.generation import generate
from dyvim_cli.job_checks import checked_film
from dyvim_cli.media.cut import plan_cut
from dyvim_cli.media.output import check_output
from dyvim_cli.media.probe import probe
from dyvim_cli.media.stills import extract_stills
from dyvim_cli.music.symbols.instruments import player_named
from dyvim_cli.options import ComposeOptions, Delivery
from dyvim_cli.rendering import render
from dyvim_cli.takes import deliveries
from dyvim_cli.types import Key

PLAN = FilmPlan(
    60.0, "rock", Key(2, False), 110.0, 0.0, 0.2, 0.5, 1, (),
    (PlannedSection(0.0, "theme", 0, 0.0, 0.2, ("melody", "bass")),),
)  # fmt: skip
# a command, at the beginning of a text or of a part of it, and a value in it: `mkdir -p \0`, `-o \0`
COMMAND = r"dyvim [a-z-]+|ffmpeg|mkdir|chmod|rm|file|mkvmerge"
WITH_VALUE = re.compile(rf"(?:^|[:;] |or )(?:(?:{COMMAND}) (?:[^`,;:\x01]* )?\x00|-o \x00(?:$|,))|-o \x00$")


def said(done, code):
    """The two lines of a refusal."""
    assert done.returncode == code and done.stdout == "", done.stderr
    what, way_out = done.stderr.splitlines()
    return what, way_out


@pytest.fixture(scope="module")
def folder(film, tmp_path_factory):
    """A folder whose name has a space, with two films."""
    place = tmp_path_factory.mktemp("slips") / "my films"
    place.mkdir()
    for name in ("a.mp4", "b.mp4"):
        shutil.copy(film, place / name)
    return place


@pytest.mark.parametrize("verb", ["score", "evaluate", "batch", "plot"])
def test_no_page_and_no_plot_replaces_a_film(folder, verb):
    other, before = folder / "b.mp4", (folder / "b.mp4").read_bytes()
    option = "--plot" if verb == "plot" else "--report"
    done = dyvim("evaluate" if verb == "plot" else verb, folder / "a.mp4", option, other, cwd=folder)
    what, way_out = said(done, ExitCode.USAGE)
    assert str(other) in what and (".png" if verb == "plot" else ".html") in way_out
    assert other.read_bytes() == before and len(list(folder.iterdir())) == 2


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"midi": "a.wav"}, "a.wav: not the name of a MIDI file"),
        ({"music": "stems/melody.wav", "stems": "stems"}, "melody.wav is the name of a stem"),
        ({"music": "stems/x/../drums-jazz.wav", "stems": "stems/"}, "drums-jazz.wav is the name of a stem"),
        ({"music": "m.wav", "stems": "m.wav"}, "m.wav is asked for twice"),
        ({"music": "x/../m.wav", "midi": "m.wav"}, "m.wav is asked for twice"),
    ],
)
def test_each_file_has_a_name_of_its_own_and_of_its_kind(tmp_path, wrong, words):
    (tmp_path / "stems" / "x").mkdir(parents=True)
    (tmp_path / "x").mkdir()
    with pytest.raises(UsageError, match=re.escape(words)):
        check_extras(Delivery(**{name: tmp_path / path for name, path in wrong.items()}), None)
    check_extras(Delivery(music=tmp_path / "stems" / "song.wav", stems=tmp_path / "stems"), None)


def test_a_music_of_no_length_is_refused_unwritten(tmp_path):
    with pytest.raises(UsageError, match="--length 0"):
        render(tmp_path / "none.mid", Delivery(music=tmp_path / "a.wav"), length_s=0.0)
    assert list(tmp_path.iterdir()) == []


def test_frames_are_only_taken_from_parts_with_pictures(film, tmp_path):
    with pytest.raises(UsageError, match=r"no picture of .* lies between 99 s and 6\.4 s"):
        extract_stills(probe(film), tmp_path / "frames", start_s=99.0)
    with pytest.raises(UsageError, match=r"between 1\.01 s and 1\.02 s"):
        extract_stills(probe(film), tmp_path / "frames", start_s=1.01, end_s=1.02)
    with pytest.raises(UsageError, match="no key frame"):
        extract_stills(probe(film), tmp_path / "frames", start_s=0.2, end_s=0.3, key_only=True)
    assert not (tmp_path / "frames").exists()
    extract_stills(probe(film), tmp_path / "one", start_s=1.0, end_s=1.04)
    assert len(list((tmp_path / "one").glob("*.jpg"))) == 1


def test_an_end_before_the_start_is_called_so(film):
    with pytest.raises(UsageError, match="nothing lies between 5 s and 3 s"):
        plan_cut(probe(film), 5.0, 3.0)
    with pytest.raises(UsageError, match="fewer than two pictures"):
        plan_cut(probe(film), 99.0, None)


def test_a_plan_for_another_film_is_refused_before_the_film_is_watched(film, tmp_path):
    (tmp_path / "film.toml").write_text(plan_text(PLAN, "film.mp4"))
    done = dyvim("score", film, "--plan", tmp_path / "film.toml", "--dry-run")
    assert "film.toml, line" in said(done, ExitCode.USAGE)[0] and "60 s" in done.stderr
    with pytest.raises(UsageError, match="this one lasts 4.000 s"):
        checked_film(film, ComposeOptions(plan=PLAN), Delivery(output=tmp_path / "a.mp4", end_s=4.0))


def test_takes_say_what_contradicts_them_and_a_dry_run_names_them(film, tmp_path):
    with pytest.raises(UsageError) as fault:
        deliveries(film, ComposeOptions(plan=PLAN), Delivery(), 2)
    assert "--plan and --like" in fault.value.hint
    done = dyvim("score", film, "--takes", 2, "-o", tmp_path / "a.mp4", "--dry-run", "--json")
    names = [str(tmp_path / f"a.take{number}.mp4") for number in (1, 2)]
    assert json.loads(done.stdout)["outputs"] == names and not list(tmp_path.iterdir())
    (tmp_path / "a.take2.mp4").touch()
    what, _ = said(dyvim("score", film, "--takes", 2, "-o", tmp_path / "a.mp4", "--dry-run"), ExitCode.OUTPUT)
    assert "a.take2.mp4 exists already" in what


@pytest.mark.parametrize(
    ("words", "error", "hint"),
    [
        (["score", "a.mp4", "--alpha", "2"], "more than 1", "0 to 1; dyvim score --help"),
        (["score", "a.mp4", "--takes", "x"], "not a whole number", "1 to 16; dyvim score --help"),
        (["score", "a.mp4", "--seed", "-1"], "less than 0", "0 or more; dyvim score --help"),
        (["score", "a.mp4", "--mute"], "requires an argument", "dyvim score --help"),
        (["cache", "clean", "--keep-mb"], "requires an argument", "dyvim cache clean --help"),
        (["score", "a.mp4", "--instrument", "drums=cello"], "names no drum kit", "--instrument drums="),
        (["score", "a.mp4", "--instrument", "impact=cello"], "as the music is rendered", "leave it as it is"),
        (["score", "a.mp4", "--mute", "melody,bass,drums,pad,arp,accent"], "no part that plays", "leave one"),
        (["styles", "polka"], "too many words: polka", "dyvim styles --help"),
        (["train", "tune", "no pairs", "-o", "x"], "no such folder: no pairs", "check the path"),
        (["score", "a.mp4", "--adapter", "q"], "--adapter: no such file or folder: q", "check the path"),
    ],
)
def test_a_wrong_value_is_answered_with_what_is_allowed(words, error, hint):
    what, way_out = said(dyvim(*words), ExitCode.USAGE)
    assert what.endswith(error) and way_out.startswith(f"try: {hint}")


def test_a_batch_takes_a_name_without_an_ending_for_a_folder(folder, tmp_path):
    film = SelectedFilm(folder / "a.mp4", Path("a.mp4"))
    for wanted in ("out", "out/"):
        task = task_of(film, ComposeOptions(), Delivery(output=f"{tmp_path}/{wanted}"))
        assert task.output == tmp_path / "out" / "a.dyvim.mp4"
        assert journal_place(f"{tmp_path}/{wanted}", [film]).parent == tmp_path / "out"
    for wanted in ("out.mp4", "{stem}", "{stem}.mp4"):
        task = task_of(film, ComposeOptions(), Delivery(output=f"{tmp_path}/{wanted}"))
        assert (
            task.output.parent == tmp_path
            and journal_place(f"{tmp_path}/{wanted}", [film]).parent == tmp_path
        )


def test_drums_are_played_by_kits():
    assert parse_instruments(["drums=jazz,melody=jazz guitar"]) == (("drums", 32), ("melody", 26))
    assert parse_instruments(["drums=Brush Kit", "drums=808"]) == (("drums", 40), ("drums", 25))
    assert player_named("drums", "17") == 17 and player_named("drums", "cello") is None


def test_a_plan_names_kits_as_it_reads_them(tmp_path):
    for players in ((("drums", 32), ("melody", 42)), (("drums", 17),)):
        (tmp_path / "film.toml").write_text(plan_text(replace(PLAN, instruments=players), "film.mp4"))
        assert read_plan(tmp_path / "film.toml").instruments == players
    (tmp_path / "film.toml").write_text((tmp_path / "film.toml").read_text().replace("17", '"cello"'))
    with pytest.raises(UsageError, match="names no drum kit"):
        read_plan(tmp_path / "film.toml")


def test_a_summary_says_of_how_many_cuts_the_music_met():
    hits = [
        {"kind": "cut", "on_beat": False, "music_s": 1.0},
        {"kind": "cut", "on_beat": True, "music_s": 2.0},
    ]
    facts = {"style": "pop", "key": "C", "tempo_bpm": 100.0, "alpha": 0.5, "seed": 1}
    assert ", 2 of 2 cuts met by a note, 1 on a beat" in summary(facts | {"hits": hits})
    missed = [{**hits[0], "music_s": None}, hits[1]]
    assert ", 1 of 2 cuts met by a note, 1 on a beat, 1 of 2 events not met" in summary(
        facts | {"hits": missed}
    )


@pytest.mark.skipif(sys.platform == "win32", reason="quotes of another shell")
def test_commands_that_are_to_be_tried_quote_their_paths(folder, tmp_path):
    place = tmp_path / "not here"
    with pytest.raises(OutputError) as fault:
        check_output(place / "film.mp4")
    assert shlex.split(fault.value.hint) == ["mkdir", "-p", str(place)]
    with pytest.raises(InputError) as refused:
        probe(folder)
    assert shlex.quote(str(folder)) in refused.value.hint
    assert quoted(Path("a b.mp4")) == "'a b.mp4'" and quoted("ab.mp4") == "ab.mp4"


def test_what_the_music_is_made_from_is_never_replaced(film, tmp_path):
    scored, marks, cut = tmp_path / "cut.dyvim.mp4", tmp_path / "marks.mid", tmp_path / "cut.mp4"
    shutil.copy(film, cut)
    made = ("--markers-out", marks, "--candidates", 1, "-o", scored)
    assert dyvim("score", cut, *made).returncode == ExitCode.OK
    before = scored.read_bytes(), marks.read_bytes()
    for words in (
        ("rescore", cut, "--from", scored, "-y"),  # by its usual name
        ("score", cut, "--like", scored, "-y", "-o", tmp_path / "." / "cut.dyvim.mp4"),
        ("score", cut, "--markers", marks, "-y", "-o", tmp_path / "a.mp4", "--midi", marks),
    ):
        what, _ = said(dyvim(*words), ExitCode.OUTPUT)
        assert "is the input itself" in what
    assert (scored.read_bytes(), marks.read_bytes()) == before and not (tmp_path / "a.mp4").exists()


def test_a_record_of_a_batch_is_appended_to_no_other_file(folder, tmp_path):
    other, before = folder / "b.mp4", (folder / "b.mp4").read_bytes()
    done = dyvim("batch", folder / "a.mp4", "-o", tmp_path, "--journal", other)
    assert done.returncode == ExitCode.OUTPUT and f"error: {other} is no record of a batch\n" in done.stderr
    assert other.read_bytes() == before and not list(tmp_path.iterdir())


def test_a_plan_replaces_no_markers(film, tmp_path):
    marks = tmp_path / "marks.csv"
    marks.write_text("time,name\n1.0,hit\n")
    what, _ = said(dyvim("plan", film, "--markers", marks, "-o", marks, "-y"), ExitCode.OUTPUT)
    assert "is the input itself" in what and marks.read_text().startswith("time,name")


def test_the_description_of_features_points_to_them(tmp_path):
    with pytest.raises(InputError) as fault:
        generate(tmp_path / "a b.mp4.features.json", ComposeOptions(), Delivery(music=tmp_path / "m.wav"))
    assert quoted(tmp_path / "a b.mp4.features.safetensors") in fault.value.hint


def test_shells_complete_what_can_be_pulled():
    for shelf, begun, name in (("sounds", "mus", "musescore-general"), ("weights", "cl", "clip")):
        asked = {"COMP_WORDS": f"dyvim {shelf} pull {begun}", "COMP_CWORD": "3"}
        done = dyvim(_DYVIM_COMPLETE="complete_bash", **asked)
        assert name in done.stdout.splitlines(), done.stderr


def unquoted_commands(source: str) -> list[str]:
    """Texts in which a command is followed by a value that is not quoted for a shell."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            parts = [_shown(part) for part in node.values]
            if WITH_VALUE.search(text := "".join(parts)):
                found.append(text)
    return found


def _shown(part: ast.expr) -> str:
    """A constant as it is, a quoted value as \\1, any other as \\0."""
    if isinstance(part, ast.Constant):
        return str(part.value)
    value = part.value if isinstance(part, ast.FormattedValue) else part
    return "\x01" if isinstance(value, ast.Call) and ast.unparse(value.func) == "quoted" else "\x00"


def test_no_hint_puts_a_bare_path_into_a_command():
    assert unquoted_commands('f"mkdir -p {x}"') and unquoted_commands('f"try: dyvim batch {x}"')
    assert unquoted_commands('f"ffmpeg -i {x} -c copy y.mp4"') and not unquoted_commands('f"rm {quoted(x)}"')
    files = [path for path in (ROOT / "dyvim_cli").rglob("*.py") if "stylebook" not in path.parts]
    bare = {path.name: texts for path in files if (texts := unquoted_commands(path.read_text()))}
    assert len(files) > 100 and bare == {}


def test_a_missing_soundfont_is_called_missing(film, tmp_path):
    done = dyvim("score", film, "--soundfont", tmp_path / "none.sf2", "-o", tmp_path / "scored.mp4")
    assert said(done, ExitCode.INPUT) == (
        f"error: no such soundfont: {tmp_path / 'none.sf2'}", "try: check the path; quote names with spaces"
    )  # fmt: skip
    assert not list(tmp_path.iterdir())


def test_small_limits_are_said_in_numbers_that_are_not_nought(film):
    what, _ = said(dyvim("score", film, "--max-pixels", "100"), ExitCode.INPUT)
    assert re.search(r"are 0\.0\d+ million pixels, the limit is 0\.0001 million", what)


def test_a_folder_is_no_shard(tmp_path):
    what, _ = said(dyvim("train", "render", tmp_path, "-o", tmp_path / "films"), ExitCode.USAGE)
    assert str(tmp_path) in what and "No such device" not in what

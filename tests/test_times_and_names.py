"""Times, names and folders as people write them, and words in the wrong place that point the way."""

import pytest
import typer
from conftest import dyvim, run_ffmpeg
from typer.testing import CliRunner

from dyvim_cli.cli.main import app
from dyvim_cli.cli.options.parsing import parse_time, styles_that_begin
from dyvim_cli.errors import UsageError
from dyvim_cli.media.cut import in_seconds, plan_cut
from dyvim_cli.media.probe import probe


@pytest.fixture(scope="module")
def with_timecode(film, tmp_path_factory):
    """The film as a camera that began at ten o'clock would have named it."""
    path = tmp_path_factory.mktemp("timecode") / "film.mov"
    run_ffmpeg("-i", str(film), "-c", "copy", "-timecode", "10:00:00:00", str(path))
    return path


@pytest.mark.parametrize(
    "text, expected", [("0:02", 2.0), ("1:02:03.5", 3723.5), (2.5, 2.5), ("00:00:10:12",) * 2]
)
def test_times_are_seconds_or_timecodes(text, expected):
    assert parse_time(text) == expected
    with pytest.raises(typer.BadParameter, match="is no time"):
        parse_time(f"{text}?")


def test_a_timecode_counts_from_the_films_own_and_else_from_its_beginning(film, with_timecode):
    assert (
        in_seconds(probe(with_timecode), "10:00:02:05")
        == in_seconds(probe(with_timecode), "00:00:02:05")
        == 2.2
    )
    assert in_seconds(probe(film), "00:00:02:05") == 2.2
    assert plan_cut(probe(film), end="00:00:03:05") == plan_cut(probe(film), end=3.2)
    with pytest.raises(UsageError, match="fewer than two pictures"):
        plan_cut(probe(film), "00:09:00:00")


def test_start_and_end_are_taken_by_the_command_and_written_into_its_repetition(film, tmp_path):
    page = tmp_path / "page.html"
    part = ("--start", "0:00", "--end", "00:00:03:05")
    done = dyvim(
        "score",
        film,
        *part,
        "-o",
        f"{tmp_path}/new/folder/",
        "--seed",
        1,
        "--candidates",
        1,
        "--report",
        page,
    )
    assert done.returncode == 0, done.stderr
    output = tmp_path / "new" / "folder" / "film.dyvim.mp4"
    assert done.stdout.strip() == str(output)
    assert probe(output).duration_s == pytest.approx(3.2, abs=0.1)
    assert "--end 00:00:03:05" in page.read_text(encoding="utf-8")


def test_what_lies_beside_the_film_may_lie_in_the_folder_that_is_made_for_it(film, tmp_path):
    asked = ("-o", f"{tmp_path}/new/", "--midi", tmp_path / "new" / "m.mid", "--dry-run")
    assert dyvim("score", film, *asked).returncode == 0
    elsewhere = dyvim(
        "score", film, "-o", f"{tmp_path}/new/", "--midi", tmp_path / "other" / "m.mid", "--dry-run"
    )
    assert elsewhere.returncode == 5 and "does not exist" in elsewhere.stderr


def test_a_folder_that_is_to_be_made_is_not_left_behind_by_a_refusal(film, tmp_path):
    done = dyvim("score", film, "-o", f"{tmp_path}/new/", "--start", "0:99")
    assert done.returncode == 2 and not (tmp_path / "new").exists()
    done = dyvim("score", film, "-o", f"{tmp_path}/new/o.mp4", "--dry-run")  # a name: perhaps a slip
    assert done.returncode == 5 and "mkdir" in done.stderr


def test_several_films_point_to_batch(film, with_timecode):
    done = dyvim("score", film, with_timecode, "--seed", 1)
    assert done.returncode == 2 and f"dyvim batch {film} {with_timecode}" in done.stderr


def test_a_film_in_the_place_of_a_verb_points_to_score(film, tmp_path):
    done = dyvim(film, "--style", "pop")
    assert done.returncode == 2 and f"dyvim score {film} --style pop" in done.stderr
    assert f"dyvim batch {tmp_path}" in dyvim(tmp_path).stderr
    assert "try: score?" in dyvim("scor").stderr


def test_styles_are_completed_and_listed():
    assert styles_that_begin("P") == ["pop", "playful"]
    completion = {
        "_DYVIM_COMPLETE": "complete_bash",
        "COMP_WORDS": "dyvim score a.mp4 --style ja",
        "COMP_CWORD": "4",
    }
    done = CliRunner().invoke(app, [], prog_name="dyvim", env=completion)
    assert done.stdout.split() == ["jazz"]
    assert "cinematic" in dyvim("score", "--help").stdout


def test_a_dry_run_says_how_to_keep_the_seed_it_shows(film, tmp_path):
    done = dyvim("score", film, "-o", tmp_path / "o.mp4", "--dry-run")
    seed = next(line.split()[1] for line in done.stderr.splitlines() if line.startswith("seed:"))
    assert f"--seed {seed} " in done.stderr

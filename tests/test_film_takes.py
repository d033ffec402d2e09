"""Takes of one film: of one watching, really different, each with the command that makes it again."""

import json
from pathlib import Path

import pytest
from conftest import dyvim
from helpers.imagined_films import film as imagined

from dyvim_cli.desk.directions import directions
from dyvim_cli.desk.like import made_by
from dyvim_cli.errors import UsageError
from dyvim_cli.options import ComposeOptions


def test_directions_differ_and_the_first_is_what_one_gets_anyhow():
    options = ComposeOptions(seed=5)
    found = directions(imagined(1), options, 12)
    assert found[0] == options
    assert len({(each.style, each.mood, each.seed) for each in found}) == 12
    assert len({each.style for each in found[:3]}) == 3
    same_style = directions(imagined(1), ComposeOptions(style="jazz", seed=5), 3)
    assert {each.style for each in same_style} == {"jazz"}
    arousals = [each.mood[1] for each in same_style[1:]]
    assert arousals == [pytest.approx(0.75), pytest.approx(-0.15)]


@pytest.fixture(scope="module")
def taken(film, tmp_path_factory):
    """Two takes of a film, with a page."""
    folder = tmp_path_factory.mktemp("takes")
    options = ("--takes", 2, "--seed", 3, "--candidates", 1, "--report", folder / "takes.html", "--json")
    done = dyvim("score", film, "-o", folder / "clip.mp4", *options)
    assert done.returncode == 0, done.stderr
    return folder, [json.loads(line) for line in done.stdout.splitlines()]


def test_takes_are_other_music_and_stand_on_one_page(taken):
    folder, facts = taken
    assert [Path(each["output"]).name for each in facts] == ["clip.take1.mp4", "clip.take2.mp4"]
    assert facts[0]["style"] != facts[1]["style"] and facts[0]["tempo_bpm"] != facts[1]["tempo_bpm"]
    page = (folder / "takes.html").read_text(encoding="utf-8")
    assert "clip.take1.mp4" in page and "clip.take2.mp4" in page
    assert f"--style {facts[1]['style']}" in page and "--takes" not in page


def test_a_take_says_how_it_is_made_again(film, taken, tmp_path):
    folder, facts = taken
    made = made_by(folder / "clip.take2.mp4")
    assert (made["style"], made["seed"]) == (facts[1]["style"], 4)
    options = ("--like", folder / "clip.take2.mp4", "--candidates", 1, "--json")
    again = dyvim("score", film, "-o", tmp_path / "again.mp4", *options)
    assert again.returncode == 0, again.stderr
    same = json.loads(again.stdout)
    assert all(same[name] == facts[1][name] for name in ("style", "key", "tempo_bpm", "hits", "sections"))
    assert same["curves"]["accents"] == facts[1]["curves"]["accents"]


def test_like_of_a_film_without_our_music_is_refused(film):
    with pytest.raises(UsageError, match="does not say how its music was made"):
        made_by(film)

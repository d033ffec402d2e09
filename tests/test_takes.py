"""Takes of one film: of one watching, really different, each with the command that makes it again."""

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import typer
from conftest import dyvim, run_ffmpeg
from helpers.imagined_films import film as imagined

from dyvim_cli.cli import command_line, main
from dyvim_cli.cli.options.desk import as_like
from dyvim_cli.composer import compose, load_embedded
from dyvim_cli.desk.directions import directions, fitted_grid
from dyvim_cli.desk.like import made_by
from dyvim_cli.desk.scored_tag import tag_text
from dyvim_cli.errors import UsageError
from dyvim_cli.film_plan import FilmPlan, Speech
from dyvim_cli.options import ComposeOptions
from dyvim_cli.progress import Silent
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.types import Key


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


@pytest.mark.parametrize("asked", [{}, {"style": "cinematic"}])
def test_three_takes_have_three_tempi_within_their_styles(asked):
    for number in range(3):
        options = ComposeOptions(seed=5, **asked)
        first, *others = directions(imagined(number), options, 3)
        tempi = [fitted_grid(imagined(number), each).bpm for each in (first, *others)]
        assert [each.tempo_bpm for each in others] == pytest.approx(tempi[1:], abs=0.02)
        slow, middle, fast = sorted(tempi)
        assert middle / slow > 1.11 and fast / middle > 1.11
        assert tempi[2] < tempi[1]  # the calmer one is slower
        for each in others:
            low, high = RECORDS[each.style].palette.bpm
            assert 0.94 * low < each.tempo_bpm < 1.06 * high


def heavy_events_met(number):
    """Of the second and third take of a film, by their tempi."""
    features = imagined(number)
    found = directions(features, ComposeOptions(seed=5), 3)[1:]
    grids = [fitted_grid(features, each) for each in found]
    return sum(hit.weight for grid in grids for hit in grid.hits if hit.on_beat)


def test_tempi_of_takes_are_chosen_by_what_they_meet(monkeypatch):
    chosen = [heavy_events_met(number) for number in range(4)]
    monkeypatch.setattr("dyvim_cli.desk.directions._share_met", lambda grid: 0.0)
    blind = [heavy_events_met(number) for number in range(4)]
    assert sum(chosen) > 1.2 * sum(blind)


def test_a_tempo_that_is_asked_for_is_every_takes():
    found = directions(imagined(1), ComposeOptions(seed=5, tempo_bpm=100.0), 3)
    assert {each.tempo_bpm for each in found} == {100.0}


def test_takes_differ_in_density_and_players():
    features, densities, players = imagined(1), [], []
    for options in directions(features, ComposeOptions(seed=5, candidates=1), 3):
        piece = compose(features, options, load_embedded(), Silent())
        densities.append(sum(len(stem.notes) for stem in piece.stems))
        players.append({stem.program for stem in piece.stems if not stem.is_drums})
    assert max(densities) > 1.3 * min(densities)
    assert all(len(one ^ two) >= 4 for one, two in combinations(players, 2))


@pytest.fixture(scope="module")
def taken(film, tmp_path_factory):
    """Two takes of a film, with a page."""
    folder = tmp_path_factory.mktemp("takes")
    options = ("--takes", 2, "--seed", 3, "--candidates", 1, "--midi", folder / "m.mid")
    options = (*options, "--report", folder / "takes.html", "--json")
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
    assert f"--tempo {facts[1]['tempo_bpm']:g}" in page and str(folder / "m.take2.mid") in page
    assert page.count('class="roll"') == 2 and page.count('data-take="2"') == 2


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


def test_like_keeps_all_that_decides_the_piece(tmp_path):
    font = tmp_path / "my band.sf2"
    font.write_bytes(b"")
    plan = FilmPlan(2.0, "jazz", Key(9, True), 99.0, 0.1, 0.2, 0.7, 5, (), (), speech=(Speech(0.5, 1.0),))
    made = ComposeOptions(
        alpha=0.7, seed=5, style="jazz", candidates=1, key=Key(9, True), temperature=0.8, guidance=2.5,
        under_speech="same", soundfont=str(font), plan=plan, mute=("arp",), tempo_bpm=99.0, mood=(0.1, 0.2),
    )  # fmt: skip
    film = tmp_path / "old.mp4"
    tag = tag_text(made, "jazz", 99.0, Key(9, True), np.array([[0.5, 1.0]]))
    run_ffmpeg("-f", "lavfi", "-i", "testsrc2=s=160x90:d=0.2", "-metadata", f"comment={tag}", str(film))
    assert as_like(ComposeOptions(), film, set()) == made
    assert made_by(film)["speech_s"] is None  # of speech that the composer was not told of
    others = {"under_speech", "seed", "soundfont"}
    changed = as_like(ComposeOptions(under_speech="thin", seed=6), film, others)
    assert (changed.under_speech, changed.soundfont, changed.plan.seed) == ("thin", None, 6)
    font.unlink()
    with pytest.raises(UsageError, match="was played by my_band.sf2, which is not found"):
        as_like(ComposeOptions(), film, set())


def test_like_of_a_film_without_our_music_is_refused(film):
    with pytest.raises(UsageError, match="does not say how its music was made"):
        made_by(film)


def test_a_page_s_command_names_its_verb():
    app = typer.main.get_command(main.app)
    verb = app.commands["rescore"]
    words = command_line.arguments(verb, {"film": Path("new.mp4"), "scored": Path("old.mp4")})
    assert words[:2] == ["dyvim", "rescore"]
    assert words[words.index("--from") + 1] == str(Path("old.mp4").absolute())

"""Speech in a film's own sound leans its style; a film without sound is as it was."""

import json
from dataclasses import replace

import numpy as np
import pytest
from conftest import MOVING, cut_film
from helpers.film_features import features
from helpers.voices import SENTENCES, film_with, laid, melody, spoken
from typer.testing import CliRunner

from dyvim_cli import pipeline
from dyvim_cli.cli.main import app
from dyvim_cli.film_planning import plan_film
from dyvim_cli.media import listening
from dyvim_cli.options import ComposeOptions
from dyvim_cli.types import STYLES, OwnSound
from dyvim_cli.vision import spoken as leaning
from dyvim_cli.vision.spoken import speech_level, with_speech
from dyvim_cli.vision.styles import AFFINITIES, MEASURES, SPEECH, as_row, style_scores

TALKS = {"people": 0.7, "arousal": 0.2, "cuts": -0.7}


def seen(**measures: float):
    """Features of 2.5 s with these measures."""
    scores = style_scores(measures, np.zeros(len(AFFINITIES)))
    return replace(features(), style_measures=as_row(measures), style_scores=scores)


def heard(*spans_s: tuple[float, float]) -> OwnSound:
    """Own sound of 2.5 s with these spans of speech."""
    speech_s = np.array(spans_s, float).reshape(-1, 2)
    return OwnSound(2.5, np.zeros(250, np.float32), speech_s, np.zeros((0, 2)), np.array([-20.0, -3, -10]))


def share(film, *styles: str) -> float:
    return float(sum(film.style_scores[STYLES.index(style)] for style in styles))


def test_a_talking_head_wants_quieter_music():
    silent, talks = seen(**TALKS), with_speech(seen(**TALKS), heard((0.2, 2.2)))
    assert share(talks, "lofi", "acoustic", "ambient") > 1.5 * share(silent, "lofi", "acoustic", "ambient")
    assert share(talks, "rock", "electronic") < 0.6 * share(silent, "rock", "electronic")
    assert talks.style_scores.sum() == pytest.approx(1, abs=1e-5)


def test_leaning_is_the_table_and_leaning_twice_is_once():
    silent = seen(**TALKS)
    once = with_speech(silent, heard((0, 1)))
    expected = style_scores({**TALKS, SPEECH: 0.8}, np.zeros(len(AFFINITIES)))
    assert once.style_scores == pytest.approx(expected, abs=1e-6)
    assert once.style_measures[MEASURES.index(SPEECH)] == pytest.approx(0.8)
    twice = with_speech(once, heard((0, 1)))
    assert np.array_equal(twice.style_scores, once.style_scores)
    assert with_speech(once, heard()).style_scores == pytest.approx(silent.style_scores, abs=1e-6)


def test_nothing_changes_where_nothing_is_known(monkeypatch):
    silent = seen(**TALKS)
    assert with_speech(silent, None) is silent and with_speech(silent, heard()) is silent
    older = replace(silent, style_measures=np.zeros(0, np.float32))
    assert with_speech(older, heard((0, 2))) is older
    monkeypatch.setattr(leaning, "has_detector", lambda: False)  # loud parts would count as speech
    assert with_speech(silent, heard((0, 2))) is silent


def test_half_a_film_of_words_is_enough():
    assert speech_level(np.zeros((0, 2)), 10) == 0
    assert speech_level(np.array([[1, 2], [4.0, 5.5]]), 10) == pytest.approx(0.5)
    assert speech_level(np.array([[0.0, 9.0]]), 10) == 1


@pytest.fixture(scope="module")
def voiced(tmp_path_factory):
    """A film with a voice, and the same with music."""
    folder = tmp_path_factory.mktemp("voiced")
    voice = laid(5, (0.2, spoken(folder, SENTENCES[1])))
    films = {}
    for name, sound in (("voice", voice), ("music", melody(5))):
        (folder / name).mkdir()
        films[name] = film_with(folder / name, sound)
    return films


def levels(film) -> dict[str, float]:
    return dict(zip(MEASURES, film.style_measures.tolist(), strict=True))


def test_all_that_choose_a_style_hear_the_same_once(voiced, tmp_path, monkeypatch):
    monkeypatch.setenv("DYVIM_CACHE", str(tmp_path / "cache"))
    listened = []
    real = listening.listen_to
    monkeypatch.setattr(listening, "listen_to", lambda *a, **k: (listened.append(a), real(*a, **k))[1])
    notes: list[str] = []
    shown = {name: pipeline.seen_and_heard(film, notes=notes) for name, film in voiced.items()}
    assert levels(shown["voice"])[SPEECH] > 0.8 and levels(shown["music"])[SPEECH] < 0.2 and not notes
    from dyvim_cli.job_checks import checked_film
    from dyvim_cli.options import Delivery

    film, cut, output = checked_film(voiced["voice"], ComposeOptions(), Delivery(output=tmp_path / "o.mp4"))
    watched = pipeline._see(film, cut, output, "auto", True, None)
    assert np.array_equal(watched.features.style_scores, shown["voice"].style_scores)
    dropped = pipeline._see(film, cut, output, "drop", True, None)
    assert levels(dropped.features)[SPEECH] == 0  # what is not heard beside the music has no say
    planned = plan_film(voiced["voice"], ComposeOptions(seed=3))
    assert planned.style in STYLES and len(listened) == 2


def test_a_film_without_sound_is_not_listened_to(tmp_path, monkeypatch):
    monkeypatch.setenv("DYVIM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(listening, "listen_to", lambda *a, **k: pytest.fail("listened"))
    film = cut_film(tmp_path / "silent.mp4", MOVING, seconds=1)
    assert levels(pipeline.seen_and_heard(film, notes=[]))[SPEECH] == 0


def test_an_explanation_says_that_it_heard_speech(voiced, tmp_path, monkeypatch):
    monkeypatch.setenv("DYVIM_CACHE", str(tmp_path / "cache"))
    words = ["extract-features", str(voiced["voice"]), "--explain", "--json", "--progress", "none"]
    told = CliRunner().invoke(app, words)
    assert told.exit_code == 0, told.output
    lines = json.loads(told.stdout.splitlines()[-1])["explanation"]
    assert lines[-1].startswith("heard: speech ") and any("speech" in line for line in lines[2:4])

"""The music of a scored film is composed again from its tag, and believed only where the film holds it."""

import json
from dataclasses import fields, replace

import numpy as np
import pytest
from conftest import dyvim, run_ffmpeg
from helpers.media_films import heard
from helpers.voices import SENTENCES, film_with, laid, melody, noise, spoken

from dyvim_cli.describe import heard_hits
from dyvim_cli.desk.scored_tag import coarse_speech, made_with, tag_text
from dyvim_cli.evaluation.held_music import holds
from dyvim_cli.evaluation.judge.audio_events import read_film_sound
from dyvim_cli.film_plan import FilmPlan, PlannedHit, PlannedSection, Silence
from dyvim_cli.media.sound_reading import read_audio
from dyvim_cli.options import ComposeOptions
from dyvim_cli.types import Key

RATE = 48_000
PLAN = FilmPlan(
    20.0, "jazz", Key(9, True), 99.1, 0.2, -0.4, 0.5, 77, (PlannedHit(1.5, 0.8, "marked"),),
    (PlannedSection(0.0, "theme", 1, 0.1, 0.2, ("bass", "pad")),), (Silence(3.0, 4.5),),
)  # fmt: skip


def test_a_sound_holds_a_piece_far_below_a_voice_and_while_it_comes_and_goes():
    piece, other = (np.tanh(40 * melody(10, step_s=step))[:, None] * 0.1 for step in (0.25, 0.31))
    hiss = noise(10, 0.1, colour=1.0)[:, None]
    gaps = np.repeat([1.0, 0.3, 0.3, 0.3, 0, 0, 0, 1, 0.3, 1], RATE)[:, None]
    late = np.pad(piece, ((960, 0), (0, 0)))[: len(piece)]
    assert holds((0.5 * piece * gaps + hiss, RATE), (piece, RATE))
    assert holds((0.1 * late + hiss, RATE), (piece, RATE))
    assert not holds((other + hiss, RATE), (piece, RATE)) and not holds((hiss, RATE), (piece, RATE))
    stroke = noise(0.5, 0.3, colour=4.0)[:, None] * np.linspace(1, 0, RATE // 2)[:, None] ** 4
    beat = np.tile(stroke, (20, 1))
    assert not holds((other + beat, RATE), (piece + beat, RATE))  # the same drums are not the same piece
    assert holds((piece + beat + hiss, RATE), (piece + beat, RATE))


def test_what_a_tag_says_comes_back():
    every = ComposeOptions(
        alpha=0.7, style="jazz", mood=(0.25, -1 / 3), tempo_bpm=101.5, key=Key(9, True), seed=7, candidates=1,
        guidance=2.5, temperature=0.8, under_speech="thin", plan=PLAN, orchestrate="rock",
        mute=("drums", "arp"), instruments=(("melody", 42), ("bass", 33)), reroll_bars=(3, 5, 2),
    )  # fmt: skip
    speech = coarse_speech(np.array([[3.04, 6.12], [6.3, 7.0], [8.51, 11.44]]))
    assert speech.tolist() == [[3.0, 7.0], [8.5, 11.5]]
    text = f"At sea | {tag_text(every, 'jazz', 99.1, Key(9, True), speech)}"
    found, spoken_s = made_with(text)
    assert found == every and np.array_equal(spoken_s, speech)
    plain = ComposeOptions(style="pop", seed=3)
    assert made_with(tag_text(plain, "pop", 120.0, Key(0, False))) == (plain, None)


@pytest.mark.parametrize("name", [field.name for field in fields(ComposeOptions)])
def test_no_option_that_changes_the_music_is_lost_in_the_tag(name):
    other = {
        "alpha": 0.9, "style": "rock", "mood": (0.1, 0.2), "tempo_bpm": 90.0, "key": Key(2, False), "seed": 4,
        "candidates": 2, "guidance": 2.0, "temperature": 1.0, "model": "musicgen-small", "adapter": "a",
        "prompt": "words", "under_speech": "same", "soundfont": "/own font.sf2", "plan": PLAN,
        "orchestrate": "jazz", "mute": ("bass",), "instruments": (("bass", 1),), "reroll_bars": (1, 2, 1),
        "markers": "marks.csv", "loops": True, "recut": "a recut",
    }  # fmt: skip
    options = replace(ComposeOptions(style="pop"), **{name: other[name]})
    if name in ("adapter", "prompt"):  # of another model only
        options = replace(options, model="musicgen-small")
    made = made_with(tag_text(options, options.style, 120.0, Key(2, False)))
    if name in ("model", "adapter", "prompt", "soundfont", "recut"):
        assert made is None
    else:
        assert made[0] == replace(options, markers=None)  # markers are a part of the plan by then


def test_tags_that_nobody_can_follow():
    assert made_with("dyvim model=embedded seed=x alpha=1 style=pop tempo=90.00") is None
    assert made_with("dyvim model=embedded seed=1 alpha=1 style=pop plan=yes") is None
    assert made_with("dyvim model=embedded seed=1 alpha=1 style=polka") is None
    assert made_with("a film") is None
    many = np.arange(20_000).reshape(-1, 2).astype(float)
    assert made_with(tag_text(ComposeOptions(style="pop"), "pop", 90.0, None, many)) is None


def test_a_film_that_speaks_is_judged_by_its_music_alone(tmp_path):
    voice = spoken(tmp_path, SENTENCES[0])
    film = film_with(tmp_path, laid(10, (1.0, voice), (7.5, voice)) + noise(10, 0.0005))
    out, music = tmp_path / "out.mp4", tmp_path / "music.wav"
    how = ("--seed", 3, "--candidates", 1, "--mood", "0.4,0.3", "--guidance", 2, "--tempo", 100)
    done = dyvim("score", film, "-o", out, "--music", music, *how, "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["speech_s"], done.stderr
    whole, alone = (
        json.loads(dyvim("evaluate", *what, "--json", "--progress", "none").stdout)["films"][0]
        for what in ([out], [out, "--music", music])
    )
    assert whole["judged"] == "the music alone" and whole["music"] != str(out)
    assert (whole["sync"], whole["flow"]) == (alone["sync"], alone["flow"])


def test_a_film_s_sound_counts_from_its_first_picture(tmp_path):
    click = np.zeros(3 * RATE)
    click[RATE : RATE + 480] = 0.9
    film = film_with(tmp_path, click, ".mkv")
    late = tmp_path / "late.mkv"
    both = ("-i", str(film), "-map", "0:v", "-map", "1:a", "-c", "copy", str(late))
    run_ffmpeg("-itsoffset", "0.4", "-i", str(film), *both)
    samples, rate = read_film_sound(late)
    assert np.flatnonzero(np.abs(samples[:, 0]) > 0.3)[0] / rate == pytest.approx(0.6, abs=0.03)


def test_an_event_in_a_silence_of_the_music_is_not_met():
    hit = {
        "film_s": 2.0,
        "music_s": 2.01,
        "error_ms": 10.0,
        "is_met": True,
        "on_beat": True,
        "on_downbeat": False,
    }
    silent, kept = heard_hits([hit, hit | {"film_s": 5.0}], ((1.0, 3.0),))
    assert not silent["is_met"] and silent["music_s"] is None and not silent["on_beat"]
    assert kept["is_met"] and kept["film_s"] == 5.0


def test_evaluate_hears_the_music_alone_in_a_film_with_sound_of_its_own(film, tmp_path):
    noisy, out, music = tmp_path / "noisy.mkv", tmp_path / "out.mkv", tmp_path / "music.wav"
    run_ffmpeg("-i", str(film), "-f", "lavfi", "-i", "anoisesrc=a=0.02:d=6.4:r=48000", "-map", "0:v",
               "-map", "1:a", "-c:v", "copy", "-c:a", "flac", str(noisy))  # fmt: skip
    done = dyvim("score", noisy, "-o", out, "--music", music, "--seed", 3, "--candidates", 1, "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["keep_audio"] == "duck", done.stderr
    whole, alone = (
        json.loads(dyvim("evaluate", *what, "--json", "--progress", "none").stdout)["films"][0]
        for what in ([out], [out, "--music", music])
    )
    assert whole["judged"] == "the music alone" and whole["music"] != str(out)
    assert whole["sync"]["events_hit_beyond_chance"] == alone["sync"]["events_hit_beyond_chance"]
    assert not np.array_equal(heard(out)[:RATE], read_audio(music)[0][:RATE, 0])

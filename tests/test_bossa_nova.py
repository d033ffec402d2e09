"""A style that the decoder never learned: bossa nova is played from its record, and asked for by its name."""

import json

import numpy as np
import pytest
from conftest import MOVING, cut_film, dyvim
from helpers.imagined_films import film as imagined

from benchmarks.imagined import imagined_film, still_film
from dyvim_cli.cli.options.parsing import parse_style, styles_that_begin
from dyvim_cli.composer import load_embedded
from dyvim_cli.desk.orders import orders_of, style_asked
from dyvim_cli.markers.marker import Marker
from dyvim_cli.model.compose.score import write_score
from dyvim_cli.music.performance.perform import ninth_voicing
from dyvim_cli.music.symbols import tokens
from dyvim_cli.options import ComposeOptions
from dyvim_cli.types import STEPS_PER_BAR, STYLES
from dyvim_cli.vision.styles import style_scores

NAME = "bossa nova"
CLAVES = ({0, 6, 12, 20, 26}, {4, 10, 16, 22, 28})  # steps of two bars: three and two, two and three
LEVEL, CHORD, BASS, DRUMS, PAD = (tokens.STREAM_INDEX[n] for n in ("level", "chord", "bass", "drums", "pad"))
KICK, STICK = tokens.drum_token(["kick"]), tokens.drum_token(["snare"])


@pytest.fixture(scope="module")
def decoder():
    return load_embedded()


@pytest.fixture(scope="module")
def calm(decoder):
    """A piece over a film in which nothing happens."""
    return write_score(still_film(24.0, "jazz"), ComposeOptions(style=NAME, seed=2, candidates=1), decoder)


def test_the_stick_plays_the_clave_and_the_kick_the_surdo_s_beats(calm):
    drums = calm.tokens[DRUMS]
    pairs = drums[: len(drums) // 32 * 32].reshape(-1, 32)[:-1]
    pairs = pairs[(pairs > 0).any(axis=1)]
    assert len(pairs) >= 2
    for pair in pairs:
        stick, kick = (set(np.flatnonzero(pair & stroke > 0).tolist()) for stroke in (STICK, KICK))
        assert any(clave <= stick for clave in CLAVES) and {0, 8, 16, 24} <= kick
    assert {note.pitch for stem in calm.stems if stem.is_drums for note in stem.notes} >= {36, 37}


def test_the_bass_goes_from_root_to_fifth(calm):
    stream, row = tokens.STREAMS[BASS], calm.tokens[BASS]
    starts = np.flatnonzero(row >= tokens.FIRST_PITCH)
    intervals = {
        (tokens.token_pitch(stream, row[step]) - tokens.chord_of(int(calm.tokens[CHORD, step]))[0]) % 12
        for step in starts
    }
    assert intervals <= {0, 6, 7} and {0, 7} <= intervals
    assert {0, 8} & set((starts % STEPS_PER_BAR).tolist())


def test_a_nylon_guitar_plays_chords_of_sevenths_off_the_beat(calm):
    guitar = next(stem for stem in calm.stems if stem.name == "pad")
    assert guitar.program == 24 and 100 <= calm.tempo_map.bpm <= 155
    starts = np.flatnonzero(calm.tokens[PAD] >= tokens.FIRST_PITCH)
    assert np.mean(starts % 4 != 0) > 0.4
    qualities = [tokens.chord_of(int(chord))[1] for chord in calm.tokens[CHORD]]
    assert np.mean([quality in ("7", "maj7", "min7", "m7b5") for quality in qualities]) > 0.7


def test_events_are_struck_and_speech_is_left_room(decoder):
    film = imagined_film(np.random.default_rng(4), 14.0, "jazz")
    speech_s = np.array([[6.0, 9.0]])
    score = write_score(film, ComposeOptions(style=NAME, seed=1, candidates=1), decoder, speech_s=speech_s)
    accents = [hit.step for hit in score.tempo_map.hits if hit.weight >= 0.6 and hit.on_beat]
    struck = [
        score.tokens[BASS, step] >= tokens.FIRST_PITCH or score.tokens[DRUMS, step] > 0 for step in accents
    ]
    assert len(accents) >= 2 and all(struck), accents
    times_s = score.tempo_map.step_times_s[:-1]
    spoken = np.flatnonzero((times_s > 6) & (times_s < 9) & (score.tokens[LEVEL] < 6))
    assert (score.tokens[DRUMS, spoken] & ~(KICK | STICK) == 0).all()
    assert (score.tokens[PAD, spoken[spoken % 4 != 0]] < tokens.FIRST_PITCH).all()


def test_the_same_seed_plays_the_same_and_another_another(decoder):
    def drums(seed: int) -> np.ndarray:
        options = ComposeOptions(style=NAME, seed=seed, candidates=1, alpha=0.0)
        return write_score(imagined(1, 8.0), options, decoder).tokens

    assert np.array_equal(drums(1), drums(1)) and not np.array_equal(drums(1), drums(2))


@pytest.mark.parametrize(
    ("root", "quality", "is_minor", "ninth"),
    [(2, "min7", False, 4), (7, "7", False, 9), (0, "maj7", False, 2), (7, "7", True, 8),
     (4, "min7", False, None), (2, "m7b5", True, None), (0, "maj", False, None)],
)  # fmt: skip
def test_the_ninth_takes_the_root_s_place(root, quality, is_minor, ninth):
    chord = tokens.chord_token(root, quality)
    top = 60 + (root + tokens.CHORD_QUALITIES[quality][1]) % 12 + 12
    classes = {pitch % 12 for pitch in ninth_voicing(chord, top, is_minor)}
    if ninth is None:
        assert classes == {pitch % 12 for pitch in tokens.pad_voicing(chord, top)}
    else:
        assert ninth in classes and root not in classes and len(classes) == 4


def test_it_is_asked_for_as_people_write_it():
    assert (
        parse_style("Bossa-Nova")
        == parse_style("bossa_nova")
        == ComposeOptions(style="BossaNova").style
        == NAME
    )
    assert styles_that_begin("bos") == ["bossa-nova"]  # a shell would take it for two words
    assert style_asked(orders_of([Marker(0.0, "section Bossa Nova")], 5.0)) == NAME


def test_a_film_is_not_given_it_unasked():
    scores = style_scores({"warmth": 1.0, "food": 1.0}, np.zeros(10))
    assert scores[STYLES.index(NAME)] == 0 and scores.sum() == pytest.approx(1)


def test_score_plan_and_render_take_it(tmp_path):
    film = cut_film(tmp_path / "clip.mp4", MOVING, seconds=3)
    assert dyvim("plan", str(film), "--style", NAME, "-o", str(tmp_path / "plan.toml")).returncode == 0
    text = (tmp_path / "plan.toml").read_text(encoding="utf-8")
    assert f'style = "{NAME}"' in text
    midi = tmp_path / "music.mid"
    done = dyvim("score", str(film), "--plan", str(tmp_path / "plan.toml"), "--midi", str(midi), "--json",
                 "-o", str(tmp_path / "out.mp4"))  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["style"] == NAME
    again = dyvim("render", str(midi), "--style", "bossa-nova", "-o", str(tmp_path / "music.wav"), "--json")
    assert again.returncode == 0 and json.loads(again.stdout)["style"] == NAME

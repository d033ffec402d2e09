"""MIDI to sound: our own file sounds as the film's music did, any other is played by its programs."""

import json
from dataclasses import replace

import numpy as np
import pytest
import soundfile
import symusic
from conftest import dyvim

from dyvim_cli.desk.pauses import in_silence
from dyvim_cli.desk.plan_file import plan_text
from dyvim_cli.errors import InputError
from dyvim_cli.film_plan import FilmPlan, PlannedSection, Silence
from dyvim_cli.music.mixing.session import program_in, style_of_midi
from dyvim_cli.music.symbols.midi_in import read_midi
from dyvim_cli.music.synth.orchestra import Orchestra
from dyvim_cli.types import Key

PLAN = FilmPlan(
    5.5, "rock", Key(2, False), 110.0, 0.0, 0.2, 0.5, 1, (),
    (PlannedSection(0.0, "theme", 0, 0.0, 0.2, ("melody", "bass")),),
)  # fmt: skip


@pytest.fixture(scope="module")
def scored(film, tmp_path_factory):
    """The music of a film, and its MIDI sounded again."""
    folder = tmp_path_factory.mktemp("render")
    extras = ("--music", folder / "music.wav", "--midi", folder / "music.mid", "--style", "jazz", "--json")
    done = dyvim("score", film, "-o", folder / "o.mp4", *extras, "--seed", 3, "--candidates", 1)
    assert done.returncode == 0, done.stderr
    length = str(json.loads(done.stdout)["duration_s"])
    again = dyvim("render", folder / "music.mid", "-o", folder / "again.wav", "--length", length, "--json")
    assert again.returncode == 0, again.stderr
    return folder, json.loads(again.stdout)


def test_a_plan_says_the_mix_the_length_and_the_silences(scored, tmp_path):
    folder, _ = scored
    text = plan_text(replace(PLAN, silences=(Silence(1.0, 2.0),)), "film.mp4")
    (tmp_path / "film.toml").write_text(text)
    asked = ("-o", tmp_path / "o.wav", "--plan", tmp_path / "film.toml", "--json")
    done = dyvim("render", folder / "music.mid", *asked)
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["style"] == "rock" and facts["duration_s"] == 5.5
    midi = in_silence(read_midi(folder / "music.mid"), (Silence(1.0, 2.0),))
    notes = [note for part in midi.parts for note in part.stem.notes]
    assert notes and not [note for note in notes if note.start_s < 2.0 and note.end_s > 1.0]


def test_our_own_midi_sounds_as_the_film_did(scored):
    folder, facts = scored
    first, again = (soundfile.read(folder / name)[0] for name in ("music.wav", "again.wav"))
    assert len(first) == len(again)
    assert facts["style"] == "jazz" and all(each["role"] == each["name"] for each in facts["tracks"])
    assert facts["loudness_lufs"] == pytest.approx(-14, abs=0.3)
    envelopes = [
        np.sqrt((sound**2).mean(axis=1)[: len(sound) // 480 * 480].reshape(-1, 480).mean(axis=1))
        for sound in (first, again)
    ]
    assert np.corrcoef(*envelopes)[0, 1] > 0.98


def file_of(path, *tracks):
    """A MIDI file of (name, program, is drums, pitches a second apart, controllers)."""
    score = symusic.Score(480)
    score.tempos.append(symusic.Tempo(0, 60))
    for name, program, is_drums, pitches, controls in tracks:
        track = symusic.Track(name, program, is_drums)
        for i, pitch in enumerate(pitches):
            for each in pitch if isinstance(pitch, tuple) else (pitch,):
                track.notes.append(symusic.Note(480 * i, 240, each, 90))
        for tick, number, value in controls:
            track.controls.append(symusic.ControlChange(tick, number, value))
        score.tracks.append(track)
    score.dump_midi(str(path))
    return path


def test_tracks_of_any_file_find_their_place_by_program_and_manner(tmp_path):
    path = file_of(
        tmp_path / "a.mid",
        ("Lead Vox", 73, False, (72, 74, 76), ()),
        ("Rhythm", 25, False, ((60, 64, 67), (62, 65, 69)), ()),
        ("Fingered", 33, False, (36, 38, 40), ()),
        ("Kit", 0, True, (36, 38, 36), ()),
        ("Choir", 52, False, (60, 62), ()),
        ("Second", 11, False, (60, 62, 60), ()),
    )
    midi = read_midi(path)
    assert [part.role for part in midi.parts] == ["melody", "pad", "bass", "drums", "pad", "arp"]
    assert midi.bpm == pytest.approx(60)
    done = dyvim(
        "render", path, "-o", tmp_path / "a.wav", "--style", "rock", "--stems", tmp_path / "stems", "--json"
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["style"] == "rock"
    stems = {path.stem: soundfile.read(path)[0] for path in (tmp_path / "stems").iterdir()}
    assert set(stems) == {"melody", "pad", "bass", "drums", "arp"} and all(
        each.any() for each in stems.values()
    )
    music = soundfile.read(tmp_path / "a.wav")[0]
    assert 10 * np.log10(((music - sum(stems.values())) ** 2).mean() / (music**2).mean()) < -60


def test_volume_expression_and_pedal_are_heard(tmp_path):
    path = file_of(
        tmp_path / "a.mid",
        ("Piano", 0, False, (60, 62, 64), [(0, 7, 50), (960, 11, 64), (0, 64, 127), (720, 64, 0)]),
    )
    (part,) = read_midi(path).parts
    assert part.gain(np.array([0.5, 2.5])) == pytest.approx([0.25, 0.25 * (64 / 127) ** 2], rel=0.01)
    assert [note.end_s for note in part.stem.notes] == pytest.approx([1.5, 1.5, 2.5])


def test_an_instrument_that_is_not_there_is_replaced_by_its_kin():
    orchestra = Orchestra()
    for program in range(128):
        found = program_in(orchestra, program, is_drums=False)
        kin = {
            preset.program
            for preset in orchestra.fonts[0].presets
            if preset.bank != 128 and preset.program // 8 == program // 8
        }
        assert found in kin or not kin


def test_the_style_is_the_one_whose_instruments_play(scored):
    assert style_of_midi(read_midi(scored[0] / "music.mid")) == "jazz"


def test_what_is_no_midi_file_is_said_so(tmp_path):
    (tmp_path / "a.mid").write_text("no")
    with pytest.raises(InputError, match="is no MIDI file"):
        read_midi(tmp_path / "a.mid")
    assert dyvim("render", tmp_path / "b.mid", "-o", tmp_path / "b.wav").returncode == 3
    assert "holds no notes" in dyvim("render", file_of(tmp_path / "c.mid"), "-o", tmp_path / "c.wav").stderr

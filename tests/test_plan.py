"""The plan of a piece: written, edited, read with its mistakes, and obeyed to the note."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import symusic
from conftest import dyvim
from helpers.imagined_films import film as imagined

from dyvim_cli.composer import load_embedded
from dyvim_cli.desk.orders import Order, orders_of
from dyvim_cli.desk.plan_file import plan_text
from dyvim_cli.desk.planning import planned, speech_to_clear
from dyvim_cli.desk.read_plan import read_plan
from dyvim_cli.desk.recast import recast
from dyvim_cli.desk.scored_tag import made_with, tag_text
from dyvim_cli.errors import UsageError
from dyvim_cli.film_plan import CLOSING, MARKED, PARTS, FilmPlan, Silence, Speech
from dyvim_cli.markers.marker import Marker
from dyvim_cli.model.compose.obey import as_energetic
from dyvim_cli.model.compose.score import write_score
from dyvim_cli.music.mixing.mastering import produce
from dyvim_cli.music.performance.band_names import part_of
from dyvim_cli.music.symbols.midi import write_midi
from dyvim_cli.music.symbols.midi_in import read_midi
from dyvim_cli.options import ComposeOptions
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.types import Score

WISHES = ComposeOptions(style="pop", seed=3, candidates=1)
MARKS_S = (1.37, 3.05)


@pytest.fixture(scope="module")
def decoder():
    return load_embedded()


@pytest.fixture(scope="module")
def plan() -> FilmPlan:
    return planned(imagined(1, 5.0), WISHES)


def notes_of(score: Score) -> np.ndarray:
    """[n, 3] start, end and velocity of all notes."""
    return np.array([(n.start_s, n.end_s, n.velocity) for stem in score.stems for n in stem.notes])


def test_what_is_read_is_what_was_written_and_makes_the_piece_of_no_plan(plan, decoder, tmp_path):
    path = tmp_path / "film.toml"
    path.write_text(plan_text(plan, "film.mp4"))
    assert read_plan(path) == plan
    alone = write_score(imagined(1, 5.0), WISHES, decoder)
    again = write_score(imagined(1, 5.0), replace(WISHES, plan=plan, seed=99, style="jazz"), decoder)
    assert alone.stems == again.stems and np.array_equal(alone.tokens, again.tokens)


SPEECH_S = np.array([[1.0, 2.6]])


def test_speech_is_a_part_of_the_plan_that_can_be_edited(decoder, tmp_path):
    film, path = imagined(1, 5.0), tmp_path / "film.toml"
    heard = planned(film, WISHES, speech_s=SPEECH_S)
    assert heard.speech == (Speech(1.0, 2.6),)
    path.write_text(plan_text(heard, "film.mp4"))
    assert read_plan(path) == heard
    told = write_score(film, WISHES, decoder, speech_s=SPEECH_S)
    followed = write_score(film, replace(WISHES, plan=read_plan(path)), decoder)
    assert np.array_equal(told.tokens, followed.tokens)
    edited = replace(heard, speech=(Speech(3.0, 4.0),))
    other = write_score(film, replace(WISHES, plan=edited), decoder, speech_s=SPEECH_S)
    (tune,) = (stem for stem in other.stems if stem.name == "melody")
    assert not any(3.0 < note.start_s < 4.0 for note in tune.notes)
    assert any(1.0 < note.start_s < 2.6 for note in tune.notes)
    path.write_text(plan_text(edited, "film.mp4").replace("to = 4.0", "to = 2.0"))
    with pytest.raises(UsageError, match=r"film.toml, line \d+: speech ends after it begins"):
        read_plan(path)


def test_a_plan_without_a_word_on_speech_takes_what_is_heard(tmp_path):
    film, path = imagined(1, 5.0), tmp_path / "film.toml"
    path.write_text(plan_text(planned(film, WISHES), "film.mp4"))
    silent = read_plan(path)
    assert silent.speech is None
    assert planned(film, replace(WISHES, plan=silent), speech_s=SPEECH_S).speech == (Speech(1.0, 2.6),)


def test_words_are_cleared_where_they_are_heard_and_where_the_plan_adds_them(plan):
    heard_s = np.array([[1.03, 1.4], [1.6, 2.57], [4.0, 4.4]])
    edited = replace(plan, speech=(Speech(1.0, 2.6), Speech(3.0, 3.5)))
    assert speech_to_clear(heard_s, edited).tolist() == [[1.03, 1.4], [1.6, 2.57], [3.0, 3.5]]
    assert np.array_equal(speech_to_clear(heard_s, replace(plan, speech=None)), heard_s)
    assert not len(speech_to_clear(heard_s, replace(plan, speech=())))


def test_parts_that_are_left_out_do_not_play_and_silences_are_silent(plan, decoder):
    sections = tuple(replace(each, parts=("melody", "pad")) for each in plan.sections)
    edited = replace(plan, sections=sections, silences=(Silence(1.0, 2.2),))
    score = write_score(imagined(1, 5.0), replace(WISHES, plan=edited), decoder)
    assert {stem.name for stem in score.stems} <= {"melody", "pad", "accent"}
    notes = notes_of(score)
    assert not ((notes[:, 0] < 2.2) & (notes[:, 1] > 1.0)).any()
    assert (notes[:, 0] < 1.0).any() and (notes[:, 0] >= 2.2).any()


def sounding_at_the_end(score: Score) -> set[str]:
    """Parts with notes that begin with the last chord or later."""
    chord_s = score.tempo_map.step_times_s[score.extras["final_step"]] - 0.05
    playing = {stem.name for stem in score.stems if any(note.start_s > chord_s for note in stem.notes)}
    return playing & set(PARTS)


def test_a_part_taken_out_of_the_last_section_is_silent_in_the_last_chord(plan, decoder):
    film = imagined(1, 5.0)
    first, last = replace(plan.sections[0], parts=PARTS), replace(plan.sections[-1], at_s=2.5)

    def ended(*parts: str, joining: tuple[str, ...] = ()) -> set[str]:
        edited = replace(plan, sections=(first, replace(last, parts=parts)), last_chord=joining)
        return sounding_at_the_end(write_score(film, replace(WISHES, plan=edited), decoder))

    assert {"melody", "bass", "pad"} <= ended(*PARTS)
    assert ended("bass", "pad", "drums") - {"drums"} == {"bass", "pad"}
    assert ended("drums", "bass", joining=("pad",)) - {"drums"} == {"bass", "pad"}
    assert not ended()


def test_parts_that_join_the_last_chord_are_in_the_plan_and_play_somewhere_else(plan, decoder):
    film = imagined(1, 5.0)
    alone = write_score(film, WISHES, decoder)
    assert sounding_at_the_end(alone) >= {"melody", "bass", "pad"}
    resting = set(CLOSING) - set(plan.sections[-1].parts)
    assert set(plan.last_chord) == resting
    nowhere = tuple(replace(each, parts=("bass", "drums")) for each in plan.sections)
    edited = replace(plan, sections=nowhere, last_chord=CLOSING)
    score = write_score(film, replace(WISHES, plan=edited), decoder)
    assert sounding_at_the_end(score) <= {"bass", "drums"}


@pytest.mark.parametrize("alpha", [0.0, 0.2, 0.5])
def test_hits_that_are_asked_for_are_beats_with_an_accent_on_the_frame(decoder, alpha):
    film, orders = imagined(1, 5.0), tuple(Order(at_s, "hit") for at_s in MARKS_S)
    asked = planned(film, replace(WISHES, alpha=alpha), orders)
    score = write_score(film, replace(WISHES, plan=asked), decoder)
    marked = [hit for hit in score.tempo_map.hits if hit.kind == MARKED]
    assert [hit.film_time_s for hit in marked] == list(MARKS_S)
    assert all(hit.on_beat and abs(hit.error_s) < 0.001 for hit in marked)
    notes = notes_of(score)
    for at_s in MARKS_S:
        struck = notes[np.abs(notes[:, 0] - at_s) < 0.01]
        assert len(struck) and struck[:, 2].max() >= 95


@pytest.fixture(scope="module")
def mixed(plan, decoder) -> Score:
    """A piece of pop that becomes jazz, then bossa nova."""
    orders = (Order(1.8, "section", name="jazz"), Order(3.4, "section", name="bossa nova"))
    asked = planned(imagined(1, 5.0), replace(WISHES, plan=plan), orders)
    return write_score(imagined(1, 5.0), replace(WISHES, plan=asked), decoder)


def test_sections_of_other_styles_have_bands_of_their_own(mixed):
    spans: dict[str, list[float]] = {}
    for stem in mixed.stems:
        style = stem.name.partition("-")[2]
        spans.setdefault(style, []).extend(note.start_s for note in stem.notes)
        part, palette = part_of(stem.name), RECORDS[style or "pop"].palette
        if part not in ("impact", "riser"):
            assert stem.program in palette.strip(part).programs
    assert set(spans) == {"", "jazz", "bossa nova"}
    beats_s = mixed.tempo_map.step_times_s[::4]
    borders_s = [beats_s[np.abs(beats_s - at_s).argmin()] for at_s in (1.8, 3.4)]
    assert max(spans[""]) < borders_s[0] + 0.03 and borders_s[0] - 0.05 < min(spans["jazz"])
    assert max(spans["jazz"]) < borders_s[1] + 0.03 and borders_s[1] - 0.05 < min(spans["bossa nova"])


def test_stems_of_several_bands_add_up_and_are_known_by_their_parts(mixed, tmp_path):
    sound = produce(mixed, 5.0, keep_stems=True)
    left = sound.samples - sum(sound.stems.values())
    assert np.sqrt(np.mean(left**2)) < 1e-3 * np.sqrt(np.mean(sound.samples**2))
    write_midi(mixed, tmp_path / "mixed.mid")
    roles = {part.stem.name: part.role for part in read_midi(tmp_path / "mixed.mid").parts}
    assert roles["drums-jazz"] == "drums" and roles["bass-bossa nova"] == "bass"
    muted = recast(mixed, ComposeOptions(mute=("drums",), instruments=(("melody", 42),)))
    assert not [stem for stem in muted.stems if stem.is_drums]
    assert {stem.program for stem in muted.stems if part_of(stem.name) == "melody"} == {42}
    one = recast(mixed, ComposeOptions(orchestrate="rock"))
    assert "melody-jazz" not in {stem.name for stem in one.stems}
    assert sorted(n.start_s for s in one.stems for n in s.notes) == sorted(notes_of(mixed)[:, 0].tolist())


def test_energy_that_is_asked_for_is_answered_and_none_leaves_the_piece_as_it_is(plan, decoder):
    assert all(section.seen_energy is not None and section.energy is None for section in plan.sections)
    tempo_map = write_score(imagined(1, 5.0), replace(WISHES, plan=plan), decoder).tempo_map
    energy = np.linspace(0, 1, tempo_map.n_steps)
    for asked in (0.0, 0.2, 0.9, 1.0):
        calm = replace(plan, sections=tuple(replace(each, energy=asked) for each in plan.sections))
        drawn = as_energetic(calm, tempo_map, energy)
        assert drawn.mean() == pytest.approx(asked) and (np.diff(drawn) >= -1e-9).all()
    assert np.array_equal(as_energetic(plan, tempo_map, energy), energy)
    still = replace(plan, sections=tuple(replace(each, energy=0.0) for each in plan.sections))
    wild = replace(plan, sections=tuple(replace(each, energy=1.0) for each in plan.sections))
    few, many = (write_score(imagined(1, 5.0), replace(WISHES, plan=each), decoder) for each in (still, wild))
    assert notes_of(many)[:, 2].sum() > notes_of(few)[:, 2].sum()


def test_instruments_and_styles_of_sections_are_written_and_read_back(plan, tmp_path):
    sections = tuple(replace(each, style="jazz", energy=0.25) for each in plan.sections)
    edited = replace(plan, sections=sections, instruments=(("melody", 42), ("bass", 33)), last_chord=("pad",))
    path = tmp_path / "film.toml"
    path.write_text(plan_text(edited, "film.mp4"))
    assert read_plan(path) == edited
    assert made_with(tag_text(replace(WISHES, plan=edited), "pop", 100.0, None))[0].plan == edited


def test_instruments_of_a_plan_play(plan, decoder):
    edited = replace(plan, instruments=(("melody", 42),))
    written = write_score(imagined(1, 5.0), replace(WISHES, plan=edited), decoder)
    score = recast(written, replace(WISHES, plan=edited))
    assert {stem.program for stem in score.stems if stem.name == "melody"} == {42}


def test_a_style_is_changed_and_hits_and_sections_stay(plan, decoder):
    other = planned(imagined(1, 5.0), ComposeOptions(style="jazz", plan=plan))
    assert other.style == "jazz" and replace(other, style=plan.style) == plan


MISTAKES = [
    ('style = "pop"', 'style = "polka"', r"line 4: style = 'polka' is none of cinematic"),
    ('kind = "cut"', 'kind = "kick"', r"line \d+: kind = 'kick' is none of cut"),
    ("bpm = ", "bpm = 5000 #", r"line 6: bpm = 5000 is no number from 40 to 220"),
    ("bpm = ", "tempo = ", r"line 6: unknown key 'tempo'"),
    (
        '# instruments = { melody = "cello"',
        'instruments = { melody = "kazoo"',
        r"line \d+: melody = 'kazoo' n",
    ),
    ("theme = ", 'theme = 0\nstyle = "polka" #', r"line \d+: style = 'polka' is none of cinematic"),
    ("theme = ", "theme = -1 #", r"line \d+: theme = -1 is no number from 0 to"),
    ("theme = ", "theme = 0.5 #", r"line \d+: theme = 0.5 is no whole number"),
    ("seed = ", "seed = 1.5 #", r"line \d+: seed = 1.5 is no whole number"),
    ("last_chord = ", 'last_chord = ["arp"] #', r"line \d+: 'arp' is no part; parts are melody, bass, drums"),
    ('parts = ["', 'parts = "melody" #', r"line \d+: parts = 'melody' is no list"),
    ("theme = ", "# theme = ", r"line \d+: 'theme' is missing in section 1"),
    ("theme = ", "theme = 0\nenergy = 2 #", r"line \d+: energy = 2 is no number from 0 to 1"),
    ('parts = ["', 'parts = ["kazoo", "', r"line \d+: 'kazoo' is no part"),
    ("[[section]]\nat = 0.0", '[[section]]\nat = "soon"', r"line \d+: at = 'soon' is no time"),
    ("  # { from = 3.0, to = 4.5 }", "{ from = 3.0, to = 2.5 }", r"line \d+: a silence ends after it begins"),
    ("  # { from = 3.0, to = 4.5 }", "{ from = 3.0 }", r"line \d+: 'to' is missing in silences 1"),
    ("alpha", "alpha alpha", r"not valid TOML .*line \d+"),
    ("duration_s = ", "duration_s = inf #", r"line \d+: duration_s = inf is no number from 0 to 43200"),
    ("duration_s = ", "duration_s = nan #", r"line \d+: duration_s = nan is no number"),
    ("duration_s = ", "duration_s = 1e9 #", r"line \d+: duration_s = 1000000000.0 is no number"),
]


@pytest.mark.parametrize("right, wrong, said", MISTAKES)
def test_mistakes_are_said_with_their_line(plan, tmp_path, right, wrong, said):
    path, text = tmp_path / "film.toml", plan_text(plan, "film.mp4")
    assert right in text
    path.write_text(text.replace(right, wrong, 1))
    with pytest.raises(UsageError, match=said) as error:
        read_plan(path)
    line = re.search(r"line (\d+)", error.value.message)
    assert str(path) in error.value.message
    if "TOML" not in error.value.message:
        assert wrong.split("\n")[-1].split("#")[0].strip() in path.read_text().splitlines()[int(line[1]) - 1]


def test_markers_are_read_as_orders():
    markers = [
        Marker(1.0, "hit 0.8"), Marker(2.0, "Downbeat"), Marker(3.0, "drop + section theme"),
        Marker(4.0, "build"), Marker(5.0, "silence 1.5"), Marker(6.0, "silence"), Marker(7.0, "a slap"),
        Marker(8.0, "section jazz"),
    ]  # fmt: skip
    orders = orders_of(markers, 10.0)
    assert [order.kind for order in orders] == [
        "hit", "downbeat", "drop", "section", "build", "silence", "silence", "hit", "section",
    ]  # fmt: skip
    assert orders[0].weight == 0.8 and orders[5].until_s == 6.5 and orders[6].until_s == 7.0
    plan = planned(imagined(1), ComposeOptions(seed=3), orders)
    assert plan.silences == (Silence(5.0, 6.5), Silence(6.0, 7.0))
    roles = {section.at_s: section.role for section in plan.sections}
    assert roles[3.0] == "theme" and roles[4.0] == "build"


def test_a_style_at_the_beginning_is_the_pieces_and_later_ones_hold_until_the_next_section():
    asked = ((0.0, "rock"), (4.0, "Jazz"), (6.0, "break"), (8.0, "bossa nova"))
    orders = tuple(Order(at_s, "section", name=name) for at_s, name in asked)
    plan = planned(imagined(1), ComposeOptions(seed=3), orders)
    styles = {section.at_s: section.style for section in plan.sections}
    assert plan.style == "rock" and styles[4.0] == "jazz" and styles[8.0] == "bossa nova"
    assert {style for at_s, style in styles.items() if at_s < 4.0 or 6.0 <= at_s < 8.0} == {None}


def test_a_plan_for_another_length_is_refused(plan):
    with pytest.raises(UsageError, match=r"^the plan is for a film of 5 s, this one lasts 4\.000 s"):
        planned(imagined(1, 4.0), replace(WISHES, plan=plan))


def test_a_plan_file_for_another_length_is_named_with_its_line(plan, tmp_path):
    path = tmp_path / "film.toml"
    path.write_text(plan_text(plan, "film.mp4"))
    line = 1 + [text.split(" ")[0] for text in path.read_text().splitlines()].index("duration_s")
    with pytest.raises(UsageError, match=rf"film\.toml, line {line}: the plan is for a film of 5 s"):
        planned(imagined(1, 4.0), replace(WISHES, plan=read_plan(path)))
    asked = planned(imagined(1, 5.0), replace(WISHES, plan=read_plan(path)))
    assert str(tmp_path) not in repr(asked)  # what a film's tag keeps


def test_what_is_missing_at_the_top_is_named_with_its_file(plan, tmp_path):
    path = tmp_path / "film.toml"
    path.write_text(re.sub(r"(?m)^bpm.*\n", "", plan_text(plan, "film.mp4")))
    with pytest.raises(UsageError, match=r"film\.toml: 'bpm' is missing"):
        read_plan(path)


def test_a_plan_edited_by_hand_and_markers_are_obeyed_by_the_command(film, tmp_path: Path):
    path, midi, markers = tmp_path / "film.toml", tmp_path / "o.mid", tmp_path / "in.csv"
    done = dyvim("plan", film, "-o", path, "--seed", 3)
    assert done.returncode == 0 and done.stdout.strip() == str(path), done.stderr
    text = (
        path.read_text()
        .replace('"drums", ', "")
        .replace("silences = [", "silences = [{from = 5.2, to = 5.6}, ")
    )
    path.write_text(text)
    markers.write_text("time,name\n0:02.4,hit\n")
    options = ("--plan", path, "--markers", markers, "--midi", midi, "--candidates", 1)
    done = dyvim("score", film, "-o", tmp_path / "o.mp4", *options)
    assert done.returncode == 0, done.stderr
    score = symusic.Score(str(midi)).to("second")
    notes = [(float(n.time), float(n.time + n.duration)) for track in score.tracks for n in track.notes]
    assert "drums" not in {track.name for track in score.tracks}
    assert not [note for note in notes if note[0] < 5.598 and note[1] > 5.202]
    assert min(abs(start_s - 2.4) for start_s, _ in notes) < 0.01
    again = dyvim(
        "score", film, "--like", tmp_path / "o.mp4", "-o", tmp_path / "p.mp4", "--midi", tmp_path / "p.mid"
    )
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "p.mid").read_bytes() == midi.read_bytes()
    path.write_text(text.replace("theme = 0", "theme = zero"))
    assert "line" in (wrong := dyvim("score", film, "--plan", path)).stderr and wrong.returncode == 2

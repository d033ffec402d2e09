"""Markers of a scored film, in every format and in its MIDI, are at the film's events."""

import json

import pytest
import symusic
from conftest import MOVING, cut_film, dyvim, run_ffmpeg

from dyvim_cli.markers.files import read_markers
from dyvim_cli.media.film_clock import clock_of
from dyvim_cli.media.probe import probe

CUTS_S = (1.6, 3.2, 4.8)


@pytest.fixture(scope="module")
def scored(film, tmp_path_factory):
    """The film with music, its MIDI and its facts."""
    folder = tmp_path_factory.mktemp("scored")
    paths = {"-o": folder / "o.mp4", "--midi": folder / "o.mid", "--markers-out": folder / "o.csv"}
    options = [word for pair in paths.items() for word in pair]
    done = dyvim("score", film, *options, "--seed", 3, "--candidates", 1, "--json")
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout)


def test_markers_say_sections_and_cuts_with_their_error(film, scored):
    folder, facts = scored
    found = read_markers(folder / "o.csv", clock_of(probe(film)))
    cuts = [marker for marker in found if marker.name.startswith("cut ")]
    assert [marker.time_s for marker in cuts] == pytest.approx(CUTS_S, abs=0.001)
    assert all("music +" in marker.note or "music -" in marker.note for marker in cuts)
    sections = [(marker.time_s, marker.name) for marker in found if marker.name.startswith("section")]
    expected = [(section["start_s"], f"section {section['role']}") for section in facts["sections"]]
    assert sections == [(pytest.approx(start, abs=0.001), name) for start, name in expected]


def test_the_midi_has_a_conductor_track_with_tempo_metre_key_and_hits(scored):
    folder, facts = scored
    score = symusic.Score(str(folder / "o.mid"))
    conductor, *players = (folder / "o.mid").read_bytes().split(b"MTrk")[1:]
    assert b"conductor" in conductor and all(
        b"\xff" + kind in conductor for kind in (b"Q\x03", b"X\x04", b"Y\x02")
    )
    assert not any(b"\xffQ\x03" in player for player in players)  # tempo is nowhere else
    assert score.time_signatures[0].time == score.key_signatures[0].time == score.tempos[0].time == 0
    marks = [(float(mark.time), mark.text) for mark in score.to("second").markers]
    cuts = [time_s for time_s, text in marks if text.startswith("cut ")]
    assert cuts == pytest.approx(CUTS_S, abs=0.001)
    assert [text for _, text in marks if " " not in text] == [each["role"] for each in facts["sections"]]


def test_a_part_of_a_film_with_timecode_is_marked_by_its_timecode(tmp_path):
    plain = cut_film(tmp_path / "plain.mp4", MOVING, "smptebars=s=320x180:r=25", seconds=2)
    film, markers = tmp_path / "film.mov", tmp_path / "o.edl"
    run_ffmpeg("-i", str(plain), "-c", "copy", "-timecode", "10:00:00:00", str(film))
    done = dyvim("score", film, "-o", tmp_path / "o.mov", "--start", 1, "--markers-out", markers, "--seed", 1)
    assert done.returncode == 0, done.stderr
    start_s = 0 if "starts at 0.000" in done.stderr else 1
    assert "10:00:02:00 10:00:02:01" in markers.read_text()
    delivered = clock_of(probe(tmp_path / "o.mov"))
    cut = next(marker for marker in read_markers(markers, delivered) if "cut" in marker.name)
    assert cut.time_s == pytest.approx(2 - start_s)


def test_a_name_that_is_no_markers_file_is_refused_before_the_work(film, tmp_path):
    done = dyvim("score", film, "-o", tmp_path / "o.mp4", "--markers-out", tmp_path / "o.doc", "--dry-run")
    assert done.returncode == 2 and "not a format of markers" in done.stderr

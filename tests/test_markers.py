"""Marker files: what other programs wrote is read exactly, what is written reads back, bad files say why."""

import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dyvim_cli.desk.orders import orders_of
from dyvim_cli.errors import InputError, UsageError
from dyvim_cli.markers.csv_table import read_csv
from dyvim_cli.markers.fcpxml import write_fcpxml
from dyvim_cli.markers.files import read_markers, url_from, write_markers
from dyvim_cli.markers.marker import Marker, merged_by_frame
from dyvim_cli.markers.resolve_edl import read_edl, write_edl
from dyvim_cli.media.film_clock import FilmClock
from dyvim_cli.media.written_times import seconds_of

GOLDEN = Path(__file__).parent / "golden" / "markers"
NTSC = Fraction(30000, 1001)
RATES = {"pal": Fraction(25), "ntsc": NTSC}
HOUR_DROP = 107892  # the number of 01:00:00;00 at 29.97
CLOCKS = [
    FilmClock(Fraction(25), 60.0),
    FilmClock(NTSC, 700.0, HOUR_DROP, True),  # more than ten minutes: numbers are left out and not
    FilmClock(Fraction(24000, 1001), 60.0, 24 * 3600 * 10),
    FilmClock(Fraction(60000, 1001), 60.0, 0, True),
]


@pytest.mark.parametrize("ending", ["edl", "fcpxml", "xml", "otio"])
@pytest.mark.parametrize("name", RATES)
def test_what_opentimelineio_writes_is_read_to_the_frame(name, ending):
    fps = RATES[name]
    found = read_markers(GOLDEN / f"{name}.{ending}", FilmClock(fps, float(300 / fps), None, name == "ntsc"))
    frames = [float(fps) * marker.time_s for marker in found]
    expected = [50, 175] if ending in ("edl", "fcpxml") else [20, 50, 175]
    assert frames == pytest.approx(expected, abs=1e-4)
    assert [marker.name.lower() for marker in found] == ["downbeat", "hit 0.8", "drop"][-len(expected) :]


@pytest.mark.parametrize("clock", CLOCKS, ids=lambda clock: f"{float(clock.fps):.2f}")
@pytest.mark.parametrize("ending", [".csv", ".edl", ".fcpxml", ".xml", ".mid", ".otio"])
def test_what_is_written_reads_back(tmp_path, ending, clock):
    path, frames = tmp_path / f"markers{ending}", [0, 1, 777, clock.frame(clock.duration_s) - 1]
    markers = [Marker(clock.time_s(frame), f"hit {frame}", note="a < b & c", color="Red") for frame in frames]
    write_markers(markers, clock, path)
    back = read_markers(path, clock)
    assert [marker.name for marker in back] == [marker.name for marker in markers]
    tolerance_s = 0.0006 if ending == ".mid" else 1e-5  # half a millisecond a tick
    assert [marker.time_s for marker in back] == pytest.approx([m.time_s for m in markers], abs=tolerance_s)
    if ending != ".mid":
        assert {marker.note for marker in back} == {"a < b & c"}


def test_opentimelineio_reads_what_is_written(tmp_path):
    import opentimelineio as otio

    clock, path = CLOCKS[1], tmp_path / "markers.otio"
    write_markers([Marker(clock.time_s(4321), "hit", color="Red")], clock, path)
    timeline = otio.adapters.read_from_file(str(path))
    (mark,) = timeline.tracks.markers
    assert (mark.name, mark.color, mark.marked_range.start_time.value) == ("hit", "RED", 4321)
    assert timeline.global_start_time.value == HOUR_DROP


@pytest.mark.parametrize("clock", CLOCKS, ids=lambda clock: f"{float(clock.fps):.2f}")
def test_an_fcpxml_has_its_markers_in_the_clip_that_shows_the_film(clock):
    """OpenTimelineIO's adapter finds markers of clips that show media, and none of a gap."""
    frames = [0, 777, clock.frame(clock.duration_s) - 1]
    text = write_fcpxml([Marker(clock.time_s(n), f"hit {n}") for n in frames], clock, "a b", "../a%20b.mp4")
    root = ElementTree.fromstring(text.partition("<!DOCTYPE fcpxml>")[2])
    asset, clip = root.find("resources/asset"), root.find("library/event/project/sequence/spine/asset-clip")
    assert [child.tag for child in root.find("resources")] == ["format", "asset"]
    assert clip.get("ref") == asset.get("id") and asset.get("format") == root.find("resources/format").get(
        "id"
    )
    assert asset.find("media-rep").get("src") == "../a%20b.mp4"
    assert all(asset.get(name) == clip.get(name) for name in ("start", "duration"))
    assert len(root.findall(".//marker")) == len(clip.findall("marker")) == len(frames)
    begin_s = Fraction(clip.get("start").rstrip("s"))
    starts_s = [Fraction(mark.get("start").rstrip("s")) - begin_s for mark in clip.findall("marker")]
    assert [start_s * clock.fps for start_s in starts_s] == frames


def test_a_film_is_named_as_seen_from_the_file_of_its_markers(tmp_path):
    assert url_from(tmp_path / "marks" / "o.fcpxml", tmp_path / "my film.mp4") == "../my%20film.mp4"


def test_symusic_reads_the_midi_that_is_written(tmp_path):
    import symusic

    write_markers([Marker(1.25, "drop"), Marker(0.5, "hit")], CLOCKS[0], tmp_path / "markers.mid")
    marks = symusic.Score(str(tmp_path / "markers.mid")).to("second").markers
    assert [(round(float(mark.time), 6), mark.text) for mark in marks] == [(0.5, "hit"), (1.25, "drop")]


@given(st.integers(0, 24 * 3600 * 29))
def test_drop_frame_numbers_go_there_and_back(frame):
    clock = FilmClock(NTSC, 86400.0, 0, True)
    assert clock.frame_of(clock.timecode(frame)) == frame


def test_a_resolve_list_without_a_film_timecode_begins_at_one_oclock():
    text = write_edl([Marker(2.0, "hit")], CLOCKS[0], "film")
    assert "001  001      V     C        01:00:02:00 01:00:02:01 01:00:02:00 01:00:02:01" in text
    assert [marker.time_s for marker in read_edl(text, CLOCKS[0], "x")] == [2.0]


def test_a_film_that_begins_at_ten_oclock_is_marked_by_its_own_timecode():
    clock = FilmClock(Fraction(25), 60.0, 25 * 3600 * 10)
    event = "001  001      V     C        10:00:02:05 10:00:02:06 10:00:02:05 10:00:02:06\n"
    (marker,) = read_edl(event + "why |C:ResolveColorSky |M:hit 1 |D:25", clock, "x")
    assert marker == Marker(2.2, "hit 1", 1.0, "why", "Sky")


def test_markers_on_one_frame_become_one():
    markers = [Marker(1.0, "section theme", note="a"), Marker(1.01, "cut"), Marker(1.0, "cut", note="b")]
    (merged,) = merged_by_frame(markers, CLOCKS[0])
    assert (merged.name, merged.note) == ("section theme + cut", "a; b")


@pytest.mark.parametrize(
    "text, expected",
    [
        ("1.5,hit 0.8\n0:02,drop\n", [(1.5, "hit 0.8"), (2.0, "drop")]),
        ("# by hand\ntime;name\n0,5;hit\n", [(0.5, "hit")]),
        ("Marker Name\tDescription\tIn\tOut\nhit\t\t00:00:02:05\t00:00:03:05\n", [(2.2, "hit")]),  # Premiere
        ("Name\tStart\tDuration\nhit\t0:02.250\t0:00.000\n", [(2.25, "hit")]),  # Audition
        ("#,Name,Start,End,Length\nM1,hit,0:02.000,,\n", [(2.0, "hit")]),  # REAPER
        ("00:00:02:05,hit\n", [(2.2, "hit")]),
    ],
)
def test_tables_of_all_programs_are_understood(text, expected):
    assert [(marker.time_s, marker.name) for marker in read_csv(text, CLOCKS[0], "x.csv")] == expected


def test_premieres_utf16_table_is_read(tmp_path):
    path = tmp_path / "markers.csv"
    path.write_text("Marker Name\tIn\tOut\nSchlüssel\t00:00:02:00\t00:00:04:00\n", encoding="utf-16")
    assert read_markers(path, CLOCKS[0]) == [Marker(2.0, "Schlüssel", 2.0)]


def test_an_fcpxml_timeline_that_begins_at_one_oclock_counts_from_there(tmp_path):
    path = tmp_path / "markers.fcpxml"
    path.write_text(
        '<fcpxml version="1.10"><library><event><project><sequence tcStart="3600s"><spine>'
        '<asset-clip offset="3600s" start="10s" duration="4s"><marker start="11s" value="hit"/>'
        '<asset-clip lane="1" offset="12s" start="5s" duration="1s"><marker start="5.5s" value="drop"/>'
        "</asset-clip></asset-clip></spine></sequence></project></event></library></fcpxml>"
    )
    found = read_markers(path, CLOCKS[0])
    assert [(marker.time_s, marker.name) for marker in found] == [(1.0, "hit"), (2.5, "drop")]


@pytest.mark.parametrize(
    "name, content, said",
    [
        ("a.csv", "time,name\nsoon,hit\n", "line 2: 'soon' is no time"),
        ("a.csv", "time,name\n", "holds no markers"),
        ("a.csv", "99,hit\n", "outside of the film"),
        ("a.edl", "TITLE: x\n", "holds no markers"),
        ("a.xml", "<xmeml><a>", "not valid XML"),
        ("a.xml", "<svg/>", "<svg> is no XML of an editor"),
        ("a.fcpxml", '<fcpxml><sequence><marker start="1/0s"/></sequence></fcpxml>', "no time of FCPXML"),
        ("a.mid", "not a MIDI file", "no MIDI file"),
        ("a.otio", "{}", "OpenTimelineIO"),
    ],
)
def test_bad_files_say_which_and_why(tmp_path, name, content, said):
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=said.replace("(", r"\(")) as error:
        read_markers(tmp_path / name, CLOCKS[0])
    assert str(tmp_path / name) in error.value.message


def test_unknown_endings_and_missing_files_are_refused(tmp_path):
    with pytest.raises(UsageError, match="not a format of markers"):
        read_markers(tmp_path / "a.doc", CLOCKS[0])
    with pytest.raises(InputError, match="no such file"):
        read_markers(tmp_path / "a.csv", CLOCKS[0])


def test_without_the_extra_its_name_is_said():
    code = (
        "import sys; sys.modules['opentimelineio'] = None\n"
        "from pathlib import Path; from dyvim_cli.errors import fault_of\n"
        "from dyvim_cli.markers.files import check_markers_name\n"
        "try: check_markers_name(Path('a.otio'))\n"
        "except Exception as error: print(fault_of(error).hint)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == 'pip install "dyvim[edit]"'


@pytest.mark.parametrize(
    "text, expected",
    [
        ("12.5", 12.5), ("0:02", 2), ("1:02:03.5", 3723.5), ("90s", 90), ("1m30s", 90), ("2min", 120),
        (".5", 0.5), ("1h", 3600), ("0:02,5", 2.5), ("", None), ("soon", None), ("0:61", None),
        ("1:60:00", None), ("-1", None),
    ],
)  # fmt: skip
def test_times_are_read_as_people_write_them(text, expected):
    assert seconds_of(text) == expected


# --- files that are none ------------------------------------------------------------------------

TENFOLD = "".join(f'<!ENTITY l{i + 1} "{f"&l{i};" * 10}">' for i in range(9))
LAUGHS = f'<!DOCTYPE {{0}} [<!ENTITY l0 "ha">{TENFOLD}]><{{0}}>&l9;</{{0}}>'  # two gigabytes of laughter
NONSENSE = {
    "deep.fcpxml": "<fcpxml><sequence><spine>"
    + '<clip offset="0s">' * 5000
    + "</clip>" * 5000
    + "</spine></sequence></fcpxml>",
    "deep.otio": "[" * 100_000,
    "wide.csv": "a" * 200_000,
    "far.fcpxml": '<fcpxml><sequence><marker start="1e999s"/></sequence></fcpxml>',
    "many.csv": "0.1,hit\n" * 5001,
    "endless.fcpxml": '<fcpxml><sequence><marker start="1e999999999s"/></sequence></fcpxml>',
    "long.fcpxml": f'<fcpxml><sequence><marker start="1/{"9" * 4000}s"/></sequence></fcpxml>',
    "laughs.fcpxml": LAUGHS.format("fcpxml"),
    "laughs.xml": LAUGHS.format("xmeml"),
    "other.fcpxml": '<!DOCTYPE fcpxml [<!ENTITY a SYSTEM "file:///etc/passwd">]><fcpxml>&a;</fcpxml>',
    "utf7.fcpxml": '<?xml version="1.0" encoding="UTF-7"?><fcpxml/>',
    "martian.xml": '<?xml version="1.0" encoding="martian"?><xmeml/>',
    "parameter.xml": '<!DOCTYPE xmeml [<!ENTITY % a SYSTEM "file:///dev/zero">%a;]><xmeml/>',
    "utf16.xml": '<?xml version="1.0" encoding="UTF-16"?>' + LAUGHS.format("xmeml"),
}


@pytest.mark.parametrize("name", NONSENSE)
def test_markers_that_make_no_sense_are_refused(tmp_path, name):
    pytest.importorskip("opentimelineio")
    path = tmp_path / name
    path.write_text(NONSENSE[name], encoding="utf-16" if name.startswith("utf16") else "utf-8")
    with pytest.raises(InputError, match=name) as caught:
        read_markers(path, FilmClock(Fraction(25), 4.0))
    assert caught.value.hint
    assert "laughs" not in name or "entity 'l0'" in caught.value.message


def test_a_damaged_timeline_is_refused():
    pytest.importorskip("opentimelineio")
    with pytest.raises(InputError, match="damaged.otio"):
        read_markers(GOLDEN / "damaged.otio", FilmClock(Fraction(15), 2.0))


def test_a_silence_without_a_length_in_numbers_lasts_until_the_next_marker():
    (silence, _) = orders_of([Marker(1.0, "silence nan"), Marker(2.0, "hit inf")], 4.0)
    assert silence.until_s == 2.0

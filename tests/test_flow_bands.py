"""Human music on our instruments: excerpts of files made up here, their sound, bands, and the check."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest
import symusic
from helpers.sheets import SCALE, harmony_tag, note, score, written

from benchmarks import musicality_check, sound_check
from benchmarks.sound_check import WITH_BEAT, WITHOUT, flow_bands, judge_sound, kind_of
from dyvim_cli.evaluation.judge.flow import FlowReport, flow
from dyvim_cli.evaluation.show.flow_tables import FLOW
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.types import SAMPLE_RATE, STYLES
from tools import flow_bands as tool
from tools import human_music
from tools.human_music import EXCERPT_S, Excerpt

GROOVE = FlowReport(empty=0.0, longest_gap_s=0.4, holes_a_minute=0.0, pulse=0.7, range_db=3.5, onsets_a_s=4.0)
COMB = FlowReport(
    empty=0.5, longest_gap_s=4.0, holes_a_minute=12.0, pulse=0.15, range_db=16.0, onsets_a_s=1.5
)


def by_part(excerpt: Excerpt) -> dict:
    return {player.part: player for player in excerpt.players}


def song_of(folder, name, tracks, beats=64):
    """A MIDI file at 120 beats a minute; tracks: (program, is_drums, [(beat, length, pitch)])."""
    song = symusic.Score(480)
    song.tempos.append(symusic.Tempo(0, 120))
    for program, is_drums, notes in tracks:
        track = symusic.Track(program=program, is_drum=is_drums)
        for beat, length, pitch in notes:
            if beat < beats:
                track.notes.append(symusic.Note(round(480 * beat), round(480 * length), pitch, 90))
        song.tracks.append(track)
    song.dump_midi(str(folder / name))
    return folder / name


def band(folder, name="band.mid"):
    """Half a minute: a kit, a bass, chords, a lead, and a bird."""
    beats = range(64)
    return song_of(
        folder, name,
        [
            (0, True, [(b, 0.2, (36, 38)[b % 2]) for b in beats] + [(b / 2, 0.1, 42) for b in range(128)]),
            (33, False, [(b, 0.9, 33) for b in beats]),
            (48, False, [(b, 3.9, p) for b in range(0, 64, 4) for p in (57, 60, 64)]),
            (81, False, [(b, 0.9, 72 + b % 5) for b in beats]),
            (123, False, [(b, 0.9, 60) for b in beats]),
        ],
    )  # fmt: skip


@pytest.fixture(scope="module")
def heard(tmp_path_factory):
    """The band's excerpt and its sound."""
    excerpt = human_music.freedoom(band(tmp_path_factory.mktemp("band")), 0)
    return excerpt, tool.played(excerpt)


def test_a_song_keeps_its_players_times_and_strengths(heard):
    excerpt, _ = heard
    players = by_part(excerpt)
    assert set(players) == {"drums", "bass", "pad", "melody"} and excerpt.has_beat  # no bird
    assert excerpt.bpm == 120 and excerpt.style in STYLES
    assert [players[part].program for part in ("bass", "pad", "melody")] == [33, 48, 81]
    starts = [n.start_s for n in players["bass"].notes]
    assert starts == pytest.approx(np.arange(0, EXCERPT_S, 0.5), abs=0.01)
    assert {n.velocity for n in players["bass"].notes} == {90}
    assert max(n.end_s for p in excerpt.players for n in p.notes) <= EXCERPT_S


def test_the_band_is_heard_to_flow(heard):
    _, sound = heard
    assert sound.shape == (EXCERPT_S * SAMPLE_RATE, 2) and sound.dtype == np.float32
    found = flow(sound, SAMPLE_RATE)
    assert found.empty == 0 and found.holes_a_minute == 0
    assert found.pulse > 0.6 and found.range_db < 4 and 3 < found.onsets_a_s < 5


def test_two_players_of_one_part_are_both_heard(heard, tmp_path):
    excerpt, sound = heard
    melody = by_part(excerpt)["melody"]
    twice = replace(excerpt, players=(melody, replace(melody, program=40)))
    alone = tool.played(replace(excerpt, players=(melody,)))
    assert not np.allclose(tool.played(twice)[: 5 * SAMPLE_RATE], alone[: 5 * SAMPLE_RATE], atol=1e-2)


def test_a_song_without_a_kit_has_no_beat_and_a_short_one_is_left_out(tmp_path):
    strings = [(48, False, [(b, 3.9, p) for b in range(0, 64, 4) for p in (57, 60, 64)])]
    calm = human_music.freedoom(song_of(tmp_path, "calm.mid", strings), 0)
    assert not calm.has_beat and set(by_part(calm)) == {"pad"}
    assert human_music.freedoom(song_of(tmp_path, "short.mid", strings, beats=20), 0) is None
    kit = [(0, True, [(b, 0.2, 36) for b in range(64)])]
    assert human_music.freedoom(song_of(tmp_path, "kit.mid", kit), 0) is None


def test_a_note_held_into_the_excerpt_begins_with_it(tmp_path):
    held = [(48, False, [(0, 60, 57), (21, 40, 60), *((b, 0.5, 64) for b in range(64))])]
    [player] = human_music.freedoom(song_of(tmp_path, "held.mid", held), 0).players
    long = [n for n in player.notes if n.pitch == 57]
    assert len(long) == 1 and long[0].start_s == 0 and long[0].end_s == EXCERPT_S


def test_a_drummer_is_joined_by_the_plainest_bass(tmp_path):
    hits = [(b / 2, 0.1, 22) for b in range(120)] + [(b, 0.1, 36) for b in range(60)]
    take = song_of(tmp_path, "1_funk-groove1_120_beat_4-4.mid", [(0, True, hits)])
    excerpt = human_music.groove_take(take, 0)
    players = by_part(excerpt)
    assert excerpt.style == "pop" and excerpt.has_beat
    assert {n.pitch for n in players["drums"].notes} == {36, 42}  # the edge of the hi-hat is a hi-hat
    assert np.diff([n.start_s for n in players["bass"].notes])[1:] == pytest.approx(1.0)
    assert {n.pitch for n in players["bass"].notes} == set(human_music.BASS_BARS)
    for name in ("1_country-a_120_beat_4-4.mid", "1_funk-groove1_120_beat_3-4.mid"):
        assert human_music.groove_take(take.rename(tmp_path / name), 0) is None
        take = tmp_path / name


def test_chord_symbols_are_held_under_the_tune(tmp_path):
    bars = [harmony_tag("C", "major") + SCALE, SCALE, harmony_tag("D", "minor-seventh") + SCALE, SCALE] * 4
    sheet = written(tmp_path, score(bars, fifths=1))
    styles = [human_music.lead_sheet(sheet, i).style for i in range(4)]
    assert not any(RECORDS[style].keeps_beat for style in styles) and len(set(styles)) == 4
    players = by_part(human_music.lead_sheet(sheet, 0))
    beat_s = 60 / 110
    full = [n for n in players["bass"].notes if 0 < n.start_s < EXCERPT_S - 8 * beat_s]
    assert {n.pitch % 12 for n in full} == {0, 2}
    assert [n.end_s - n.start_s for n in full] == pytest.approx(len(full) * [8 * beat_s], abs=1e-6)
    chord = {n.pitch % 12 for n in players["pad"].notes if n.start_s == full[1].start_s}
    assert chord in ({0, 4, 7}, {2, 5, 9, 0})
    assert len(players["melody"].notes) == pytest.approx(EXCERPT_S / beat_s, abs=2)
    assert human_music.lead_sheet(written(tmp_path, score([SCALE] * 16)), 0) is None  # no chord symbols


def test_a_song_for_voice_and_piano_follows_its_marks(tmp_path):
    def mark(name):
        return f"<direction><direction-type><dynamics><{name}/></dynamics></direction-type></direction>"

    voice = [mark("p") + SCALE] + [SCALE] * 7 + [mark("ff") + SCALE] + [SCALE] * 7
    right = "".join(note(p, 4, chord=i > 0, staff=1) for i, p in enumerate((60, 64, 67)))
    left = "<backup><duration>16</duration></backup>" + note(48, 4, staff=2)
    file = written(tmp_path, score(voice, more_parts=[[right + left] * 16]))
    players = by_part(human_music.lied(file, 2))
    assert players["arp"].program == human_music.PIANO
    assert {n.pitch for n in players["arp"].notes} == {48, 60, 64, 67}
    assert {n.velocity for n in players["melody"].notes} == {60, 100}
    assert {n.pitch for n in players["melody"].notes} == {67, 69, 71, 72}


def test_the_tool_writes_bands_and_leaves_out_what_is_broken(tmp_path, monkeypatch, capsys):
    songs = tmp_path / "songs"
    songs.mkdir()
    band(songs), (songs / "broken.mid").write_bytes(b"MThd nonsense")
    song_of(songs, "calm.mid", [(0, False, [(b, 0.9, 60 + b % 7) for b in range(64)])])
    out, rows = tmp_path / "bands.json", tmp_path / "rows.json"
    arguments = ["--freedoom", str(songs), "-o", str(out), "--rows", str(rows)]
    monkeypatch.setattr(sys, "argv", ["flow_bands", *arguments])
    tool.main()
    assert "left out: broken.mid" in capsys.readouterr().err
    kinds = json.loads(out.read_text())["kinds"]
    assert kinds[WITH_BEAT]["n"] == kinds[WITHOUT]["n"] == 1
    pulses = {row["name"]: row["flow"]["pulse"] for row in json.loads(rows.read_text())}
    assert kinds[WITH_BEAT]["bands"]["pulse"] == pytest.approx(3 * [pulses["band"]], abs=1e-3)
    assert kinds[WITHOUT]["sources"]["freedoom"]["bands"]["pulse"][0] == pytest.approx(
        pulses["calm"], abs=1e-3
    )


def test_files_are_taken_evenly():
    assert tool.spread(list(range(100)), 3) == [0, 50, 99]
    assert tool.spread([5, 6], 3) == [5, 6] and tool.spread([], 3) == []


def test_the_committed_bands_are_of_music_that_flows():
    bands = flow_bands()
    assert set(bands) == {WITH_BEAT, WITHOUT}
    for kind in bands.values():
        assert set(kind) == set(FLOW.values())
        assert all(low <= middle <= high for low, middle, high in kind.values())
    assert bands[WITH_BEAT]["pulse"][1] > bands[WITHOUT]["pulse"][1] > 0.3
    assert bands[WITH_BEAT]["empty"][1] < 0.05 and bands[WITH_BEAT]["onsets_a_s"][1] > 3


def test_a_groove_is_as_people_s_and_a_comb_is_not():
    groove, comb = judge_sound(["rock", "rock"], [GROOVE, None]), judge_sound(["rock"], [COMB])
    assert groove["kinds"].keys() == {WITH_BEAT} and groove["kinds"][WITH_BEAT]["pieces"] == 1
    assert len(groove["verdicts"]) == 6 and all(groove["verdicts"].values())
    assert not any(comb["verdicts"].values())
    better = replace(GROOVE, pulse=1.0, range_db=0.0)  # steadier than people is no fault
    assert all(judge_sound(["rock"], [better])["verdicts"].values())
    assert not judge_sound(["rock"], [replace(GROOVE, onsets_a_s=30.0)])["verdicts"][
        "with a beat: onsets_a_s as people's"
    ]


def test_styles_are_of_two_kinds():
    assert {style for style in STYLES if kind_of(style) == WITHOUT} == set(human_music.CALM_STYLES)


def test_pieces_are_sounded_and_shown_beside_people_s(monkeypatch, capsys, tmp_path):
    out = tmp_path / "found.json"
    monkeypatch.setattr(musicality_check, "FILM_S", (8.0, 9.0))
    monkeypatch.setattr(musicality_check, "differences", lambda compose: {})
    monkeypatch.setattr(sys, "argv", ["musicality_check", "--pieces", "2", "--alpha", "0", "--out", str(out)])
    musicality_check.main()
    text, found = capsys.readouterr().out, json.loads(out.read_text())
    assert found["sound"]["kinds"][WITHOUT]["pieces"] == 2  # cinematic and orchestral
    assert "sound, without a beat" in text and "without a beat: pulse as people's" in text
    assert found["sound"]["kinds"][WITHOUT]["measures"]["onsets_a_s"]["ours"][1] > 0
    monkeypatch.setattr(sound_check, "sounded", None)  # rendering now fails
    monkeypatch.setattr(sys, "argv", ["musicality_check", "--pieces", "1", "--silent"])
    musicality_check.main()
    assert "sound, " not in capsys.readouterr().out

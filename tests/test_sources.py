"""Sources: scores made on the spot, read into pieces; keys, chords, curves, shards."""

import json
import zipfile

import numpy as np
import pytest
import symusic
from helpers.sheets import SCALE, harmony_tag, note, score, written

from dyvim_cli.errors import InputError
from dyvim_cli.music.symbols import keys, tokens
from dyvim_cli.music.symbols.measures import measures
from dyvim_cli.music.symbols.tokens import (
    HOLD,
    NO_CHORD,
    REST,
    STREAM_INDEX,
    STREAMS,
    UNKNOWN,
    chord_of,
    chord_token,
)
from dyvim_cli.training import sources
from dyvim_cli.training.data import shards
from dyvim_cli.training.data.curves import lengths_at_onsets, music_curves
from dyvim_cli.training.data.piece import Piece, PieceSection
from dyvim_cli.training.sources import chord_inference, drums, dynamics, groove, lieder, midi, openewld, sheet
from dyvim_cli.training.sources.texture import Notes, bass_mask
from dyvim_cli.types import STYLES, Key


def pitches(piece, stream):
    row = piece.tokens[STREAM_INDEX[stream]]
    return [(int(s), STREAMS[STREAM_INDEX[stream]].low + int(row[s]) - 2) for s in np.flatnonzero(row >= 2)]


def chords(piece):
    return [chord_of(t) for t in piece.tokens[STREAM_INDEX["chord"]]]


LEAD = [harmony_tag("G", "major") + SCALE, harmony_tag("D", "dominant-ninth") + SCALE,
        harmony_tag("E", "minor-seventh") + SCALE, harmony_tag("G", "major-sixth") + note(67, 4)]  # fmt: skip


def test_lead_sheet_in_g_becomes_tonic_relative(tmp_path):
    (piece,) = openewld.read(written(tmp_path, score(LEAD, fifths=1)))
    assert piece.tokens.shape == (tokens.K, 64)
    assert not piece.is_minor
    assert [p % 12 for _, p in pitches(piece, "melody")[:4]] == [0, 2, 4, 5]
    assert [chords(piece)[s] for s in (0, 16, 32, 48)] == [(0, "maj"), (7, "7"), (9, "min7"), (0, "maj")]
    assert (piece.tokens[STREAM_INDEX["melody"], 49:] == HOLD).all()
    for absent in ("bass", "drums", "pad", "arp", "level"):
        assert (piece.tokens[STREAM_INDEX[absent]] == UNKNOWN).all()
    tokens.validate(piece.tokens)


def test_mxl_archive_reads_like_the_plain_file(tmp_path):
    plain = openewld.read(written(tmp_path, score(LEAD, fifths=1)))
    with zipfile.ZipFile(tmp_path / "song.mxl", "w") as archive:
        archive.writestr("META-INF/container.xml", "<container/>")
        archive.writestr("score.xml", score(LEAD, fifths=1))
    packed = openewld.read(tmp_path / "song.mxl")
    np.testing.assert_array_equal(plain[0].tokens, packed[0].tokens)


def test_minor_is_told_from_its_relative_major(tmp_path):
    bars = [harmony_tag("A", "minor") + "".join(note(p, 1) for p in (69, 72, 76, 69)),
            harmony_tag("E", "dominant") + "".join(note(p, 1) for p in (68, 71, 76, 68))] * 2  # fmt: skip
    bars.append(harmony_tag("A", "minor") + note(69, 4))
    (piece,) = openewld.read(written(tmp_path, score(bars)))
    assert piece.is_minor
    assert chords(piece)[0] == (0, "min")
    assert chords(piece)[16] == (7, "7")


def test_pickup_stands_before_the_downbeat(tmp_path):
    bars = [note(62, 1), *LEAD]
    (piece,) = openewld.read(written(tmp_path, score(bars, fifths=1)))
    assert piece.tokens.shape[1] == 80
    assert [s for s, _ in pitches(piece, "melody")][:2] == [12, 16]
    assert (piece.tokens[STREAM_INDEX["melody"], :12] == REST).all()
    assert chords(piece)[12] is None
    assert chords(piece)[16] == (0, "maj")


def test_two_four_bars_pair_up(tmp_path):
    bars = [harmony_tag("C", "major") + note(60 + i, 1) + note(72, 1) for i in range(9)]
    (piece,) = openewld.read(written(tmp_path, score(bars, beats=2)))
    assert piece.tokens.shape[1] == 80  # nine halves: the last bar is filled with rests
    assert [s for s, _ in pitches(piece, "melody")] == list(range(0, 72, 4))


def test_triple_metre_is_left_out(tmp_path):
    bars = [harmony_tag("C", "major") + note(60, 3)] * 8
    assert openewld.read(written(tmp_path, score(bars, beats=3))) == []


def test_repeats_and_endings_are_played_out(tmp_path):
    def bar(pitch, barline=""):
        return harmony_tag("C", "major") + note(pitch, 4) + barline

    forward = "<barline location='left'><repeat direction='forward'/></barline>"
    first = "<barline><ending number='1' type='start'/></barline>"
    back = (
        "<barline location='right'><ending number='1' type='stop'/><repeat direction='backward'/></barline>"
    )
    second = "<barline><ending number='2' type='start'/></barline>"
    stop = "<barline location='right'><ending number='2' type='discontinue'/></barline>"
    bars = [bar(60), forward + bar(62), first + bar(64, back), second + bar(65, stop), bar(67)]
    played = sheet.read(written(tmp_path, score(bars)))
    assert played.notes["pitch"].tolist() == [60, 62, 64, 62, 65, 67]
    assert [b.source for b in played.bars] == [0, 1, 2, 1, 3, 4]


def test_a_bracket_that_stops_short_of_its_repeat_sign_lasts_up_to_it(tmp_path):
    short = "".join(f"<barline><ending number='1' type='{t}'/></barline>" for t in ("start", "stop"))
    back = "<barline location='right'><repeat direction='backward'/></barline>"
    second = short.replace("'1'", "'2'")
    bars = [note(60, 4), short + note(62, 4), note(64, 4) + back, second + note(65, 4)]
    played = sheet.read(written(tmp_path, score(bars)))
    assert played.notes["pitch"].tolist() == [60, 62, 64, 60, 65]


def test_repeated_passages_share_a_label(tmp_path):
    forward = "<barline location='left'><repeat direction='forward'/></barline>"
    back = "<barline location='right'><repeat direction='backward'/></barline>"
    passage = [forward + LEAD[0], *LEAD[1:3], LEAD[3] + back]
    (piece,) = openewld.read(written(tmp_path, score(passage + LEAD, fifths=1)))
    assert [(s.start, s.end, s.label) for s in piece.sections] == [(0, 64, 0), (64, 128, 0), (128, 192, 1)]
    assert piece.curves[64, 1] == piece.curves[128, 1] == 1


def test_a_tie_is_one_note(tmp_path):
    bars = [note(60, 4, "<tie type='start'/>"), note(60, 4, "<tie type='stop'/>")]
    notes = sheet.read(written(tmp_path, score(bars))).notes
    assert len(notes) == 1
    assert notes["end"][0] == 8


def piano(bar_chord, low):
    right = "".join(note(p, 2, chord=i > 0, staff=1) for i, p in enumerate(bar_chord)) * 2
    left = "".join(note(p, 1, staff=2) for p in (low, low + 12, low + 7, low + 12))
    return right + "<backup><duration>16</duration></backup>" + left


def test_voice_and_piano_fill_their_streams(tmp_path):
    voice = [note(72, 2) + note(74, 2)] * 3 + [note(72, 4)]
    loud = "<direction><direction-type><dynamics><f/></dynamics></direction-type></direction>"
    hands = [loud + piano((60, 64, 67), 36), piano((59, 62, 67), 43), piano((60, 65, 69), 41),
             piano((60, 64, 67), 36)]  # fmt: skip
    (piece,) = lieder.read(written(tmp_path, score(voice, more_parts=[hands])))
    assert [p % 12 for _, p in pitches(piece, "melody")][:2] == [0, 2]
    assert [s for s, _ in pitches(piece, "pad")] == list(range(0, 64, 8))
    assert [pitches(piece, "pad")[i][1] % 12 for i in (0, 2, 4)] == [7, 7, 9]
    on_downbeats = [p % 12 for s, p in pitches(piece, "bass") if s % 16 == 0]
    assert on_downbeats == [0, 7, 5, 0]
    assert [chords(piece)[s] for s in (0, 16, 32, 48)] == [(0, "maj"), (7, "maj"), (5, "maj"), (0, "maj")]
    assert (piece.tokens[STREAM_INDEX["level"]] == dynamics.MARK_LEVEL["f"]).all()
    assert (piece.tokens[STREAM_INDEX["drums"]] == UNKNOWN).all()


def test_crescendo_rises_between_its_marks(tmp_path):
    def mark(what):
        return f"<direction><direction-type>{what}</direction-type></direction>"

    bars = [mark("<dynamics><p/></dynamics>") + SCALE, mark("<wedge type='crescendo'/>") + SCALE,
            mark("<dynamics><f/></dynamics>") + SCALE, SCALE]  # fmt: skip
    (piece,) = lieder.read(written(tmp_path, score(bars)))
    level = piece.tokens[STREAM_INDEX["level"]]
    assert (level[:16] == 2).all()
    assert (level[32:] == 5).all()
    assert (np.diff(level[16:33]) >= 0).all()
    assert set(level[16:33]) == {2, 3, 4, 5}


def test_broken_chords_leave_the_bass_its_first_note():
    alberti = np.tile([36, 43, 40, 43], 4)
    figure = Notes(np.arange(16), np.arange(16) + 1, alberti)
    assert figure.pitches[bass_mask(figure)].tolist() == [36] * 4
    walking = Notes(np.arange(0, 16, 2), np.arange(2, 18, 2), np.array([36, 38, 40, 41, 43, 45, 47, 48]))
    assert bass_mask(walking).all()


@pytest.mark.parametrize("tonic", range(0, 12, 5))
@pytest.mark.parametrize("is_minor", [False, True])
def test_key_of_a_scale_with_its_weights(tonic, is_minor):
    profile = keys.MINOR_PROFILE if is_minor else keys.MAJOR_PROFILE
    weights = np.roll(np.where(profile > 3, profile, 0), tonic)
    assert keys.find_key(weights) == Key(tonic, is_minor)
    relative = tonic + 3 if is_minor else tonic
    fifths = relative * 7 % 12
    assert keys.find_key(weights, fifths) == Key(tonic, is_minor)


@pytest.mark.parametrize("chord", [(0, "maj"), (9, "min"), (7, "7"), (2, "min7"), (5, "maj7"), (11, "m7b5"),
                                   (7, "sus4"), (4, "aug"), (11, "dim")])  # fmt: skip
def test_a_chord_in_root_position_is_named(chord):
    sounding, bass = np.zeros((4, 12)), np.zeros((4, 12))
    sounding[:, list(tokens.chord_pitch_classes(chord_token(*chord)))] = 8
    bass[:, chord[0]] = 8
    assert {chord_of(t) for t in chord_inference.infer_chords(sounding, bass, False)} == {chord}


def test_an_inversion_keeps_its_root_and_a_passing_note_changes_nothing():
    sounding, bass = np.zeros((4, 12)), np.zeros((4, 12))
    sounding[:, [0, 4, 7]] = 8
    bass[:, 4] = 8
    sounding[2, [2, 5]] = 2
    assert {chord_of(t) for t in chord_inference.infer_chords(sounding, bass, False)} == {(0, "maj")}


def test_silence_has_no_chord_then_carries_on():
    sounding = np.zeros((3, 12))
    sounding[1, [0, 4, 7]] = 8
    inferred = chord_inference.infer_chords(sounding, sounding, False)
    assert inferred[0] == NO_CHORD
    assert chord_of(inferred[1]) == chord_of(inferred[2]) == (0, "maj")


def band(folder, name="band.mid"):
    """Eight bars of a band in A minor: drums, bass, strings, a flute with rests; flute louder later."""
    song = symusic.Score(480)
    song.time_signatures.append(symusic.TimeSignature(0, 4, 4))
    song.tempos.append(symusic.Tempo(0, 100))
    kit, low, strings, flute = (
        symusic.Track(program=p, is_drum=d) for p, d in ((0, True), (33, False), (48, False), (73, False))
    )
    roots = [45, 41, 48, 43, 45, 41, 40, 45]
    for bar, root in enumerate(roots):
        at = bar * 1920
        third = 4 if root in (41, 48, 43, 40) else 3
        for beat in range(4):
            kit.notes.append(symusic.Note(at + 480 * beat, 60, 36 if beat % 2 == 0 else 38, 100 - 10 * beat))
            low.notes.append(symusic.Note(at + 480 * beat, 440, root - 12, 80))
        for interval in (0, third, 7):
            strings.notes.append(symusic.Note(at, 1900, root + 12 + interval, 60))
        for i, interval in enumerate((12, 7 + bar % 2, 12 + third, 14)):
            flute.notes.append(
                symusic.Note(at + 480 * i + 240 * (bar % 2), 200, root + 12 + interval, 60 + 5 * bar)
            )
    song.tracks.extend([kit, low, strings, flute])
    song.dump_midi(str(folder / name))
    return folder / name


def test_a_band_is_cast(tmp_path):
    (piece,) = midi.read(band(tmp_path))
    assert piece.is_minor
    assert piece.bpm == pytest.approx(100, abs=0.1)
    assert [p % 12 for s, p in pitches(piece, "bass") if s % 16 == 0] == [0, 8, 3, 10, 0, 8, 7, 0]
    assert [chords(piece)[s] for s in (0, 16, 32)] == [(0, "min"), (8, "maj"), (3, "maj")]
    assert [s for s, _ in pitches(piece, "melody")][:8] == [0, 4, 8, 12, 18, 22, 26, 30]
    assert [s for s, _ in pitches(piece, "pad")] == list(range(0, 128, 16))
    drum_row = piece.tokens[STREAM_INDEX["drums"]]
    assert [tokens.drum_classes(t) for t in drum_row[[0, 4]]] == [("kick",), ("snare",)]
    level = piece.tokens[STREAM_INDEX["level"]]
    assert level[0] > level[12]
    tokens.validate(piece.tokens)


def test_velocities_without_shades_tell_no_level():
    flat = dynamics.velocity_levels(np.arange(8), np.full(8, 100), 16)
    assert (flat == UNKNOWN).all()


def test_every_drum_class_has_its_own_key():
    row = drums.row(np.arange(6), np.array(tokens.DRUM_KEYS), 6)
    assert row.tolist() == [1, 2, 4, 8, 16, 32]


def take(folder, name, late=0.0):
    """Two bars of a drum take; the snare `late` sixteenths behind the kick and the hat."""
    song = symusic.Score(480)
    kit = symusic.Track(is_drum=True)
    for step in range(32):
        kit.notes.append(symusic.Note(step * 120, 60, 42, 40 + step))
        if step % 8 == 0:
            kit.notes.append(symusic.Note(step * 120, 60, 36, 90))
        elif step % 8 == 4:
            kit.notes.append(symusic.Note(round((step + late) * 120), 60, 38, 110))
    song.tracks.append(kit)
    song.dump_midi(str(folder / name))
    return folder / name


def test_drum_take(tmp_path):
    (piece,) = groove.read(take(tmp_path, "1_hiphop-groove6_90_beat_4-4.mid"))
    assert STYLES[piece.style] == "lofi"
    assert piece.bpm == 90
    assert tokens.drum_classes(piece.tokens[STREAM_INDEX["drums"], 4]) == ("snare", "hat")
    assert piece.tokens[STREAM_INDEX["level"], 4] > piece.tokens[STREAM_INDEX["level"], 5]
    assert (piece.tokens[STREAM_INDEX["chord"]] == UNKNOWN).all()
    assert groove.read(take(tmp_path, "2_rock_90_beat_6-8.mid")) == []


def test_feel_measures_a_late_snare(tmp_path):
    for i in range(groove.MIN_HITS):
        take(tmp_path, f"{i}_rock_90_beat_4-4.mid", late=0.25)
    groove.write_feel(tmp_path, tmp_path / "feel.json")
    feel = json.loads((tmp_path / "feel.json").read_text())["families"]["rock"]
    snare = tokens.DRUM_CLASSES.index("snare")
    assert feel["offset_mean"][snare][4] == pytest.approx(0.25, abs=0.01)
    assert feel["velocity_mean"][snare][4] == 110
    assert feel["offset_mean"][snare][5] is None
    assert feel["offset_mean"][tokens.DRUM_CLASSES.index("hat")][5] == 0


def some_piece(name="openewld/a", n_bars=8, seed=0):
    rng = np.random.default_rng(seed)
    made = tokens.empty(16 * n_bars)
    made[STREAM_INDEX["melody"]] = np.where(
        rng.random(16 * n_bars) < 0.3, rng.integers(2, 30, 16 * n_bars), HOLD
    )
    made[STREAM_INDEX["chord"]] = chord_token(0, "maj")
    sections = (PieceSection(0, 64, 1, 0, 0.5, -0.25), PieceSection(64, 16 * n_bars))
    return Piece(name, "openewld", made, music_curves(made), sections, True, 97.5, 3, True, False)


def test_shards_round_trip(tmp_path):
    pieces = [some_piece("openewld/ä", 8), some_piece("openewld/b", 12, 1)]
    shards.save(pieces, tmp_path / "deep" / "s.safetensors")
    loaded = shards.load(tmp_path / "deep" / "s.safetensors")
    for before, after in zip(pieces, loaded, strict=True):
        np.testing.assert_array_equal(before.tokens, after.tokens)
        np.testing.assert_array_equal(before.curves, after.curves)
        plain = [f for f in Piece.__dataclass_fields__ if f not in ("tokens", "curves")]
        assert [getattr(before, f) for f in plain] == [getattr(after, f) for f in plain]
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["s.safetensors"]


def test_a_file_that_is_no_shard_is_refused(tmp_path):
    (tmp_path / "x.safetensors").write_bytes(b"nonsense")
    with pytest.raises(InputError):
        shards.load(tmp_path / "x.safetensors")


def test_split_keeps_versions_of_a_work_together():
    pieces = [some_piece(f"{source}/song {i}{version}") for i in range(200)
              for source, version in (("openewld", ""), ("arranged", "#1"), ("arranged", "#2"))]  # fmt: skip
    training, held_out = shards.split(pieces, 0.1)
    sides = [{shards.work_of(p.name) for p in side} for side in (training, held_out)]
    assert not sides[0] & sides[1]
    assert 5 <= len(sides[1]) <= 40
    assert shards.split(pieces[::-1], 0.1)[1] == held_out[::-1]


def test_a_malformed_file_is_listed_not_fatal(tmp_path):
    written(tmp_path, score(LEAD, fifths=1))
    written(tmp_path, "<score-partwise><part>", "cut-off.musicxml")
    written(tmp_path, score([note(60, 4).replace("<duration>16</duration>", "")]), "no-duration.musicxml")
    absurd = score(LEAD).replace("<octave>4</octave>", "<octave>99999</octave>")
    written(tmp_path, absurd, "absurd.musicxml")
    (tmp_path / "not-zip.mxl").write_bytes(b"PK\x03\x04 nonsense")
    written(tmp_path, score(LEAD, beats=3), "waltz.musicxml")
    report = sources.write_shards({"openewld": tmp_path}, tmp_path / "out")["openewld"]
    assert (report.n_files, report.n_pieces, report.n_steps) == (6, 1, 64)
    names = sorted(path.name for path, _ in report.failures)
    assert names == ["absurd.musicxml", "cut-off.musicxml", "no-duration.musicxml", "not-zip.mxl"]
    assert [path.name for path in report.passed_over] == ["waltz.musicxml"]
    assert len(shards.load(report.shard)) == 1


def test_broken_midi_is_listed_too(tmp_path):
    band(tmp_path)
    (tmp_path / "bad.mid").write_bytes(b"MThd nonsense")
    report = sources.write_shards({"midi": tmp_path}, tmp_path / "out")["midi"]
    assert [path.name for path, _ in report.failures] == ["bad.mid"]
    assert report.n_pieces == 1


def test_a_metre_of_nothing_is_none():
    from types import SimpleNamespace

    torn = [
        SimpleNamespace(time=0, numerator=0, denominator=4),
        SimpleNamespace(time=8, numerator=4, denominator=0),
    ]
    song = SimpleNamespace(time_signatures=torn, end=lambda: 16)
    assert [bar.start for bar in midi.bar_lines(song)] == [0, 4, 8, 12]


def test_a_folder_without_music_is_an_error(tmp_path):
    with pytest.raises(InputError):
        sources.write_shards({"musicxml": tmp_path}, tmp_path / "out")
    written(tmp_path, "<score-partwise><part>", "cut-off.musicxml")
    with pytest.raises(InputError, match="no element found"):  # why not
        sources.write_shards({"musicxml": tmp_path}, tmp_path / "out")


def test_curves_find_a_planted_accent_and_a_change_of_texture():
    made = tokens.empty(16 * 16)
    made[STREAM_INDEX["melody"]] = REST
    made[STREAM_INDEX["bass"], ::4] = 10
    made[STREAM_INDEX["melody"], 128::2] = 20  # a second voice from bar 8 on
    made[STREAM_INDEX["pad"]] = REST
    made[STREAM_INDEX["pad"], 72] = 12  # one chord in bar 4
    made[STREAM_INDEX["pad"], 73:79] = HOLD
    curves = music_curves(made)
    assert curves.dtype == np.float32
    assert curves[72, 0] == curves[:, 0].max() > 0
    assert curves[128, 1] == 1
    assert curves[140:, 2].mean() > curves[:120, 2].mean() + 0.3
    assert curves.min() >= 0 and curves.max() <= 1
    short = music_curves(made[:, :16])
    assert short.shape == (16, 3)


def test_lengths_lie_at_the_onsets_of_their_notes():
    assert lengths_at_onsets(np.array([5, HOLD, REST, 6, 7, HOLD])).tolist() == [2, 0, 0, 1, 2, 0]


def test_statistics_count_clashes_and_notes_in_harmony():
    piece = some_piece()
    low = STREAMS[STREAM_INDEX["melody"]].low
    row = np.full(128, HOLD)
    row[::16] = 2 + (72 - low)  # the tonic
    row[8::16] = 2 + (73 - low)  # a semitone above it, on a beat
    piece.tokens[STREAM_INDEX["melody"]] = row
    figures = measures(piece.tokens, piece.is_minor)
    assert figures["melody_clashes"] == 0.5
    assert figures["melody_in_chord"] == 0.5
    assert figures["melody_density"] == 2
    assert figures["pitch_class_entropy"] == 1
    assert figures["groove_consistency"] == 1

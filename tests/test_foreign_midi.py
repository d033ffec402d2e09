"""MIDI files as other programs write them: channels, pedals, odd headers and damage, byte by byte."""

import struct

import numpy as np
import pytest
import symusic

from dyvim_cli.errors import InputError
from dyvim_cli.music.symbols import midi_events
from dyvim_cli.music.symbols.midi_in import read_midi
from dyvim_cli.options import Delivery
from dyvim_cli.rendering import check_length, render

BEAT = 480  # ticks, half a second unless a tempo says otherwise
LINE = ((0, 60), (480, 62), (960, 64), (1440, 65))  # (tick, pitch)


def notes(channel, *line):
    """Keys pressed for half a beat: (tick, bytes)."""
    down = [(tick, bytes((0x90 | channel, pitch, 90))) for tick, pitch in line]
    return down + [(tick + BEAT // 2, bytes((0x80 | channel, pitch, 0))) for tick, pitch in line]


def control(channel, number, value, tick=0):
    return tick, bytes((0xB0 | channel, number, value))


def program(channel, number, tick=0):
    return tick, bytes((0xC0 | channel, number))


def meta(kind, content, tick=0):
    return tick, bytes((0xFF, kind, len(content))) + content


def tempo(bpm, tick=0):
    return meta(0x51, round(60e6 / bpm).to_bytes(3, "big"), tick)


def variable(number):
    groups = [number & 0x7F]
    while number := number >> 7:
        groups.append(number & 0x7F | 0x80)
    return bytes(reversed(groups))


def chunk(*events):
    data, last = b"", 0
    for tick, message in sorted(events, key=lambda event: event[0]):
        data, last = data + variable(tick - last) + message, tick
    data += b"\0\xff\x2f\0"
    return b"MTrk" + struct.pack(">I", len(data)) + data


def file_bytes(*tracks, kind=1, division=BEAT):
    return b"MThd" + struct.pack(">IHHH", 6, kind, len(tracks), division) + b"".join(tracks)


@pytest.fixture
def read(tmp_path):
    """Reader of a file of these bytes."""

    def written(data):
        (tmp_path / "a.mid").write_bytes(data)
        return read_midi(tmp_path / "a.mid")

    return written


def spans(part):
    return [(round(note.start_s, 3), round(note.end_s, 3), note.pitch) for note in part.stem.notes]


def test_format_0_is_taken_apart_by_channels(read):
    events = (meta(3, "Flöte".encode("latin-1")), tempo(60), program(0, 73), program(1, 33))
    lines = (*notes(0, *LINE), *notes(1, (0, 36)), *notes(9, (0, 36), (480, 38)))
    midi = read(file_bytes(chunk(*events, *lines), kind=0))
    assert [(part.role, part.stem.program, part.stem.is_drums) for part in midi.parts] == [
        ("melody", 73, False), ("bass", 33, False), ("drums", 0, True),
    ]  # fmt: skip
    assert midi.bpm == pytest.approx(60) and midi.parts[0].stem.name == "Flöte"
    assert spans(midi.parts[2]) == [(0.0, 0.5, 36), (1.0, 1.5, 38)]


def test_tempo_and_metre_changes_of_the_first_track_hold_for_all(read):
    metre = meta(0x58, bytes((7, 3, 24, 8)), 960)
    midi = read(file_bytes(chunk(tempo(60), metre, tempo(120, 960)), chunk(*notes(0, *LINE))))
    assert [start_s for start_s, _, _ in spans(midi.parts[0])] == [0.0, 1.0, 2.0, 2.5]


def test_what_a_channel_is_set_to_stays_when_the_program_changes(read):
    settings = (control(0, 7, 50), control(0, 11, 64), control(0, 10, 3), control(0, 64, 127, 400))
    changes = (program(0, 40), program(0, 73, 960), control(0, 64, 0, 1300))
    violin, flute = read(file_bytes(chunk(*settings, *changes, *notes(0, *LINE)))).parts
    assert (violin.stem.program, flute.stem.program) == (40, 73)
    assert violin.role == flute.role == "melody"
    for part in (violin, flute):
        assert part.gain(np.array([1.2])) == pytest.approx([0.25 * (64 / 127) ** 2], rel=0.01)
    up_s = 1300 / 960
    assert spans(violin) == [(0.0, 0.25, 60), (0.5, round(up_s, 3), 62)]
    assert spans(flute) == [(1.0, round(up_s, 3), 64), (1.5, 1.75, 65)]


def test_tracks_of_one_channel_share_its_settings_but_for_their_own(read):
    conductor = chunk(program(0, 40), control(0, 7, 50))
    for own, expected in (((), 40), ((program(0, 73),), 73)):
        (part,) = read(file_bytes(conductor, chunk(*own, *notes(0, *LINE)))).parts
        assert part.stem.program == expected
        assert part.gain(np.array([0.5])) == pytest.approx([0.25])


def test_of_two_values_at_one_time_the_later_one_counts(read):
    (part,) = read(file_bytes(chunk(control(0, 7, 100), control(0, 7, 50), *notes(0, *LINE)))).parts
    assert part.gain(np.array([0.5])) == pytest.approx([0.25])


def test_what_is_never_let_go_sounds_to_the_end(read):
    (part,) = read(file_bytes(chunk(control(0, 64, 127), *notes(0, *LINE)))).parts
    assert {end_s for _, end_s, _ in spans(part)} == {1.75}
    hanging = (0, bytes((0x90, 72, 90)))
    (part,) = read(file_bytes(chunk(hanging, *notes(0, *LINE)))).parts
    assert (0.0, 1.75, 72) in spans(part)
    twice = [(0, bytes((0x90, 60, 90))), *notes(0, (480, 60), (1440, 65))]
    (part,) = read(file_bytes(chunk(*twice))).parts
    assert spans(part) == [(0.0, 0.75, 60), (0.5, 0.75, 60), (1.5, 1.75, 65)]


def test_all_notes_off_and_reset_end_what_sounds(read):
    held = (0, bytes((0x90, 60, 90)))
    (part,) = read(file_bytes(chunk(held, control(0, 123, 0, 960), *notes(0, (1440, 65))))).parts
    assert spans(part)[0] == (0.0, 1.0, 60)
    settings = (control(0, 64, 127), control(0, 11, 30), control(0, 121, 0, 960))
    (part,) = read(file_bytes(chunk(*settings, *notes(0, *LINE)))).parts
    assert spans(part)[0] == (0.0, 1.0, 60)
    assert part.gain(np.array([1.5])) == pytest.approx([1.0])


def test_running_status_system_messages_and_foreign_chunks_are_followed(read):
    body = b"\0\xf0\x03\x7e\x09\xf7" + b"\0\x90\x3c\x5a" + b"\x60\x3c\0" + b"\0\x3e\x5a" + b"\x60\x3e\0"
    track = b"MTrk" + struct.pack(">I", len(body)) + body
    data = file_bytes(b"XFIH\0\0\0\2??", track) + b"junk"
    assert spans(read(data).parts[0]) == [(0.0, 0.1, 60), (0.1, 0.2, 62)]


def test_riff_wrapping_and_film_time_are_understood(read):
    data = file_bytes(chunk(*notes(0, *LINE)))
    riff = b"RIFF" + struct.pack("<I", len(data) + 12) + b"RMIDdata" + struct.pack("<I", len(data)) + data
    assert spans(read(riff).parts[0]) == spans(read(data).parts[0])
    film = read(file_bytes(chunk(tempo(30), *notes(0, *LINE)), division=(256 - 25) << 8 | 40))
    assert [start_s for start_s, _, _ in spans(film.parts[0])] == [0.0, 0.48, 0.96, 1.44]


WHOLE = file_bytes(chunk(*notes(0, *LINE)))


@pytest.mark.parametrize(
    "data, said",
    [
        (b"", "ends too early"),
        (b"this is a letter, no music", "does not begin as one"),
        (b"RIFF\0\0\0\0RMID", "ends too early"),
        (WHOLE[:-6], "ends too early"),
        (WHOLE[:14], "holds no notes"),
        (file_bytes(chunk(tempo(60))), "holds no notes"),
        (WHOLE[:12] + b"\0\0" + WHOLE[14:], "no ticks a quarter note"),
        (WHOLE[:12] + b"\x80\0" + WHOLE[14:], "128 frames a second"),
        (WHOLE[:8] + b"\0\2" + WHOLE[10:], "format 2"),
        (file_bytes(chunk(meta(0x51, b"\0\0\0"), *notes(0, *LINE))), "a tempo of no length"),
        (file_bytes(chunk((0, b"\x3c\x5a"))), "an event of no kind"),
        (file_bytes(chunk((0, b"\xf4"))), "an event of kind 0xf4"),
        (file_bytes(b"MTrk\0\0\0\6" + b"\xff" * 6), "more than four bytes"),
    ],
)
def test_what_is_damaged_or_empty_says_how(read, data, said):
    with pytest.raises(InputError, match=said) as error:
        read(data)
    assert error.value.hint


def test_huge_files_are_refused(read, tmp_path, monkeypatch):
    far = file_bytes(chunk(*notes(0, (0, 60), (200_000_000, 62))))
    read(far)
    with pytest.raises(InputError, match="plays for 208337 s, the limit is 43200 s"):
        render(tmp_path / "a.mid", Delivery(music=tmp_path / "a.wav"))
    assert not (tmp_path / "a.wav").exists()
    check_length(tmp_path / "a.mid", 43200.0)
    monkeypatch.setattr(midi_events, "MOST_EVENTS", 9)
    with pytest.raises(InputError, match="million events"):
        read(file_bytes(chunk(*notes(0, *LINE[:2])), chunk(*notes(0, *LINE))))


def test_another_reader_hears_the_same_notes(tmp_path):
    """Random notes of sixteen tracks under random tempos, written and read by symusic."""
    draw = np.random.default_rng(3)
    score = symusic.Score(220)
    for tick in (0, 700, 1500):
        score.tempos.append(symusic.Tempo(tick, float(draw.uniform(50, 180))))
    for i in range(16):
        track = symusic.Track(f"t{i}", int(draw.integers(128)), i == 3)
        for tick in range(0, 3000, 150):
            track.notes.append(symusic.Note(tick, int(draw.integers(10, 140)), int(draw.integers(128)), 70))
        score.tracks.append(track)
    score.dump_midi(str(tmp_path / "a.mid"))
    expected = symusic.Score(str(tmp_path / "a.mid")).to("second")
    found = read_midi(tmp_path / "a.mid").parts
    assert len(found) == len(expected.tracks) == 16
    for part, track in zip(found, expected.tracks, strict=True):
        assert (part.stem.name, part.stem.program) == (track.name, track.program)
        theirs = [(float(n.time), float(n.time + n.duration), n.pitch) for n in track.notes]
        ours = [(note.start_s, note.end_s, note.pitch) for note in part.stem.notes]
        assert np.allclose(ours, theirs, atol=1e-4)

"""SFZ texts: headers, comments, #define, #include, spaces, foreign spellings, and what makes no sense."""

import os

import numpy as np
import pytest
from helpers.sfz_files import HZ, hertz, level_db, note, sine, written

from dyvim_cli.errors import InputError
from dyvim_cli.music.synth.orchestra import opened
from dyvim_cli.music.synth.sfz import recordings, text
from dyvim_cli.music.synth.sfz.regions import regions_of
from dyvim_cli.music.synth.sfz.text import Text
from dyvim_cli.music.synth.sfz.values import key, number


@pytest.fixture
def folder(tmp_path):
    sine(tmp_path / "tone.wav", seconds=1)
    return tmp_path


def regions(path):
    return regions_of(Text(path)).playing


@pytest.mark.parametrize(
    ("name", "expected"),
    [("c4", 60), ("C-1", 0), ("f#3", 54), ("Eb5", 75), ("b3", 59), ("60", 60), ("-1", -1), ("h4", None)],
)
def test_keys(name, expected):
    assert key(name) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("6dB", 6),
        ("-.5", -0.5),
        ("1e3", 1000),
        ("nan", None),
        ("1e309", None),
        ("inf", None),
        ("", None),
        ("x", None),
    ],
)
def test_numbers(said, expected):
    assert number(said) == expected


def test_headers_hand_their_opcodes_down(folder):
    path = written(
        folder / "a.sfz",
        """<control> default_path=x
        <global> volume=1 tune=5 pan=3 // the rest of the line is a comment <region> sample=no.wav
        <master> volume=2 <group> volume=3 tune=7 sample=My Sound.wav key=62 lovel=5
        <region> lovel=9 /* <region> sample=no.wav
        */ hivel=90 <region>
        <master> <group> sample=other.wav <region> pitch_keycenter=c4 key=65
        <region> key=65 pitch_keycenter=c4
        <global> <region> sample=third one (2).wav""",
    )
    first, second, third, fourth, last = regions(path)
    assert first.opcodes["sample"].value == "My Sound.wav" and first.default_path == "x"
    assert [first.get(each) for each in ("volume", "tune", "pan", "lovel", "hivel")] == [3, 7, 3, 9, 90]
    assert [first.get(each) for each in ("lokey", "hikey", "pitch_keycenter")] == [62, 62, 62]
    assert second.get("lovel") == 5 and second.opcodes["sample"].line == 3
    assert (third.get("volume"), third.get("pitch_keycenter"), fourth.get("pitch_keycenter")) == (1, 65, 60)
    assert last.opcodes["sample"].value == "third one (2).wav" and last.get("volume") == 0


def test_define_and_include(folder):
    written(folder / "parts" / "Notes.txt", "<region> sample=$FILE.$EXT key=$KEYx volume_oncc$CC=3")
    path = written(
        folder / "a.sfz",
        r"""#define $EXT wav
        #define $K 12
        #define $KEY 6
        #define $CC 11
        <group> #define $FILE tone #include "Parts\notes.txt"
        #define $FILE other
        #include "parts/Notes.txt" """,
    )
    first, second = regions(path)
    assert (first.opcodes["sample"].value, second.opcodes["sample"].value) == ("tone.wav", "other.wav")
    assert first.get("lokey") == 6 and abs(first.get("volume") - 3) < 1e-9
    assert [each.name for each in Text(path).files] == ["a.sfz", "Notes.txt"]


def test_every_instrument_may_have_its_own_folder_of_samples(folder):
    """Made on Windows: backslashes, another case, a byte-order mark, its line ends."""
    sine(folder / "Strings" / "Solo Violin" / "A#4 f.wav", seconds=1, hz=2 * HZ)
    path = folder / "Win Violin.sfz"
    path.write_bytes(
        b"\xef\xbb\xbf<control>\r\ndefault_path=strings\\solo violin\\\r\n"
        b"<region>\r\nsample=a#4 F.WAV lokey=60\r\n"
        b"<control>\r\ndefault_path=\r\n<region>\r\nsample=.\\TONE.wav hikey=59\r\npitch_keycenter=50"
    )
    assert abs(hertz(note(path)) - 2 * HZ) < 1 and abs(hertz(note(path, 50)) - HZ) < 1


def test_what_is_not_honoured_is_said_once(folder):
    path = written(
        folder / "Odd Piano.sfz",
        """<group> sample=tone.wav eq1_gain=3 amp_random=2 region_label=a fil_type=hpf_2p cutoff=90
        <region> volume=nan hikey=59 <region> lokey=60 amp_random=3 off_mode=normal
        <region> trigger=release sample=gone.wav <region> sample=*sine lokey=90 <effect> type=comp""",
    )
    (said,) = opened(path).notes
    assert said.startswith("Odd Piano.sfz plays without ")
    for each in (
        "<effect>",
        "amp_random",
        "eq1_gain",
        "fil_type=hpf_2p",
        "off_mode=normal",
        "trigger=release",
    ):
        assert said.count(each) == 1
    assert "sample=*sine" in said and "volume=nan" in said and "region_label" not in said
    many = " ".join(f"eq{i}_gain=1" for i in range(10))
    (said,) = opened(written(folder / "Many Piano.sfz", f"<region> sample=tone.wav {many}")).notes
    assert "eq7_gain and 2 more" in said
    assert opened(written(folder / "Fine Piano.sfz", "<region> sample=tone.wav volume=3")).notes == ()


@pytest.mark.parametrize(
    ("content", "line", "what"),
    [
        ("<region>\nsample=gone.wav", 2, "no such sample: gone.wav"),
        ("<control> default_path=samples/\n<region> sample=sub\\gone.wav", 2, "samples/sub/gone.wav"),
        ('\n#include "gone.txt"', 2, "no such file to include: gone.txt"),
        ('#include "Bad Piano.sfz"', 1, "includes itself"),
        ("<region> sample=pipe.wav", 1, "pipe or a device"),
        ("<region> sample=.", 1, "no such sample"),
        ("<region> sample=text.wav", 1, "cannot be read"),
        ("<region> sample=/dev/zero", 1, "pipe or a device"),
    ],
)
def test_errors_name_the_file_the_line_and_what_to_do(folder, content, line, what):
    os.mkfifo(folder / "pipe.wav")
    (folder / "text.wav").write_text("no sound")
    path = written(folder / "Bad Piano.sfz", content)
    with pytest.raises(InputError) as error:
        opened(path)
    assert f"{path}, line {line}:" in error.value.message and what in error.value.message and error.value.hint


@pytest.mark.parametrize(
    "content", ["", "no sfz at all", "<region>", "<region> sample=tone.wav hikey=-1", "\0\1\2"]
)
def test_a_file_without_sound_is_refused(folder, content):
    with pytest.raises(InputError, match="no region of it sounds"):
        opened(written(folder / "Empty Piano.sfz", content))


HOSTILE = (
    "volume=1e309 pan=nan tune=inf", "loop_mode=loop_continuous loop_start=-5 loop_end=-9",
    "loop_mode=loop_continuous loop_start=99999999 loop_end=3",
    "loop_mode=loop_continuous loop_start=5 loop_end=5",
    "loop_mode=loop_sustain loop_start=3 loop_end=999999999", "offset=99999999",
    "offset=-4 end=-7", "end=0", "transpose=1000000", "tune=-99999999 pitch_keytrack=-99999",
    "pitch_keycenter=-500", "pitch_keycenter=9999", "volume=5000", "amplitude=-50", "cutoff=0",
    "ampeg_attack=-3 ampeg_decay=1e9 ampeg_sustain=-40 ampeg_release=1e8", "cutoff=-40 resonance=900",
    "cutoff=1e9 fil_keytrack=99999 fileg_depth=-1e8", "pitchlfo_freq=1e9 pitchlfo_depth=1e9",
    "amplfo_freq=-3 amplfo_depth=9000", "seq_length=0 seq_position=1", "seq_length=1000000000 seq_position=1",
    "lorand=-4 hirand=9", "group=1e9 off_by=-1", "width=9999 pan=-9999", "xfin_lovel=90 xfin_hivel=10",
    "amp_velcurve_999=4 amp_velcurve_1=-9", "delay_oncc999=4 volume_oncc999=1e308",
    "lovel=90 hivel=10 lokey=-9 hikey=1e9", "loop_mode=sideways trigger=attack off_mode=x fil_type=",
    "sw_default=zz sw_lolast=nan", "volume_oncc11=3 volume_curvecc11=999", "position=1e9 amp_veltrack=1e9",
)  # fmt: skip


@pytest.mark.parametrize("opcodes", HOSTILE)
def test_values_without_sense_do_no_harm(folder, opcodes):
    """They are taken as far as they go, or left out; the sound stays finite and short."""
    content = f"<region> sample=tone.wav hikey=59 <region> sample=tone.wav {opcodes}"
    path = written(folder / "Hostile Piano.sfz", content)
    for pitch, velocity in ((60, 127), (0, 1), (127, 64)):
        sound = note(path, pitch, velocity, held_s=0.2, lasts_s=0.5)
        assert np.isfinite(sound).all()


def test_a_sample_of_floats_that_are_no_numbers(folder):
    import soundfile

    frames = np.full(4800, np.nan, np.float32)
    frames[100:200], frames[300] = 0.5, 1e30
    soundfile.write(folder / "nan.wav", frames, 48000, subtype="FLOAT")
    sound = note(written(folder / "Nan Piano.sfz", "<region> sample=nan.wav"))
    assert np.isfinite(sound).all() and 0.1 < np.abs(sound).max() < 100


def test_a_sample_that_ends_too_early(folder):
    whole = (folder / "tone.wav").read_bytes()
    (folder / "cut.wav").write_bytes(whole[: len(whole) // 2])
    cut = note(written(folder / "Cut Piano.sfz", "<region> sample=cut.wav"))
    assert level_db(cut, 0.1, 0.4) > -40 and level_db(cut, 0.6, 0.9) < -100


def test_size_is_bounded(folder, monkeypatch):
    monkeypatch.setattr(text, "MOST_BYTES", 1000)
    with pytest.raises(InputError, match="too much"):
        opened(written(folder / "Big Piano.sfz", "<region> sample=tone.wav " + " " * 1000))
    monkeypatch.setattr(text, "MOST_SECTIONS", 50)
    with pytest.raises(InputError, match="more than 50 headers"):
        opened(written(folder / "Many Piano.sfz", "<group>" * 60))
    grows = "#define $A 1234567890\n" + "".join(
        f"#define ${b} ${a}${a}\n"
        for a, b in zip("ABCDEFGHIJKLMNOPQRSTU", "BCDEFGHIJKLMNOPQRSTUV", strict=True)
    )
    with pytest.raises(InputError):
        opened(written(folder / "Grows Piano.sfz", f"{grows}<region> sample=$V"))
    monkeypatch.setattr(recordings, "MOST_FRAMES", 4800)
    sound = note(written(folder / "Long Piano.sfz", "<region> sample=tone.wav"))
    assert level_db(sound, 0.01, 0.09) > -40 and level_db(sound, 0.2, 0.9) < -100


def test_includes_that_branch_come_to_an_end(folder):
    """Sixteen files, each of which includes the next one twice, are 65536 texts."""
    for i in range(15):
        written(folder / f"{i}.txt", f'#include "{i + 1}.txt"\n' * 2)
    written(folder / "15.txt", "<region> sample=tone.wav")
    with pytest.raises(InputError, match="include"):
        opened(written(folder / "Tree Piano.sfz", '#include "0.txt"\n' * 2))

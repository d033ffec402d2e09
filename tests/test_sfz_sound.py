"""SFZ opcodes by their effect on the rendered sound: pitch, level, time, place, timbre, takes."""

import struct

import numpy as np
import pytest
import soundfile
from helpers.sfz_files import HZ, RATE, hertz, level_db, note, onset_s, sine, written

from dyvim_cli.music.synth import sampler
from dyvim_cli.music.synth.orchestra import Orchestra, opened
from dyvim_cli.types import Note, Stem

CENTS, DB = 3.0, 0.5  # how near a note must be


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Samples: a sine, on both sides, on the left alone, an octave higher, noise."""
    folder = tmp_path_factory.mktemp("sfz")
    sine(folder / "tone.wav", subtype="PCM_24")
    sine(folder / "both.wav", sides=(1, 1))
    sine(folder / "left.wav", sides=(1, 0))
    sine(folder / "high.wav", hz=2 * HZ)
    noise = 0.1 * np.random.default_rng(1).standard_normal(2 * RATE)
    soundfile.write(folder / "noise.wav", noise, RATE, subtype="FLOAT")
    return folder


@pytest.fixture
def played(folder):
    """Render a note of what follows <region>."""

    def render(opcodes: str, key: int = 60, velocity: int = 127, held_s: float = 1.0, **options):
        text = opcodes if "<region>" in opcodes else f"<region> sample=tone.wav {opcodes}"
        return note(written(folder / "Test Piano.sfz", text), key, velocity, held_s, **options)

    return render


@pytest.mark.parametrize(
    ("opcodes", "key", "semitones"),
    [
        ("", 60, 0), ("", 67, 7), ("pitch_keycenter=a4", 69, 0), ("pitch_keycenter=57", 60, 3),
        ("key=eb5", 75, 0), ("tune=37", 60, 0.37), ("transpose=-5", 60, -5), ("pitch_keytrack=0", 90, 0),
        ("pitch_keytrack=50", 72, 6), ("pitch_keytrack=-100", 65, -5), ("pitch_veltrack=200", 60, 2),
        ("tune=10 group_tune=20", 60, 0.3), ("pitcheg_depth=300", 60, 3), ("tune_oncc11=50", 60, 0.5),
        ("transpose=3 tune=-20", 48, -9.2),
    ],
)  # fmt: skip
def test_pitch(played, opcodes, key, semitones):
    assert abs(1200 * np.log2(hertz(played(opcodes, key)) / HZ) - 100 * semitones) < CENTS


@pytest.mark.parametrize(
    ("opcodes", "key", "velocity", "db"),
    [
        ("volume=-9", 60, 127, -9), ("volume=4 group_volume=-2 amplitude=50", 60, 127, -4.02),
        ("", 60, 64, -11.9), ("amp_veltrack=50", 60, 64, -4.06), ("amp_veltrack=0", 60, 20, 0),
        ("amp_veltrack=-100", 60, 64, -2.54), ("amp_velcurve_64=1", 60, 32, -6.02),
        ("amp_velcurve_64=1", 60, 90, 0), ("amp_keytrack=-1", 66, 127, -6),
        ("amplitude_oncc11=50", 60, 127, -6.02), ("volume_oncc20=-6", 60, 127, 0),
        ("amp_veltrack=0 xfin_lovel=20 xfin_hivel=100", 60, 60, -3.01),
        ("amp_veltrack=0 xfin_lovel=20 xfin_hivel=100 xf_velcurve=gain", 60, 60, -6.02),
        ("amp_veltrack=0 xfout_lovel=20 xfout_hivel=100", 60, 80, -6.02),
        ("pitch_keytrack=0 xfin_lokey=50 xfin_hikey=70", 55, 127, -6.02),
        ("ampeg_sustain=50 ampeg_decay=0.01", 60, 127, -6.02),
        ("amp_veltrack=0 xfin_locc1=0 xfin_hicc1=127", 60, 32, -5.99),
    ],
)  # fmt: skip
def test_level(played, opcodes, key, velocity, db):
    assert abs(level_db(played(opcodes, key, velocity)) - level_db(played("")) - db) < DB


@pytest.mark.parametrize(
    ("sample", "opcodes", "left_db", "right_db"),
    [
        ("tone", "pan=-100", 3.01, -200), ("tone", "pan=50", -5.33, 2.32), ("both", "", 0, 0),
        ("both", "pan=-50", 2.32, -5.33), ("left", "", 0, -200), ("left", "width=0", -3.01, -3.01),
        ("left", "width=-100", -200, 0), ("left", "position=50 width=50", -6.02, -6.02),
    ],
)  # fmt: skip
def test_place(played, sample, opcodes, left_db, right_db):
    reference = level_db(played(""))
    sound = played(f"<region> sample={sample}.wav {opcodes}")
    for side, db in enumerate((left_db, right_db)):
        found = level_db(sound[side : side + 1]) - reference
        assert abs(found - db) < DB or (db == -200 and found < -90)


def test_the_envelope(played):
    attack = played("ampeg_attack=0.5")
    assert abs(level_db(attack, 0.245, 0.255) - level_db(played(""), 0.245, 0.255) + 6.02) < DB
    assert abs(onset_s(played("ampeg_delay=0.25")) - 0.25) < 1e-3
    decay = played("ampeg_decay=1 ampeg_sustain=0 ampeg_hold=0.1")
    assert abs(level_db(decay, 0.3, 0.31) - level_db(decay, 0.6, 0.61) - 78.17 * 0.3) < DB
    assert abs(level_db(decay, 0.0, 0.09) - level_db(played(""), 0.0, 0.09)) < DB
    release = played("ampeg_release=1", held_s=0.5)
    assert abs(level_db(release, 0.6, 0.61) - level_db(release, 0.8, 0.81) - 78.17 * 0.2) < DB
    assert level_db(played("", held_s=0.5), 0.55, 0.6) < -100
    softer = played("ampeg_vel2attack=1", velocity=64)
    assert abs(level_db(softer, 0.25, 0.255) - level_db(softer, 0.8, 0.9) - 20 * np.log10(0.252 / 0.504)) < DB


def test_where_a_recording_begins_and_ends(played, folder):
    assert abs(played("end=23999")[0].nonzero()[0].max() / RATE - 0.5) < 1e-3
    sine(folder / "late.wav", silence_s=0.25)
    assert abs(onset_s(played("<region> sample=late.wav")) - 0.25) < 1e-3
    assert onset_s(played("<region> sample=late.wav offset=12000")) < 1e-3
    assert abs(onset_s(played("<region> sample=late.wav offset_oncc11=6000")) - 0.125) < 1e-3


def with_smpl(path, first: int, last: int, key: int):
    """Append a smpl chunk to a WAV file."""
    raw = path.read_bytes()
    loop = struct.pack("<6I", 0, 0, first, last, 0, 0)
    chunk = struct.pack("<9I", 0, 0, 20833, key, 0, 0, 0, 1, 0) + loop
    raw += b"smpl" + struct.pack("<I", len(chunk)) + chunk
    path.write_bytes(raw[:4] + struct.pack("<I", len(raw) - 8) + raw[8:])


def test_loops_go_on_and_end_with_the_key_where_they_say_so(played, folder):
    """The loop is a fifth of a second of a sine; behind it the recording is an octave higher."""
    t = np.arange(RATE) / RATE
    frames = 0.25 * np.sin(2 * np.pi * HZ * np.where(t < 0.5, t, 2 * t))
    soundfile.write(folder / "looped.wav", frames, RATE)
    bounds = "loop_start=4800 loop_end=14399"
    for mode in ("loop_continuous", "loop_sustain"):
        sound = played(
            f"<region> sample=looped.wav loop_mode={mode} {bounds} ampeg_release=4", held_s=3, lasts_s=4
        )
        assert abs(1200 * np.log2(hertz(sound, 2.2, 2.9) / HZ)) < CENTS
        assert abs(level_db(sound, 2.2, 2.9) - level_db(played(""), 0.2, 0.9)) < DB
        after = hertz(sound, 3.35, 3.6)
        assert abs(after - (HZ if mode == "loop_continuous" else 2 * HZ)) < 5
    with_smpl(folder / "looped.wav", 4800, 14399, 72)
    own = played("<region> sample=looped.wav pitch_keycenter=sample", key=72, held_s=3, lasts_s=3)
    assert abs(1200 * np.log2(hertz(own, 2.2, 2.9) / HZ)) < CENTS
    assert (
        np.abs(played("<region> sample=looped.wav loop_mode=no_loop", held_s=3)[:, RATE + 100 :]).max() == 0
    )


def test_a_shot_sounds_to_its_end(played):
    assert abs(level_db(played("loop_mode=one_shot", held_s=0.1), 1.5, 1.9) - level_db(played(""))) < DB
    assert level_db(played("", held_s=0.1), 0.3, 0.9) < -100


def band_db(sound, low_hz: float, high_hz: float) -> float:
    spectrum = np.abs(np.fft.rfft(sound[0, : RATE // 2])) ** 2
    hz = np.arange(len(spectrum)) * 2
    return float(10 * np.log10(spectrum[(hz >= low_hz) & (hz < high_hz)].mean()))


@pytest.mark.parametrize(
    ("opcodes", "key", "velocity", "corner_hz"),
    [
        ("cutoff=1000", 60, 127, 1000), ("cutoff=1000 fil_keytrack=100", 72, 127, 2000),
        ("cutoff=1000 fil_veltrack=2400", 60, 64, 2013), ("cutoff=1000 fileg_depth=1200", 60, 127, 2000),
        ("cutoff=500 cutoff_oncc11=1200", 60, 127, 1000), ("cutoff=1000 resonance=12", 60, 127, 1000),
    ],
)  # fmt: skip
def test_filter(played, opcodes, key, velocity, corner_hz):
    """A two-pole low-pass: 0 dB far below and at the corner but for its peak, -24 dB two octaves above."""
    open_ = played("<region> sample=noise.wav pitch_keytrack=0", key, velocity)
    shut = played(f"<region> sample=noise.wav pitch_keytrack=0 {opcodes}", key, velocity)

    def lost_db(hz: float) -> float:
        return band_db(open_, 0.9 * hz, 1.1 * hz) - band_db(shut, 0.9 * hz, 1.1 * hz)

    assert abs(lost_db(corner_hz / 8)) < DB
    assert abs(lost_db(corner_hz) + (12 if "resonance" in opcodes else 0)) < 1.0
    assert abs(lost_db(4 * corner_hz) - 24) < 1.5


def test_oscillators_move_pitch_and_level(played):
    still = np.abs(played("")[0]).max()
    moved = played("amplfo_freq=4 amplfo_depth=6")[0, : RATE // 2]
    peaks = np.abs(moved).reshape(-1, 100).max(axis=1)
    assert (
        abs(20 * np.log10(peaks.max() / still) - 6) < DB and abs(20 * np.log10(peaks.min() / still) + 6) < DB
    )
    bent = played("pitchlfo_freq=2 pitchlfo_depth=100")
    quarter = [hertz(bent, at - 0.02, at + 0.02) for at in (0.125, 0.375)]  # its highest and lowest moments
    assert quarter[0] > HZ * 1.04 and quarter[1] < HZ / 1.04


def test_keys_and_strengths_choose_regions(played):
    text = """<group> sample=tone.wav <region> hikey=b3 <region> lokey=60 hivel=63
              <region> lokey=60 lovel=64 sample=high.wav"""
    assert abs(hertz(played(text, 60, 40)) - HZ) < 1 and abs(hertz(played(text, 60, 100)) - 2 * HZ) < 1
    for velocity in (40, 100):  # one region alone: two would be louder
        assert abs(level_db(played(text, 60, velocity)) - level_db(played("", 60, velocity))) < DB
    assert level_db(played("<region> sample=tone.wav lokey=61", 60)) < -100
    moved = "<control> octave_offset=1 note_offset=-2 <region> sample=tone.wav key=60"
    assert abs(hertz(played(moved, 70)) - HZ) < 1 and level_db(played(moved, 60)) < -100


def test_the_keyswitch_at_rest_chooses(played):
    regions = "<region> sw_last=24 sample=tone.wav <region> sw_last=c#1 sample=high.wav"
    assert abs(hertz(played(f"<global> sw_default=25 {regions}")) - 2 * HZ) < 1
    assert abs(hertz(played(regions)) - HZ) < 1  # the lowest, where the file says nothing
    for idle in ("trigger=release", "trigger=legato", "sw_down=25", "locc64=64", "hikey=-1", "on_locc64=1"):
        text = f"<region> sample=tone.wav <region> sample=high.wav {idle}"
        assert abs(level_db(played(text)) - level_db(played(""))) < DB, idle
    assert abs(hertz(played("<control> set_cc20=90 <region> sample=high.wav locc20=64")) - 2 * HZ) < 1


def placed(path, notes: list[tuple[float, float, int, int]], is_drums: bool = False) -> np.ndarray:
    stem = Stem("a", 0, is_drums, tuple(Note(*one) for one in notes))
    return np.concatenate(list(Orchestra(path).blocks(stem, 5 * RATE, RATE)), axis=1)


@pytest.mark.parametrize("by", ["seq_length=2 seq_position={n}", "lorand={low} hirand={high}"])
def test_round_robins_alternate_and_go_on_after_a_rest(folder, by):
    regions = [
        f"<region> sample={name}.wav {by.format(n=n + 1, low=n / 2, high=n / 2 + 0.5)}"
        for n, name in enumerate(("tone", "high"))
    ]
    path = written(folder / "Robin Piano.sfz", "\n".join(regions))
    times = [0.2, 0.6, 1.0, 1.4, 3.4]  # the last one after a rest of two seconds
    sound = placed(path, [(at, at + 0.2, 60, 100) for at in times])
    heard = [round(hertz(sound, at + 0.02, at + 0.18) / HZ) for at in times]
    assert heard == [1, 2, 1, 2, 1]


def test_what_has_one_recording_is_varied_besides_round_robins(folder):
    text = """<group> key=60 seq_length=2 sample=tone.wav <region> seq_position=1 <region> seq_position=2
              <group> key=62 <region> sample=high.wav"""
    path = written(folder / "Mixed Piano.sfz", text)
    font = opened(path)
    assert len(font.presets[0].takes) % 3 == 0
    sound = placed(path, [(at, at + 0.2, 62, 100) for at in (0.2, 0.6)])
    first, second = (sound[:, round(at * RATE) : round((at + 0.15) * RATE)] for at in (0.2, 0.6))
    assert not np.allclose(first, second, atol=1e-4)


def test_a_group_ends_what_says_so_and_not_the_other_way(folder):
    text = """<group> loop_mode=one_shot <region> sample=tone.wav key=36 group=1
              <region> sample=high.wav key=37 group=2 off_by=1 pitch_keycenter=37"""
    path = written(folder / "Choking Kit.sfz", text)
    drums = [(0.2, 0.3, 37, 100), (0.6, 0.7, 36, 100)]
    ended = placed(path, drums, is_drums=True)
    part = ended[0, round(0.8 * RATE) : round(1.2 * RATE)]
    spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part))))
    hz = np.fft.rfftfreq(len(part), 1 / RATE)
    assert spectrum[np.abs(hz - HZ).argmin()] > 100 * spectrum[np.abs(hz - 2 * HZ).argmin()]
    other_way = placed(path, [(0.2, 0.3, 36, 100), (0.6, 0.7, 37, 100)], is_drums=True)
    part = other_way[0, round(0.8 * RATE) : round(1.2 * RATE)]
    spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part))))
    assert spectrum[np.abs(hz - HZ).argmin()] > 0.1 * spectrum[np.abs(hz - 2 * HZ).argmin()]


def test_a_drum_sounds_to_its_end_unless_it_says_otherwise(folder):
    text = "<group> sample=tone.wav <region> key=36 <region> key=38 loop_mode=no_loop"
    path = written(folder / "Short Kit.sfz", text)
    free, cut = (placed(path, [(0.2, 0.3, key, 100)], is_drums=True) for key in (36, 38))
    assert np.abs(free[:, round(1.5 * RATE) : round(2.0 * RATE)]).max() > 0.01
    assert np.abs(cut[:, round(0.6 * RATE) :]).max() < 1e-4


def test_onsets_of_a_placed_note_are_on_time(folder):
    sine(folder / "late.wav", silence_s=0.25)
    sound = placed(written(folder / "Late Piano.sfz", "<region> sample=late.wav"), [(1.0, 1.5, 60, 100)])
    assert abs(onset_s(sound) - 1.0) < 1e-3


@pytest.mark.parametrize(
    ("name", "rate", "subtype"),
    [
        ("a.wav", 44100, "PCM_16"), ("a.wav", 96000, "PCM_24"), ("a.wav", 22050, "PCM_32"),
        ("a.wav", 48000, "FLOAT"), ("a.wav", 44100, "PCM_U8"), ("a.flac", 48000, "PCM_24"),
        ("a.ogg", 44100, "VORBIS"), ("a.aiff", 44100, "PCM_16"),
    ],
)  # fmt: skip
def test_recordings_of_every_kind(tmp_path, played, name, rate, subtype):
    sine(tmp_path / name, rate=rate, subtype=subtype)
    sound = note(written(tmp_path / "Kind Piano.sfz", f"<region> sample={name}"))
    assert abs(1200 * np.log2(hertz(sound) / HZ)) < CENTS
    assert abs(level_db(sound) - level_db(played(""))) < DB


def test_a_long_recording_is_read_as_far_as_it_is_heard(tmp_path):
    """Memory follows the note, not the file."""
    sine(tmp_path / "long.wav", seconds=40)
    path = written(tmp_path / "Long Piano.sfz", "<region> sample=long.wav")
    note(path, held_s=0.5, lasts_s=0.6)
    assert opened(path).decoded.n_bytes < 4 * 3 * RATE
    assert sampler.voices(opened(path), opened(path).presets[0], 60, 100)

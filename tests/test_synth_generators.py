"""Every generator that fonts use does what SoundFont 2.04 says, and what FluidSynth makes of it."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from helpers.synthetic_fonts import (
    LOOPED,
    PERIOD,
    RATE,
    SILENCE,
    STARTED,
    font,
    modulator,
    sample,
    tone,
    wave,
)

from dyvim_cli.errors import InputError
from dyvim_cli.music.synth import generators as gen
from dyvim_cli.music.synth import soundfont
from dyvim_cli.music.synth.instrument import SampledInstrument
from dyvim_cli.music.synth.voice import fall
from dyvim_cli.types import Note
from tools import fluidsynth_parity
from tools.soundfont_writer import to_bytes

ALL = {
    "start": STARTED,
    "start coarse": LOOPED | {gen.START: SILENCE + 8000 - 32768, gen.START_COARSE: 1},
    "end": {gen.START: SILENCE, gen.END: -RATE // 2},
    "loop": STARTED | {gen.LOOP_START: 9 * PERIOD, gen.LOOP_END: 20 * PERIOD - 12000},
    "mod lfo pitch": STARTED | {gen.MOD_LFO_TO_PITCH: 100, gen.MOD_LFO_RATE: -400, gen.MOD_LFO_DELAY: -4000},
    "vib lfo pitch": STARTED | {gen.VIB_LFO_TO_PITCH: 60, gen.VIB_LFO_RATE: -600, gen.VIB_LFO_DELAY: -3000},
    "mod env pitch": STARTED | {gen.MOD_ENV_TO_PITCH: 700, 26: -3000, 28: -3000, 29: 300, 30: -1500},
    "cutoff": STARTED | {gen.CUTOFF: 8000, gen.RESONANCE: 120},
    "mod lfo cutoff": STARTED | {gen.CUTOFF: 8500, gen.MOD_LFO_TO_CUTOFF: 1200, gen.MOD_LFO_RATE: -200},
    "mod env cutoff": STARTED | {gen.CUTOFF: 7000, gen.MOD_ENV_TO_CUTOFF: 4000, 26: -2400, 28: -1200, 29: 500,
                                 30: -1200, gen.VOLUME_ENV_RELEASE: 0},
    "mod env delay": STARTED | {gen.CUTOFF: 7000, gen.MOD_ENV_TO_CUTOFF: 4000, 25: -3600, 26: -4000,
                                27: -2400, 28: -2400, 29: 800},
    # FluidSynth lets the oscillator raise a level only where the envelope has left room
    "mod lfo volume": STARTED | {36: -7000, 37: 150, gen.MOD_LFO_TO_VOLUME: 60,
                                 gen.MOD_LFO_RATE: -500},
    "volume env": STARTED | {33: -5000, 34: -3600, 35: -3600, 36: -1200, 37: 200, 38: -1200},
    "key to hold": STARTED | {35: -2400, gen.KEY_TO_VOLUME_HOLD: 50, 36: -600, 37: 300},
    "key to decay": STARTED | {36: 600, gen.KEY_TO_VOLUME_DECAY: 60, 37: 400},
    "key to mod": STARTED | {gen.CUTOFF: 7000, gen.MOD_ENV_TO_CUTOFF: 4000, 27: -3600, 28: 600, 29: 1000,
                             gen.KEY_TO_MOD_HOLD: 40, gen.KEY_TO_MOD_DECAY: 40},
    "pan": STARTED | {gen.PAN: -350},
    "attenuation": STARTED | {gen.ATTENUATION: 150},
    "tune": STARTED | {gen.COARSE_TUNE: -3, gen.FINE_TUNE: 37},
    "scale": STARTED | {gen.SCALE_TUNING: 50, gen.ROOT_KEY: 72},
    "fixed key": STARTED | {gen.FIXED_KEY: 55},
    "fixed velocity": STARTED | {gen.FIXED_VELOCITY: 87},
    "held loop": {gen.START: SILENCE, gen.LOOP_MODE: gen.LOOPS_WHILE_HELD, gen.VOLUME_ENV_RELEASE: 2400},
    "once": {gen.START: SILENCE},
    "preset adds": STARTED | {gen.CUTOFF: 9000, gen.FINE_TUNE: 10},
    "velocity to cutoff": STARTED | {gen.CUTOFF: 11000},
    "key to attack": STARTED | {34: -3000},
}  # fmt: skip
MODULATORS = {
    "velocity to cutoff": modulator(0x0102, gen.CUTOFF, -4000),
    "key to attack": modulator(0x0203, gen.VOLUME_ENV + gen.ATTACK, 2400),
}
OUTER = {"preset adds": {gen.FINE_TUNE: 15, gen.CUTOFF: -1200, gen.ATTENUATION: 40}}


def every_generator() -> soundfont.SoundFont:
    return font(ALL, modulators=MODULATORS, outer=OUTER)


@pytest.fixture(scope="module")
def against_fluidsynth(tmp_path_factory):
    if not shutil.which("fluidsynth"):
        pytest.skip("the fluidsynth program is not here")
    path = tmp_path_factory.mktemp("font") / "every generator.sf2"
    path.write_bytes(to_bytes(every_generator()))
    return {parity.preset.name.rstrip(b"\0").decode(): parity for parity in fluidsynth_parity.compare(path)}


@pytest.mark.parametrize("name", ALL)
def test_generator_sounds_as_in_fluidsynth(against_fluidsynth, name):
    parity = against_fluidsynth[name]
    onset_ms, cents, level_db = parity.worst()
    assert len(parity.notes) > 6
    assert onset_ms <= 3 and cents <= 3 and level_db <= 1.5, parity.notes


def play(generators: dict, key: int = 60, velocity: int = 103, held_s: float = 0.5, **options) -> np.ndarray:
    """One note of one preset with its release, as the font says: [2, n]."""
    instrument = SampledInstrument(font({"a": generators}, **options), False, 0)
    n_held = round(held_s * RATE)
    tones = instrument.tones(key, velocity, n_held)
    pieces = [np.outer((one.left, one.right), one.released(n_held)) for one in tones]
    sound = np.zeros((2, max(piece.shape[1] for piece in pieces)))
    for piece in pieces:
        sound[:, : piece.shape[1]] += piece
    return sound


def hz(sound: np.ndarray) -> float:
    """Frequency of the strongest partial."""
    spectrum = np.abs(np.fft.rfft(sound[0] * np.hanning(sound.shape[1]), 1 << 18))
    return float(np.argmax(spectrum) * RATE / (1 << 18))


def db(sound: np.ndarray) -> float:
    return float(10 * np.log10((sound**2).mean() + 1e-20))


def starts(sound: np.ndarray) -> int:
    return int(np.argmax(np.abs(sound).max(axis=0) > 1e-3))


def test_offsets_move_where_a_sample_starts_and_ends():
    assert abs(starts(play(LOOPED)) - SILENCE) < 5
    assert starts(play(STARTED)) < 5
    long = sample(wave(silence=40000), (40000, 52000))
    coarse = {gen.START: 40000 - 32768, gen.START_COARSE: 1} | LOOPED
    assert starts(play(coarse, samples=(long,))) < 5
    whole, cut = play({gen.LOOP_MODE: 0}, held_s=2), play({gen.LOOP_MODE: 0, gen.END: -RATE // 2}, held_s=2)
    assert whole.shape[1] - cut.shape[1] == pytest.approx(RATE // 2, abs=8)


def test_a_loop_moves_and_may_end_with_the_key():
    moved = STARTED | {gen.LOOP_START: 27000 + 9000, gen.LOOP_END: 36000}
    late = slice(round(1.2 * RATE), round(1.4 * RATE))
    assert hz(play(STARTED, held_s=1.5)[:, late]) == pytest.approx(480, abs=3)
    assert hz(play(moved, held_s=1.5)[:, late]) == pytest.approx(960, abs=5)
    left = {gen.START: SILENCE, gen.LOOP_MODE: gen.LOOPS_WHILE_HELD, gen.VOLUME_ENV_RELEASE: 3600}
    sound = play(left, held_s=1.0)
    assert hz(sound[:, round(0.7 * RATE) : round(0.9 * RATE)]) == pytest.approx(480, abs=3)
    assert hz(sound[:, -round(0.15 * RATE) :]) == pytest.approx(960, abs=6)


def test_a_class_ends_what_sounds_of_it():
    fonts = {"none": STARTED, "class": STARTED | {gen.EXCLUSIVE_CLASS: 3}}
    levels = {}
    for program, name in enumerate(fonts):
        instrument = SampledInstrument(font(fonts), False, program)
        notes = (Note(0.1, 1.0, 48, 100), Note(0.4, 0.45, 72, 100))
        sound = np.concatenate(list(instrument.blocks(notes, RATE, RATE // 10)), axis=1)
        levels[name] = db(sound[:, round(0.6 * RATE) : round(0.8 * RATE)])
    assert levels["none"] > -40 and levels["class"] < levels["none"] - 60


def test_notes_of_a_class_that_start_together_both_sound():
    instrument = SampledInstrument(font({"a": STARTED | {gen.EXCLUSIVE_CLASS: 3}}), False, 0)
    both = (Note(0.1, 0.6, 60, 100), Note(0.1, 0.6, 72, 100))
    sound = np.concatenate(list(instrument.blocks(both, RATE, RATE)), axis=1)[:, RATE // 5 : RATE // 2]
    spectrum = np.abs(np.fft.rfft(sound[0]))
    assert min(spectrum[144], spectrum[288]) > 0.1 * spectrum.max()  # 480 and 960 Hz in .3 s


def test_release_goes_on_from_the_level_that_the_key_was_let_go_at():
    """An attack does not rise on and a decay does not fall on under the release."""
    slow = STARTED | {34: 1200, 38: 1200}  # 2 s each
    sound = play(slow, held_s=0.5)
    at_end, later = (db(sound[:, round(at * RATE) :][:, :4800]) for at in (0.45, 0.7))
    assert later == pytest.approx(at_end - 96 / 2 * 0.2 - 1.5, abs=2)
    falling = STARTED | {36: 0, 37: 900, 38: 0}  # both fall by 96 dB a second
    sound = play(falling, held_s=0.2)
    early, late = (db(sound[:, round(at * RATE) :][:, :960]) for at in (0.25, 0.45))
    assert early - late == pytest.approx(96 * 0.2, abs=0.5)


def test_a_note_is_heard_where_it_stands_whatever_its_sample_waits_for():
    """Keys with 0, 20, 50 and 120 ms of silence in their samples speak together."""
    for silence in (0, 960, 2400, 5760):
        late = sample(wave(silence=silence), (silence, silence + 12000))
        instrument = SampledInstrument(font({"a": LOOPED}, samples=(late,)), False, 0)
        assert instrument.lead_frames(60, 100) == pytest.approx(silence, abs=60)
        sound = next(instrument.blocks((Note(0.5, 0.9, 60, 100),), RATE, RATE))
        assert starts(sound) == pytest.approx(round(0.5 * RATE), abs=60)


def test_leads_differ_by_key():
    """Of one preset, one sample speaks late: only its own keys begin early."""
    late, prompt = sample(wave(silence=2400), (2400, 14400)), sample(wave(silence=0), (0, 12000))
    made = font({"a": LOOPED}, samples=(late, prompt))
    low, high = 0x3F00, 0x7F40  # keys 0..63 and 64..127
    zones = tuple(
        replace(zone, generators=zone.generators | {gen.KEY_RANGE: keys})
        for zone, keys in zip(made.instruments[0].zones, (low, high), strict=True)
    )
    made = replace(made, instruments=(replace(made.instruments[0], zones=zones),))
    instrument = SampledInstrument(made, False, 0)
    notes = (Note(0.3, 0.6, 60, 90), Note(0.3, 0.6, 72, 90))
    sound = next(instrument.blocks(notes, RATE, RATE))
    alone = [next(instrument.blocks((note,), RATE, RATE)) for note in notes]
    assert abs(starts(alone[0]) - starts(alone[1])) < 60 and starts(sound) > 0.28 * RATE


def test_strength_is_that_of_the_velocity_itself():
    instrument = SampledInstrument(font({"a": STARTED}), False, 0)
    soft, hard = (instrument.strength(60, velocity) for velocity in (97, 110))
    assert 20 * np.log10(hard / soft) == pytest.approx(40 * np.log10(110 / 97), abs=0.05)


def test_written_fonts_read_back_the_same(tmp_path):
    made, path = every_generator(), tmp_path / "font.sf2"
    path.write_bytes(to_bytes(made))
    read = soundfont.read_soundfont(path)
    assert [bytes(one.data) for one in read.samples] == [bytes(one.data) for one in made.samples]
    assert [one.loop for one in read.samples] == [one.loop for one in made.samples]
    for kind in ("presets", "instruments"):
        for one, other in zip(getattr(read, kind), getattr(made, kind), strict=True):
            assert one.zones == other.zones and one.name.rstrip(b"\0") == other.name


def test_low_bytes_of_24_bit_samples_count():
    quiet = replace(tone(), data=np.zeros(2000, "<i2").tobytes(), loop=(0, 1000))
    fine = replace(quiet, low_bytes=bytes([255, 0] * 1000))
    from dyvim_cli.music.synth.sample_data import frames

    made = font({"a": LOOPED}, samples=(quiet, fine))
    assert not frames(made, 0).any() and frames(made, 1).max() == pytest.approx(255 / 256 / 32768)


@pytest.mark.parametrize("harm", ["short", "no header", "target", "bounds"])
def test_a_broken_font_says_what_is_wrong(tmp_path, harm):
    made = every_generator()
    if harm == "target":
        lost = replace(made.presets[0], zones=(replace(made.presets[0].zones[0], target=999),))
        made = replace(made, presets=(lost, *made.presets[1:]))
    data = to_bytes(made)
    data = {"short": data[: len(data) // 2], "no header": b"RIFX" + data[4:]}.get(harm, data)
    if harm == "bounds":
        at = data.index(b"shdr") + 8 + 20
        data = data[:at] + (1 << 30).to_bytes(4, "little") * 2 + data[at + 8 :]
    path = tmp_path / "broken.sf2"
    path.write_bytes(data)
    with pytest.raises(InputError, match="broken.sf2"):
        soundfont.read_soundfont(path)


@pytest.mark.parametrize("db_per_s", [16.0, 96.0, 4800.0])
def test_a_ring_ends_in_silence_when_it_has_fallen_by_60_db(db_per_s):
    gains = fall(db_per_s)
    assert gains[0] == 1 and gains[-1] == 0 and np.all(np.diff(gains) <= 0)
    assert len(gains) / RATE == pytest.approx(60 / db_per_s, abs=0.001)
    before = gains[: len(gains) - round(0.01 * RATE)]
    assert not len(before) or 20 * np.log10(before[-1]) == pytest.approx(-60 + 0.01 * db_per_s, abs=0.1)


def test_a_decay_that_takes_no_time_falls_at_once_to_its_sustain():
    """Section 9.1.7: the peak falls by 96 dB in the decay time, until the sustain level: here in none."""
    attack = {gen.VOLUME_ENV + gen.ATTACK: -7973}  # 10 ms
    held, fallen = (play(STARTED | attack | {gen.VOLUME_ENV_SUSTAIN: cb}) for cb in (0, 60))
    after = slice(round(0.02 * RATE), round(0.04 * RATE))
    assert db(fallen[:, after]) - db(held[:, after]) == pytest.approx(-6, abs=0.05)
    before = slice(0, round(0.009 * RATE))
    assert db(fallen[:, before]) - db(held[:, before]) == pytest.approx(0, abs=0.05)

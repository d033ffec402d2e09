"""Our synthesizers do not alias nor click, their layers differ, and a file is the same each time."""

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from dyvim_cli import weights
from dyvim_cli.music.synth import generators as gen
from dyvim_cli.music.synth import round_robin, sampler
from dyvim_cli.music.synth.instrument import SampledInstrument
from dyvim_cli.music.synth.sample_data import frames
from dyvim_cli.music.synth.soundfont import SoundFont, read_soundfont, shipped_soundfont
from dyvim_cli.types import SAMPLE_RATE
from tools import synth_font
from tools.soundfont_writer import to_bytes
from tools.synth import filters, ogg, spectra
from tools.synth.patches import PATCHES, Synth
from tools.synth.tones import Rendered

SOFT, MEDIUM, HARD = 55, 87, 119
BY_PROGRAM = {patch.program: patch for patch in PATCHES}
PADS = (50, 89, 91, 94, 95)
NOTES = (5, 38, 39, 80, 87, 98)  # what plays short notes alone, without a pad below
BETWEEN_DB = -60.0  # energy between the harmonics against the whole
CLICK = 0.002  # bend against the wave's highest that is no click


@pytest.fixture(scope="module")
def font() -> SoundFont:
    return read_soundfont(weights.embedded(weights.SYNTHESIZERS))


def played(font: SoundFont, program: int, key: int, velocity: int, seconds: float) -> np.ndarray:
    """[2, n] of a held note, as the font says."""
    instrument = SampledInstrument(font, False, program)
    n = round(seconds * SAMPLE_RATE)
    sound = np.zeros((2, n))
    for tone in instrument.tones(key, velocity, n):
        piece = tone.samples[:n]
        sound[:, : len(piece)] += np.outer((tone.left, tone.right), piece)
    return sound


def power(sound: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(power [bins], Hz [bins]) of a sound [n]."""
    bins = np.abs(np.fft.rfft(sound * np.blackman(len(sound)))) ** 2
    return bins, np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE)


def centroid_hz(sound: np.ndarray) -> float:
    bins, hz = sum(power(side)[0] for side in sound), power(sound[0])[1]
    return float((bins * hz).sum() / bins.sum())


def between_db(sound: np.ndarray, hz: float) -> float:
    """Energy that lies a fifth of the fundamental or more away from its harmonics, against the whole."""
    bins, at_hz = power(sound)
    away = np.abs(at_hz / hz - np.round(at_hz / hz)) > 0.2
    return float(10 * np.log10(bins[away].sum() / bins.sum()))


def steady(tone: Rendered, n: int) -> np.ndarray:
    begin, end = tone.loop
    return np.tile(tone.samples[begin:end], -(-n // (end - begin)))[:n]


@pytest.mark.parametrize("wave", [spectra.saw, spectra.pulse(0.5), spectra.triangle])
def test_a_wave_has_nothing_between_its_harmonics(wave):
    loop = spectra.fitted(97, 0.1)
    lines = spectra.unison(loop, wave, (0.0,), 0, np.random.default_rng(0))
    sound = np.tile(spectra.wave_of(lines, loop), 12)[:SAMPLE_RATE]
    assert between_db(sound, loop.hz) < -90
    naive = 2 * (np.arange(SAMPLE_RATE) * loop.hz / SAMPLE_RATE % 1) - 1
    assert between_db(naive, loop.hz) > -40  # what is measured can be seen


@pytest.mark.parametrize(("program", "key"), [(5, 90), (38, 60), (39, 60), (80, 93), (87, 87)])
def test_a_high_key_does_not_alias(program, key):
    patch = BY_PROGRAM[program]
    for layer in range(3):
        tone = synth_font.rendered(patch, 0, key, layer)
        hz = tone.hz / 2 if program == 87 else tone.hz  # its square is an octave lower
        assert between_db(steady(tone, SAMPLE_RATE), hz) < BETWEEN_DB


@pytest.mark.parametrize("key", [28, 60, 96])
def test_a_loop_is_in_tune_and_holds_whole_cycles(key):
    loop = spectra.fitted(key, 0.3)
    assert abs(1200 * np.log2(loop.hz / spectra.key_hz(key))) < 0.1
    assert loop.n_frames >= 0.3 * SAMPLE_RATE and loop.cycles % spectra.CYCLES_STEP == 0


def test_a_ladder_cuts_by_24_db_an_octave_and_sings_at_its_cutoff():
    hz = np.array([10.0, 1000.0, 8000.0, 16000.0])
    flat, sings = (np.abs(filters.ladder(hz, 1000.0, resonance)) for resonance in (0.0, 3.0))
    assert flat[0] == pytest.approx(1, abs=0.01)
    assert 20 * np.log10(flat[2] / flat[3]) == pytest.approx(24, abs=0.5)
    assert sings[1] / sings[0] > 3 * flat[1] / flat[0]


@pytest.mark.parametrize("program", [5, 38, 39, 50, 81, 88, 95])
def test_what_comes_behind_a_loop_is_its_beginning(program):
    for number in range(len(BY_PROGRAM[program].parts)):
        tone = synth_font.rendered(BY_PROGRAM[program], number, 60, 2)
        if tone.loop is None:
            continue
        begin, end = tone.loop
        reach = synth_font.SEAM_FRAMES
        beginning, after = (tone.samples[at + 200 : at + reach] for at in (begin, end))
        np.testing.assert_allclose(after, beginning, atol=3e-3 * np.abs(tone.samples).max())


def test_shipped_loops_have_no_clicks(font):
    """The step at a loop's end is as small as those of the wave beside it."""
    for instrument in font.instruments:
        for zone in instrument.zones[::7]:
            if zone.generators[gen.LOOP_MODE] != gen.LOOPS:
                continue
            sample, amounts = font.samples[zone.target], zone.generators
            begin = sample.loop[0] + amounts[gen.LOOP_START] + 32768 * amounts[gen.LOOP_START_COARSE]
            end = sample.loop[1] + amounts[gen.LOOP_END] + 32768 * amounts[gen.LOOP_END_COARSE]
            sound = frames(font, zone.target)
            most = 1.2 * np.abs(np.diff(sound[begin:end], 2)).max() + CLICK * np.abs(sound[begin:end]).max()
            assert bend(sound, end, begin) <= most, instrument.name
            assert bend(sound, end, begin + 25) > most or instrument.name not in b"Synth Bass 2"


def bend(sound: np.ndarray, end: int, begin: int) -> float:
    """The sharpest bend of a wave that goes on at `begin` once it has come to `end`."""
    around = np.concatenate([sound[end - 8 : end], sound[begin : begin + 8]])
    return float(np.abs(np.diff(around, 2)).max())


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.name)
def test_layers_differ_in_timbre(font, patch):
    for key in synth_font.roots(patch)[3:-2:5]:
        sounds = [played(font, patch.program, key, velocity, 0.5) for velocity in (SOFT, MEDIUM, HARD)]
        soft, medium, hard = map(centroid_hz, sounds)
        assert soft < medium < hard and hard > 1.04 * soft, key
    preset = sampler.find_preset(font, 0, patch.program)
    names = [sampler.voices(font, preset, 60, velocity)[0].sample for velocity in (1, 63, 64, 95, 96, 127)]
    assert names[0] == names[1] and names[2] == names[3] and names[4] == names[5] and len(set(names)) == 3


@pytest.mark.parametrize("program", PADS)
def test_a_pad_is_wide_above_its_fundamental_and_mono_below(font, program):
    sound = played(font, program, 44, MEDIUM, 1.5)
    middle, hz = power(sound.mean(axis=0))
    side, _ = power((sound[0] - sound[1]) / 2)
    low, high = hz < 180, hz > 250
    assert 10 * np.log10(side[low].sum() / middle[low].sum()) < -25
    assert -14 < 10 * np.log10(side[high].sum() / middle[high].sum()) < -1


@pytest.mark.parametrize("program", [38, 39])
def test_a_bass_is_mono(font, program):
    sound = played(font, program, 36, HARD, 0.5)
    np.testing.assert_allclose(sound[0], sound[1], atol=1e-7)


@pytest.mark.parametrize("program", NOTES)
def test_short_notes_have_other_recordings_to_take_turns_with(font, program):
    preset = sampler.find_preset(font, 0, program)
    for key in range(synth_font.roots(BY_PROGRAM[program])[1], synth_font.roots(BY_PROGRAM[program])[-2]):
        takes = (round_robin.voices(font, preset, key, MEDIUM, take, False) for take in range(3))
        assert len({tuple((one.sample, one.get(gen.START)) for one in take) for take in takes}) >= 2, key


@pytest.mark.parametrize("program", [38, 39])
def test_what_is_shipped_of_a_bass_is_pure_and_in_tune(font, program):
    """What the encoder adds repeats with the cycle, so that it is harmonic too."""
    sound = played(font, program, 57, HARD, 1.25)[0][SAMPLE_RATE // 4 :]
    assert between_db(sound, spectra.key_hz(57)) < -45
    bins, hz = power(np.pad(sound, (0, 1 << 19)))
    assert abs(1200 * np.log2(hz[np.argmax(bins * (hz < 300))] / spectra.key_hz(57))) < 1.5


def test_a_file_is_the_same_each_time():
    small = Synth(98, "Crystal", BY_PROGRAM[98].parts, (60, 66), 3, 0.8)
    one, other = (to_bytes(synth_font.font([small])) for _ in range(2))
    assert one == other


def test_the_shipped_file_is_what_the_patches_say(font):
    assert [(one.bank, one.program) for one in font.presets] == [(0, patch.program) for patch in PATCHES]
    assert Path(weights.embedded(weights.SYNTHESIZERS)).stat().st_size <= synth_font.LARGEST_BYTES
    made = synth_font.font([BY_PROGRAM[98]])
    place = next(i for i, one in enumerate(font.instruments) if one.name.startswith(b"Crystal"))
    first = min(zone.target for zone in font.instruments[place].zones)
    assert len(made.instruments[0].zones) == len(font.instruments[place].zones)
    for number in range(2):
        np.testing.assert_allclose(frames(made, number), frames(font, first + number), atol=0.03)


def test_our_synthesizers_play_their_programs():
    shipped = shipped_soundfont()
    for patch in PATCHES:
        assert sampler.find_preset(shipped, 0, patch.program).name.rstrip(b"\0").decode() == patch.name


def test_a_renumbered_stream_is_whole():
    sound = 0.3 * np.sin(np.arange(3 * SAMPLE_RATE) * 0.05)
    file = io.BytesIO()
    soundfile.write(file, sound, SAMPLE_RATE, format="OGG", subtype="VORBIS")
    made = ogg.with_serial_number(file.getvalue(), 7)
    assert made[14:18] == bytes([7, 0, 0, 0])
    again, _ = soundfile.read(io.BytesIO(made))  # the reader leaves out pages whose checksum is wrong
    np.testing.assert_array_equal(again, soundfile.read(io.BytesIO(file.getvalue()))[0])
    with pytest.raises(ValueError, match="Ogg page"):
        ogg.with_serial_number(b"RIFF" + made, 7)

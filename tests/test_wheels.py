"""The pitch wheel, its range and the modulation wheel of a MIDI file are heard when it is rendered."""

import numpy as np
import pytest
import soundfile
import symusic
from conftest import dyvim

from dyvim_cli.music.symbols.midi_bends import VIBRATO_CENTS, VIBRATO_HZ
from dyvim_cli.music.symbols.midi_in import read_midi
from dyvim_cli.music.synth.instrument import SampledInstrument
from dyvim_cli.music.synth.soundfont import shipped_soundfont
from dyvim_cli.types import SAMPLE_RATE, Note

CLARINET = 71


def played(notes: list[Note], seconds: float, bend=None) -> np.ndarray:
    """[2, n] of the shipped font's clarinet."""
    n = round(seconds * SAMPLE_RATE)
    instrument = SampledInstrument(shipped_soundfont(), False, CLARINET)
    return np.concatenate(list(instrument.blocks(notes, n, n // 3, bend)), axis=1)


def cents_of(sound: np.ndarray, hz: float) -> np.ndarray:
    """[n] the course of a partial near hz, in cents against it."""
    from scipy.signal import butter, hilbert, sosfiltfilt

    band = butter(2, (hz * 0.8, hz * 1.25), "bandpass", fs=SAMPLE_RATE, output="sos")
    phase = np.unwrap(np.angle(hilbert(sosfiltfilt(band, sound.mean(axis=0)))))
    moved = np.convolve(np.diff(phase), np.full(480, 1 / 480), "same") * SAMPLE_RATE / (2 * np.pi)
    return 1200 * np.log2(np.maximum(moved, 1) / hz)


def bent_file(path, controls=(), bends=()):
    """A clarinet that holds one note for 2 s from 0.5 s on, in beats of a second."""
    score = symusic.Score(480)
    score.tempos.append(symusic.Tempo(0, 60))
    track = symusic.Track("melody", CLARINET, False)
    track.notes.append(symusic.Note(240, 960, 69, 90))
    for tick, number, value in controls:
        track.controls.append(symusic.ControlChange(tick, number, value))
    for tick, value in bends:
        track.pitch_bends.append(symusic.PitchBend(tick, value))
    score.tracks.append(track)
    score.dump_midi(str(path))
    (part,) = read_midi(path).parts
    return part


def test_the_wheel_bends_by_two_semitones_or_as_far_as_the_file_says(tmp_path):
    part = bent_file(tmp_path / "a.mid", bends=[(480, 4096), (720, -8192), (960, 0)])
    assert part.bend(np.array([0.5, 1.2, 1.7, 2.2])) == pytest.approx([0, 100, -200, 0])
    cents = cents_of(played(list(part.stem.notes), 2.6, part.bend), 440)
    heard = [np.median(cents[round(at * SAMPLE_RATE) :][: SAMPLE_RATE // 7]) for at in (0.75, 1.2, 1.7)]
    assert np.subtract(heard, heard[0]) == pytest.approx([0, 100, -200], abs=4)
    wide = [(0, 101, 0), (0, 100, 0), (0, 6, 12)]
    part = bent_file(tmp_path / "b.mid", wide, [(480, -8192)])
    assert part.bend(np.array([1.5])) == pytest.approx([-1200])


def test_a_note_that_nothing_bends_stays_as_it_is(tmp_path):
    """Two notes, the wheel moved after the first one: its sound is the very same as without a wheel."""
    part = bent_file(tmp_path / "a.mid", bends=[(1200, 8191)])
    notes = [Note(0.5, 1.0, 69, 90), Note(2.6, 3.0, 69, 90)]
    still, bent = played(notes, 3.2), played(notes, 3.2, part.bend)
    first = slice(0, round(1.2 * SAMPLE_RATE))
    assert np.array_equal(still[:, first], bent[:, first])
    assert not np.allclose(still, bent)


def test_the_modulation_wheel_trembles(tmp_path):
    part = bent_file(tmp_path / "a.mid", controls=[(480, 1, 127), (960, 1, 0)])
    quarter_s = 1 + 0.25 / VIBRATO_HZ - 1 % (1 / VIBRATO_HZ)
    assert abs(part.bend(np.array([quarter_s]))[0]) <= VIBRATO_CENTS
    cents = cents_of(played(list(part.stem.notes), 2.6, part.bend), 440)
    wheel, rest = (
        cents[round(1.1 * SAMPLE_RATE) : round(1.9 * SAMPLE_RATE)],
        cents[round(2.1 * SAMPLE_RATE) :],
    )
    assert np.std(wheel) * np.sqrt(2) == pytest.approx(VIBRATO_CENTS, abs=6)
    assert np.std(rest[: SAMPLE_RATE // 4]) < 8
    assert bent_file(tmp_path / "b.mid", controls=[(480, 11, 64)]).bend is None


def test_a_sounding_file_hears_its_wheels(tmp_path):
    """`render` end to end: a wheel at rest changes nothing, a bent one does."""
    sounds = {}
    for name, bends in (("none", []), ("bent", [(480, 8191)])):
        bent_file(tmp_path / f"{name}.mid", bends=bends)
        done = dyvim("render", tmp_path / f"{name}.mid", "-o", tmp_path / f"{name}.wav")
        assert done.returncode == 0, done.stderr
        sounds[name] = soundfile.read(tmp_path / f"{name}.wav")[0].T
    late = slice(round(1.5 * SAMPLE_RATE), round(2.2 * SAMPLE_RATE))
    medians = [np.median(cents_of(sound, 466)[late]) for sound in (sounds["none"], sounds["bent"])]
    assert medians[1] - medians[0] == pytest.approx(200, abs=5)

"""Held notes of solo instruments tremble, from a third of a second after their onset on and not before."""

import numpy as np
import pytest

from dyvim_cli.music.synth.instrument import SampledInstrument
from dyvim_cli.music.synth.soundfont import shipped_soundfont
from dyvim_cli.music.synth.vibrato import VIBRATOS, Vibrato, is_line
from dyvim_cli.types import SAMPLE_RATE, Note

MUTED_TRUMPET, PIANO = 59, 0
AT_S = 0.3


def played(program: int, held_s: float, is_shaded: bool = True) -> np.ndarray:
    """[2, n] one note of the shipped font at AT_S."""
    instrument = SampledInstrument(shipped_soundfont(), False, program, is_shaded)
    n = round((AT_S + held_s + 0.1) * SAMPLE_RATE)
    return np.concatenate(list(instrument.blocks([Note(AT_S, AT_S + held_s, 65, 80)], n, n // 3)), axis=1)


def cents_of(sound: np.ndarray, hz: float) -> np.ndarray:
    """[n] the course of a partial near hz, in cents against it."""
    from scipy.signal import butter, hilbert, sosfiltfilt

    band = butter(2, (hz * 0.8, hz * 1.25), "bandpass", fs=SAMPLE_RATE, output="sos")
    phase = np.unwrap(np.angle(hilbert(sosfiltfilt(band, sound.mean(axis=0)))))
    moved = np.convolve(np.diff(phase), np.full(480, 1 / 480), "same") * SAMPLE_RATE / (2 * np.pi)
    return 1200 * np.log2(np.maximum(moved, 1) / hz)


def test_a_held_note_trembles_at_its_rate_and_depth():
    cents = cents_of(played(MUTED_TRUMPET, 2.2), 440 * 2 ** (-4 / 12))
    early = cents[round(0.45 * SAMPLE_RATE) : round(0.6 * SAMPLE_RATE)]
    late = cents[round(1.2 * SAMPLE_RATE) : round(2.3 * SAMPLE_RATE)]
    assert np.ptp(early) < 10 and np.std(late) * np.sqrt(2) == pytest.approx(12, abs=2)
    spectrum = np.abs(np.fft.rfft((late - late.mean()) * np.hanning(len(late)), 1 << 19))
    assert np.argmax(spectrum) * SAMPLE_RATE / (1 << 19) == pytest.approx(5.2, abs=0.4)
    assert abs(np.mean(late) - np.mean(early)) < 4


@pytest.mark.parametrize("program", sorted(VIBRATOS))
def test_no_onset_moves(program):
    """As with the font alone until a quarter of a second after the note; what follows it differs."""
    vibrato = VIBRATOS[program]
    assert vibrato.after_s >= 0.25 and not vibrato.cents_at(np.linspace(-1, vibrato.after_s, 100)).any()
    trembling = played_by(SampledInstrument(shipped_soundfont(), False, program))
    still = SampledInstrument(shipped_soundfont(), False, program)
    still.vibrato = None
    plain = played_by(still)
    assert not np.allclose(trembling, plain, atol=1e-3 * np.abs(plain).max())
    until = round((AT_S + 0.25) * SAMPLE_RATE)
    assert np.abs(trembling[:, :until] - plain[:, :until]).max() < 1e-4 * np.abs(plain).max()


def played_by(instrument: SampledInstrument) -> np.ndarray:
    """[2, n] one long note at AT_S."""
    n = round(1.2 * SAMPLE_RATE)
    return next(instrument.blocks([Note(AT_S, AT_S + 0.9, 65, 80)], n, n))


def test_short_notes_chords_and_keys_do_not_tremble():
    plain = played(MUTED_TRUMPET, 0.2, is_shaded=False)  # its loudness is measured anew, and rounds otherwise
    np.testing.assert_allclose(played(MUTED_TRUMPET, 0.2), plain, rtol=0, atol=1e-6 * np.abs(plain).max())
    chord = [Note(AT_S, AT_S + 0.9, pitch, 80) for pitch in (60, 65, 69)]
    assert is_line([*chord[:1], Note(1.3, 2, 62, 80)]) and not is_line(chord)
    trumpet = SampledInstrument(shipped_soundfont(), False, MUTED_TRUMPET)
    list(trumpet.blocks(chord, SAMPLE_RATE, SAMPLE_RATE))
    assert trumpet.vibrato is None
    assert PIANO not in VIBRATOS and SampledInstrument(shipped_soundfont(), True, 40).vibrato is None


def test_it_deepens_without_a_step():
    cents = Vibrato(10, 5).cents_at(np.linspace(0, 2, 20_001))
    assert np.abs(np.diff(cents)).max() < 0.05 and np.abs(cents).max() == pytest.approx(10, abs=0.01)

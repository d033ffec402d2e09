"""Repeated strokes vary: other recordings of the same instrument, at the same pitch and the same moment."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.synthetic_fonts import RATE, STARTED, font, modulator, sample, wave

from dyvim_cli.music.synth import generators as gen
from dyvim_cli.music.synth import round_robin
from dyvim_cli.music.synth.instrument import SampledInstrument
from dyvim_cli.music.synth.soundfont import shipped_soundfont
from dyvim_cli.types import Note


def strokes(instrument: SampledInstrument, key: int, times_s: tuple[float, ...]) -> list[np.ndarray]:
    """The first 60 ms of each stroke from where its note stands."""
    notes = tuple(Note(at, at + 0.08, key, 100) for at in times_s)
    sound = np.concatenate(list(instrument.blocks(notes, 3 * RATE, RATE)), axis=1)
    return [sound[:, round((at - 0.015) * RATE) :][:, : round(0.06 * RATE)] for at in times_s]


@pytest.mark.parametrize("key", [36, 38, 42])
def test_a_drum_is_never_struck_twice_the_same(key):
    one, two, three, later = strokes(
        SampledInstrument(shipped_soundfont(), True, 0), key, (0.2, 0.45, 0.7, 2.4)
    )
    for first, second in ((one, two), (two, three), (one, three)):
        assert not np.allclose(first, second, atol=0.02 * np.abs(first).max())
        assert 20 * np.log10(np.std(first) / np.std(second)) == pytest.approx(0, abs=1.5)
    np.testing.assert_allclose(one, later, atol=1e-4)  # after a rest it restarts


def near_keys() -> SampledInstrument:
    """A font with a recording of its own for every second key, each another wave."""
    waves = tuple(
        replace(sample(wave(silence=0, harmonics=n), (0, 12000)), pitch=key)
        for n, key in ((4, 58), (8, 60), (12, 62))
    )
    made = font({"a": STARTED | {gen.START: 0}}, samples=waves)
    spans = ((58, 59), (60, 61), (62, 63))
    zones = tuple(
        replace(zone, generators=zone.generators | {gen.KEY_RANGE: low | high << 8})
        for zone, (low, high) in zip(made.instruments[0].zones, spans, strict=True)
    )
    made = replace(made, instruments=(replace(made.instruments[0], zones=zones),))
    return SampledInstrument(made, False, 0)


def test_a_key_borrows_its_neighbours_recordings_at_its_own_pitch():
    instrument = near_keys()
    answers = [
        round_robin.voices(instrument.font, instrument.preset, 60, 100, take, False) for take in range(3)
    ]
    assert [[voice.sample for voice in found] for found in answers] == [[1], [0], [2]]
    for take in range(3):
        (tone,) = instrument.tones(60, 100, RATE // 2, take)
        spectrum = np.abs(np.fft.rfft(tone.samples[: RATE // 4] * np.hanning(RATE // 4)))
        # recorded at 480 Hz on its root: key 60 of a root of 58 sounds two semitones higher
        root = (60, 58, 62)[take]
        assert np.argmax(spectrum) * 4 == pytest.approx(480 * 2 ** ((60 - root) / 12), abs=4)


def test_far_recordings_are_not_borrowed():
    instrument = near_keys()
    found = round_robin.voices(instrument.font, instrument.preset, 58, 100, 1, False)
    assert [voice.sample for voice in found] == [0]  # nothing lies below


def test_turns_go_on_while_a_key_repeats():
    notes = [Note(at, at + 0.1, key, 80) for at, key in ((0, 60), (0.2, 60), (0.3, 64), (0.4, 60), (0.6, 60))]
    assert round_robin.turns([*notes, Note(2.0, 2.1, 60, 80)]) == [0, 1, 0, 2, 0, 0]


def treble_db(instrument: SampledInstrument, key: int, velocity: int, take: int = 0) -> float:
    n = RATE // 4
    sound = sum(tone.samples[:n] for tone in instrument.tones(key, velocity, n, take))
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    return float(10 * np.log10(power[np.fft.rfftfreq(len(sound), 1 / RATE) > 1500].sum() / power.sum()))


SOFTEST = 1  # velocity
STRUCK = [(True, 0, 38), (True, 48, 86), (False, 0, 60), (False, 47, 45)]


@pytest.mark.parametrize(("is_drums", "program", "key"), STRUCK)
def test_kits_piano_and_accents_have_three_strengths_and_two_takes(is_drums, program, key):
    instrument = SampledInstrument(shipped_soundfont(), is_drums, program)
    bright = [treble_db(instrument, key, velocity) for velocity in (40, 80, 120)]
    assert bright[0] + 1 < bright[1] and bright[1] + 1 < bright[2]
    one, other = (instrument.tones(key, 100, RATE // 4, take)[0].samples[: RATE // 4] for take in (0, 1))
    assert not np.allclose(one, other, atol=0.02 * np.abs(one).max())


@pytest.mark.parametrize("key", [42, 49, 51])
def test_hats_and_cymbals_are_brighter_not_only_louder(key):
    """The balance within their treble follows the strength: above 7 kHz against 1.5 to 7 kHz."""
    kit = SampledInstrument(shipped_soundfont(), True, 0)

    def tilt_db(velocity: int) -> float:
        sound = kit.tones(key, velocity, RATE // 4)[0].samples[: RATE // 4]
        power, hz = np.abs(np.fft.rfft(sound)) ** 2, np.fft.rfftfreq(len(sound), 1 / RATE)
        return float(10 * np.log10(power[hz > 7000].sum() / power[(hz > 1500) & (hz < 7000)].sum()))

    soft, middle, hard = map(tilt_db, (20, 80, 120))
    assert soft + 1.5 < middle and middle + 0.4 < hard


def test_what_a_font_answers_by_itself_stays_as_it_is():
    """A filter that opens with velocity, or another recording, is the font's own way to be struck harder."""
    once = font({"a": STARTED})
    as_written, shaded = (SampledInstrument(once, False, 0, is_shaded=shade) for shade in (False, True))
    assert treble_db(shaded, 60, SOFTEST) < treble_db(as_written, 60, SOFTEST) - 3
    opens = font({"a": STARTED}, modulators={"a": modulator(0x0002, gen.CUTOFF, -2400)})
    as_written, shaded = (SampledInstrument(opens, False, 0, is_shaded=shade) for shade in (False, True))
    assert treble_db(shaded, 60, 40) == treble_db(as_written, 60, 40)

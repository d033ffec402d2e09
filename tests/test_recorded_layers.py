"""Strokes of other strengths are other recordings, as loud as what they stand beside."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.synthetic_fonts import RATE, STARTED, font

from dyvim_cli.music.synth import generators as gen
from dyvim_cli.music.synth import sampler, strokes
from dyvim_cli.music.synth.instrument import SampledInstrument
from dyvim_cli.music.synth.soundfont import Zone, shipped_soundfont
from tools import drum_rings, piano_font

# (is a kit, program, key) and how many recordings answer it
LAYERED = [
    *(((False, 0, key), 4) for key in (24, 60, 103)),
    *(((True, 0, key), 3) for key in (36, 38, 41, 43, 45, 47, 50)),
    *(((True, 8, key), 3) for key in (36, 38)),
    *(((True, 32, key), 3) for key in (36, 38)),
    *(((True, 48, key), 3) for key in (36, 57, 59)),
    *(((True, 16, key), 2) for key in (36, 38)),
]


def recordings(is_drums: bool, program: int, key: int) -> list[str]:
    """Names of the first voice's recording at every velocity."""
    shipped = shipped_soundfont()
    preset = sampler.find_preset(shipped, sampler.DRUM_BANK if is_drums else 0, program)
    found = (sampler.voices(shipped, preset, key, velocity)[0].sample for velocity in range(1, 128))
    return [shipped.samples[each].name.decode() for each in found]


@pytest.mark.parametrize(("struck", "n_layers"), LAYERED)
def test_piano_and_kits_have_recorded_layers(struck, n_layers):
    names = recordings(*struck)
    changes = sum(one != other for one, other in zip(names, names[1:], strict=False))
    assert len(set(names)) == n_layers == changes + 1
    edges = {velocity + 1 for velocity in range(1, 127) if names[velocity - 1] != names[velocity]}
    assert all(edge % 16 == 0 for edge in edges)  # a step of the sampler is of one recording


@pytest.mark.parametrize("key", [36, 38, 45, 47, 50])
def test_a_drum_grows_louder_without_steps_where_its_recording_changes(key):
    kit = SampledInstrument(shipped_soundfont(), True, 0)
    levels = [piano_font.loudness(kit, key, velocity) for velocity in range(20, 127, 4)]
    steps = np.diff(levels)
    assert steps.min() > -0.6 and steps.max() < 3.6


def test_the_shelf_follows_the_velocity_within_a_layer():
    once = font({"a": STARTED})
    zone = once.instruments[0].zones[-1]
    spans = enumerate(((0, 63), (64, 127)))
    patch = replace(once.instruments[0], zones=tuple(_answering(zone, i, span) for i, span in spans))
    drums = replace(once.presets[0], bank=sampler.DRUM_BANK)
    twice = (once.samples[0], once.samples[0])
    kit = SampledInstrument(replace(once, presets=(drums,), instruments=(patch,), samples=twice), True, 0)

    def voices_at(velocity: int):
        return sampler.voices(kit.font, kit.preset, 60, velocity)

    assert strokes.neutral_velocity(voices_at, 100) == strokes.NEUTRAL_VELOCITY
    assert strokes.neutral_velocity(voices_at, 30) == 63
    soft, softer = (np.std(np.diff(kit.tones(60, v, RATE // 4)[0].samples)) for v in (55, 8))
    assert softer < soft * 0.9


def _answering(zone: Zone, target: int, velocities: tuple[int, int]) -> Zone:
    low, high = velocities
    return replace(zone, generators=zone.generators | {gen.VELOCITY_RANGE: low | high << 8}, target=target)


def test_microphones_are_brought_into_step():
    rng = np.random.default_rng(3)
    tone = rng.standard_normal(RATE) * np.exp(-np.arange(RATE) / RATE)
    late = np.stack([tone, np.roll(tone, 30)], axis=1)
    made = piano_font.in_step(late)
    np.testing.assert_allclose(made[200:-200, 0], made[200:-200, 1], atol=1e-9)


def test_a_recording_begins_as_it_rises_and_ends_as_it_has_died_away():
    tone = np.sin(np.arange(RATE)) * np.exp(-np.arange(RATE) / RATE * 12)
    sound = np.concatenate([np.zeros(5000), 0.3 * tone, np.zeros(RATE)])
    made = piano_font.trimmed(np.stack([sound, sound], axis=1))
    assert np.abs(made).max() == pytest.approx(piano_font.PEAK, abs=1e-3)
    assert np.argmax(np.abs(made[:, 0]) > 0.05) < 0.003 * RATE and len(made) < 0.6 * RATE


def test_a_longer_ring_is_shortened_to_the_drums():
    n = np.arange(2 * RATE)
    long = np.sin(n * 0.02) * np.exp(-n / RATE * 3)
    rate = drum_rings.faster_db_per_s(long, RATE, 0.5)
    shortened = long * 10 ** (-rate * n / RATE / 20)
    assert drum_rings.ring_s(shortened, RATE) == pytest.approx(0.5, abs=0.01)
    assert drum_rings.faster_db_per_s(long, RATE, 2.0) == 0
    assert drum_rings.tone_hz(np.sin(2 * np.pi * 120 * n / RATE), RATE) == pytest.approx(120, abs=0.5)

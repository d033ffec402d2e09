"""The shipped instruments sound as FluidSynth plays them: onsets, pitches, levels, preset by preset."""

import shutil

import pytest
from helpers.synthetic_fonts import font

from dyvim_cli.music.synth import generators as gen
from dyvim_cli.music.synth import soundfont
from dyvim_cli.music.synth.sampler import DRUM_BANK, FURTHER_TAKES
from tools import fluidsynth_parity
from tools.fluidsynth_parity import DETUNED

TAKES = range(DRUM_BANK + 1, DRUM_BANK + 1 + FURTHER_TAKES)  # the same kits, other recordings
SHIPPED = {(one.bank, one.program) for one in soundfont.shipped_soundfont().presets}
PRESETS = sorted(each for each in SHIPPED if each[0] not in TAKES)


@pytest.fixture(scope="module")
def parities():
    if not shutil.which("fluidsynth"):
        pytest.skip("the fluidsynth program is not here")
    found = [one for path in soundfont.soundfont_paths() for one in fluidsynth_parity.compare(path)]
    return {(one.preset.bank, one.preset.program): one for one in reversed(found)}  # the first file's play


@pytest.mark.parametrize("preset", PRESETS)
def test_preset_sounds_as_in_fluidsynth(parities, preset):
    parity = parities[preset]
    onset_ms, cents, level_db = parity.worst()
    assert len(parity.notes) >= 6
    assert onset_ms <= 3 and cents <= 3 and level_db <= 1.5, parity.notes


def test_every_layer_of_what_beats_is_compared_alone(parities):
    """FluidSynth rounds pitches to whole cents: together, layers some cents apart beat at other moments."""
    for preset in soundfont.shipped_soundfont().presets:
        if preset.bank == 0 and preset.program in DETUNED:
            n_layers = sum(zone.target is not None for zone in preset.zones)
            n_whole = len(fluidsynth_parity.KEYS) * len(fluidsynth_parity.VELOCITIES)
            assert n_layers > 1 and len(fluidsynth_parity._layers(preset)) == n_layers
            assert len(parities[preset.bank, preset.program].notes) >= 2 * n_whole


def test_only_a_decay_that_takes_no_time_is_written_otherwise():
    """Such a level falls at once (test_synth_generators.py); FluidSynth leaves that out."""
    decay, sustain = gen.VOLUME_ENV + gen.DECAY, gen.VOLUME_ENV_SUSTAIN
    own = {"at once": {sustain: 15}, "stays": {}, "slow": {decay: -1200, sustain: 15}}
    found = fluidsynth_parity.with_short_decays(font({name: dict(of) for name, of in own.items()}))
    amounts = [patch.zones[-1].generators.get(decay) for patch in found.instruments]
    assert amounts == [fluidsynth_parity.SHORT_DECAY, None, -1200]

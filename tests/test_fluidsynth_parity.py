"""The shipped instruments sound as FluidSynth plays them: onsets, pitches, levels, preset by preset."""

import shutil

import numpy as np
import pytest

from dyvim_cli.music.synth import soundfont
from tools import fluidsynth_parity
from tools.fluidsynth_parity import DETUNED, STEPPED, SUDDEN

PRESETS = [(one.bank, one.program) for one in soundfont.shipped_soundfont().presets]


@pytest.fixture(scope="module")
def parities():
    if not shutil.which("fluidsynth"):
        pytest.skip("the fluidsynth program is not here")
    found = fluidsynth_parity.compare(soundfont.soundfont_path())
    return {(one.preset.bank, one.preset.program): one for one in found}


@pytest.mark.parametrize("preset", PRESETS)
def test_preset_sounds_as_in_fluidsynth(parities, preset):
    parity, (bank, program) = parities[preset], preset
    onset_ms, cents, level_db = parity.worst()
    assert len(parity.notes) >= 6 and onset_ms <= 3
    if bank == 0 and program in DETUNED:
        level_db = max(abs(db) for one in parity.notes for db in one.levels_db[:1] if np.isfinite(db))
    else:
        assert cents <= 3, parity.notes
    most_db = {**dict.fromkeys(SUDDEN, 2.0), **dict.fromkeys(STEPPED, 2.5)}.get(program, 1.5)
    assert level_db <= (1.5 if bank else most_db), parity.notes

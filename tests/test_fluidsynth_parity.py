"""The shipped instruments sound as FluidSynth plays them: onsets, pitches, levels, preset by preset."""

import shutil

import numpy as np
import pytest

from dyvim_cli.music.synth import soundfont
from tools import fluidsynth_parity
from tools.fluidsynth_parity import DETUNED, SUDDEN

SECTIONS = (48, 49)  # programs in which two recorded sections play together from the first moment
PRESETS = sorted({(one.bank, one.program) for one in soundfont.shipped_soundfont().presets})


@pytest.fixture(scope="module")
def parities():
    if not shutil.which("fluidsynth"):
        pytest.skip("the fluidsynth program is not here")
    found = [one for path in soundfont.soundfont_paths() for one in fluidsynth_parity.compare(path)]
    return {(one.preset.bank, one.preset.program): one for one in reversed(found)}  # the first file's play


@pytest.mark.parametrize("preset", PRESETS)
def test_preset_sounds_as_in_fluidsynth(parities, preset):
    parity, (bank, program) = parities[preset], preset
    onset_ms, cents, level_db = parity.worst()
    assert len(parity.notes) >= 6 and onset_ms <= (4 if bank == 0 and program in SECTIONS else 3)
    if bank == 0 and program in DETUNED:
        level_db = max(abs(db) for one in parity.notes for db in one.levels_db[:1] if np.isfinite(db))
    else:
        assert cents <= 3, parity.notes
    most_db = {
        **dict.fromkeys(SUDDEN, 2.0),
        **dict.fromkeys(SECTIONS, 3.0),
    }.get(program, 1.5)
    assert level_db <= (1.5 if bank else most_db), parity.notes

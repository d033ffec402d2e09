"""Loudness and sound of stems, for tests of mixes."""

from collections.abc import Iterator

import numpy as np

from dyvim_cli.hearing.metering import integrated_lufs
from dyvim_cli.music.mixing.loudness import Meter
from dyvim_cli.music.synth.instrument import SampledInstrument
from dyvim_cli.music.synth.soundfont import SoundFont
from dyvim_cli.types import Stem


def measured_lufs(samples: np.ndarray) -> float:
    """Integrated loudness of [2, n]."""
    meter = Meter()
    meter.feed(samples)
    return integrated_lufs(meter.powers)


def stem_blocks(font: SoundFont, stem: Stem, n_frames: int, block_frames: int) -> Iterator[np.ndarray]:
    """A stem played by a font's preset, as consecutive blocks [2, <= block_frames] float32."""
    instrument = SampledInstrument(font, stem.is_drums, stem.program)
    return instrument.blocks(stem.notes, n_frames, block_frames)

"""Make the shipped drum kits: recorded strengths, and other strokes of every hat, cymbal, snare and rattle.

python -m tools.drums_font MuseScore_General_Full.sf2 FluidR3_GM.sf2 SAMPLES weights/dyvim-drums.sf3

The fonts are those of Debian's musescore-general-soundfont-lossless and fluid-soundfont-gm (MIT), SAMPLES is
the folder `samples` of the npm package supersonic-scsynth-samples (Sonic Pi's recordings, CC0).
"""

import sys
from pathlib import Path

import numpy as np

from dyvim_cli.atomic import write_bytes
from dyvim_cli.music.idioms import kit
from dyvim_cli.music.synth.sample_data import decoded
from dyvim_cli.music.synth.sampler import DRUM_BANK
from dyvim_cli.music.synth.soundfont import SoundFont, read_soundfont
from tools.drum_layers import layered
from tools.drum_strokes import RECIPES, with_strokes
from tools.font_zones import text
from tools.soundfont_subset import COMPRESSION, LONGEST_S, subset
from tools.soundfont_writer import to_bytes

LARGEST_BYTES = 7_000_000  # largest file that is written


def main(full: str, fluid: str, folder: str, target: str) -> None:
    """Write the font, complete or not at all.

    Args:
        full: path of the font that the kits are cut from.
        fluid: path of the font that holds their right microphones.
        folder: path of the other recordings, .flac.
        target: path of the font that is written.

    Raises:
        ValueError: the font would be larger than LARGEST_BYTES.
    """
    font = read_soundfont(Path(full))
    kits = {(bank, program) for bank, program in kit.presets() if bank == DRUM_BANK}
    drums = layered(subset(font, kits, COMPRESSION, LONGEST_S), font, Path(folder))
    data = to_bytes(with_strokes(drums, _recordings(read_soundfont(Path(fluid)), Path(folder))))
    if len(data) > LARGEST_BYTES:
        raise ValueError(f"{target} would have {len(data)} bytes, more than {LARGEST_BYTES}")
    write_bytes(Path(target), data)


def _recordings(fluid: SoundFont, folder: Path) -> dict[str, np.ndarray]:
    """The recordings [n] that RECIPES name, from a font and a folder."""
    import soundfile

    wanted = {name for recipe in RECIPES.values() for name in recipe.others}
    found = {text(one.name): decoded(one)[0] for one in fluid.samples if text(one.name) in wanted}
    for name in sorted(wanted - set(found)):
        found[name] = soundfile.read(folder / f"{name}.flac", dtype="float32", always_2d=True)[0].mean(axis=1)
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])

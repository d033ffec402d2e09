"""Tones, and films that are muxed with them."""

import numpy as np

from dyvim_cli.media.mux import mux
from dyvim_cli.media.output import output_path
from dyvim_cli.media.probe import probe

RATE = 48_000


def tone(seconds: float, hertz=1000.0, level=0.2) -> tuple[np.ndarray, int]:
    """Music that is easy to measure."""
    wave = level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)
    return np.stack([wave, wave], axis=1).astype(np.float32), RATE


def scored(film, folder, music=None, **options):
    """Mux under a film and return (info of the film, result, path of the output)."""
    info = probe(film)
    path = output_path(info.path, info.codec, str(folder / "scored-{stem}"))
    result = mux(info, music or tone(5), path, **options)
    return info, result, result.path

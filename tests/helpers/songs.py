"""A short song as tokens, and as the players perform it."""

import numpy as np

from dyvim_cli.music.performance.perform import perform
from dyvim_cli.music.symbols import tokens
from dyvim_cli.types import SAMPLE_RATE, Key, TempoMap

RATE = SAMPLE_RATE
STEP_S = 0.125


C_MAJOR = Key(0, False)


def grid(n_steps: int, start_s: float = 0.0) -> TempoMap:
    return TempoMap(start_s + np.arange(n_steps + 1) * STEP_S, 120.0)


def song(n_bars: int = 2) -> np.ndarray:
    """Chords, tune, bass, drums and arpeggio; every bar begins with an accent."""
    rows = np.zeros((tokens.K, 16 * n_bars), dtype=np.int16)
    index, by_name = tokens.STREAM_INDEX, {stream.name: stream for stream in tokens.STREAMS}
    rows[index["level"]] = 3
    rows[index["level"], ::16] = 7
    for bar in range(n_bars):
        at, root = 16 * bar, (0, 5, 7, 0)[bar % 4]
        rows[index["chord"], at : at + 16] = tokens.chord_token(root, "maj")
        for name, pitch, length in (("bass", 36 + root, 8), ("pad", 67, 16), ("melody", 72 + root, 6)):
            rows[index[name], at] = tokens.pitch_token(by_name[name], pitch)
            rows[index[name], at + 1 : at + length] = tokens.HOLD
        rows[index["arp"], at : at + 16 : 2] = tokens.pitch_token(by_name["arp"], 60 + root)
        rows[index["drums"], at] = tokens.drum_token(("kick", "crash"))
        rows[index["drums"], at + 2 : at + 16 : 2] = tokens.drum_token(("hat",))
        rows[index["drums"], at + 4] = tokens.drum_token(("snare", "hat"))
    return rows


def played(style: str = "pop", n_bars: int = 2, seed: int = 1, key: Key = C_MAJOR):
    rows = song(n_bars)
    return perform(rows, grid(rows.shape[1]), key, style, rows.shape[1] * STEP_S, seed)

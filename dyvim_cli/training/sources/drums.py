"""Map General MIDI drum keys to the six drum classes of the score tokens."""

import numpy as np

from dyvim_cli.music.symbols.tokens import DRUM_CLASSES

CLASS_KEYS = {
    "kick": (35, 36),
    "snare": (37, 38, 39, 40),  # side stick, snares, clap
    "hat": (22, 42, 44, 51, 53, 54, 56, 59, 67, 68, 69, 70, 73, 74, 75, 76, 77, 82, 83, 85),
    "open_hat": (26, 46, 80, 81),
    "tom": (41, 43, 45, 47, 48, 50, 58, 60, 61, 62, 63, 64, 65, 66, 78, 79, 86, 87),
    "crash": (49, 52, 55, 57),
}  # fmt: skip
# 22, 26 and 58 are the edges and the low tom of the electronic kit that Groove was played on; the
# other keys (27..34 effects and clicks, 71, 72 whistles, 84 bell tree) are no part of a beat.
CLASS_OF_KEY = np.full(128, -1)
for _name, _keys in CLASS_KEYS.items():
    CLASS_OF_KEY[list(_keys)] = DRUM_CLASSES.index(_name)


def row(starts: np.ndarray, keys: np.ndarray, n_steps: int) -> np.ndarray:
    """[n_steps] drum tokens of hits at grid steps.

    Args:
        starts: [N] steps.
        keys: [N] General MIDI keys; those of no drum class are left out.
        n_steps: length of the grid.

    Returns:
        [n_steps] int16 drum tokens: a bit a class.
    """
    classes = CLASS_OF_KEY[np.asarray(keys, dtype=int)]
    known = classes >= 0
    bits = np.zeros(n_steps, dtype=np.int16)
    np.bitwise_or.at(bits, np.asarray(starts)[known], (1 << classes[known]).astype(np.int16))
    return bits

"""Write arpeggios in eighths where their sixteenths would be faster than people play them."""

import numpy as np

from dyvim_cli.music.performance.humanize import ACCENT_LEVEL
from dyvim_cli.music.symbols import tokens
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.types import TempoMap

ARP, LEVEL = tokens.STREAM_INDEX["arp"], tokens.STREAM_INDEX["level"]


def playable(piece: np.ndarray, tempo_map: TempoMap, style: str) -> np.ndarray:
    """Let every second note of a too fast arpeggio be held by the one before.

    A harp or pizzicato of eleven notes a second is a blur in which no listener finds the beat. Accents stay.

    Args:
        piece: [K, S] score tokens.
        tempo_map: when each step sounds.
        style: one of types.STYLES; its arpeggio's shortest_step_s is the limit.

    Returns:
        [K, S] tokens.
    """
    limit_s = RECORDS[style].palette.parts["arp"].shortest_step_s
    steps_s, slower = np.diff(tempo_map.step_times_s), piece.copy()
    for step in range(1, piece.shape[1], 2):
        is_too_fast = 0 < steps_s[step] < limit_s and piece[LEVEL, step] < ACCENT_LEVEL
        if is_too_fast and piece[ARP, step] >= tokens.FIRST_PITCH:
            slower[ARP, step] = tokens.HOLD if piece[ARP, step - 1] != tokens.REST else tokens.REST
    return slower

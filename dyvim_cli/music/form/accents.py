"""Plan the accents: events to mark, their strength and their drums."""

from typing import NamedTuple

import numpy as np

from dyvim_cli.music.symbols import tokens
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.types import STEPS_PER_BAR

# Event weights from which all parts, most parts and two parts play together; below, the groove hints at it.
HEAVY, MEDIUM, LIGHT = 0.6, 0.35, 0.12
TOP_LEVEL = tokens.N_LEVELS - 1  # highest token of the level stream; accents own the two highest
CROWD_STEPS = STEPS_PER_BAR // 2  # events nearer than this share the band: the groove continues between them


class Accents(NamedTuple):
    """Accents on the grid, [S] each."""

    level: np.ndarray  # int64 least level token of the step, 0 = no accent
    drums: np.ndarray  # int64 drum token whose strokes are added to the groove's, 0 = none


def plan_accents(hits: np.ndarray, style: str, lightest: float, drums_play: np.ndarray) -> Accents:
    """Accents of the events on the grid.

    Args:
        hits: [S] weights of events, 0 = none.
        style: one of types.STYLES.
        lightest: events that weigh less are left to the decoder (influence.Influence.lightest_accent).
        drums_play: [S] bool, where the arrangement has drums.

    Returns:
        Least levels and drum strokes, [S] each.
    """
    level, drums = np.zeros(len(hits), dtype=np.int64), np.zeros(len(hits), dtype=np.int64)
    strokes = RECORDS[style].accent_strokes
    for step in np.flatnonzero((hits > 0) & (hits >= lightest)).tolist():
        if is_crowded(hits, step, STEPS_PER_BAR):
            continue  # left to the decoder: a band that accents every cut of a fast montage has no groove
        is_heavy = hits[step] >= HEAVY
        level[step] = TOP_LEVEL if is_heavy else TOP_LEVEL - 1
        if drums_play[step]:
            drums[step] = tokens.drum_token(strokes.heavy if is_heavy else strokes.medium)
    return Accents(level, drums)


def is_crowded(hits: np.ndarray, step: int, within_steps: int = CROWD_STEPS) -> bool:
    """Check whether an event as heavy, and no light one, was accented shortly before a step.

    Args:
        hits: [S] weights of events, 0 = none.
        step: of the event.
        within_steps: how far back the look goes.

    Returns:
        True where another accent would follow too soon.
    """
    return bool(hits[max(0, step - within_steps) : step].max(initial=0) >= max(hits[step], MEDIUM))

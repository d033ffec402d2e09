"""Keep time between the accents: the hat fills the eighths, in styles without a beat the arpeggio too.

A film with cuts moves the accents to where the picture has them, and between them the decoder leaves the
ostinato of cinematic and ambient music full of gaps, and calm bars of pop without a hat: little is left that
keeps time. Here the arpeggio plays on in eighths without another onset, and the hat (or shaker) marks them
while the drums play. Calm bars are kept in quarters.
"""

import numpy as np

from dyvim_cli.music.symbols import tokens
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.types import STEPS_PER_BAR, STEPS_PER_BEAT

EIGHTH_STEPS = STEPS_PER_BEAT // 2
CALM_LEVEL = 2  # median level of a bar below which quarters are enough
# how far back the arpeggio's pattern is looked up: a bar, half a bar, a beat, an eighth
PATTERN_STEPS = (STEPS_PER_BAR, STEPS_PER_BAR // 2, STEPS_PER_BEAT, EIGHTH_STEPS)
PITCHED_ROWS = [tokens.STREAM_INDEX[name] for name in tokens.PITCHED]
HAT, HATS = tokens.drum_token(["hat"]), tokens.drum_token(["hat", "open_hat"])
ARP, DRUMS, CHORD, LEVEL = (tokens.STREAM_INDEX[name] for name in ("arp", "drums", "chord", "level"))


def keep_time(piece: np.ndarray, may_sound: np.ndarray, style: str, final_step: int) -> np.ndarray:
    """Fill the eighths before the last chord with the parts that keep the style's time.

    Args:
        piece: [K, S] score tokens.
        may_sound: [K, S] bool, where each stream may play; nothing is added outside it.
        style: one of types.STYLES; its record names the parts (Style.time_keepers).
        final_step: step of the last chord.

    Returns:
        [K, S] tokens; every note that was written begins where it did.
    """
    keepers, kept = RECORDS[style].time_keepers, piece.copy()
    for step in range(0, min(final_step, piece.shape[1]), EIGHTH_STEPS):
        if step % STEPS_PER_BEAT and _is_calm(piece, step):
            continue
        if "arp" in keepers and may_sound[ARP, step]:
            _arpeggiate(kept, step, may_sound)
        if "hat" in keepers and may_sound[DRUMS, step] and _drums_play(piece, step):
            kept[DRUMS, step] = _with_hat(max(0, int(kept[DRUMS, step])))
    return kept


def _with_hat(strokes: int) -> int:
    """Add the hat to a drum token, unless a hat plays already."""
    return strokes if strokes & HATS else strokes | HAT


def _is_calm(piece: np.ndarray, step: int) -> bool:
    """Check whether the bar of a step is calm; accents count as little as any other step."""
    bar = step // STEPS_PER_BAR * STEPS_PER_BAR
    return bool(np.median(piece[LEVEL, bar : bar + STEPS_PER_BAR]) < CALM_LEVEL)


def _drums_play(piece: np.ndarray, step: int) -> bool:
    """Check whether the drums play in the bar of a step, the one before or the one after."""
    bar = step // STEPS_PER_BAR * STEPS_PER_BAR
    return bool((piece[DRUMS, max(0, bar - STEPS_PER_BAR) : bar + 2 * STEPS_PER_BAR] > 0).any())


def _arpeggiate(kept: np.ndarray, step: int, may_sound: np.ndarray) -> None:
    """Let the arpeggio play a note of its own pattern where no other part has an onset."""
    if (kept[PITCHED_ROWS, step] >= tokens.FIRST_PITCH).any():
        return
    onsets = np.flatnonzero(kept[ARP] >= tokens.FIRST_PITCH)
    fitting = onsets[kept[CHORD, onsets] == kept[CHORD, step]]
    if not len(fitting):
        return
    nearest = fitting[np.abs(fitting - step).argmin()]
    source = next((step - back for back in PATTERN_STEPS if step - back in fitting), nearest)
    kept[ARP, step] = kept[ARP, source]
    following = step + 1
    if following < kept.shape[1] and kept[ARP, following] == tokens.REST and may_sound[ARP, following]:
        kept[ARP, following] = tokens.HOLD

"""Find the perceptual onset of a note, whatever its attack.

Vos and Rasch ("The perceptual onset of musical tones", 1981): listeners hear two tones as simultaneous when
their levels pass at the same time a threshold that is 6 to 15 dB below each tone's loudest moment.
"""

import numpy as np

from dyvim_cli.filters import following
from dyvim_cli.types import SAMPLE_RATE

ATTACK_S = 0.15  # sound after a moment that is looked at; a later maximum belongs to a swell without an onset
QUICK_S = 0.2  # part of a note that tells the onset of most
SLOWEST_S = 0.4  # the part of a note in which its onset is searched for
LEVEL_FRAMES = SAMPLE_RATE // 200  # frames over which a level is taken: 5 ms
SILENCE = 1e-10  # power below which a note's first frames may be rounding errors alone
HEARD_DB = -12.0  # level against the loudest of the ATTACK_S that follow from which on a note is heard


def heard_frame(sound: np.ndarray) -> int:
    """Find when a note is heard.

    Args:
        sound: [2, n] the beginning of a note at 48 kHz.

    Returns:
        First frame at which it is heard; 0 for silence.
    """
    power, reach = levels(sound), round(ATTACK_S * SAMPLE_RATE)
    if not power.max(initial=0) > SILENCE:
        return 0
    loudest = following(np.maximum, power, reach)
    return int(np.argmax((power > SILENCE) & (power >= loudest * 10 ** (HEARD_DB / 10))))


def heard_early(sound: np.ndarray) -> int | None:
    """Find when a note is heard, as heard_frame does, if a short beginning tells it.

    Args:
        sound: [2, n] the beginning of a note at 48 kHz.

    Returns:
        The frame that any longer beginning gives; None if a longer one is needed.
    """
    if not levels(sound).max(initial=0) > SILENCE:
        return None
    frame = heard_frame(sound)
    return frame if frame <= sound.shape[1] - round(ATTACK_S * SAMPLE_RATE) else None


def levels(sound: np.ndarray) -> np.ndarray:
    """Average the power over the LEVEL_FRAMES up to each frame, silence before it.

    Args:
        sound: [2, n].

    Returns:
        [n] mean square.
    """
    power = np.cumsum((sound.astype(np.float64) ** 2).mean(axis=0)) / LEVEL_FRAMES
    return power - np.pad(power, (LEVEL_FRAMES, 0))[: len(power)]

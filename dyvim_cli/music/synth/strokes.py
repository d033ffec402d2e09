"""Make strengths and takes of a stroke that a font has recorded once.

A drum, and any instrument that answers every velocity with one and the same sound, is made brighter the
harder it is played: a shelf over its treble follows the velocity, and differs a little between takes. This
processes one recording, in the eight steps that tones are made for, and needs no bytes. Where a drum has
recordings of several strengths, the shelf follows the velocity within each of them. Else, what a font answers
by itself, with other recordings or a filter that opens, stays as the font has it.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from dyvim_cli.filters import filter_recursively
from dyvim_cli.music.synth import generators as gen
from dyvim_cli.music.synth.sampler import Voice
from dyvim_cli.types import SAMPLE_RATE

CORNER_HZ, BRIGHT_CORNER_HZ = (
    1200.0,
    7000.0,
)  # of the shelf; the second of what has all its sound above the first
BRIGHT_DRUMS = frozenset(
    {42, 44, 46, 49, 51, 52, 53, 54, 55, 57, 59, 69, 70, 80, 81, 82}
)  # hats, cymbals, rattles
NEUTRAL_VELOCITY = 80  # as recorded: what mixes are balanced for, and what a groove is played with
SOFT_DB, HARD_DB = -7.0, 2.0  # gain of the shelf at velocities 1 and 127
TAKES_DB = (0.0, -0.7, 0.5)  # gain of the shelf for each take
OPENS_CENTS = 1200  # a filter that moves by less from soft to hard is hardly heard
SOFT, HARD = 24, 120  # velocities whose answers are compared
STEPS = range(7, 128, 8)  # velocities at which a drum's layers are looked for


def treble_db(velocity: int, take: int, neutral: int = NEUTRAL_VELOCITY) -> float:
    """Find the gain of the shelf for a stroke.

    Args:
        velocity: MIDI velocity; harder is brighter.
        take: each differs a little.
        neutral: velocity that the recording was made at.

    Returns:
        dB, 0 at the neutral velocity for take 0.
    """
    return _by_strength_db(velocity) - _by_strength_db(neutral) + TAKES_DB[take % len(TAKES_DB)]


def _by_strength_db(velocity: int) -> float:
    if velocity < NEUTRAL_VELOCITY:
        return SOFT_DB * (NEUTRAL_VELOCITY - velocity) / (NEUTRAL_VELOCITY - 1)
    return HARD_DB * (velocity - NEUTRAL_VELOCITY) / (127 - NEUTRAL_VELOCITY)


def answers_alike(voices_at: Callable[[int], tuple[Voice, ...]]) -> bool:
    """Check whether an instrument's timbre is nearly the same at every velocity.

    Args:
        voices_at: voices of a key at a velocity.

    Returns:
        True where a soft and a hard stroke play the same recordings alike.
    """
    soft, hard = voices_at(SOFT), voices_at(HARD)
    return len(soft) == len(hard) > 0 and all(map(_is_alike, soft, hard))


def neutral_velocity(voices_at: Callable[[int], tuple[Voice, ...]], velocity: int) -> int | None:
    """Find the velocity at which a layer of a drum sounds as recorded: its own that is nearest to 80.

    Args:
        voices_at: voices of a key at a velocity.
        velocity: MIDI velocity of a stroke.

    Returns:
        NEUTRAL_VELOCITY for the layer that answers it; None where soft and hard strokes have one recording.
    """
    own = _recordings(voices_at(velocity))
    if not own or _recordings(voices_at(SOFT)) == _recordings(voices_at(HARD)):
        return None
    if own == _recordings(voices_at(NEUTRAL_VELOCITY)):
        return NEUTRAL_VELOCITY
    alike = [other for other in STEPS if _recordings(voices_at(other)) == own]
    return min(alike, key=lambda other: abs(other - NEUTRAL_VELOCITY), default=velocity)


def _recordings(voices: tuple[Voice, ...]) -> list[int]:
    return [voice.sample for voice in voices]


def _is_alike(one: Voice, other: Voice) -> bool:
    moved = (gen.CUTOFF, gen.MOD_ENV_TO_CUTOFF, gen.MOD_LFO_TO_CUTOFF)
    return one.sample == other.sample and all(
        abs(one.get(each) - other.get(each)) < OPENS_CENTS for each in moved
    )


def corner_hz(key: int, is_drum: bool) -> float:
    """Find where the shelf begins.

    Args:
        key: MIDI number.
        is_drum: whether it is a key of a kit.

    Returns:
        Hz: higher for hats and cymbals, which the usual shelf would only make softer.
    """
    return BRIGHT_CORNER_HZ if is_drum and key in BRIGHT_DRUMS else CORNER_HZ


def shelved(sound: np.ndarray, db: float, corner_hz: float = CORNER_HZ) -> np.ndarray:
    """Put a sound under the shelf.

    Args:
        sound: [n].
        db: gain of the treble.
        corner_hz: from where on it counts as treble.

    Returns:
        [n] float32.
    """
    b, a = _shelf(round(db, 2), corner_hz)
    return filter_recursively(b, a, sound)[0].astype(np.float32, copy=False)


@lru_cache(maxsize=64)
def _shelf(db: float, corner_hz: float) -> tuple[np.ndarray, np.ndarray]:
    """A first-order high shelf (b, a), with unity gain below the corner."""
    gain = 10 ** (db / 20)
    omega = np.tan(np.pi * corner_hz / SAMPLE_RATE) / np.sqrt(gain)
    b = np.array([gain + omega * np.sqrt(gain), omega * np.sqrt(gain) - gain])
    a = np.array([1 + omega * np.sqrt(gain), omega * np.sqrt(gain) - 1])
    return (b / a[0]).astype(np.float32), (a / a[0]).astype(np.float32)

"""Bring a stroke to the level and the treble that the drum has at a strength, and encode it."""

import io
from dataclasses import dataclass

import numpy as np

from dyvim_cli.hearing.metering import hop_powers
from dyvim_cli.music.mixing.loudness import Meter
from dyvim_cli.music.synth import strokes
from dyvim_cli.types import SAMPLE_RATE
from tools.soundfont_subset import COMPRESSION

FADE_S = 0.5  # length of the fade at a stroke's end
CORRECTIONS = 4  # how often a stroke is encoded and compared with the drum
CORRECTED = 0.7  # share of its lack of treble that each of them makes good


@dataclass(frozen=True)
class Strength:
    """Velocities that a recording answers, the one whose treble it has, the one at which its level is set.

    A stroke that is harder has a little more treble than a shelf brings, at the same loudness.
    """

    velocities: tuple[int, int]
    neutral: int = strokes.NEUTRAL_VELOCITY
    balanced: int = strokes.NEUTRAL_VELOCITY
    more_treble_db: float = 0.0


def as_loud(own: np.ndarray, made: np.ndarray, rate: int, strength: Strength, corner_hz: float) -> bytes:
    """Encode a stroke with its strength's treble, as loud as the drum's own recording is at that strength.

    Args:
        own: [n] the recording.
        made: [n] the stroke.
        rate: frames a second.
        strength: of the stroke.
        corner_hz: from where on its treble counts, as if the rate were the sampler's.

    Returns:
        Vorbis stream.
    """
    there = strokes.shelved(own, strokes.treble_db(strength.balanced, 0), corner_hz)
    brought_db = strokes.treble_db(strength.balanced, 0, strength.neutral)  # given to it as it is played
    treble_db, lost_db, data = strokes.treble_db(strength.neutral, 0) + strength.more_treble_db, 0.0, b""
    wanted_db = _balance_db(there, corner_hz) + strength.more_treble_db
    for _ in range(CORRECTIONS):  # encoding takes some treble away
        stroke = strokes.shelved(made, treble_db, corner_hz)
        louder_db = _loudest_db(there) - _loudest_db(strokes.shelved(stroke, brought_db, corner_hz)) + lost_db
        data = encoded(stroke * np.float32(10 ** (louder_db / 20)), rate)
        found = strokes.shelved(_decoded(data), brought_db, corner_hz)
        treble_db += CORRECTED * (wanted_db - _balance_db(found, corner_hz))
        lost_db += _loudest_db(there) - _loudest_db(found)
    return data


def _balance_db(sound: np.ndarray, corner_hz: float) -> float:
    """Energy above a corner against that below, at the sampler's rate."""
    power = np.abs(np.fft.rfft(sound)) ** 2
    place = round(len(power) * corner_hz / (SAMPLE_RATE / 2))
    return float(10 * np.log10((power[place:].sum() + 1e-20) / (power[:place].sum() + 1e-20)))


def _decoded(stream: bytes) -> np.ndarray:
    import soundfile

    return soundfile.read(io.BytesIO(stream), dtype="float32")[0]


def _loudest_db(sound: np.ndarray) -> float:
    """Loudness of the loudest fifth of a second, at the sampler's rate."""
    meter = Meter()
    meter.feed(np.pad(np.stack([sound, sound]), ((0, 0), (0, SAMPLE_RATE // 2))))
    power = np.convolve(hop_powers(meter.powers), (0.5, 0.5), mode="valid").max()
    return float(10 * np.log10(max(power, 1e-20)))


def encoded(sound: np.ndarray, rate: int) -> bytes:
    """Encode a stroke, faded at its end.

    Args:
        sound: [n].
        rate: frames a second.

    Returns:
        Vorbis stream.
    """
    import soundfile

    file, n = io.BytesIO(), min(len(sound) // 4, round(FADE_S * rate))
    faded = np.concatenate([sound[: len(sound) - n], sound[len(sound) - n :] * np.linspace(1, 0, n)])
    soundfile.write(file, faded, rate, format="OGG", subtype="VORBIS", compression_level=COMPRESSION)
    return file.getvalue()

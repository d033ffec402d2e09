"""Measure loudness and true peak (ITU-R BS.1770, by ebur128), and the level in the speech band."""

import math
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import ffmpeg
import numpy as np

from dyvim_cli.filters import butterworth, filter_by_sections
from dyvim_cli.media.ffmpeg import STDERR_LINES_KEPT, command, stream

LEVEL_RATE_HZ = 100  # levels a second
SPEECH_RATE = 16_000  # Hz, what is listened to for speech and music
HEARD_CHANNELS = 2  # number of channels whose powers are summed: the sum of samples holds less of wide sound
DOWNMIX = np.float32(0.5**0.5)  # factor of two channels' sum that keeps the loudness
SPEECH_BAND_HZ = (300.0, 4000.0)  # where words are understood
BAND_ORDER = 4
FLOOR_DB = -120.0
SILENCE_LUFS = -70.0  # the least that is reported: the gate of BS.1770
LOUDEST_S = 0.1  # the span whose level decides whether a sound is audible at all
MOMENT_S = 0.1  # interval of ebur128's momentary loudness
NUMBER = r"(-?[\d.]+|-inf|nan)"
INTEGRATED = re.compile(rf"\bI:\s+{NUMBER} LUFS")
PEAK = re.compile(rf"\bPeak:\s+{NUMBER} dBFS")
MOMENTARY = re.compile(rf"\bM:\s*{NUMBER}\b")


class Listener(Protocol):
    """Consumer of a sound, block by block."""

    def feed(self, block: np.ndarray) -> None:
        """Hear the next samples.

        Args:
            block: [n] float32, mono at SPEECH_RATE.
        """


@dataclass(frozen=True)
class Measured:
    """Measured loudness of a sound."""

    loudness_lufs: float  # integrated; SILENCE_LUFS for silence
    true_peak_db: float  # dBTP
    levels_db: np.ndarray  # [n] float32, speech band, LEVEL_RATE_HZ, dB full scale
    loudest_db: float  # level of the loudest LOUDEST_S
    momentary_lufs: np.ndarray  # [m] every MOMENT_S, empty unless asked for


def measure(
    sound: Any,  # of ffmpeg-python, which has no types
    what: str,
    on_time: Callable[[float], None] | None = None,
    listeners: Sequence[Listener] = (),
    *,
    wants_moments: bool = False,
) -> Measured:
    """Measure an ffmpeg-python audio stream in one pass.

    Args:
        sound: the stream, in any layout.
        what: opens the message of an InputError.
        on_time: notified of how many seconds were measured, infinity at the end.
        listeners: hear the sound as mono blocks at SPEECH_RATE.
        wants_moments: whether the momentary loudness is kept.

    Returns:
        Loudness, true peak and levels over time.

    Raises:
        InputError: ffmpeg cannot read it.
    """
    log = "info" if wants_moments else "verbose"
    loud = sound.filter("ebur128", framelog=log, peak="true")
    heard_as = {"f": "f32le", "ac": HEARD_CHANNELS, "ar": SPEECH_RATE}
    output = ffmpeg.output(loud.filter("aresample", SPEECH_RATE), "pipe:1", **heard_as)
    lines: deque[str] = deque(maxlen=None if wants_moments else STDERR_LINES_KEPT)
    on_time, band, n_heard = on_time or (lambda _: None), _BandLevels(), 0
    for block in _blocks(stream(command(output), what, stderr_lines=lines)):
        band.feed(block)
        for listener in listeners:
            listener.feed(block.sum(axis=1) * DOWNMIX)
        n_heard += len(block)
        on_time(n_heard / SPEECH_RATE)
    on_time(math.inf)
    moments = [float(found[1]) for found in map(MOMENTARY.search, lines) if found] if wants_moments else []
    return Measured(
        _reported(INTEGRATED, lines),
        _reported(PEAK, lines),
        band.levels_db(),
        band.loudest_db(),
        np.nan_to_num(np.array(moments), nan=FLOOR_DB, neginf=FLOOR_DB),
    )


def _blocks(chunks: Iterator[bytes]) -> Iterator[np.ndarray]:
    """Bytes as samples [n, HEARD_CHANNELS] float32; a sample may span two chunks."""
    rest, size = b"", 4 * HEARD_CHANNELS
    for chunk in chunks:
        rest += chunk
        whole = len(rest) // size * size
        yield np.frombuffer(rest[:whole], dtype="<f4").reshape(-1, HEARD_CHANNELS)
        rest = rest[whole:]


class _BandLevels:
    """Mean powers of every 10 ms: of the speech band, and of the whole."""

    def __init__(self) -> None:
        self._filter = butterworth(BAND_ORDER, SPEECH_BAND_HZ, "bandpass", SPEECH_RATE)
        self._state = np.zeros((len(self._filter), 2, HEARD_CHANNELS))
        self._rest = np.zeros((2, 0))
        self._powers: list[np.ndarray] = [np.zeros((2, 0))]

    def feed(self, block: np.ndarray) -> None:
        band, self._state = filter_by_sections(self._filter, block, self._state, axis=0)
        squares = np.concatenate([self._rest, np.square([band, block]).sum(axis=2)], axis=1)
        size = SPEECH_RATE // LEVEL_RATE_HZ
        whole = squares.shape[1] // size * size
        self._powers.append(squares[:, :whole].reshape(2, -1, size).mean(axis=2))
        self._rest = squares[:, whole:]

    def levels_db(self) -> np.ndarray:
        """[n] float32 of the speech band."""
        return decibels_above_floor(np.concatenate(self._powers, axis=1)[0]).astype(np.float32)

    def loudest_db(self) -> float:
        """Level of the loudest LOUDEST_S; FLOOR_DB without sound."""
        powers = np.concatenate(self._powers, axis=1)[1]
        size = min(len(powers), round(LOUDEST_S * LEVEL_RATE_HZ))
        if not size:
            return FLOOR_DB
        return float(decibels_above_floor(np.convolve(powers, np.full(size, 1 / size), mode="valid").max()))


def decibels_above_floor(power: np.ndarray) -> np.ndarray:
    """Convert powers to levels, silence at FLOOR_DB.

    Args:
        power: mean squares, any shape.

    Returns:
        The same shape, dB re 1.
    """
    return 10 * np.log10(power + 10 ** (FLOOR_DB / 10))


def mean_level_db(levels_db: np.ndarray) -> float:
    """Find the level of the mean power.

    Args:
        levels_db: [n] dB.

    Returns:
        dB; FLOOR_DB for no levels at all.
    """
    return (
        float(decibels_above_floor(np.asarray(np.mean(10 ** (np.asarray(levels_db, np.float64) / 10)))))
        if len(levels_db)
        else FLOOR_DB
    )


def _reported(pattern: re.Pattern[str], lines: Iterable[str]) -> float:
    """Parse the final report of ebur128."""
    found = [match[1] for match in map(pattern.search, lines) if match]
    value = float(found[-1]) if found else SILENCE_LUFS
    return max(SILENCE_LUFS, value) if value == value else SILENCE_LUFS

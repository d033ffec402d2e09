"""How loud the film's own sound is, when it speaks, and the gain that makes room for it.

The gain is drawn as a sound editor draws it: it goes down just before somebody speaks, rests, and
comes back gently. The film's own sound is only measured, never filtered.
"""

import math
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import ffmpeg
import numpy as np

from dyvim_cli.media.ffmpeg import STDERR_LINES_KEPT, command, stream

LEVEL_RATE_HZ = 100  # level and gain values a second
SPEECH_RATE = 8000  # Hz: speech lives below 4 kHz
SPEECH_LOW_HZ = 150  # rumble below does not count as speech
FLOOR_DB = -120.0
SILENCE_DB = -70.0  # the least that is reported: the gate of BS.1770
AUDIBLE_DB = -60.0  # a film whose loudest tenths of seconds stay below is silent
LEAD_S = 0.15  # the music gives way before the first word
HOLD_S = 0.8  # and waits for the next one
RAMP_S = 0.5
INTEGRATED = re.compile(r"\bI:\s+(-?[\d.]+|-inf|nan) LUFS")
PEAK = re.compile(r"\bPeak:\s+(-?[\d.]+|-inf|nan) dBFS")


@dataclass(frozen=True)
class Listened:
    """What a sound track measures."""

    loudness_lufs: float  # integrated, ITU-R BS.1770; -70 for silence
    levels_db: np.ndarray  # [n] float32, speech band, LEVEL_RATE_HZ, dB full scale
    peak_db: float  # the highest sample

    @property
    def is_audible(self) -> bool:
        """Whether anybody would hear anything."""
        return bool(len(self.levels_db)) and float(np.quantile(self.levels_db, 0.99)) > AUDIBLE_DB


def listen(sound, what: str, on_time: Callable[[float], None] | None = None) -> Listened:
    """Measure an ffmpeg-python audio stream in one pass; `what` opens the message of an InputError.

    `on_time` hears how many seconds were measured, infinity at the end.
    """
    loud = sound.filter("ebur128", framelog="verbose", peak="sample")
    speech = loud.filter("highpass", f=SPEECH_LOW_HZ).filter("aresample", SPEECH_RATE)
    output = ffmpeg.output(speech, "pipe:1", f="f32le", ac=1)
    lines: deque = deque(maxlen=STDERR_LINES_KEPT)
    block = SPEECH_RATE // LEVEL_RATE_HZ
    levels, rest, n_bytes = [], b"", 0
    on_time = on_time or (lambda _: None)
    for chunk in stream(command(output), what, stderr_lines=lines):
        rest += chunk
        whole = len(rest) // (4 * block) * (4 * block)
        levels.append(_levels_db(np.frombuffer(rest[:whole], dtype="<f4").reshape(-1, block)))
        rest = rest[whole:]
        n_bytes += len(chunk)
        on_time(n_bytes / (4 * SPEECH_RATE))
    on_time(math.inf)
    levels_db = np.concatenate(levels or [np.zeros(0, np.float32)])
    return Listened(_reported(INTEGRATED, lines), levels_db, _reported(PEAK, lines))


def _levels_db(blocks: np.ndarray) -> np.ndarray:
    """RMS level of each row."""
    power = np.mean(np.square(blocks, dtype=np.float64), axis=1)
    return (10 * np.log10(power + 10 ** (FLOOR_DB / 10))).astype(np.float32)


def _reported(pattern: re.Pattern, lines) -> float:
    """What ebur128 reports at its end."""
    found = [match[1] for match in map(pattern.search, lines) if match]
    value = float(found[-1]) if found else SILENCE_DB
    return max(SILENCE_DB, value) if value == value else SILENCE_DB


def _moving_average(values: np.ndarray, seconds: float, window=np.ones) -> np.ndarray:
    """Centred weighted average over a window; the ends repeat."""
    size = max(1, round(seconds * LEVEL_RATE_HZ)) | 1
    weights = window(size + 2)[1:-1]
    return np.convolve(np.pad(values, size // 2, mode="edge"), weights / weights.sum(), mode="valid")


def speaking(listened: Listened) -> np.ndarray:
    """[n] bool: where the film's own sound stands out, by LEVEL_RATE_HZ.

    It stands out when it comes within 14 dB of its own loudness and 6 dB above its own steady
    background, for longer than a click.
    """
    levels = listened.levels_db
    if not listened.is_audible:
        return np.zeros(len(levels), bool)
    background = float(np.quantile(levels, 0.1))
    threshold = max(listened.loudness_lufs - 14, background + 6, AUDIBLE_DB)
    return _moving_average((levels > threshold).astype(np.float64), 0.3) > 0.3


def duck_gain(listened: Listened, duck_db: float, duration_s: float) -> np.ndarray:
    """[n] float32 gain of the music, by LEVEL_RATE_HZ, from `duck_db` under speech to 1 elsewhere."""
    n_values = round(duration_s * LEVEL_RATE_HZ) + 1
    talk = speaking(listened)[:n_values]
    talk = np.pad(talk, (0, n_values - len(talk)))
    edges = np.flatnonzero(np.diff(np.pad(talk.astype(np.int8), 1)))
    ducked = np.zeros(n_values)
    for start, end in edges.reshape(-1, 2):
        first = max(0, round(start - LEAD_S * LEVEL_RATE_HZ))
        ducked[first : round(end + HOLD_S * LEVEL_RATE_HZ)] = 1
    depth_db = duck_db * _moving_average(ducked, RAMP_S, np.hanning)
    return (10 ** (depth_db / 20)).astype(np.float32)

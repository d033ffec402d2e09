"""Measure the sound of a written film: loudness, true peak and loudness over time, as it decodes.

Stereo of floats at our sample rate, as every lossy codec decodes to, is measured where it is decoded; other
sound by ffmpeg's ebur128.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np

from dyvim_cli.errors import InputError
from dyvim_cli.hearing.metering import (
    CELLS_A_HOP,
    HOPS_A_BLOCK,
    PowersAndPeaks,
    hop_powers,
    integrated_lufs,
    lufs_of,
)
from dyvim_cli.media.ffmpeg import file_url
from dyvim_cli.media.loudness import FLOOR_DB, SILENCE_LUFS, measure
from dyvim_cli.media.opening import open_film
from dyvim_cli.types import SAMPLE_RATE

BLOCK_FRAMES = 2 * SAMPLE_RATE  # frames that are measured together, a multiple of a cell


@dataclass(frozen=True)
class Delivered:
    """Measures of the sound of a written film."""

    loudness_lufs: float  # integrated; SILENCE_LUFS for silence
    true_peak_db: float  # dBTP
    momentary_lufs: np.ndarray  # [m] of the 400 ms up to every 100 ms


def measured_sound(path: Path, on_time: Callable[[float], None]) -> Delivered:
    """Measure the first sound track of a written film.

    Args:
        path: of the film.
        on_time: notified of how many seconds were measured, infinity at the end.

    Returns:
        Its measures.

    Raises:
        InputError: it cannot be read.
    """
    import av

    try:
        with open_film(path) as container:
            stream = container.streams.audio[0]
            if _is_plain(stream.codec_context):
                return _measured(_blocks(container.decode(stream)), on_time)
    except (av.FFmpegError, IndexError) as error:
        raise InputError(f"cannot read {path}: {error}", "see that its disk is still there") from error
    sound = ffmpeg.input(file_url(path), vn=None)["a:0"]
    heard = measure(sound, f"cannot read {path}", on_time, wants_moments=True)
    return Delivered(heard.loudness_lufs, heard.true_peak_db, heard.momentary_lufs)


# Any, here and below: PyAV's own types differ between its versions
def _is_plain(context: Any) -> bool:
    """Check for stereo of floats at our sample rate."""
    if context is None or context.format is None:
        return False
    return (context.format.name, context.sample_rate, context.channels) == ("fltp", SAMPLE_RATE, 2)


def _blocks(frames: Iterator[Any]) -> Iterator[np.ndarray]:
    """The sound of decoded frames in blocks [2, BLOCK_FRAMES]; the last one may be shorter."""
    import av

    waiting: Any = av.AudioFifo()
    for frame in frames:
        frame.pts = None  # one after the other, whatever their times
        waiting.write(frame)
        if waiting.samples >= BLOCK_FRAMES:
            yield waiting.read(BLOCK_FRAMES).to_ndarray()
    if waiting.samples:
        yield waiting.read().to_ndarray()


def _measured(blocks: Iterator[np.ndarray], on_time: Callable[[float], None]) -> Delivered:
    """Measure a sound block by block."""
    meter, n_heard = PowersAndPeaks(), 0
    for block in blocks:
        meter.feed(block)
        n_heard += block.shape[1]
        on_time(n_heard / SAMPLE_RATE)
    on_time(math.inf)
    lufs, peak_db = integrated_lufs(meter.powers), meter.true_peak_db
    return Delivered(max(SILENCE_LUFS, lufs), max(SILENCE_LUFS, peak_db), _moments_lufs(meter.powers))


def _moments_lufs(powers: np.ndarray) -> np.ndarray:
    """[m] loudness of the 400 ms up to every 100 ms, FLOOR_DB before they are full; powers [cells]."""
    moments = np.full(len(powers) // CELLS_A_HOP, FLOOR_DB)
    if len(moments) >= HOPS_A_BLOCK:
        means = np.convolve(hop_powers(powers), np.ones(HOPS_A_BLOCK) / HOPS_A_BLOCK, mode="valid")
        moments[HOPS_A_BLOCK - 1 :] = np.maximum(lufs_of(means), FLOOR_DB)
    return moments

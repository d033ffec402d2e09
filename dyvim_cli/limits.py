"""Limits on films (pixels, seconds, streams, gaps), checked before the work starts.

A few kilobytes can describe a picture of a billion pixels, or two pictures that are years apart.
"""

import math
import os
from dataclasses import dataclass
from pathlib import Path

from dyvim_cli.errors import InputError, UsageError, quoted

MAX_PIXELS_VARIABLE, MAX_DURATION_VARIABLE = "DYVIM_MAX_PIXELS", "DYVIM_MAX_DURATION"
MAX_PIXELS = 100_000_000  # pixels of one picture: 12K is 80 million
MAX_DURATION_S = 12 * 3600.0
MAX_STREAMS = 256  # streams of any kind: a whole television channel group has some 100
MAX_PICTURES = 5_000_000  # twelve hours at 115 a second
MAX_GAP_S = 600.0  # longest time between two pictures: a slide may be shown this long
# sample rates that can be converted to 48 kHz; for 1 Hz ffmpeg needs gigabytes
SAMPLE_RATES_HZ = (1000, 800_000)


@dataclass(frozen=True)
class Limits:
    """Upper limits of a film; the user can set the first two."""

    max_pixels: int = MAX_PIXELS
    max_duration_s: float = MAX_DURATION_S


def limits() -> Limits:
    """Read the limits of this process and its workers from the environment.

    Returns:
        The limits.

    Raises:
        UsageError: a variable is no number.
    """
    return Limits(
        max_pixels=int(_number(MAX_PIXELS_VARIABLE, MAX_PIXELS)),
        max_duration_s=_number(MAX_DURATION_VARIABLE, MAX_DURATION_S),
    )


def _number(variable: str, default: float) -> float:
    """A positive number from the environment."""
    text = os.environ.get(variable, "")
    try:
        value = float(text or default)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise UsageError(f"{variable}={text} is not a number above zero", f"{variable}={default:.0f}")
    return value


def check_pixels(path: Path, width: int, height: int) -> None:
    """Check the size of a film's picture.

    Args:
        path: of the film.
        width: px.
        height: px.

    Raises:
        InputError: it is larger than allowed.
    """
    most = limits().max_pixels
    if width * height > most:
        reason = f"{path}: {width}x{height} are {width * height / 1e6:.3g} million pixels"
        hint = f"--max-pixels {width * height}, if there is memory for it"
        raise InputError(f"{reason}, the limit is {most / 1e6:g} million", hint)


def check_streams(path: Path, n_streams: int) -> None:
    """Check the number of a film's streams.

    Args:
        path: of the film.
        n_streams: of all kinds.

    Raises:
        InputError: there are more than any camera or disc writes.
    """
    if n_streams > MAX_STREAMS:
        hint = f"keep what is wanted: ffmpeg -i {quoted(path)} -map 0:v:0 -map 0:a:0 -c copy film.mkv"
        raise InputError(f"{path} holds {n_streams} streams, the limit is {MAX_STREAMS}", hint)


def check_pictures(path: Path, n_pictures: int) -> None:
    """Check the number of a film's pictures.

    Args:
        path: of the film.
        n_pictures: so far.

    Raises:
        InputError: there are more than can be listed.
    """
    if n_pictures > MAX_PICTURES:
        reason = f"{path} holds more than {MAX_PICTURES / 1e6:g} million pictures"
        raise InputError(reason, f"score a part of it: ffmpeg -i {quoted(path)} -t 3600 -c copy part.mkv")


def check_duration(path: Path, duration_s: float) -> None:
    """Check how long a film lasts.

    Args:
        path: of the film.
        duration_s: of the film.

    Raises:
        InputError: it lasts longer than allowed.
    """
    most_s = limits().max_duration_s
    if duration_s > most_s:
        reason = f"{path} lasts {duration_s:.0f} s, the limit is {most_s:.0f} s"
        raise InputError(reason, f"--max-duration {math.ceil(duration_s)}")


def check_gap(path: Path, longest_gap_s: float) -> None:
    """Check how far neighbouring pictures of a film are apart.

    Args:
        path: of the film.
        longest_gap_s: between two pictures.

    Raises:
        InputError: they are too far apart.
    """
    if longest_gap_s > MAX_GAP_S:
        reason = f"two pictures of {path} are {longest_gap_s:.0f} s apart, the limit is {MAX_GAP_S:.0f} s"
        raise InputError(reason, f"put pictures between them: ffmpeg -i {quoted(path)} -vf fps=5 film.mkv")


def is_playable_rate(sample_rate_hz: int) -> bool:
    """Check whether ffmpeg can bring a sample rate to ours in bounded memory.

    Args:
        sample_rate_hz: of a sound.

    Returns:
        True within SAMPLE_RATES_HZ.
    """
    return SAMPLE_RATES_HZ[0] <= sample_rate_hz <= SAMPLE_RATES_HZ[1]

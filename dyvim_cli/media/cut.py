"""Cut a part out of a film without re-encoding its picture."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from dyvim_cli.errors import UsageError
from dyvim_cli.media.film_clock import clock_of
from dyvim_cli.media.film_input import clock_options
from dyvim_cli.media.probe import DISCONTINUOUS, FilmInfo, picture_packets

SEEK_MARGIN_S = 0.002  # seek just before the key frame: time stamps may be rounded to milliseconds
WORTH_SAYING_S = 0.1  # the start moved by more than this


@dataclass(frozen=True)
class Cut:
    """A part of a film whose packets can be copied. Times in seconds from the first picture."""

    start_s: float
    end_s: float
    stop_s: float | None = None  # decoding time at which the copy ends; None: with the film
    warnings: tuple[str, ...] = ()
    n_pictures: int | None = None  # packets that are shown; None: all of the film


def plan_cut(film: FilmInfo, start: float | str | None = None, end: float | str | None = None) -> Cut:
    """Find the nearest part of a film that can be copied.

    Copied pictures can only start at a key frame, so the start moves back to the one before it;
    they can only end where no later picture is needed, so the end moves on by up to a few frames.

    Args:
        film: what probe says of it.
        start: in seconds, or as a timecode; None = the beginning.
        end: likewise; None = the film's end.

    Returns:
        The part, with a warning where it starts earlier than asked for.

    Raises:
        UsageError: less than two frames are asked for, or a timecode is bad.
    """
    start = in_seconds(film, start or 0.0)
    end = film.duration_s if end is None else min(in_seconds(film, end), film.duration_s)
    if not start and end >= film.duration_s:
        return Cut(0.0, film.duration_s)
    if end <= start < film.duration_s:
        raise UsageError(f"nothing lies between {start:g} s and {end:g} s", "let the later time be the end")
    if end - start < 2 / film.fps:
        raise UsageError(
            f"fewer than two pictures of {film.path} lie between {start:g} s and {end:g} s",
            f"set --start and --end within its {film.duration_s:.3f} s",
        )
    times, decoding_times, _ = packets = picture_packets(film).T
    first = _start_packet(packets, start + 0.5 / film.fps)
    key_time = float(times[first])
    last, cut_end = _end_packet(times, end - 0.5 / film.fps)
    # ffmpeg ends a copy by decoding time: half-way between the last packet and the next
    stop = float(decoding_times[last : last + 2].mean()) if last + 1 < len(times) else None
    warnings: tuple[str, ...] = ()
    if start - key_time > WORTH_SAYING_S:
        where = f"{key_time:.3f} s instead of {start:.3f} s"
        warnings = (f"the film starts at {where}: an untouched picture starts at a key frame",)
    # past the last picture only sound continues, which ends anywhere
    cut_end = min(cut_end, max(end, film.picture_s))
    return Cut(key_time, cut_end, stop, warnings, last - first + 1)


def in_seconds(film: FilmInfo, at: float | str) -> float:
    """Read a time of the film.

    Args:
        film: what probe says of it.
        at: seconds, or a timecode.

    Returns:
        Seconds from the first picture.

    Raises:
        UsageError: the timecode is bad, or the film's rate is variable.
    """
    if not isinstance(at, str):
        return at
    clock = clock_of(film)
    frame = None if film.is_variable_rate else clock.frame_of(at)
    if frame is None:
        rate = "a variable rate" if film.is_variable_rate else f"{film.fps:.3f} frames a second"
        reason = f"{at} is no timecode of {film.path}, which has {rate}"
        raise UsageError(reason, "write seconds: 10.5 or 0:10.5")
    return clock.time_s(frame)


def picture_lead_s(film: FilmInfo, cut: Cut, *starts_s: float) -> float:
    """Find how long after the output's zero the picture starts.

    Args:
        film: what probe says of it.
        cut: the part that is copied.
        *starts_s: where other streams that are copied begin.

    Returns:
        Seconds, at least 0.
    """
    if cut.start_s > 0:
        return SEEK_MARGIN_S
    return max(0.0, film.start_s - film.ffmpeg_zero_s(film.videos_start_s, *starts_s))


def shown_from_s(film: FilmInfo, lead_s: float) -> float:
    """Find when the first picture is shown in a container that counts decoding times from zero.

    Args:
        film: what probe says of it.
        lead_s: of picture_lead_s.

    Returns:
        Seconds from the output's zero.
    """
    return max(lead_s, film.shown_late_s)


def input_options(film: FilmInfo, cut: Cut, lead_s: float) -> dict[str, Any]:
    """Write ffmpeg's options that read the cut from the film.

    Args:
        film: what probe says of it.
        cut: the part that is copied.
        lead_s: of picture_lead_s.

    Returns:
        Options of ffmpeg-python's input.
    """
    options = {}
    if film.container in ("avi", *DISCONTINUOUS):  # other containers ask for times that these lack
        options["fflags"] = "+genpts"
    from_s = cut.start_s
    if cut.start_s > 0:
        from_s -= film.shown_late_s if film.is_reordered else 0.0  # avi is sought by decoding times
        options |= clock_options(film, film.start_s + from_s - SEEK_MARGIN_S)
    else:
        options |= clock_options(film)
    if cut.stop_s is not None:
        options["t"] = f"{cut.stop_s - from_s + lead_s:.6f}"
    return options


def _start_packet(packets: np.ndarray, latest_s: float) -> int:
    """The last key packet not after `latest_s` that no earlier-shown picture follows; else the first one."""
    times, _, is_key = packets
    earliest_to_come = np.minimum.accumulate(times[::-1])[::-1]
    fitting = np.flatnonzero((is_key > 0) & (times <= latest_s) & (times <= earliest_to_come))
    return int(fitting[-1]) if len(fitting) else int(np.argmin(times))  # its key frame is before the film


def _end_packet(times: np.ndarray, earliest_s: float) -> tuple[int, float]:
    """(last packet to copy, when its successor would be shown), not before `earliest_s`.

    After that packet everything shown so far is complete: no later packet is shown before it.
    """
    latest_so_far = np.maximum.accumulate(times)[:-1]
    earliest_to_come = np.minimum.accumulate(times[::-1])[::-1][1:]
    whole = np.flatnonzero((latest_so_far < earliest_to_come) & (earliest_to_come >= earliest_s))
    return (int(whole[0]), float(earliest_to_come[whole[0]])) if len(whole) else (len(times) - 1, np.inf)

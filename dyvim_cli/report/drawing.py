"""Draw a film's time line as SVG paths, on a canvas of 1000 x 100 per lane."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from dyvim_cli.report.roll import Voice, roll_drawing

WIDTH, HEIGHT = 1000, 100
LEAST_FULL_MOTION = 0.1  # picture widths a second; films that move less than that are drawn low
QUIETEST_LUFS, LOUDEST_LUFS = -45.0, -5.0
TICK_STEPS_S = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
MAX_TICKS = 9

Scale = Callable[[float], float]  # seconds to the canvas, 0..WIDTH


@dataclass(frozen=True)
class Timeline:
    """Data of the drawing; times in seconds of 0..duration_s, curves evenly spaced over that span."""

    duration_s: float
    motion: Sequence[float] = ()  # picture widths a second
    loudness: Sequence[float | None] = ()  # LUFS or dBFS; None = silence
    events: Sequence[tuple[float, float, str]] = ()  # (time_s, weight 0..1, kind of types.EVENT_KINDS)
    accents: Sequence[tuple[float, float]] = ()  # (time_s, strength 0..1)
    bars_s: Sequence[float] = ()
    sections: Sequence[tuple[float, float, str]] = ()  # (start_s, end_s, role)
    meetings: Sequence[tuple[float, float, str]] = field(
        default=()
    )  # (film_s, music_s, off | beat | downbeat)
    roll: Sequence[Voice] = ()  # the notes


def drawing(line: Timeline) -> dict[str, Any]:
    """Make everything that the template `parts.timeline` shows.

    Args:
        line: curves, events and meetings of one film; its duration is above 0.

    Returns:
        Names of the template -> SVG paths, ticks and texts.
    """
    events = [(t, w, "cut" if kind == "marked" else kind) for t, w, kind in line.events]
    by_kind = {kind: [(t, w) for t, w, k in events if k == kind] for kind in ("cut", "impact", "stop")}
    by_place = {place: [m for m in line.meetings if m[2] == place] for place in ("off", "beat", "downbeat")}
    x = _scale(line.duration_s)
    return {
        "duration_s": round(line.duration_s, 3),
        "motion": area(_motion_heights(line.motion)),
        "loud": area(_loudness_heights(line.loudness)),
        "cuts": strokes(x, ((t, 1.0) for t, _ in by_kind["cut"])),
        "impacts": strokes(x, ((t, 0.25 + 0.65 * w) for t, w in by_kind["impact"])),
        "stops": strokes(x, ((t, 0.25 + 0.65 * w) for t, w in by_kind["stop"])),
        "accents": strokes(x, ((t, 0.08 + 0.9 * math.sqrt(s)) for t, s in line.accents)),
        "bars": strokes(x, ((t, 1.0) for t in line.bars_s)),
        "hits_off": links(x, by_place["off"]),
        "hits_on": links(x, by_place["beat"] + by_place["downbeat"]),
        **{f"dots_{place}": dots(x, found) for place, found in by_place.items()},
        "sections": [_section(part, line.duration_s) for part in line.sections],
        "roll": roll_drawing(line.roll, line.duration_s),
        "ticks": ticks(line.duration_s),
        "picture_text": f"Picture: {_count(by_kind['cut'], 'cut')}, {_count(by_kind['impact'], 'impact')}",
        "music_text": f"Music: {_count(line.accents, 'accent')}, loudness over time",
    }


def _scale(duration_s: float) -> Scale:
    return lambda time_s: round(WIDTH * min(max(time_s / duration_s, 0), 1), 2)


def _count(things: Sequence[object], name: str) -> str:
    return f"{len(things)} {name}" + ("" if len(things) == 1 else "s")


def _motion_heights(motion: Sequence[float]) -> list[float]:
    full = max([LEAST_FULL_MOTION, *motion])
    return [math.sqrt(max(m, 0) / full) for m in motion]


def _loudness_heights(loudness: Sequence[float | None]) -> list[float]:
    span = LOUDEST_LUFS - QUIETEST_LUFS
    return [0.0 if lufs is None else min(max((lufs - QUIETEST_LUFS) / span, 0), 1) for lufs in loudness]


def area(heights: Sequence[float]) -> str:
    """Draw the area under a curve.

    Args:
        heights: 0..1, each in the middle of its equal share of the width.

    Returns:
        SVG path; empty without heights.
    """
    if not heights:
        return ""
    step = WIDTH / len(heights)
    tops = [(0, heights[0]), *((step * (i + 0.5), h) for i, h in enumerate(heights)), (WIDTH, heights[-1])]
    points = " ".join(f"{x:.1f} {HEIGHT * (1 - 0.96 * h):.1f}" for x, h in tops)
    return f"M0 {HEIGHT}L{points} {WIDTH} {HEIGHT}Z"


def strokes(x: Scale, marks: Iterable[tuple[float, float]]) -> str:
    """Draw upright lines from the lane's floor.

    Args:
        x: scale from seconds to the canvas.
        marks: (time in seconds, height 0..1).

    Returns:
        SVG path.
    """
    return "".join(f"M{x(t)} {HEIGHT}V{HEIGHT * (1 - h):.1f}" for t, h in marks)


def links(x: Scale, meetings: Iterable[tuple[float, float, str]]) -> str:
    """Draw lines from where the film has an event (above) to where the music meets it (below).

    Args:
        x: scale from seconds to the canvas.
        meetings: (film time in seconds, music time in seconds, place in the bar, which is not drawn).

    Returns:
        SVG path.
    """
    return "".join(f"M{x(film)} 0L{x(music)} {HEIGHT}" for film, music, _ in meetings)


def dots(x: Scale, meetings: Iterable[tuple[float, float, str]]) -> str:
    """Draw points half-way between film and music: lines without length, that show by their caps.

    Args:
        x: scale from seconds to the canvas.
        meetings: as those of `links`.

    Returns:
        SVG path.
    """
    return "".join(f"M{(x(film) + x(music)) / 2:.2f} {HEIGHT / 2:.0f}h0" for film, music, _ in meetings)


def _section(part: tuple[float, float, str], duration_s: float) -> dict[str, Any]:
    start, end, role = part
    end = min(end, duration_s)
    return {
        "left": round(100 * start / duration_s, 3),
        "width": round(100 * max(end - start, 0) / duration_s, 3),
        "role": role,
        "time": f"{clock(start)} to {clock(end)}",
    }


def ticks(duration_s: float) -> list[dict[str, Any]]:
    """Place round times along the axis, the film's end included.

    Args:
        duration_s: of the film, above 0.

    Returns:
        `left` in per cent of the width, `text` and `is_end` of each.
    """
    step = next((s for s in TICK_STEPS_S if duration_s / s < MAX_TICKS), math.ceil(duration_s / MAX_TICKS))
    times = [i * step for i in range(math.floor(duration_s / step) + 1)]
    if duration_s - times[-1] < 0.8 * step and len(times) > 1:  # room for the end's own label
        times.pop()
    decimals = 1 if step < 1 else 0
    labels = [(100 * t / duration_s, clock(t, decimals), False) for t in times]
    labels.append((100, clock(duration_s, 1), True))
    return [{"left": round(left, 3), "text": text, "is_end": is_end} for left, text, is_end in labels]


def clock(seconds: float, decimals: int = 0) -> str:
    """Write a time as a clock shows it.

    Args:
        seconds: at least 0.
        decimals: of the seconds.

    Returns:
        12.34 -> '0:12'; with hours from 1:00:00 on.
    """
    units = round(seconds * 10**decimals)
    minutes, rest = divmod(units, 60 * 10**decimals)
    hours, minutes = divmod(minutes, 60)
    width = 3 + decimals if decimals else 2
    text = f"{rest / 10**decimals:0{width}.{decimals}f}"
    return f"{hours}:{minutes:02d}:{text}" if hours else f"{minutes}:{text}"

"""A camera's time code (SMPTE ST 12-1): hours, minutes, seconds and frames at a film's first picture."""

import re

FORM = re.compile(r"(\d\d):(\d\d):(\d\d)([:;.])(\d\d)")
MOST_OFF = 0.002  # of a frame rate from the whole number that it is counted as: 29.97 as 30


def later(timecode: str, seconds: float, fps: float) -> str | None:
    """The time code of the picture that is shown `seconds` later; None where that cannot be told.

    fps: of a film of constant rate. A semicolon or point before the frames says that two numbers (four above
    30 a second) are left out every minute but each tenth, so that 29.97 frames a second keep to the clock.
    """
    found, counted = FORM.fullmatch(timecode), round(fps)
    if not found or counted < 1 or abs(fps / counted - 1) > MOST_OFF:
        return None
    hours, minutes, whole_seconds, frames = (int(found[group]) for group in (1, 2, 3, 5))
    left_out = 0 if found[4] == ":" else counted // 15
    minutes += 60 * hours
    count = (60 * minutes + whole_seconds) * counted + frames - left_out * (minutes - minutes // 10)
    day = (24 * 3600) * counted - left_out * 24 * 54
    return _written((count + round(seconds * fps)) % day, counted, left_out, found[4])


def _written(count: int, counted: int, left_out: int, point: str) -> str:
    """The time code of a frame by its number in the day."""
    tens, rest = divmod(count, 600 * counted - 9 * left_out)
    minutes_begun = max(0, rest - left_out) // (60 * counted - left_out)  # of these ten, but the first
    count += left_out * (9 * tens + minutes_begun)
    seconds, frames = divmod(count, counted)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{point}{frames:02}"

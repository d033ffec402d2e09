"""Timecodes (SMPTE ST 12-1): hours, minutes, seconds and frames, as text and as frame numbers.

Drop-frame timecode, written with a semicolon or point before the frames, leaves out two frame numbers (four
above 30 a second) every minute but each tenth, so that 29.97 frames a second keep to the clock.
"""

import re
from dataclasses import dataclass
from fractions import Fraction

FORM = re.compile(r"(\d\d):(\d\d):(\d\d)([:;.])(\d\d)")
MOST_OFF = 0.002  # how far a frame rate may be from the whole number that it is counted as: 29.97 as 30
MINUTES_A_DAY = 24 * 60


@dataclass(frozen=True)
class Counting:
    """Numbering of frames: their rate, and the numbers that are dropped per minute."""

    counted: int  # frames a second by their numbers: 30 for 29.97
    left_out: int = 0  # numbers that a minute leaves out

    @property
    def frames_a_day(self) -> int:
        """Frames until the numbers begin again."""
        return MINUTES_A_DAY * 60 * self.counted - self.left_out * MINUTES_A_DAY * 9 // 10

    def number(self, hours: int, minutes: int, seconds: int, frames: int) -> int:
        """Count the frames since 00:00:00:00.

        Args:
            hours: of the timecode.
            minutes: of the timecode.
            seconds: of the timecode.
            frames: of the timecode.

        Returns:
            Number of the frame.
        """
        minutes += 60 * hours
        return (60 * minutes + seconds) * self.counted + frames - self.left_out * (minutes - minutes // 10)

    def text(self, number: int, point: str = "") -> str:
        """Write the timecode of a frame.

        Args:
            number: since 00:00:00:00; it wraps at midnight.
            point: what precedes the frames; "" = : or, for drop-frame, ;.

        Returns:
            HH:MM:SS:FF.
        """
        number %= self.frames_a_day
        tens, rest = divmod(number, 600 * self.counted - 9 * self.left_out)
        a_minute = 60 * self.counted - self.left_out
        minutes_begun = max(0, rest - self.left_out) // a_minute  # of these ten, but the first
        number += self.left_out * (9 * tens + minutes_begun)
        seconds, frames = divmod(number, self.counted)
        point = point or (";" if self.left_out else ":")
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{point}{frames:02}"


def counting(fps: float, is_drop: bool = False) -> Counting | None:
    """Find how frames of a rate are numbered.

    Args:
        fps: rate.
        is_drop: whether numbers are left out.

    Returns:
        None where the rate is no whole number, nearly.
    """
    counted = round(fps)
    if counted < 1 or abs(float(fps) / counted - 1) > MOST_OFF:
        return None
    return Counting(counted, counted // 15 if is_drop and counted % 30 == 0 else 0)


def exact_rate(fps: float) -> Fraction:
    """Find the frame rate that an average means.

    Args:
        fps: average.

    Returns:
        30000/1001 for 29.97, else a whole or near fraction.
    """
    whole = round(fps)
    for rate in (Fraction(whole), Fraction(1000 * whole, 1001)):
        if whole and abs(fps / float(rate) - 1) < MOST_OFF / 5:
            return rate
    return Fraction(fps).limit_denominator(1001)


def frame_number(timecode: str, fps: float) -> int | None:
    """Read a timecode.

    Args:
        timecode: HH:MM:SS:FF, with ; or . before the frames for drop-frame.
        fps: rate of the film.

    Returns:
        Frames since 00:00:00:00; None where it is not known, or at this rate no moment has that name.
    """
    found = FORM.fullmatch(timecode)
    how = counting(fps, found[4] != ":") if found else None
    if not found or how is None:
        return None
    hours, minutes, seconds, frames = (int(found[group]) for group in (1, 2, 3, 5))
    if max(minutes, seconds) >= 60 or frames >= how.counted:
        return None
    return how.number(hours, minutes, seconds, frames)


def later(timecode: str, seconds: float, fps: float) -> str | None:
    """Find the timecode of a picture that is shown later.

    Args:
        timecode: of the first picture.
        seconds: how much later.
        fps: of a film of constant rate.

    Returns:
        The timecode; None where it is not known.
    """
    number, point = frame_number(timecode, fps), timecode[8:9]
    how = counting(fps, point != ":")
    if number is None or how is None:
        return None
    return how.text(number + round(seconds * fps), point)

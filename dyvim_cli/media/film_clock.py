"""Convert between seconds, frames and timecodes of one film, exact to the frame."""

from dataclasses import dataclass
from fractions import Fraction

from dyvim_cli.media.probe import FilmInfo
from dyvim_cli.media.timecode import Counting, counting, exact_rate, frame_number

HOUR_S = 3600


@dataclass(frozen=True)
class FilmClock:
    """Frames and timecodes of a film that lasts duration_s; frame 0 is its first picture."""

    fps: Fraction
    duration_s: float
    first_number: int | None = None  # number of the first picture in the film's own timecode, from midnight
    is_drop: bool = False

    @property
    def counting(self) -> Counting:
        """Numbering of its frames."""
        return counting(float(self.fps), self.is_drop) or Counting(max(1, round(self.fps)))

    def frame(self, time_s: float) -> int:
        """Find the frame that begins nearest to a time.

        Args:
            time_s: seconds from the first picture.

        Returns:
            Frame from 0.
        """
        return round(Fraction(time_s) * self.fps)

    def time_s(self, frame: int) -> float:
        """Find when a frame begins.

        Args:
            frame: from 0.

        Returns:
            Seconds from the first picture.
        """
        return float(frame / self.fps)

    def number_of_first(self, default_hour: int = 0) -> int:
        """Find the first picture's number.

        Args:
            default_hour: where a film without timecode begins.

        Returns:
            Frames since midnight.
        """
        if self.first_number is not None:
            return self.first_number
        return self.counting.number(default_hour, 0, 0, 0)

    def timecode(self, frame: int, default_hour: int = 0) -> str:
        """Write the timecode of a frame.

        Args:
            frame: from 0.
            default_hour: where a film without timecode begins.

        Returns:
            HH:MM:SS:FF, with ; before the frames for drop-frame timecode.
        """
        return self.counting.text(self.number_of_first(default_hour) + frame)

    def samples_since_midnight(self, sample_rate: int) -> int:
        """Find when the first picture is shown by its timecode, as Broadcast Wave counts.

        Args:
            sample_rate: Hz.

        Returns:
            Samples; 0 without a timecode.
        """
        return round((self.first_number or 0) / self.fps * sample_rate)

    def frame_of(self, timecode: str) -> int | None:
        """Find the frame that a timecode names.

        It counts from the film's own timecode. Frames before it count from the film's beginning; for a
        film without timecode the hour that it begins with may be an editor's (01:00:00:00).

        Args:
            timecode: HH:MM:SS:FF.

        Returns:
            Frame from 0; None where it is no timecode.
        """
        number = frame_number(timecode, float(self.fps))
        if number is None:
            return None
        if self.first_number is not None:
            return number - self.first_number if number >= self.first_number else number
        hour = self.counting.number(1, 0, 0, 0)
        is_within = number <= self.frame(self.duration_s)
        return number if is_within or self.duration_s >= HOUR_S else number % hour


def clock_of(film: FilmInfo, start_s: float = 0.0, end_s: float | None = None) -> FilmClock:
    """Make the clock of a film or of a part of it.

    Args:
        film: what probe says of it.
        start_s: where the part begins.
        end_s: where it ends; None = the film's end.

    Returns:
        Its rate, length and timecode.
    """
    fps, end_s = exact_rate(film.fps), film.duration_s if end_s is None else end_s
    first = frame_number(film.timecode, film.fps) if film.timecode else None
    is_drop = first is not None and film.timecode[8] != ":"
    if first is not None:
        first += round(start_s * fps)
    return FilmClock(fps, end_s - start_s, first, is_drop)

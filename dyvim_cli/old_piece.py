"""The music of an earlier cut, and where the new cut shows the old one: what a rescore begins with."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dyvim_cli.film_plan import FilmPlan

if TYPE_CHECKING:  # the command line's help needs no numpy
    import numpy as np


@dataclass(frozen=True)
class Footage:
    """Fingerprint data by which a film is recognised."""

    duration_s: float
    prints: "np.ndarray"  # [N, vision.prints.N_BYTES] uint8, of its frames
    print_times_s: "np.ndarray"  # [N] float64
    edges_s: "np.ndarray"  # [C + 2] its beginning, cuts and end


@dataclass(frozen=True)
class FootageRun:
    """A stretch of the new cut, and where the old one shows it; old_s None: nowhere."""

    from_s: float
    to_s: float
    old_s: float | None = None  # time in the old cut at from_s
    rate: float = 1.0  # seconds of the old cut a second of the new one

    def at(self, time_s: float) -> float:
        """Convert a time of the new cut to the old one's.

        Args:
            time_s: of the new cut.

        Returns:
            Seconds of the old cut.

        Raises:
            ValueError: the old cut does not show this stretch.
        """
        return self._begins_s() + (time_s - self.from_s) * self.rate

    def when(self, old_s: float) -> float:
        """Convert a time of the old cut to the new one's.

        Args:
            old_s: of the old cut.

        Returns:
            Seconds of the new cut.

        Raises:
            ValueError: the old cut does not show this stretch.
        """
        return self.from_s + (old_s - self._begins_s()) / self.rate

    def _begins_s(self) -> float:
        if self.old_s is None:
            raise ValueError("the old cut does not show this stretch")
        return self.old_s

    @property
    def old_end_s(self) -> float:
        """The old cut's time at the end."""
        return self.at(self.to_s)


@dataclass(frozen=True)
class OldPiece:
    """A finished piece with the film that it was made for, S steps."""

    plan: FilmPlan
    tokens: "np.ndarray"  # [K, S] int16
    step_times_s: "np.ndarray"  # [S + 1] float64
    bpm: float
    hit: "np.ndarray"  # [S] float64, planned accent of each step
    final_step: int  # where the last chord begins
    programs: dict[str, int]  # General MIDI programs by part
    footage: Footage
    soundfont: str | None = None  # the whole path of the user's instruments; None = the shipped ones
    drawn_as: "np.ndarray | None" = None  # [S] steps of which each has the deviations; None = its own


@dataclass(frozen=True)
class Recut:
    """An old piece, and the runs of the new cut in order."""

    old: OldPiece
    runs: tuple[FootageRun, ...]

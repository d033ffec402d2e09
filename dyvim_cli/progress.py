"""The progress protocol: library code reports, the command line decides how it looks."""

from collections.abc import Callable
from typing import Protocol


class Progress(Protocol):
    """Receives how far a named stage is."""

    def update(self, stage: str, done: float, total: float) -> None:
        """Hear how far a stage is.

        Args:
            stage: its name.
            done: in any unit; equal to total it ends the stage.
            total: in the same unit.
        """


def reporter(progress: Progress, stage: str, total: float) -> Callable[[float], None]:
    """Make a function that reports how much of a stage is done.

    Args:
        progress: notified of it.
        stage: its name.
        total: in any unit.

    Returns:
        A function of what is done, which counts as the total at most; infinity ends the stage.
    """
    return lambda done: progress.update(stage, min(done, total), total)


class Silent:
    """Progress that is not shown."""

    def update(self, stage: str, done: float, total: float) -> None:
        """Ignore the report.

        Args:
            stage: ignored.
            done: ignored.
            total: ignored.
        """

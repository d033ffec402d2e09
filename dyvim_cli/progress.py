"""The progress protocol: library code reports, the command line decides how it looks."""

from collections.abc import Callable
from typing import Protocol


class Progress(Protocol):
    """Receives how far a named stage is."""

    def update(self, stage: str, done: float, total: float) -> None:
        """`done` of `total` (same unit, any unit) of `stage` is finished; done == total ends it."""


def reporter(progress: Progress, stage: str, total: float) -> Callable[[float], None]:
    """A function that reports how much of a stage is done, at most its total; infinity ends it."""
    return lambda done: progress.update(stage, min(done, total), total)


class Silent:
    """Progress that nobody watches."""

    def update(self, stage: str, done: float, total: float) -> None:
        """Ignore the report."""

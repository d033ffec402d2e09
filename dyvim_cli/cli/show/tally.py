"""Show a running batch: films done and failed, and the time left."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dyvim_cli.cli.show import console
from dyvim_cli.cli.show.console import ProgressKind


@dataclass
class Tally:
    """Counts of a running batch; films of earlier runs are in `total` and in `done` or `failed`."""

    total: int
    done: int = 0
    failed: int = 0
    _began: float = field(default_factory=time.monotonic)
    _before: int = 0

    def __post_init__(self) -> None:
        self._before = self.done + self.failed

    def count(self, is_done: bool) -> None:
        """One more film."""
        self.done, self.failed = self.done + is_done, self.failed + (not is_done)

    @property
    def eta_s(self) -> float | None:
        """Seconds left, by the films of this run; None before the first."""
        now = self.done + self.failed - self._before
        left = self.total - self.done - self.failed
        return (time.monotonic() - self._began) * left / now if now else None


class Lines:
    """A line for every film: text, or a JSON object."""

    def __init__(self, as_json: bool):
        self.as_json = as_json

    def show(self, tally: Tally, record: dict[str, Any] | None) -> None:
        """Say what became of a film (None: nothing yet)."""
        if self.as_json:
            film = (
                {key: record.get(key) for key in ("status", "input", "output", "error", "hint")}
                if record
                else {}
            )
            counts = {"done": tally.done, "failed": tally.failed, "total": tally.total}
            eta_s = None if tally.eta_s is None else round(tally.eta_s, 1)
            sys.stderr.write(json.dumps({"stage": "batch", **film, **counts, "eta_s": eta_s}) + "\n")
        elif record:
            at = f"[{tally.done + tally.failed}/{tally.total}]"
            sys.stderr.write(f"{at} {record['status']} {Path(record['input']).name}{_rest(tally)}\n")
        sys.stderr.flush()


class Bar:
    """One bar over all films."""

    def __init__(self, bars):
        self.bars, self.task = bars, None

    def show(self, tally: Tally, record: dict[str, Any] | None) -> None:
        """Move the bar; a failure is said at once, above it."""
        if self.task is None:
            self.task = self.bars.add_task("", total=tally.total)
        text = f"{tally.done} done" + (f", {tally.failed} failed" if tally.failed else "") + _rest(tally)
        self.bars.update(self.task, completed=tally.done + tally.failed, description=text)
        if record and record["status"] == "failed":
            console.note(f"failed: {record['error']}")


class Nothing:
    """No progress."""

    def show(self, tally: Tally, record: dict[str, Any] | None) -> None:
        """Say nothing."""


@contextmanager
def display(kind: ProgressKind) -> Iterator[Lines | Bar | Nothing]:
    """Yield what shows a tally as asked."""
    if kind is ProgressKind.AUTO:
        kind = ProgressKind.BAR if console.stderr.is_terminal else ProgressKind.PLAIN
    if kind is ProgressKind.BAR:
        from rich import progress

        columns = (
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            progress.TextColumn("{task.description}"),
        )
        # rich would send stdout's lines to stderr as well; they are data, unless a person reads both
        to_stderr = {"console": console.stderr, "redirect_stdout": sys.stdout.isatty()}
        with progress.Progress(*columns, transient=True, **to_stderr) as bars:
            yield Bar(bars)
    elif kind is ProgressKind.NONE:
        yield Nothing()
    else:
        yield Lines(kind is ProgressKind.JSON)


def _rest(tally: Tally) -> str:
    if tally.eta_s is None or tally.done + tally.failed == tally.total:
        return ""
    minutes, seconds = divmod(round(tally.eta_s), 60)
    hours, minutes = divmod(minutes, 60)
    left = (
        f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
    )
    return f", about {left} left"

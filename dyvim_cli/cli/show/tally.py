"""Show a running batch: films done and failed, and the time left."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dyvim_cli.cli.show import console
from dyvim_cli.cli.show.console import ProgressKind
from dyvim_cli.cli.show.printable import printable
from dyvim_cli.cli.show.stages import WORDS, time_left

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

    from dyvim_cli.batch.local import Stage

QUIET_S = 10.0  # interval between two lines that say where films are


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
        """Count one more film.

        Args:
            is_done: else it failed.
        """
        self.done, self.failed = self.done + is_done, self.failed + (not is_done)

    @property
    def eta_s(self) -> float | None:
        """Seconds left, by the films of this run; None before the first."""
        now = self.done + self.failed - self._before
        left = self.total - self.done - self.failed
        return (time.monotonic() - self._began) * left / now if now else None


class BatchLines:
    """A line for every film: text, or a JSON object; and where the films are, now and then."""

    def __init__(self, as_json: bool):
        self.as_json = as_json
        self.told_s = time.monotonic()

    def stage(self, stage: "Stage") -> None:
        """Say where a film is: once a second for programs, once in ten seconds for people.

        Args:
            stage: of a film.
        """
        if time.monotonic() - self.told_s < (1.0 if self.as_json else QUIET_S):
            return
        self.told_s = time.monotonic()
        if self.as_json:
            record = {"stage": stage.name, "input": str(stage.film), "share": round(stage.share, 3)}
            sys.stderr.write(json.dumps(record) + "\n")
        else:
            sys.stderr.write(f"{where(stage)}\n")
        sys.stderr.flush()

    def show(self, tally: Tally, record: dict[str, Any] | None) -> None:
        """Say what became of a film.

        Args:
            tally: of the batch.
            record: of the film; None = nothing yet.
        """
        if self.as_json:
            film = (
                {key: record.get(key) for key in ("status", "input", "output", "error", "hint", "warnings")}
                if record
                else {}
            )
            counts = {"done": tally.done, "failed": tally.failed, "total": tally.total}
            eta_s = None if tally.eta_s is None else round(tally.eta_s, 1)
            sys.stderr.write(json.dumps({"stage": "batch", **film, **counts, "eta_s": eta_s}) + "\n")
        elif record:
            at = f"[{tally.done + tally.failed}/{tally.total}]"
            name = printable(Path(record["input"]).name, in_one_line=True)
            sys.stderr.write(f"{at} {record['status']} {name}{_rest(tally)}\n")
            sys.stderr.writelines(f"{printable(note, in_one_line=True)}\n" for note in _notes(record))
        sys.stderr.flush()


class BatchBar:
    """One bar over all films."""

    def __init__(self, bars: "RichProgress"):
        self.bars = bars
        self.task: TaskID | None = None
        self.counts = ""
        self.films: dict[Path, str] = {}  # film -> where it is

    def stage(self, stage: "Stage") -> None:
        """Name the films that are worked on, and their stages.

        Args:
            stage: of a film.
        """
        self.films[stage.film] = where(stage)
        self._describe()

    def show(self, tally: Tally, record: dict[str, Any] | None) -> None:
        """Move the bar; a failure is said at once, above it.

        Args:
            tally: of the batch.
            record: of the film; None = nothing yet.
        """
        if self.task is None:
            self.task = self.bars.add_task("", total=tally.total)
        text = f"{tally.done} done" + (f", {tally.failed} failed" if tally.failed else "") + _rest(tally)
        self.counts = text
        self.bars.update(self.task, completed=tally.done + tally.failed)
        if record:
            self.films.pop(Path(record["input"]), None)
        self._describe()
        if record and record["status"] == "failed":
            console.note(f"failed: {record['error']}")
        for note in _notes(record or {}):
            console.note(note)

    def _describe(self) -> None:
        if self.task is not None:
            self.bars.update(self.task, description="; ".join([self.counts, *self.films.values()]))


class NoBatchShown:
    """No progress."""

    def stage(self, stage: "Stage") -> None:
        """Say nothing.

        Args:
            stage: ignored.
        """

    def show(self, tally: Tally, record: dict[str, Any] | None) -> None:
        """Say nothing.

        Args:
            tally: ignored.
            record: ignored.
        """


@contextmanager
def display(kind: ProgressKind) -> Iterator[BatchLines | BatchBar | NoBatchShown]:
    """Choose what shows a tally.

    Args:
        kind: as asked.

    Yields:
        A bar, lines or nothing.
    """
    if console.is_quiet():
        kind = ProgressKind.NONE
    if kind is ProgressKind.AUTO:
        kind = ProgressKind.BAR if console.stderr.is_terminal else ProgressKind.PLAIN
    if kind is ProgressKind.BAR:
        from rich import progress

        columns = (
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            progress.TextColumn("{task.description}", markup=False),  # names of films, as they are
        )
        # rich would send stdout's lines to stderr as well; they are data, unless a person reads both
        is_both = sys.stdout.isatty()
        with progress.Progress(
            *columns, transient=True, console=console.stderr, redirect_stdout=is_both
        ) as bars:
            yield BatchBar(bars)
    elif kind is ProgressKind.NONE:
        yield NoBatchShown()
    else:
        yield BatchLines(kind is ProgressKind.JSON)


def where(stage: "Stage") -> str:
    """Write where a film is.

    Args:
        stage: of a film.

    Returns:
        'clip.mp4: composing 40%'.
    """
    name = printable(stage.film.name, in_one_line=True)
    return f"{name}: {WORDS.get(stage.name, stage.name)} {stage.share:.0%}"


def _notes(record: dict[str, Any]) -> list[str]:
    """Notes on a film by its name."""
    return [f"note: {Path(record['input']).name}: {said}" for said in record.get("warnings") or ()]


def _rest(tally: Tally) -> str:
    is_last = tally.done + tally.failed == tally.total
    return "" if is_last or not (left := time_left(tally.eta_s)) else f", {left}"

"""Run a batch: review the journal, carry out what is left, record every result.

review() says what is left to do, session() keeps the journal and the waiting places true, and
carry_out() passes on what an engine finishes once it is on record and in its place.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dyvim_cli.batch import staging
from dyvim_cli.batch.fingerprint import fingerprint, known_content
from dyvim_cli.batch.journal import Journal, open_journal
from dyvim_cli.batch.tasks import Task, check_container
from dyvim_cli.batch.work import Outcome, failure
from dyvim_cli.errors import DyvimError, ExitCode
from dyvim_cli.media.output import check_output
from dyvim_cli.scratch import scratch_folder

# a full disk, missing weights, no memory: the next run may succeed
PASSING = (ExitCode.OUTPUT, ExitCode.WEIGHTS, ExitCode.ENVIRONMENT)


@dataclass(frozen=True)
class Review:
    """State of a batch before it continues."""

    todo: list[Task]
    done: list[Outcome]  # films that an earlier run finished, unchanged since
    failed: list[Outcome]  # films that failed before, unchanged, or whose outputs must not be written


@dataclass(frozen=True)
class BatchSession:
    """A batch that may work."""

    journal: Journal
    review: Review
    scratch: Path  # folder of intermediate files, removed afterwards


def review(
    tasks: Iterable[Task], known: Mapping[Path, dict[str, Any]], *, retry_failed: bool = False
) -> Review:
    """Sort the films by their state in the journal; nothing is written.

    Args:
        tasks: all of the batch.
        known: output -> its last record in the journal.
        retry_failed: whether films that failed are tried again.

    Returns:
        What is left to do, done and failed.
    """
    found = Review([], [], [])
    for task in tasks:
        record = known.get(task.output)
        status = _status(task, record)
        if record and status == "done":
            found.done.append(Outcome(task, record))
        elif record and status == "failed" and not retry_failed and record.get("exit_code") not in PASSING:
            found.failed.append(Outcome(task, record))
        elif fault := _refusal(task, record):
            found.failed.append(failure(task, fault))
        else:
            found.todo.append(task)
    return found


def _status(task: Task, record: dict[str, Any] | None) -> str:
    """done, failed or todo."""
    if record is None or record["status"] == "done" and not _is_there(task, record):
        return "todo"
    content = known_content(task.film, record)
    return record["status"] if fingerprint(content, task.settings) == record["fingerprint"] else "todo"


def _is_there(task: Task, record: dict[str, Any]) -> bool:
    """Check whether all results of a finished film are in place or wait to be moved there."""
    if _waits(task, record):
        return True
    in_place = all(path.exists() for path in staging.results(task.delivery))
    return in_place and task.output.stat().st_size == record.get("bytes")


def _waits(task: Task, record: dict[str, Any]) -> bool:
    """Check whether a run was killed between the record and the final names."""
    with suppress(FileNotFoundError):
        state = staging.staging_path(task.output).stat()
        return (state.st_size, state.st_mtime_ns) == (record.get("bytes"), record.get("modified_ns"))
    return False


def _refusal(task: Task, record: dict[str, Any] | None) -> DyvimError | None:
    """Reason not to write the outputs: the container does not take the picture, or other files are there.

    Only our own, unchanged files are replaced without --overwrite.
    """
    is_ours = record is not None and record["status"] == "done" and _is_there(task, record)
    try:
        check_container(task)
        for path in staging.results(task.delivery):
            if path.exists() and path != task.delivery.stems:
                overwrite = is_ours or task.delivery.overwrite
                check_output(path, inputs=(task.film,), overwrite=overwrite)
    except DyvimError as error:
        return error
    return None


@contextmanager
def session(
    journal_path: Path, tasks: Iterable[Task], *, retry_failed: bool = False
) -> Iterator[BatchSession]:
    """Take the journal, put what a killed run left in order, and make room for the work.

    Afterwards, however it ends, nothing unfinished is left.

    Args:
        journal_path: of the journal.
        tasks: all of the batch.
        retry_failed: whether films that failed are tried again.

    Yields:
        Journal, review and a scratch folder.

    Raises:
        OutputError: the journal or a folder cannot be written, or another batch is writing the journal.
    """
    tasks = list(tasks)
    with open_journal(journal_path) as journal:
        found = review(tasks, journal.films, retry_failed=retry_failed)
        _settle_recorded([outcome.task for outcome in found.done], journal)
        places = [task.delivery for task in tasks]
        staging.sweep(places)
        try:
            for task in found.todo:
                staging.make_folders(task.delivery)
            with _scratch(journal.path) as scratch:
                yield BatchSession(journal, found, scratch)
        finally:
            _settle_recorded(found.todo, journal)
            staging.sweep(places)
            staging.remove_folders(places)


def _settle_recorded(tasks: Iterable[Task], journal: Journal) -> None:
    """Give results their names that are on record and still wait: a kill or Ctrl-C came in between."""
    for task in tasks:
        record = journal.films.get(task.output)
        if record and record["status"] == "done" and _waits(task, record):
            staging.name_results(task.delivery)


def carry_out(
    outcomes: Generator[Outcome, None, None], journal: Journal, *, fail_fast: bool = False
) -> Iterator[Outcome]:
    """Pass on an engine's outcomes, each on record first and then in its place.

    Args:
        outcomes: of an engine; closed at the end.
        journal: open.
        fail_fast: whether to stop after the first film that fails.

    Yields:
        The outcomes as they were recorded.
    """
    with closing(outcomes):
        for outcome in outcomes:
            kept = _keep(outcome, journal)
            yield kept
            if fail_fast and not kept.is_done:
                return


def _keep(outcome: Outcome, journal: Journal) -> Outcome:
    journal.append(outcome.record)
    if outcome.is_done:
        try:
            staging.name_results(outcome.task.delivery)
        except DyvimError as error:
            outcome = failure(outcome.task, error)
            journal.append(outcome.record)
    return outcome


@contextmanager
def _scratch(journal: Path) -> Iterator[Path]:
    """A folder for this batch's intermediate files; those of its killed runs go as well."""
    prefix = f"dyvim-batch-{hashlib.blake2b(os.fsencode(journal), digest_size=6).hexdigest()}-"
    for left in Path(tempfile.gettempdir()).glob(prefix + "*"):  # the journal's lock is ours
        shutil.rmtree(left, ignore_errors=True)
    with scratch_folder(prefix) as folder:
        yield folder

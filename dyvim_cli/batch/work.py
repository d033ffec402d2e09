"""Process one film of a batch in a worker: watch it, then score it."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from dyvim_cli import pipeline
from dyvim_cli.batch.fingerprint import Content, content_of, fingerprint, is_unchanged
from dyvim_cli.batch.journal import now
from dyvim_cli.batch.staging import staged_delivery, staging_path
from dyvim_cli.batch.tasks import Task
from dyvim_cli.errors import DyvimError, EnvironmentFault, InputError, OutputError, fault_of
from dyvim_cli.options import EMBEDDED, ComposeOptions
from dyvim_cli.progress import Progress
from dyvim_cli.report import entry

if TYPE_CHECKING:
    from dyvim_cli.model.musicgen.loading import AudioModel
    from dyvim_cli.model.score.decoder import Decoder

T = TypeVar("T")


@dataclass(frozen=True)
class Outcome:
    """Outcome of one film; `record` is its line in the journal."""

    task: Task
    record: dict[str, Any]

    @property
    def is_done(self) -> bool:
        """True if the film got its music."""
        return bool(self.record["status"] == "done")


@dataclass(frozen=True)
class Seen:
    """The first half of a film's work: its bytes are known, and it was watched, or could not be."""

    task: Task
    content: Content | None
    watched: pipeline.Watched | DyvimError


def watch_film(task: Task, progress: Progress | None = None) -> Seen:
    """Read and watch a film; never raises a failure of the film.

    Args:
        task: its job.
        progress: notified of the stages of watching.

    Returns:
        The film's content and what was seen, or why nothing was.
    """
    delivery, content = staged_delivery(task.delivery), content_of(task.film)
    watched = _attempt(
        lambda: pipeline.watch(task.film, task.options, delivery, use_cache=task.use_cache, progress=progress)
    )
    return Seen(task, content, watched)


def score_watched(seen: Seen, model: "Decoder", progress: Progress | None = None) -> Outcome:
    """Compose, sound and mux for a film that was watched; the results are in their waiting places.

    Args:
        seen: of watch_film.
        model: the shipped decoder.
        progress: notified of the stages.

    Returns:
        The film's line in the journal, done or failed.
    """
    task = seen.task
    result: pipeline.Watched | pipeline.Result | DyvimError = seen.watched
    if isinstance(result, pipeline.Watched):
        watched, delivery = result, staged_delivery(task.delivery)
        result = _attempt(
            lambda: pipeline.compose_and_mux(
                watched, task.options, delivery, _composer(task.options, model), progress=progress
            )
        )
    is_refused = seen.content is None and isinstance(result, DyvimError)  # a pipe, a folder: said already
    # the journal must not take it for the whole film's music
    if not is_refused and not is_unchanged(task.film, seen.content):
        reason = f"{task.film} was changed or removed while it was worked on"
        result = InputError(reason, "run it again once the film is whole")
    if isinstance(result, DyvimError):
        return failure(task, result, seen.content)
    facts = result.facts | {"input": str(task.film), "output": str(task.output)}
    record, state = entry.done(facts, list(task.command)), result.output.stat()
    size = {"bytes": state.st_size, "modified_ns": state.st_mtime_ns}
    return Outcome(task, record | size | _marks(task, seen.content))


def _composer(options: ComposeOptions, shipped: "Decoder") -> "Decoder | AudioModel":
    """Composer of a film: the worker's own decoder, unless another model was asked for."""
    return shipped if options.model == EMBEDDED else pipeline.load_model(options)


def failure(task: Task, fault: DyvimError, content: Content | None = None) -> Outcome:
    """Make the outcome of a film that could not be scored.

    Args:
        task: its job.
        fault: why.
        content: of the film, where it is known.

    Returns:
        The film's line in the journal, with message, hint and exit code.
    """
    fault = _with_folder(task, fault)
    record = entry.failed(str(task.film), fault, list(task.command))
    more = {"output": str(task.output), "exit_code": int(fault.exit_code)}
    return Outcome(task, record | more | _marks(task, content))


def _with_folder(task: Task, fault: DyvimError) -> DyvimError:
    """Say what a failure means where the folder of the film's output went away meanwhile."""
    folder = task.output.parent
    if not isinstance(fault, OutputError) or staging_path(task.output).parent.exists():
        return fault
    return OutputError(f"the folder {folder} has gone", "see that its disk is still there, and run it again")


def _marks(task: Task, content: Content | None) -> dict[str, Any]:
    """Marks by which later runs recognise a result."""
    return {
        "content": asdict(content) if content else None,
        "fingerprint": fingerprint(content, task.settings),
        "at": now(),
    }


def _attempt(work: Callable[[], T]) -> T | DyvimError:
    """Return the result of `work` or its failure: one film's failure does not end the batch."""
    try:
        return work()
    except DyvimError as error:
        return error
    except MemoryError:
        return EnvironmentFault("out of memory", "use fewer --jobs")
    except Exception as error:
        return fault_of(error)

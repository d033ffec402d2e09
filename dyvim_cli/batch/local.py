"""Run a batch in worker processes on this machine; each watches one film while it scores another.

A worker that dies is replaced. The films it held are tried once more, each alone in a worker, so that a
second death has one culprit.
"""

import _thread
import multiprocessing
import os
import queue
import signal
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import FrameType

from dyvim_cli.batch.tasks import Task
from dyvim_cli.batch.work import Outcome, Seen, failure, score_watched, watch_film
from dyvim_cli.device import free_memory_gb, n_cores
from dyvim_cli.errors import DyvimError, EnvironmentFault, ExitCode, fault_of
from dyvim_cli.options import writes_score

AT_ONCE = 2  # films a worker holds: one is being composed for, the next is being watched
MEMORY_A_JOB_GB = 1.1  # PSS over 200 films of 2 to 20 s: 0.85 from the 40th to the last, 0.97 at most
MEMORY_A_MUSICGEN_GB = 4.0  # the small one with its codec, in fp32
FAREWELL_S = 10.0  # time that a worker has to remove its temporary files
MAX_DEATHS = 2
READY = "ready"
NEWS_S = 0.5  # interval between two reports of a worker's stages


def jobs_for(wanted: int | None, tasks: Sequence[Task]) -> int:
    """Choose the number of workers.

    Args:
        wanted: what was asked for; None = one per core as far as the memory goes.
        tasks: their models decide how much memory a worker needs.

    Returns:
        At least 1.
    """
    if wanted is not None:
        return wanted
    is_light = all(writes_score(task.options.model) for task in tasks)
    job_gb, free_gb = MEMORY_A_JOB_GB if is_light else MEMORY_A_MUSICGEN_GB, free_memory_gb()
    return max(1, n_cores() if free_gb is None else min(n_cores(), int(free_gb / job_gb)))


@dataclass
class _Worker:
    process: multiprocessing.process.BaseProcess
    pipe: Connection
    tasks: list[Task] = field(default_factory=list)
    is_ready: bool = False
    is_dead: bool = False

    def takes(self, task: Task) -> bool:
        """A film that a worker died on is alone in its next one."""
        is_alone = task.deaths > 0 or any(held.deaths for held in self.tasks)
        return len(self.tasks) < (1 if is_alone else AT_ONCE)

    def give(self, task: Task) -> None:
        self.tasks.append(task)
        with suppress(OSError):  # it has died: that is found out when it is waited for
            self.pipe.send(task)


@dataclass(frozen=True)
class Stage:
    """Progress of one film."""

    film: Path
    name: str
    share: float


def run(
    tasks: Sequence[Task], jobs: int, scratch: Path, tell: Callable[[Stage], None] = lambda stage: None
) -> Generator[Outcome, None, None]:
    """Work on the films in worker processes.

    Closing the generator, or an exception in it (Ctrl-C), ends the workers, who take their temporary files
    with them.

    Args:
        tasks: in the order of work.
        jobs: workers at the same time, at most.
        scratch: an existing folder for the workers' intermediate files.
        tell: called with each film's stage, up to twice a second by each worker.

    Yields:
        Outcomes as they are ready.

    Raises:
        DyvimError: no worker can be started.
    """
    waiting = deque(tasks)
    workers: list[_Worker] = []
    try:
        while waiting or any(worker.tasks for worker in workers):
            while len(workers) < min(jobs, len(waiting) + sum(bool(worker.tasks) for worker in workers)):
                workers.append(_start_worker(scratch))
            _share_out(waiting, workers)
            for pipe in wait([worker.pipe for worker in workers]):
                worker = next(worker for worker in workers if worker.pipe is pipe)
                yield from _receive_outcomes(worker, tell)
                if worker.is_dead:
                    workers.remove(worker)
                    yield from _requeue_after_crash(worker, waiting)
    finally:
        _stop_workers(workers)


def _share_out(waiting: deque[Task], workers: list[_Worker]) -> None:
    """Hand out films: one to every worker before any gets a second."""
    for _ in range(AT_ONCE):
        for worker in sorted(workers, key=lambda worker: len(worker.tasks)):
            if waiting and worker.takes(waiting[0]):
                worker.give(waiting.popleft())


def _receive_outcomes(worker: _Worker, tell: Callable[[Stage], None]) -> Iterator[Outcome]:
    """Yield the outcomes a worker has sent; pass on how far its films are.

    Raises:
        DyvimError: the worker could not start.
    """
    try:
        while worker.pipe.poll():
            said = worker.pipe.recv()
            if isinstance(said, DyvimError):
                raise said
            if said == READY:
                worker.is_ready = True
            elif isinstance(said, Stage):
                tell(said)
            else:
                worker.tasks = [task for task in worker.tasks if task.output != said.task.output]
                yield said
    except (EOFError, OSError):
        worker.is_dead = True


def _requeue_after_crash(worker: _Worker, waiting: deque[Task]) -> Iterator[Outcome]:
    """Queue a dead worker's films again; yield the failure of those it died on too often."""
    worker.process.join()
    code = worker.process.exitcode or 0
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    if not worker.is_ready:
        raise EnvironmentFault(
            f"a worker process could not start ({how})", "see that dyvim doctor is content"
        )
    for task in reversed(worker.tasks):
        task = replace(task, deaths=task.deaths + 1)
        if task.deaths < MAX_DEATHS:
            waiting.appendleft(task)
        else:
            reason = f"{task.film}: the process that scored it died twice ({how})"
            yield failure(task, EnvironmentFault(reason, "use fewer --jobs if memory ran out"))


def _start_worker(scratch: Path) -> _Worker:
    context = multiprocessing.get_context("spawn")  # torch's threads do not survive a fork
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, str(scratch)), daemon=True)
    with _one_thread_each():
        process.start()
    theirs.close()
    return _Worker(process, ours)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Give workers one thread each: films run side by side, not the parts of one computation."""
    before = dict(os.environ)
    os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _stop_workers(workers: list[_Worker]) -> None:
    """End the workers and wait until they have cleaned up."""
    for worker in workers:
        worker.process.terminate()
    for worker in workers:
        worker.process.join(FAREWELL_S)
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()
        worker.pipe.close()


def _serve(pipe: Connection, scratch: str) -> None:
    """Score films in a worker process until the batch ends it."""
    for name in (signal.SIGINT, signal.SIGTERM):  # both mean: put down everything and go
        signal.signal(name, _interrupt)
    tempfile.tempdir = scratch
    try:
        _work(pipe)
    except KeyboardInterrupt:
        pass
    finally:
        os._exit(ExitCode.INTERRUPTED)  # a film may still be being watched: it leaves nothing behind


def _work(pipe: Connection) -> None:
    from dyvim_cli.pipeline import load_embedded

    seen: queue.Queue[Future[Seen]] = queue.Queue()
    speaks = threading.Lock()  # two threads write into the pipe
    # started first, so that a batch that dies while the model is loaded is noticed
    threading.Thread(target=_receive, args=(pipe, seen, speaks), daemon=True).start()
    try:
        model = load_embedded()
    except Exception as error:
        return pipe.send(error if isinstance(error, DyvimError) else fault_of(error))
    pipe.send(READY)
    while True:
        watched = seen.get().result()
        outcome = score_watched(watched, model, _Reporter(watched.task, pipe, speaks))
        with speaks:
            pipe.send(outcome)


class _Reporter:
    """Progress of one film, sent to the process that runs the batch."""

    def __init__(self, task: Task, pipe: Connection, speaks: threading.Lock):
        self.task, self.pipe, self.speaks, self.told_s = task, pipe, speaks, float("-inf")

    def update(self, stage: str, done: float, total: float) -> None:
        if time.monotonic() - self.told_s < NEWS_S:
            return
        self.told_s = time.monotonic()
        with self.speaks, suppress(OSError):  # who should hear it has gone: found out elsewhere
            self.pipe.send(Stage(self.task.film, stage, done / total if total else 1.0))


def _receive(pipe: Connection, seen: "queue.Queue[Future[Seen]]", speaks: threading.Lock) -> None:
    """Take films in and watch them, one after the other; when the batch has died, so does the worker."""
    eyes = ThreadPoolExecutor(1)
    try:
        while True:
            task = pipe.recv()
            seen.put(eyes.submit(watch_film, task, _Reporter(task, pipe, speaks)))
    except (EOFError, OSError):
        if hasattr(signal, "pthread_kill"):
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
        else:
            _thread.interrupt_main()


def _interrupt(signum: int, frame: FrameType | None) -> None:
    for name in (signal.SIGINT, signal.SIGTERM):  # once is enough: cleaning up is not interrupted
        signal.signal(name, signal.SIG_IGN)
    raise KeyboardInterrupt

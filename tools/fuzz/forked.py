"""Run the public command in forked workers, so that imports are paid once."""

import os
import resource
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

POLL_S = 0.02
MOST_FILE_BYTES = 4 << 30  # largest file that a run may write: a film of hours that was two seconds long


@dataclass
class Job:
    """One command line to run: `words` after "dyvim", in `folder`, with these changes of the environment."""

    words: Sequence[str]
    folder: Path
    environment: dict[str, str]
    log: Path  # takes stdout and stderr
    limit_s: float
    tag: object = None  # whatever the caller wants back
    began_s: float = field(default=0.0)


@dataclass(frozen=True)
class Ended:
    """Exit of a job."""

    job: Job
    exit_code: int  # negative: the signal it died by
    was_ended: bool  # it took longer than it may
    seconds: float
    memory_mb: float  # memory of its largest process


def import_everything() -> None:
    """Import what the verbs import in their bodies. Must come before the first fork, and start no thread."""
    import av  # noqa: F401
    import scipy.signal  # noqa: F401
    import torch

    import dyvim_cli.cli.main
    import dyvim_cli.media.mux
    import dyvim_cli.media.stills
    import dyvim_cli.pipeline
    import dyvim_cli.rendering
    import dyvim_cli.rescoring
    import dyvim_cli.vision.analysis  # noqa: F401

    torch.set_num_threads(1)


def run_all(jobs: Iterator[Job], n_workers: int) -> Iterator[Ended]:
    """Run jobs, several at once; those that take too long are killed.

    Args:
        jobs: commands.
        n_workers: number of processes.

    Yields:
        Jobs in the order in which they end.
    """
    running: dict[int, Job] = {}
    jobs = iter(jobs)
    try:
        while True:
            while len(running) < n_workers and (job := next(jobs, None)):
                running[_fork(job)] = job
            if not running:
                return
            yield from _ended(running)
            time.sleep(POLL_S)
    finally:
        for pid in running:
            _kill(pid)
            os.waitpid(pid, 0)


def _ended(running: dict[int, Job]) -> Iterator[Ended]:
    """The jobs that have come to an end since the last look, by themselves or by us."""
    for pid, job in list(running.items()):
        seconds = time.monotonic() - job.began_s
        is_late = seconds > job.limit_s
        if is_late:
            _kill(pid)
        done, status, usage = os.wait4(pid, 0 if is_late else os.WNOHANG)
        if done:
            del running[pid]
            _kill(pid)  # whatever it left running
            yield Ended(job, os.waitstatus_to_exitcode(status), is_late, seconds, usage.ru_maxrss / 1024)


def _kill(pid: int) -> None:
    """End a worker's whole group: its ffmpeg too."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _fork(job: Job) -> int:
    job.began_s = time.monotonic()
    sys.stdout.flush(), sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        _be_dyvim(job)
    return pid


def _be_dyvim(job: Job) -> None:
    """Become the command; never returns."""
    code = 1
    try:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_FILE_BYTES, MOST_FILE_BYTES))
        log = os.open(job.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(log, 1), os.dup2(log, 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.chdir(job.folder)
        os.environ.update(job.environment)
        code = _exit_code_of(job.words)
    finally:
        os._exit(code)


def _exit_code_of(words: Sequence[str]) -> int:
    """Run the verb in this process, as a shell would see it end."""
    import tempfile
    import traceback

    from dyvim_cli.cli.main import run

    tempfile.tempdir = None  # asked for again, in this environment
    sys.argv = ["dyvim", *words]
    try:
        run()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush(), sys.stderr.flush()
    return code

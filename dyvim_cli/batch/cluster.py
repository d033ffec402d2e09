"""Run a batch on a Ray cluster: one task per film, repeated elsewhere when a node is lost.

Films and results go over storage that the nodes share, or as bytes where a node does not see them. The
journal, the waiting places and the final names stay with the process that was started.
"""

import logging
import os
import secrets
import socket
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dyvim_cli.batch import staging
from dyvim_cli.batch.fingerprint import settings_digest
from dyvim_cli.batch.tasks import Task
from dyvim_cli.batch.work import Outcome, failure, score_watched, watch_film
from dyvim_cli.errors import EnvironmentFault, fault_of
from dyvim_cli.limits import MAX_DURATION_VARIABLE, MAX_PIXELS_VARIABLE
from dyvim_cli.options import writes_score

if TYPE_CHECKING:
    from dyvim_cli.model.score.decoder import Decoder

Answer = tuple[Outcome, dict[Path, bytes]] | None  # None: the node did not see the film

MAX_RETRIES = 3  # how often a film is tried again whose node or process was lost
CONNECT_S = 10.0
PLACEMENT = (  # the same on every node
    "DYVIM_WEIGHTS_DIR", "DYVIM_OFFLINE", "DYVIM_DEVICE", "DYVIM_CLIP", MAX_PIXELS_VARIABLE,
    MAX_DURATION_VARIABLE,
)  # fmt: skip
AHEAD = 2  # films per core that are submitted ahead: no worker waits, and few films are held in memory


@dataclass(frozen=True)
class _Shipped:
    """A film as bytes, and when it was changed."""

    data: bytes
    modified_ns: int


def run(
    tasks: Sequence[Task], address: str | None = None, *, ship: bool = False
) -> Generator[Outcome, None, None]:
    """Work on the films on a Ray cluster; closing the generator cancels what is running.

    Args:
        tasks: in the order of work; a task that is lost with its node starts again elsewhere.
        address: of the cluster; None = one started here for the time.
        ship: send films as bytes even to nodes that see them.

    Yields:
        Outcomes as they are ready.

    Raises:
        EnvironmentFault: there is no Ray, or no cluster answers.
    """
    ray = _connect(address)
    score = ray.remote(num_cpus=1, max_retries=MAX_RETRIES)(_score)
    token = _Token(tasks)
    waiting = deque((task, ship) for task in tasks)
    running: dict[Any, Task] = {}
    try:
        while waiting or running:
            while waiting and len(running) < _room(ray):
                task, as_bytes = waiting.popleft()
                asked = score.options(**_resources(task, ray.cluster_resources()))
                running[asked.remote(task, token.name, _packed(task) if as_bytes else None)] = task
            for reference in ray.wait(list(running), num_returns=1)[0]:
                task = running.pop(reference)
                answer = _answer(ray, reference, task)
                if answer is None:
                    waiting.appendleft((task, True))  # a node that does not see the film
                else:
                    yield _unpacked(*answer)
    finally:
        for reference in running:
            with suppress(Exception):
                ray.cancel(reference, force=True)
        token.remove()
        ray.shutdown()


def _connect(address: str | None) -> Any:
    try:
        import ray
    except ImportError as error:
        raise EnvironmentFault("Ray is not installed", "pip install 'dyvim[ray]'") from error
    try:
        if address and ":" in address:  # Ray itself would try for minutes
            host, port = address.rpartition("//")[2].rsplit(":", 1)
            socket.create_connection((host, int(port)), CONNECT_S).close()
        ray.init(
            address=address,
            include_dashboard=None if address else False,
            log_to_driver=False,
            runtime_env={"env_vars": {n: os.environ[n] for n in PLACEMENT if os.environ.get(n)}},
            logging_level=logging.ERROR,
        )
    except (OSError, RuntimeError, ValueError) as error:
        reason = f"no Ray cluster answers at {address or 'this machine'}: {str(error).splitlines()[0]}"
        raise EnvironmentFault(reason, "start one: ray start --head, then --address auto") from error
    return ray


def _resources(task: Task, there_is: dict[str, Any]) -> dict[str, Any]:
    """Resources of a film's task: a GPU for MusicGen, where the cluster has any."""
    wants_gpu = not writes_score(task.options.model) and os.environ.get("DYVIM_DEVICE") != "cpu"
    return {"num_gpus": 1} if wants_gpu and there_is.get("GPU", 0) >= 1 else {}


def _room(ray: Any) -> int:
    """Films to hand in at once; nodes come and go."""
    return max(1, int(AHEAD * ray.cluster_resources().get("CPU", 1)))


def _answer(ray: Any, reference: Any, task: Task) -> Answer:
    """(outcome, files), or None where the node does not see the film; one that cannot be run has failed."""
    try:
        answer: Answer = ray.get(reference)
        return answer
    except ray.exceptions.RayTaskError as error:
        return failure(task, fault_of(error.cause)), {}
    except ray.exceptions.RayError as error:
        reason = (
            f"{task.film}: lost {MAX_RETRIES + 1} times with its node or process ({type(error).__name__})"
        )
        return failure(task, EnvironmentFault(reason, "see the memory of the nodes: ray status")), {}


def _packed(task: Task) -> _Shipped | None:
    """A film to be sent; one that cannot be read fails where it is searched for."""
    try:
        return _Shipped(task.film.read_bytes(), task.film.stat().st_mtime_ns)
    except OSError:
        return None


def _unpacked(outcome: Outcome, files: dict[Path, bytes]) -> Outcome:
    """Put results that came as bytes into their waiting places."""
    for path, data in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    if not files or not outcome.is_done:
        return outcome
    modified_ns = staging.staging_path(outcome.task.output).stat().st_mtime_ns
    return Outcome(outcome.task, outcome.record | {"modified_ns": modified_ns})


class _Token:
    """A file in every waiting place: a node that sees it shares our storage, whatever its paths are."""

    def __init__(self, tasks: Sequence[Task]):
        self.name = staging.TOKEN + secrets.token_hex(8)
        self.paths = {staging.staging_path(task.output).with_name(self.name) for task in tasks}
        for path in self.paths:
            path.touch()

    def remove(self) -> None:
        for path in self.paths:
            path.unlink(missing_ok=True)


# ---- on the nodes ----


@lru_cache(maxsize=1)
def _model() -> "Decoder":
    from dyvim_cli.pipeline import load_embedded

    return load_embedded()


def _score(task: Task, token: str, shipped: _Shipped | None) -> Answer:
    """One film on a node: (outcome, results as bytes), or None when the film must be sent first."""
    if settings_digest(task.options, task.delivery) != task.settings:
        reason = f"the node {socket.gethostname()} has another dyvim, or other weights"
        return failure(task, EnvironmentFault(reason, "install the same version on every node")), {}
    is_shared = staging.staging_path(task.output).with_name(token).exists()
    if shipped is None and is_shared:
        return score_watched(watch_film(task), _model()), {}
    if shipped is None:
        return None
    return _score_shipped(task, shipped)


def _score_shipped(task: Task, shipped: _Shipped) -> tuple[Outcome, dict[Path, bytes]]:
    """Score a film that came as bytes; its results go back as bytes."""
    from dyvim_cli.scratch import scratch_folder

    with scratch_folder() as folder:
        here = _moved(task, folder)
        here.film.write_bytes(shipped.data)
        os.utime(here.film, ns=(shipped.modified_ns, shipped.modified_ns))
        staging.make_folders(here.delivery)
        outcome = score_watched(watch_film(here), _model())
        places = zip(staging.results(here.delivery), staging.results(task.delivery), strict=True)
        files = {back: data for place, final in places for back, data in _collected(place, final)}
    record = {k: v.replace(str(here.film), str(task.film)) if isinstance(v, str) else v
              for k, v in outcome.record.items()}  # fmt: skip
    return Outcome(task, record | {"output": str(task.output)}), files


def _moved(task: Task, folder: Path) -> Task:
    """The same job with the film in `folder` and all results inside `folder`/results."""
    made: dict[str, Any] = {}
    for name in ("output", "midi", "stems", "music"):
        path = getattr(task.delivery, name)
        made[name] = path and folder / "results" / name / path.name
    return replace(task, film=folder / task.film.name, delivery=replace(task.delivery, **made))


def _collected(place: Path, final: Path) -> Iterator[tuple[Path, bytes]]:
    """(waiting place at home, bytes) of a result here: a file, or a folder's files."""
    place, home = staging.staging_path(place), staging.staging_path(final)
    if place.is_file():
        yield home, place.read_bytes()
    elif place.is_dir():
        yield from ((home / file.name, file.read_bytes()) for file in place.iterdir())

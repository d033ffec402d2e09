"""A batch on a Ray cluster of several nodes on this machine, one of them killed midway."""

from dataclasses import replace

import pytest
from helpers.batch_films import break_film, digests, films_done_twice, make_films, records

from dyvim_cli.batch import run
from dyvim_cli.batch.selection import Choice, select
from dyvim_cli.batch.tasks import task_of
from dyvim_cli.batch.work import score_watched, watch_film
from dyvim_cli.errors import EnvironmentFault
from dyvim_cli.options import ComposeOptions, Delivery
from dyvim_cli.pipeline import load_embedded

ray = pytest.importorskip("ray", reason="the optional extra dyvim[ray]")


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    break_film(make_films(folder, 4)[0], folder / "broken.mp4", 2)
    return folder


def tasks_for(films, out, **delivery):
    found = select([films], Choice(recursive=True))
    options = ComposeOptions(candidates=1)
    return [task_of(film, options, Delivery(output=f"{out}/", **delivery)) for film in found]


@pytest.fixture(scope="module")
def reference(films, tmp_path_factory):
    """The same films scored here, one after the other."""
    out, model = tmp_path_factory.mktemp("here"), load_embedded()
    tasks = tasks_for(films, out)
    with run.session(out / "j.jsonl", tasks) as session:
        list(
            run.carry_out(
                (score_watched(watch_film(task), model) for task in session.review.todo), session.journal
            )
        )
    return digests(out)


@pytest.fixture(scope="module")
def nodes():
    """A cluster whose head computes nothing, with two nodes of one core."""
    from ray.cluster_utils import Cluster

    patch = pytest.MonkeyPatch()
    patch.setenv("RAY_worker_niceness", "0")  # 15 by default: behind everything else on a busy machine
    patch.setenv("RAY_memory_monitor_refresh_ms", "0")  # else it kills tasks where others use the memory
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    workers = [cluster.add_node(num_cpus=1) for _ in range(2)]
    yield cluster, workers
    ray.shutdown()
    cluster.shutdown()
    patch.undo()


def test_a_lost_nodes_films_run_again_elsewhere(films, reference, nodes, tmp_path):
    from dyvim_cli.batch import cluster

    machines, workers = nodes
    tasks = tasks_for(films, tmp_path)
    with run.session(tmp_path / "j.jsonl", tasks) as session:
        outcomes = cluster.run(session.review.todo, machines.address)
        for n, _ in enumerate(run.carry_out(outcomes, session.journal)):
            if n == 1:
                machines.remove_node(workers.pop(), allow_graceful=False)
    assert digests(tmp_path) == reference and len(reference) == 4
    status = [record["status"] for record in records(tmp_path / "j.jsonl")]
    assert sorted(status) == ["done"] * 4 + ["failed"]
    assert films_done_twice(tmp_path / "j.jsonl") == []


def test_films_and_results_as_bytes(films, reference, nodes, tmp_path):
    from dyvim_cli.batch import cluster

    machines, _ = nodes
    tasks = tasks_for(films, tmp_path, midi=tmp_path / "{stem}.mid", stems=tmp_path / "stems")[:2]
    with run.session(tmp_path / "j.jsonl", tasks) as session:
        outcomes = cluster.run(session.review.todo, machines.address, ship=True)
        kept = list(run.carry_out(outcomes, session.journal))
    failed, done = sorted(kept, key=lambda outcome: outcome.is_done)
    assert failed.record["error"].startswith(f"{films / 'broken.mp4'} is truncated")
    assert done.record["input"] == str(films / "film 000.mp4")
    made = digests(tmp_path)
    assert made["film 000.dyvim.mp4"] == reference["film 000.dyvim.mp4"]
    assert "film 000.mid" in made and any(name.startswith("stems/film 000/") for name in made)
    assert run.review(tasks, {task.output: outcome.record for task, outcome in zip(
        [done.task, failed.task], [done, failed], strict=True)}).todo == []  # fmt: skip


def test_no_cluster_no_work(films, tmp_path):
    from dyvim_cli.batch import cluster

    with pytest.raises(EnvironmentFault, match="no Ray cluster"):
        list(cluster.run(tasks_for(films, tmp_path), "127.0.0.1:1"))


def test_musicgen_asks_for_a_gpu_where_there_is_one(films, tmp_path, monkeypatch):
    from dyvim_cli.batch.cluster import _resources

    small = tasks_for(films, tmp_path)[0]
    large = replace(small, options=replace(small.options, model="musicgen-small"))
    monkeypatch.setenv("DYVIM_DEVICE", "auto")
    assert _resources(small, {"GPU": 2.0}) == _resources(large, {"CPU": 4.0}) == {}
    assert _resources(large, {"GPU": 2.0}) == {"num_gpus": 1}
    monkeypatch.setenv("DYVIM_DEVICE", "cpu")
    assert _resources(large, {"GPU": 2.0}) == {}

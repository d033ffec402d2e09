"""Many films at once: which, where to, what is done already; killed, resumed, and the same to the byte."""

import html
import json
import multiprocessing
import os
import re
import shlex
import shutil
import signal
import sys
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from conftest import dyvim, run_ffmpeg
from helpers.batch_films import (
    batch,
    break_film,
    digests,
    films_done_twice,
    finish,
    kill,
    make_films,
    records,
    run_batch,
)

from dyvim_cli import code_digest, pipeline
from dyvim_cli.batch import journal as journals
from dyvim_cli.batch import local, run, staging
from dyvim_cli.batch.fingerprint import CODE, content_of, film_seed, fingerprint, weights_digest
from dyvim_cli.batch.selection import Choice, SelectedFilm, read_list, select
from dyvim_cli.batch.tasks import check_collisions, journal_place, made_by_us, task_of
from dyvim_cli.batch.work import Outcome, Seen, failure, watch_film
from dyvim_cli.batch.work import score_watched as finish_film
from dyvim_cli.cli.batch_jobs import plan_of
from dyvim_cli.errors import EnvironmentFault, ExitCode, InputError, OutputError, UsageError
from dyvim_cli.options import ComposeOptions, Delivery

QUICK = ("--candidates", 1, "--progress", "json")
BROKEN = (0, 2, 6, 3)  # of the ten ways: empty, broken off, sound alone, zeroed


# ---- which films ----


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")


def chosen(*named: Path, choice: Choice | None = None, **options) -> list[str]:
    return [str(film.relative) for film in select(named, choice or Choice(), **options)]


def test_folders_are_searched_for_films_and_what_dyvim_made_is_left_out(tmp_path):
    touch(tmp_path, "b.mp4", "A.MOV", "b.dyvim.mp4", "notes.txt", ".c.x1.part", ".hid.mp4", "sub/d.webm",
          ".dyvim-part/e.mp4", "made.mp4")  # fmt: skip
    assert chosen(tmp_path, leave_out=[tmp_path / "made.mp4"]) == ["A.MOV", "b.mp4"]
    deep = Choice(recursive=True)
    assert chosen(tmp_path, choice=deep) == ["A.MOV", "b.mp4", "made.mp4", "sub/d.webm"]
    assert chosen(tmp_path, tmp_path / "b.mp4", choice=replace(deep, exclude=["sub/*", "A*"])) == [
        "b.mp4",
        "made.mp4",
    ]
    assert chosen(tmp_path, choice=Choice(include=["*.txt"])) == ["notes.txt"]
    (tmp_path / "link.mp4").symlink_to("b.mp4")  # the same film under two names becomes two
    assert chosen(tmp_path, choice=Choice(include=["*.mp4"], exclude=["made*"])) == ["b.mp4", "link.mp4"]
    (tmp_path / "link.mp4").unlink()
    assert chosen(tmp_path / "notes.txt", tmp_path / "gone.mp4") == ["gone.mp4", "notes.txt"]
    with pytest.raises(InputError, match="no films"):
        select([tmp_path], Choice(include=["*.xyz"]))


def test_lists_hold_a_path_a_line():
    two = [Path(" a b.mp4"), Path("c.mp4")]
    assert read_list(b"\xef\xbb\xbf# films\n\n a b.mp4\r\nc.mp4") == two
    assert read_list(b" a b.mp4\0c.mp4\0") == two
    assert read_list(b"new\nline.mp4\0#.mp4") == [Path("new\nline.mp4"), Path("#.mp4")]
    assert os.fsencode(read_list(b"caf\xe9.mp4\n")[0]) == b"caf\xe9.mp4"


# ---- where to ----


def tasks_for(folder: Path, *names: str, **delivery):
    films = [SelectedFilm(folder / name, PurePosixPath(name)) for name in names]
    return [task_of(film, ComposeOptions(seed=3), Delivery(**delivery)) for film in films]


def test_templates_and_folders(tmp_path):
    one, two = tasks_for(
        tmp_path, "x/a.mp4", "y/a.mov", output=f"{tmp_path}/out/", midi=tmp_path / "{folder}-{stem}.mid",
        stems=tmp_path / "stems",
    )  # fmt: skip
    assert (one.output, two.output) == (tmp_path / "out/x/a.dyvim.mp4", tmp_path / "out/y/a.dyvim.mov")
    assert one.delivery.midi == tmp_path / "x-a.mid" and two.delivery.stems == tmp_path / "stems/y/a"
    check_collisions([one, two])
    (named,) = tasks_for(tmp_path, "a.mp4", output=f"{tmp_path}/{{stem}} {{seed}}.mkv")
    assert named.output == tmp_path / f"a {named.options.seed}.mkv"
    with pytest.raises(UsageError, match="placeholder"):
        tasks_for(tmp_path, "a.mp4", output="{title}.mp4")


def test_two_films_never_become_one(tmp_path):
    with pytest.raises(UsageError, match=r"a\.mp4 and .*b\.mp4 would both become"):
        check_collisions(tasks_for(tmp_path, "a.mp4", "b.mp4", output=str(tmp_path / "out.mp4")))
    with pytest.raises(UsageError, match="score.mid"):
        check_collisions(tasks_for(tmp_path, "a.mp4", "b.mp4", midi=tmp_path / "score.mid"))
    with pytest.raises(UsageError, match="one of the films"):
        check_collisions(tasks_for(tmp_path, "a.mp4", "a-new.mp4", output=str(tmp_path / "{stem}-new.mp4")))


def test_the_journal_lies_where_the_outputs_have_their_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    film = SelectedFilm(tmp_path / "films/sub/a.mp4", PurePosixPath("sub/a.mp4"))
    assert journal_place(None, [film]) == tmp_path / "films" / journals.NAME
    assert journal_place("out/", [film]) == Path("out") / journals.NAME
    assert journal_place("out/{folder}/x-{stem}.mp4", [film]) == Path("out") / journals.NAME
    assert journal_place("out/x-{stem}", [film]) == Path("out") / journals.NAME
    assert journal_place("{stem}-scored", [film]) == Path(journals.NAME)


def test_seeds_depend_on_the_place_and_the_base_seed_alone():
    assert film_seed(1, PurePosixPath("sub/a.mp4")) == film_seed(1, "sub/a.mp4") < 2**31
    assert len({film_seed(base, name) for base in range(20) for name in ("a.mp4", "b.mp4")}) == 40


# ---- what is done ----


def result_of(task, status="done", data=b"a film with music") -> Outcome:
    """A result in its waiting place, as a worker leaves it."""
    staging.make_folders(task.delivery)
    waiting = staging.staging_path(task.output)
    waiting.write_bytes(data)
    state, content = waiting.stat(), content_of(task.film)
    record = {
        "status": status, "input": str(task.film), "output": str(task.output), "bytes": state.st_size,
        "modified_ns": state.st_mtime_ns, "content": vars(content),
        "fingerprint": fingerprint(content, task.settings),
    }  # fmt: skip
    return Outcome(task, record)


@pytest.fixture
def folder(tmp_path):
    touch(tmp_path, "a.mp4", "b.mp4")
    return tmp_path


def test_a_journal_cut_at_any_byte_reads_up_to_there_and_goes_on(folder):
    path = folder / journals.NAME
    with journals.open_journal(path) as journal:
        for name in ("ä.mp4", "b.mp4", "c.mp4"):
            journal.append({"status": "done", "input": name, "output": str(folder / name), "fingerprint": ""})
    whole = path.read_bytes()
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        lines = whole[:end].count(b"\n") + (whole[end : end + 1] == b"\n")  # a line may lack its end only
        with journals.open_journal(path) as journal:
            assert len(journal.films) == lines
            failed = {"status": "failed", "input": "d", "fingerprint": ""}
            journal.append(failed | {"output": str(folder / "d.mp4")})
        known = journals.read(path)
        assert len(known) == lines + 1 and known[folder / "d.mp4"]["status"] == "failed"


def test_one_batch_a_journal(folder):
    path = folder / "j.jsonl"
    with journals.open_journal(path), pytest.raises(OutputError, match="another batch"):
        journals.open_journal(path).__enter__()


def test_a_kill_between_the_record_and_the_name_costs_nothing(folder):
    one, two = tasks_for(folder, "a.mp4", "b.mp4")
    path = folder / journals.NAME
    with journals.open_journal(path) as journal:
        journal.append(result_of(one).record)
    result_of(two)  # this one was killed before its record
    (staging.staging_path(two.output).with_name(staging.TOKEN + "1")).touch()  # and Ray had been at work
    assert not one.output.exists()
    with run.session(path, [one, two]) as session:
        assert [task.film for task in session.review.todo] == [two.film]
        assert one.output.read_bytes() == b"a film with music"
    assert not two.output.exists() and not (folder / staging.FOLDER).exists()


def test_ctrl_c_between_the_record_and_the_name_costs_nothing(folder, monkeypatch):
    (task,) = tasks_for(folder, "a.mp4")
    path, name_results, calls = folder / journals.NAME, staging.name_results, []

    def interrupted(delivery):
        calls.append(delivery)
        if len(calls) == 1:
            raise KeyboardInterrupt
        name_results(delivery)

    monkeypatch.setattr(staging, "name_results", interrupted)
    with pytest.raises(KeyboardInterrupt), run.session(path, [task]) as session:
        list(run.carry_out((result_of(task) for _ in "1"), session.journal))
    assert task.output.read_bytes() == b"a film with music"
    assert run.review([task], journals.read(path)).todo == []


@pytest.mark.parametrize("missing", ["fingerprint", "input", "output", "bytes", "content"])
def test_lines_of_another_version_are_no_obstacle(missing, folder):
    (task,) = tasks_for(folder, "a.mp4")
    path = folder / journals.NAME
    kept(path, result_of(task))
    line = json.loads(path.read_text())
    line.pop(missing)
    path.write_text(f'[1]\n"x"\n{{}}\n{json.dumps(line)}\n')
    found = run.review([task], journals.read(path))
    assert found.todo == []
    assert found.done if missing == "content" else "exists already" in found.failed[0].record["error"]


@pytest.mark.skipif(sys.platform == "win32", reason="names are Unicode there")
def test_names_that_are_no_utf8_are_kept(folder):
    odd = Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.mp4"))
    odd.write_bytes(b"x")
    found = select([folder], Choice(include=["caf*"]))
    task = task_of(found[0], ComposeOptions(), Delivery())
    kept(folder / journals.NAME, result_of(task))
    assert run.review([task], journals.read(folder / journals.NAME)).done[0].task.film == odd


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_not_waited_for(folder):
    os.mkfifo(folder / "pipe.mp4")
    assert content_of(folder / "pipe.mp4") is None


def test_no_result_has_its_name_before_it_is_on_record(folder, monkeypatch):
    (task,) = tasks_for(folder, "a.mp4")

    def full(*_):
        raise OSError(28, "No space left on device")

    with journals.open_journal(folder / journals.NAME) as journal:
        monkeypatch.setattr(os, "write", full)
        with pytest.raises(EnvironmentFault, match="disk is full"):
            list(run.carry_out((result_of(task) for _ in "1"), journal))
    assert not task.output.exists()


def kept(path: Path, *outcomes: Outcome) -> None:
    with journals.open_journal(path) as journal:
        list(run.carry_out((outcome for outcome in outcomes), journal))


def test_done_means_output_content_and_settings_are_as_recorded(folder):
    path = folder / journals.NAME
    (task,) = tasks_for(folder, "a.mp4")

    def todo(task=task, **options) -> int:
        return len(run.review([task], journals.read(path), **options).todo)

    assert todo() == 1
    kept(path, result_of(task))
    assert todo() == 0 and task.output.exists()
    task.film.touch()
    assert todo() == 0, "the same bytes at another time are the same film"
    (other,) = (task_of(SelectedFilm(task.film, PurePosixPath("a.mp4")), ComposeOptions(seed=4), Delivery()),)
    assert todo(other) == 1, "other settings"
    task.film.write_bytes(b"y")
    assert todo() == 1, "another film under the name"
    task.film.write_bytes(b"x")
    task.output.write_bytes(b"somebody else's work")
    refused = run.review([task], journals.read(path))
    assert not refused.todo and "exists already" in refused.failed[0].record["error"]
    task.output.unlink()
    assert todo() == 1, "the output has gone"


@pytest.mark.parametrize("named", ["adapter", "adapter/adapter.safetensors"])
def test_the_content_of_an_adapter_counts(named, folder):
    touch(folder, "adapter/adapter.safetensors")
    film = SelectedFilm(folder / "a.mp4", PurePosixPath("a.mp4"))
    options = ComposeOptions(model="debug", adapter=str(folder / named))
    before = task_of(film, options, Delivery()).settings
    assert before == task_of(film, options, Delivery()).settings
    (folder / "adapter/adapter.safetensors").write_bytes(b"trained on")
    weights_digest.cache_clear()
    assert before != task_of(film, options, Delivery()).settings


def test_weights_count_by_what_is_read_of_them(tmp_path):
    def now(model="musicgen-small", adapter=None):
        weights_digest.cache_clear()
        return weights_digest(model, adapter and str(adapter), None)

    folder = tmp_path / "tuned"
    folder.mkdir()
    (folder / "adapter.safetensors").write_bytes(b"one")
    first = now(adapter=folder)
    assert first != now()
    (folder / "state.safetensors").write_bytes(b"left by the training")
    assert first == now(adapter=folder) == now(adapter=folder / "adapter.safetensors")
    (folder / "adapter.safetensors").write_bytes(b"two")
    assert first != now(adapter=folder)


def test_code_that_composes_counts_and_code_that_shows_does_not(tmp_path):
    import dyvim_cli

    package = tmp_path / "dyvim_cli"
    shutil.copytree(Path(dyvim_cli.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))

    def now() -> str:
        code_digest.digest.cache_clear()
        return code_digest.digest(CODE, package)

    known = [now()]
    music = ("music/form/chord_plan.py", "model/score/sampling.py", "describe.py", "extras.py", "pipeline.py")
    for name in (*music, "media/mux.py", "vision/events.py"):
        with (package / name).open("a") as file:
            file.write("# changed\n")
        known.append(now())
    assert len(set(known)) == 8
    for name in ("cli/verbs/batch.py", "report/films.py", "batch/run.py"):
        (package / name).write_text("")
        assert now() == known[-1]


def test_failures_are_kept_until_asked_for(folder):
    path = folder / journals.NAME
    (task,) = tasks_for(folder, "a.mp4")
    kept(path, result_of(task, status="failed"))
    assert len(run.review([task], journals.read(path)).failed) == 1
    assert len(run.review([task], journals.read(path), retry_failed=True).todo) == 1
    task.film.write_bytes(b"mended")
    assert len(run.review([task], journals.read(path)).todo) == 1


def test_faults_of_the_machine_are_tried_again(folder):
    path = folder / journals.NAME
    (task,) = tasks_for(folder, "a.mp4")
    content = content_of(task.film)
    for fault, is_tried in ((EnvironmentFault("full"), 1), (OutputError("no"), 1), (InputError("torn"), 0)):
        kept(path, failure(task, fault, content))
        assert len(run.review([task], journals.read(path)).todo) == is_tried


def test_a_film_that_changes_meanwhile_is_not_taken_for_done(folder, monkeypatch):
    (task,) = tasks_for(folder, "a.mp4")
    part = folder / "part"
    part.write_bytes(b"music")

    def grows(*_, **options):
        task.film.write_bytes(b"xx")
        return pipeline.Result(part, None, {})

    monkeypatch.setattr(pipeline, "compose_and_mux", grows)
    watched = pipeline.Watched(None, None, part, None, None)
    outcome = finish_film(Seen(task, content_of(task.film), watched), None)
    assert "was changed" in outcome.record["error"] and not outcome.is_done
    path = folder / journals.NAME
    kept(path, outcome)
    assert len(run.review([task], journals.read(path)).todo) == 1
    monkeypatch.setattr(pipeline, "compose_and_mux", lambda *_, **options: pipeline.Result(part, None, {}))
    seen = Seen(task, content_of(task.film), watched)
    assert finish_film(seen, None).is_done
    task.film.unlink()
    assert "removed" in finish_film(seen, None).record["error"]


def test_what_is_no_file_is_said_as_that(tmp_path):
    pipe = tmp_path / "film.mp4"
    os.mkfifo(pipe)
    (film,) = select([pipe], Choice())
    seen = watch_film(task_of(film, ComposeOptions(), Delivery(output=f"{tmp_path}/out/")))
    outcome = finish_film(seen, model=None)
    assert "is a pipe or a device" in outcome.record["error"] and not outcome.is_done


def test_the_journal_moves_with_its_folder(folder):
    (task,) = tasks_for(folder, "a.mp4")
    kept(folder / journals.NAME, result_of(task))
    moved = folder.rename(folder.with_name("moved"))
    (there,) = tasks_for(moved, "a.mp4")
    assert run.review([there], journals.read(moved / journals.NAME)).todo == []


def test_a_film_on_which_two_workers_died_has_failed_and_its_neighbour_has_not(folder):
    one, two = tasks_for(folder, "a.mp4", "b.mp4")

    class Dead:
        exitcode = -signal.SIGKILL

        def join(self):
            pass

    waiting = local.deque()
    worker = local._Worker(Dead(), None, [one, two], is_ready=True)
    assert list(local._requeue_after_crash(worker, waiting)) == []
    assert [task.deaths for task in waiting] == [1, 1]
    alone = local._Worker(Dead(), None, [waiting.popleft()], is_ready=True)
    assert not alone.takes(waiting[0]) and not alone.takes(two)
    (outcome,) = local._requeue_after_crash(alone, waiting)
    assert outcome.task.film == one.film and "died twice (signal 9)" in outcome.record["error"]
    assert [task.film for task in waiting] == [two.film]
    with pytest.raises(EnvironmentFault, match="could not start"):
        list(local._requeue_after_crash(local._Worker(Dead(), None, []), waiting))


# ---- what holds for a film ----


def context_of(*arguments: str):
    import typer

    from dyvim_cli.cli.main import app

    group = typer.main.get_command(app)
    parent = group.make_context("dyvim", ["batch"])
    return group.get_command(parent, "batch").make_context("batch", list(arguments), parent=parent)


def test_a_folders_own_settings(tmp_path):
    from dyvim_cli.cli.options.film_settings import film_settings

    touch(tmp_path, "a.mp4", "sub/b.mp4")
    (tmp_path / "dyvim.toml").write_text('style = "jazz"\nalpha = 0.9\nkeep-audio = "mix"')
    (tmp_path / "sub" / "dyvim.toml").write_text("alpha = 0.1")
    one, two = select([tmp_path], Choice(recursive=True))
    values = film_settings(context_of(str(tmp_path), "--style", "rock"))
    assert (values(one)["style"], values(one)["alpha"], values(two)["alpha"]) == ("rock", 0.9, 0.1)
    assert str(getattr(values(two)["keep_audio"], "value", "mix")) == "mix"
    assert values(one)["candidates"] == 3


@pytest.mark.parametrize("wrong", ["alpha = 7", "alfa = 1", "overwrite = true", "alpha = "])
def test_a_wrong_setting_names_its_file(wrong, tmp_path):
    from dyvim_cli.cli.options.film_settings import film_settings

    touch(tmp_path, "a.mp4")
    (tmp_path / "dyvim.toml").write_text(wrong)
    (film,) = select([tmp_path], Choice())
    with pytest.raises(UsageError, match=r"dyvim\.toml"):
        film_settings(context_of(str(tmp_path)))(film)


PLAN = """style = "pop"\nkey = "C"\nbpm = 100\nmood = [0, 0]\nalpha = 0.3\nseed = 77\nduration_s = 2.0
hits = []
[[section]]\nat = 0\nrole = "theme"\ntheme = 0\nmood = [0, 0]\nparts = ["melody"]\n"""


def test_plans_lie_beside_the_films_or_in_a_folder_with_or_without_their_folders(tmp_path):
    touch(tmp_path, "in/a.mp4", "in/b.mp4", "in/sub/c.mp4", "in/dyvim.mp4")
    places = ("in/a.toml", "plans/b.toml", "plans/sub/c.toml", "in/dyvim.toml")
    for name in places:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(PLAN)
    films = select([tmp_path / "in"], Choice(recursive=True))

    def found(place: str) -> dict[str, str]:
        plans = {film.path.name: plan_of(film, place) for film in films}
        return {name: str(plan.relative_to(tmp_path)) for name, plan in plans.items() if plan}

    assert found("beside") == {"a.mp4": "in/a.toml"}
    assert found(str(tmp_path / "plans")) == {"b.mp4": "plans/b.toml", "c.mp4": "plans/sub/c.toml"}
    assert plan_of(films[0], None) is None
    with pytest.raises(UsageError, match="no such folder"):
        plan_of(films[0], str(tmp_path / "nowhere"))


@pytest.mark.parametrize("has_plan", [True, False])
def test_the_command_asks_score_for_the_same(tmp_path, has_plan):
    from dyvim_cli.cli.batch_jobs import films_of, tasks_of
    from dyvim_cli.cli.options.desk import with_desk
    from dyvim_cli.cli.options.groups import Composing, Mixing, group_of
    from dyvim_cli.cli.options.players import with_players
    from dyvim_cli.media.output import output_path

    touch(tmp_path, "in/{b} 'q\" ä #1.mp4")
    (tmp_path / "in" / "dyvim.toml").write_text('mood = "-0.5,0.25"\nkey = "F# minor"\nfade-out = 1.5')
    asked = ("--style", "jazz", "--keep-audio", "mix", "--duck-db", "-20", "--start", "0.5")
    asked += ("--plan", "beside", "--orchestrate", "rock", "--mute", "arp", "--instrument", "melody=cello")
    if has_plan:
        (tmp_path / "in" / "{b} 'q\" ä #1.toml").write_text(PLAN)
    extras = ("--midi", f"{tmp_path}/{{stem}}.mid", "--stems", f"{tmp_path}/stems")
    context = context_of(str(tmp_path / "in"), "-o", f"{tmp_path}/out/", "--tempo", "97.3", *asked, *extras)
    (task,) = tasks_of(context, films_of(context))
    score = context.parent.command.get_command(context.parent, "score")
    values = score.make_context("score", list(task.command[2:]), parent=context.parent).params
    options = with_desk(group_of(Composing, values).options(), values["plan"], None)
    said = (values[name] for name in ("orchestrate", "mute", "instrument"))
    assert with_players(options, *said, None) == task.options
    assert bool(task.options.plan) == has_plan and task.options.orchestrate == "rock"
    where = {name: values[name] and Path(values[name]) for name in ("midi", "stems", "music")}
    where["output"] = output_path(task.film, "", values["output"])
    delivery = group_of(Mixing, values).delivery(overwrite=task.delivery.overwrite, **where)
    assert delivery == task.delivery and Path(values["film"]) == task.film


def test_batch_has_all_options_of_score():
    import typer

    from dyvim_cli.cli.main import app

    verbs = typer.main.get_command(app).commands
    names = {
        verb: {name for option in verbs[verb].params for name in option.opts} for verb in ("score", "batch")
    }
    one_film = {  # these name a file of one film, its bars, or takes of it to choose from
        "film", "--markers", "--markers-out", "--takes", "--like", "--preview", "--reroll",
    }  # fmt: skip
    assert names["score"] - names["batch"] == one_film


# ---- the real thing ----


@pytest.fixture(scope="module")
def films(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("films")
    good = make_films(folder, 5)
    for way in BROKEN:
        break_film(good[0], folder / f"broken {way}.mp4", way)
    return folder


@pytest.fixture(scope="module")
def undisturbed(films, tmp_path_factory):
    """The folder scored in one go: (outputs' folder, the finished process)."""
    out = tmp_path_factory.mktemp("undisturbed")
    page = out.with_name("report.html")
    return out, run_batch(films, "-r", "-o", f"{out}/", "--jobs", 1, "--json", "--report", page, *QUICK)


def test_every_good_film_is_scored_and_every_broken_one_listed(films, undisturbed):
    out, done = undisturbed
    assert done.returncode == ExitCode.PARTIAL, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    by_status = {s: [r for r in told if r["status"] == s] for s in ("done", "failed")}
    assert len(by_status["done"]) == 5 and len(by_status["failed"]) == len(BROKEN)
    assert all(record["hint"] and record["exit_code"] == ExitCode.INPUT for record in by_status["failed"])
    assert set(digests(out)) == {
        "film 000.dyvim.mp4", "film 001.dyvim.mkv", "film 002.dyvim.mov", "sub/film 003.dyvim.mp4",
        "film 004.dyvim.mkv",
    }  # fmt: skip
    assert done.stderr.count("error:") == done.stderr.count("try:") == len(BROKEN)
    last = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")][-1]
    assert (last["done"], last["failed"], last["total"]) == (5, len(BROKEN), 9)


def test_the_report_shows_every_film(films, undisturbed):
    page = undisturbed[0].with_name("report.html").read_text()
    assert all(f"film 00{n}" in page for n in range(5)) and all(f"broken {way}.mp4" in page for way in BROKEN)
    assert "is truncated" in page and "sub/film%20003.dyvim.mp4" in page


def test_the_command_on_the_page_makes_the_same_film(undisturbed, tmp_path):
    out, made = undisturbed[0], undisturbed[0] / "sub/film 003.dyvim.mp4"
    page = out.with_name("report.html").read_text()
    shown = [html.unescape(text) for text in re.findall(r'class="command"><code>(.*?)</code>', page, re.S)]
    assert len(shown) == 5 + len(BROKEN)
    (words,) = [words for words in map(shlex.split, shown) if str(made) in words]
    before = made.read_bytes()
    made.unlink()
    again = dyvim(*words[1:], cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert made.read_bytes() == before


def test_killed_at_any_moment_and_resumed_it_comes_to_the_same(films, undisturbed, tmp_path):
    reference, _ = undisturbed
    arguments = (films, "-r", "-o", f"{tmp_path}/", "--jobs", 2, *QUICK)
    for lines, seconds in ((0, 1.0), (6, 0.0), (2, 0.3)):
        kill(batch(*arguments), lines, seconds)
        whole = {name: md5 for name, md5 in digests(tmp_path).items() if staging.FOLDER not in name}
        assert whole.items() <= digests(reference).items(), "half-written or different under a final name"
    done = run_batch(*arguments)
    assert done.returncode == ExitCode.PARTIAL, done.stderr
    assert digests(tmp_path) == digests(reference)
    assert films_done_twice(tmp_path / journals.NAME) == []
    assert not list(tmp_path.rglob(staging.FOLDER))


def test_interrupted_it_leaves_nothing_behind_and_goes_on(films, undisturbed, tmp_path):
    reference, _ = undisturbed
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    page = tmp_path / "page.html"
    chosen = (films, "-r", "--exclude", "broken*", "--jobs", 1, "--report", page, *QUICK)
    arguments = (*chosen, "-o", f"{tmp_path}/out/")
    process = batch(*arguments, env={**os.environ, "TMPDIR": str(scratch)})
    while '"done": 1' not in process.stderr.readline():
        pass
    os.killpg(process.pid, signal.SIGINT)
    stopped = finish(process)
    assert stopped.returncode == ExitCode.INTERRUPTED, stopped.stderr
    done = digests(tmp_path / "out")
    assert 1 <= len(done) < 5 and done.items() <= digests(reference).items()
    assert list(scratch.iterdir()) == [] and not list(tmp_path.rglob(staging.FOLDER))
    assert len(records(tmp_path / "out" / journals.NAME)) == len(done)
    assert f"{len(done)} of 5 films done, 0 failed, {5 - len(done)} not come to" in stopped.stderr
    shown = page.read_text()
    assert shown.count('data-status="done"') == len(done)
    assert shown.count('data-status="pending"') == 5 - len(done)
    finished = run_batch(*arguments)
    assert finished.returncode == 0, finished.stderr
    assert digests(tmp_path / "out") == digests(reference)
    assert films_done_twice(tmp_path / "out" / journals.NAME) == []


def test_a_worker_that_dies_is_replaced_and_its_films_tried_again(films, undisturbed, tmp_path):
    reference, _ = undisturbed
    chosen = [film for film in select([films], Choice()) if "film 00" in film.path.name][:3]
    tasks = [task_of(film, ComposeOptions(candidates=1), Delivery(output=f"{tmp_path}/")) for film in chosen]
    with run.session(tmp_path / "j.jsonl", tasks) as session:
        outcomes = local.run(session.review.todo, 1, session.scratch)
        for n, outcome in enumerate(run.carry_out(outcomes, session.journal)):
            assert outcome.is_done, outcome.record
            if n == 0:
                (worker,) = multiprocessing.active_children()
                worker.kill()
    assert len(digests(tmp_path)) == 3 and digests(tmp_path).items() <= digests(reference).items()
    assert multiprocessing.active_children() == []


def test_a_picture_that_its_container_cannot_carry_costs_one_film_of_the_night(films, tmp_path):
    """vp8 fits into webm and mkv, and a download called .mov that holds it is no mov."""
    good, folder, out = films / "film 000.mp4", tmp_path / "films", tmp_path / "out"
    folder.mkdir()
    shutil.copy(good, folder / "good.mp4")
    run_ffmpeg("-f", "lavfi", "-i", "testsrc2=s=160x96:r=12:d=1.2", "-c:v", "libvpx", "-deadline", "realtime",
               str(folder / "web.webm"))  # fmt: skip
    shutil.copy(folder / "web.webm", folder / "renamed.mov")
    refused = "vp8 pictures do not fit into .mov"
    plan = run_batch(folder, "-o", f"{out}/{{stem}}.mov", "--dry-run", "--json")
    told = {Path(line["input"]).name: line for line in map(json.loads, plan.stdout.splitlines())}
    assert {name: line["status"] for name, line in told.items()} == {
        "good.mp4": "todo", "renamed.mov": "failed", "web.webm": "failed",
    }  # fmt: skip
    assert plan.returncode == 0 and refused in told["web.webm"]["error"]
    done = run_batch(folder, "-o", f"{out}/{{stem}}.mov", "--jobs", 1, *QUICK)
    assert done.returncode == ExitCode.PARTIAL, done.stderr
    assert done.stderr.count(refused) == done.stderr.count("give -o a name in .webm or .mkv") == 2
    assert list(digests(out)) == ["good.mov"]
    mended = run_batch(folder, "-o", f"{out}/{{stem}}", "--jobs", 1, "--include", "renamed*", *QUICK)
    assert mended.returncode == 0, mended.stderr
    assert list(digests(out)) == ["good.mov", "renamed.mkv"]


def test_own_outputs_are_known_whatever_they_are_called(films, undisturbed, tmp_path):
    reference, _ = undisturbed
    touch(tmp_path, "a.mp4")
    (tmp_path / "a-music.mp4").write_bytes((reference / "film 000.dyvim.mp4").read_bytes())
    found = select([tmp_path], Choice())
    delivery = Delivery(output=f"{tmp_path}/{{stem}}-music.mp4")
    tasks = [task_of(film, ComposeOptions(), delivery) for film in found]
    assert made_by_us(found, tasks) == {tmp_path / "a-music.mp4"}


def test_fail_fast_stops_and_dry_run_does_nothing(films, tmp_path):
    plan = run_batch(films, "-o", f"{tmp_path}/out/", "--dry-run", "--json")
    assert plan.returncode == 0, plan.stderr
    assert len(plan.stdout.splitlines()) == 8 and list(tmp_path.iterdir()) == []
    broken = ("--jobs", 1, "--include", "broken*", *QUICK)
    stopped = run_batch(films, "-o", f"{tmp_path}/", "--fail-fast", *broken)
    assert stopped.returncode == ExitCode.PARTIAL and "3 not come to" in stopped.stderr
    wrong = run_batch(films, "-o", f"{tmp_path}/out.mp4")
    assert wrong.returncode == ExitCode.USAGE and "would both become" in wrong.stderr

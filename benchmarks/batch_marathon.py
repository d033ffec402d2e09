"""Run long batches: many films, killed repeatedly, timed, with memory watched (`make marathon`).

PYTHONPATH=tests python -m benchmarks.batch_marathon night|kills|speed
    [--films N] [--kills N] [--seconds LOW HIGH] [--engine ray]

Each prints one JSON object of figures and fails loudly. `make marathon` runs all three.
"""

import argparse
import json
import os
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from helpers.batch_films import (
    WAYS,
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

from benchmarks import batch_memory
from dyvim_cli.batch.journal import NAME
from dyvim_cli.batch.staging import FOLDER
from dyvim_cli.errors import ExitCode

FILMS_BETWEEN_KILLS = 6
LONG = 100  # films; a shorter night has hardly begun when its workers are warm


def night(arguments, scratch: Path) -> dict:
    """Check a long batch: every good film scored, every bad one listed with a hint, memory flat.

    Args:
        arguments: of the command line.
        scratch: folder to work in.

    Returns:
        Figures for JSON.
    """
    films, n_bad = _folder(arguments, scratch), arguments.films // 10
    out, page = scratch / "out", scratch / "report.html"
    asked = (films, "-r", "-o", f"{out}/", *_options(arguments))
    began = time.monotonic()
    process = batch(*asked, "--report", page)
    samples = batch_memory.watch(process, out / NAME)
    done = finish(process)
    minutes = (time.monotonic() - began) / 60
    batch_memory.write(samples, scratch / "memory.json")
    found = records(out / NAME)
    failed = [record for record in found if record["status"] == "failed"]
    assert done.returncode == (ExitCode.PARTIAL if n_bad else 0), done.stderr[-2000:]
    assert len(found) - len(failed) == arguments.films - n_bad and len(failed) == n_bad
    assert all(record["hint"] for record in failed)
    reasons = {re.sub(r"[^ ]*/broken \d+\.mp4", "it", record["error"]) for record in failed}
    assert len(reasons) == min(n_bad, len(WAYS)), "each way of being broken is told from the others"
    shown = page.read_text(encoding="utf-8")
    assert all(Path(record["input"]).name in shown for record in found)
    memory = batch_memory.figures(samples, arguments.films)
    assert arguments.films < LONG or batch_memory.is_flat(memory), memory
    facts = {"films": arguments.films, "broken": n_bad, "ways": len(reasons), "exit": done.returncode}
    return facts | {"minutes": round(minutes, 1)} | memory | _day_after(asked, films, out / NAME)


def _day_after(asked: tuple, films: Path, journal: Path) -> dict:
    """Films that a repeated run works on: unchanged, with failures, repaired, changed."""

    def again(*more) -> list[dict]:
        before = len(records(journal))
        done = run_batch(*asked, *more)
        assert done.returncode in (0, ExitCode.PARTIAL), done.stderr[-2000:]
        return records(journal)[before:]

    good = sorted(films.rglob("film 00*.mp4"))
    bad = sorted(films.glob("broken *"))
    assert again() == []
    retried = again("--retry-failed")
    assert _names(retried) == sorted(path.name for path in bad) and all(r["hint"] for r in retried)
    for path in bad[:1]:
        path.write_bytes(good[0].read_bytes())
    mended = again()
    assert _names(mended) == [path.name for path in bad[:1]] and mended[0]["status"] == "done"
    changed = again("--include", "film 00*.mp4", "--alpha", "0.9")
    assert _names(changed) == sorted(path.name for path in good) and {r["alpha"] for r in changed} == {0.9}
    return {"again": 0, "retried": len(retried), "mended": len(mended), "changed": len(changed)}


def _names(found: list[dict]) -> list[str]:
    return sorted(Path(record["input"]).name for record in found)  # the journal's paths are its folder's


def kills(arguments, scratch: Path) -> dict:
    """Kill a batch at random moments and resume it: the bytes must be those of an undisturbed run.

    Args:
        arguments: of the command line.
        scratch: folder to work in.

    Returns:
        Figures for JSON.
    """
    films, rng = _folder(arguments, scratch), random.Random(arguments.seed)
    reference, out, page = scratch / "reference", scratch / "out", scratch / "report.html"
    engine = ("--engine", arguments.engine)
    run_batch(films, "-r", "-o", f"{reference}/", *_options(arguments))
    asked = (films, "-r", *_options(arguments), *engine)
    first_s, film_s = _undisturbed(batch(*asked, "-o", f"{scratch / 'timed'}/"), arguments.films)
    asked = (*asked, "-o", f"{out}/", "--report", page)
    wanted, n_killed, recorded = digests(reference), 0, []
    assert digests(scratch / "timed") == wanted
    for _ in range(arguments.kills):
        after_s = rng.uniform(0, first_s + FILMS_BETWEEN_KILLS * film_s)
        n_killed += kill(batch(*asked), 0, after_s)
        named = digests(out) if out.exists() else {}
        finished = {name: md5 for name, md5 in named.items() if FOLDER not in name}
        assert finished.items() <= wanted.items(), "half-written, or different, under a final name"
        assert not page.exists() or page.read_text(encoding="utf-8").rstrip().endswith("</html>")
        recorded.append(len(records(out / NAME)) if (out / NAME).exists() else 0)
        if recorded[-1] == arguments.films:
            break
    done = run_batch(*asked)
    assert done.returncode in (0, ExitCode.PARTIAL), done.stderr[-2000:]
    made = digests(out)
    assert made == wanted, made.items() ^ wanted.items()
    assert films_done_twice(out / NAME) == [], films_done_twice(out / NAME)
    assert len(records(out / NAME)) == arguments.films and not list(out.rglob(FOLDER))
    assert page.read_text(encoding="utf-8").count('data-status="pending"') == 0
    figures = {"films": arguments.films, "kills": n_killed, "recorded_after_each": recorded}
    return figures | {"engine": arguments.engine, "same_bytes": True, "done_twice": 0}


def _undisturbed(process: subprocess.Popen, n_films: int) -> tuple[float, float]:
    """Seconds to the first film, and a film from then on."""
    began = time.monotonic()
    for _ in range(2):  # the first line says that nothing is done yet
        process.stderr.readline()
    first_s = time.monotonic() - began
    finish(process)
    return first_s, (time.monotonic() - began - first_s) / n_films


def speed(arguments, scratch: Path) -> dict:
    """Time `batch --jobs 2` against one `score` after the other: wall clock and processor seconds.

    Args:
        arguments: of the command line.
        scratch: folder to work in.

    Returns:
        Figures for JSON.
    """
    films = [path for path in sorted(_folder(arguments, scratch, n_bad=0).rglob("*")) if path.is_file()]
    options = ["--candidates", str(arguments.candidates), "--no-cache", "--progress", "none"]

    def one_by_one() -> None:
        for film in films:
            target = str(scratch / f"{film.stem}.alone{film.suffix}")
            command = [
                sys.executable,
                "-m",
                "dyvim_cli",
                "score",
                str(film),
                "-o",
                target,
                "--seed",
                "1",
                "-y",
            ]
            subprocess.run([*command, *options], check=True, capture_output=True)

    def together() -> None:
        done = run_batch(*films, "-o", f"{scratch / 'together'}/", "--jobs", 2, *options)
        assert done.returncode == 0, done.stderr

    (alone_s, alone_cpu_s), (batch_s, batch_cpu_s) = _timed(one_by_one), _timed(together)
    return {
        "films": len(films),
        "alone_s": alone_s,
        "batch_s": batch_s,
        "times_the_films_an_hour": alone_s / batch_s,
        "alone_cpu_s": alone_cpu_s,
        "batch_cpu_s": batch_cpu_s,
    }


def _timed(work) -> tuple[float, float]:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - began, cpu_s


def _folder(arguments, scratch: Path, n_bad: int | None = None) -> Path:
    n_bad = arguments.films // 10 if n_bad is None else n_bad
    films = scratch / "films"
    good = make_films(films, arguments.films - n_bad, tuple(arguments.seconds), arguments.seed)
    for i in range(n_bad):
        break_film(good[0], films / f"broken {i:03}.mp4", i)
    return films


def _options(arguments) -> tuple:
    return ("--jobs", 2, "--candidates", arguments.candidates, "--progress", "json")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("night", "kills", "speed"))
    parser.add_argument("--films", type=int, default=200)
    parser.add_argument("--kills", type=int, default=25)
    parser.add_argument("--seconds", type=float, nargs=2, default=(2.0, 20.0))
    parser.add_argument("--candidates", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engine", choices=("local", "ray"), default="local", help="whom the kills hit")
    parser.add_argument("--keep", type=Path, help="a folder for all that is made, kept to look at")
    parsed = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DYVIM_CACHE"] = str(Path(folder, "cache"))
        os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112 (so spelt; 15, unless told)
        figures = globals()[parsed.what](parsed, parsed.keep or Path(folder))
    sys.stdout.write(json.dumps({"what": parsed.what, **figures}) + "\n")

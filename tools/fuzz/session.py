"""Run one session of fuzzing: damage films by number and seed, run a verb, keep the failures."""

import os
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tools.fuzz.calls import OTHERS, Call, Whole, call_for
from tools.fuzz.forked import Ended, Job, import_everything, run_all
from tools.fuzz.judging import Run, broken_promises, digest, time_limit_s
from tools.fuzz.mutations import damaged
from tools.fuzz.other_seeds import make_whole
from tools.fuzz.seeds import SECONDS, Seed, make_music, make_seeds

SAID_EVERY = 50  # files
FILM_SHARE = 0.7  # share of films among all damaged files


@dataclass
class Report:
    """Result of a session."""

    seed: int
    exit_codes: Counter = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    most_memory_mb: float = 0.0

    def summary(self) -> str:
        """Summarise the runs.

        Returns:
            One line.
        """
        codes = ", ".join(f"{count} x exit {code}" for code, count in sorted(self.exit_codes.items()))
        most = f"slowest {self.slowest_s:.1f} s, most memory {self.most_memory_mb:.0f} MB"
        return f"seed {self.seed}: {codes}; {most}; {len(self.violations)} violations"


@dataclass(frozen=True)
class Case:
    """One damaged file, on its way through a verb."""

    verb: str
    damaged: Path
    digest: str
    call: Call
    scratch: Path


def fuzz(
    number: int,
    seed: int,
    *,
    only: int | None = None,
    jobs: int | None = None,
    patience: float = 1.0,
    keep: Path | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Report:
    """Damage films and run the command line on each.

    Args:
        number: of films.
        seed: the same number and seed give the same damage.
        only: number of a single film to repeat; None = all.
        jobs: processes; None = as many as cores.
        patience: factor of the time limits.
        keep: folder for copies of the films with which a promise was broken.
        say: takes a line about the progress.

    Returns:
        Runs and broken promises.
    """
    for library in ("OMP", "OPENBLAS", "MKL"):
        os.environ[f"{library}_NUM_THREADS"] = "1"
    import_everything()
    report = Report(seed)
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        place = Path(name)
        films, music = make_seeds(_made(place / "seeds")), make_music(place / "music.wav")
        whole, others = make_whole(_made(place / "whole"), place / "seeds" / "mp4.mp4", music)
        seeds = [*films, *others]
        numbers = range(number) if only is None else [only]
        work = (_job(place, seeds, whole, seed, n, patience) for n in numbers)
        for ended in run_all(work, jobs or os.cpu_count() or 1):
            _take_in(report, ended, keep, say)
    return report


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def damaged_file(seeds: list[Seed], seed: int, number: int) -> tuple[Seed, bytes, random.Random]:
    """Damage one film.

    Args:
        seeds: undamaged films.
        seed: of the session.
        number: of the film.

    Returns:
        (the undamaged file, the damaged bytes, the random generator for later decisions).
    """
    rng = random.Random(f"{seed}:{number}")
    films = [each for each in seeds if each.name not in OTHERS]
    chosen = films if rng.random() < FILM_SHARE else [each for each in seeds if each.name in OTHERS]
    whole = rng.choice(chosen)
    return whole, damaged(whole.data, rng, [other.data for other in chosen if other is not whole]), rng


def _job(place: Path, seeds: list[Seed], whole: Whole, seed: int, number: int, patience: float) -> Job:
    """Write a damaged file and say what to run on it."""
    kind, data, rng = damaged_file(seeds, seed, number)
    root = _made(place / f"{number:06}")
    path = _made(root / "files") / f"{seed}_{number:06}_{kind.name}{kind.extension}"
    path.write_bytes(data)
    verb, call = call_for(kind.name, path, rng, whole)
    case = Case(verb, path, digest(path), call, _made(root / "tmp"))
    environment = {
        "TMPDIR": str(case.scratch),
        "DYVIM_CACHE": str(place / "cache"),
        "XDG_CONFIG_HOME": str(root),
    }
    limit_s = patience * time_limit_s(SECONDS)
    return Job(call.words, path.parent, environment, root / "log", limit_s, tag=case)


def _take_in(report: Report, ended: Ended, keep: Path | None, say: Callable[[str], None]) -> None:
    """Judge a run, and remove its folder."""
    case: Case = ended.job.tag
    run = Run(
        verb=case.verb,
        film=case.damaged,
        output=case.call.output,
        folder=case.damaged.parent,
        scratch=case.scratch,
        film_digest=case.digest,
        exit_code=ended.exit_code,
        was_ended=ended.was_ended,
        said=ended.job.log.read_text(errors="replace"),
        memory_mb=ended.memory_mb,
        pictures=case.call.pictures,
    )
    report.exit_codes[ended.exit_code] += 1
    report.slowest_s = max(report.slowest_s, ended.seconds)
    report.most_memory_mb = max(report.most_memory_mb, ended.memory_mb)
    for promise in broken_promises(run):
        line = f"{case.damaged.name}: {case.verb}: {promise}"
        report.violations.append(line)
        say(line)
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            shutil.copy(case.damaged, keep / case.damaged.name)
            (keep / f"{case.damaged.name}.log").write_text(run.said)
    if report.exit_codes.total() % SAID_EVERY == 0:
        say(report.summary())
    shutil.rmtree(case.damaged.parent.parent)

"""Benchmark sync and flow of every baseline on films and on films cut together from them.

python -m benchmarks.bench --clips DIR --out DIR [--readme README.md]
"""

import argparse
import datetime
import multiprocessing
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np

from benchmarks.baselines import SAMPLE_RATE, clicks, metronome, random_shift
from dyvim_cli import __version__
from dyvim_cli.errors import DyvimError
from dyvim_cli.evaluation.judge.audio_events import audio_events, read_sound
from dyvim_cli.evaluation.judge.flow import FlowReport, flow
from dyvim_cli.evaluation.judge.sync import SyncReport, compare
from dyvim_cli.evaluation.judge.visual_events import VisualEvents, visual_events
from dyvim_cli.evaluation.show.cells import interval_cell, markdown
from dyvim_cli.evaluation.show.flow_tables import FLOW, mean_flow
from dyvim_cli.evaluation.show.tables import MEASURES, mean_excesses
from dyvim_cli.evaluation.sweep.generator import Generate, dyvim_generator, tempo_map_beats
from dyvim_cli.options import ComposeOptions

FILMS = (".mp4", ".mkv", ".webm", ".mov", ".avi", ".gif")
SHORTEST_S = 4.0  # length below which chance and sync cannot be distinguished
LONGEST_S = 60.0  # a long film takes long, and is one film in the mean like any other
MARKS = ("<!-- bench-sync begins -->", "<!-- bench-sync ends -->")
# no peer's figures stand in the table: what they publish is not corrected for chance, or compares
# with reference music instead of the picture
COLUMNS = MEASURES | {"events within 40 ms": lambda s: s.matching[0.04].recall if s.n_events else None}

Player = Callable[[Path, VisualEvents, int], tuple[np.ndarray, int]]  # film, picture, seed -> samples, rate


@dataclass(frozen=True)
class Score:
    """One piece of music under one film, judged."""

    film: str
    player: str
    seed: int
    sync: SyncReport
    flow: FlowReport | None  # None where the film is too short


def players(generate: Generate, steady: Generate) -> dict[str, Player]:
    """List the compared players: the generator whole and in parts, and the baselines.

    Args:
        generate: makes music for a film.
        steady: the same without the film's events.

    Returns:
        Players by name.
    """
    generate = cache(generate)  # the shifted music is the very same

    def ours(alpha: float, by: Generate = generate) -> Player:
        return lambda film, picture, seed: read_sound(by(film, alpha, seed))

    def bare_tempo_map(film: Path, picture: VisualEvents, seed: int):
        beats, downbeat = tempo_map_beats(film, seed)
        return clicks(beats, np.where(downbeat, 0.6, 0.4), picture.duration_s), SAMPLE_RATE

    def steady_clicks(film: Path, picture: VisualEvents, seed: int):
        return metronome(picture), SAMPLE_RATE

    def shifted(film: Path, picture: VisualEvents, seed: int):
        samples, sample_rate = read_sound(generate(film, 1.0, seed))
        return random_shift(samples, sample_rate, [seed, len(samples)]), sample_rate  # no two films alike

    return {
        "dyvim, alpha 1": ours(1.0),
        "dyvim, alpha 0.5 (default)": ours(0.5),
        "dyvim, alpha 0.25": ours(0.25),
        "dyvim, alpha 0": ours(0.0),
        "decoder alone (alpha 1, steady tempo)": ours(1.0, steady),
        "tempo map alone (clicks on its beats)": bare_tempo_map,
        "metronome at the best tempo (knows the events)": steady_clicks,
        "random shift of alpha 1": shifted,
    }


def run(
    films: Sequence[Path], on_film: Callable[[Path], list[Score]], pool: Executor, say: Callable[[str], None]
) -> list[Score]:
    """Judge every player on every film with every seed.

    Args:
        films: paths.
        on_film: scores of one film.
        pool: runs films side by side.
        say: takes a line about each film; one that cannot be scored is left out, and said so.

    Returns:
        All scores.
    """
    scores: list[Score] = []
    work = [pool.submit(on_film, film) for film in films]
    for i, (film, done) in enumerate(zip(films, work, strict=True)):
        try:
            found = done.result()
        except DyvimError as fault:
            say(f"left out: {film.name}: {fault.message}")
            continue
        scores += found
        say(f"{i + 1}/{len(films)} {film.name}" + ("" if found else ": too short or too long"))
    return scores


def play_and_judge(film: Path, seeds: int, compared: dict[str, Player]) -> list[Score]:
    """Play and judge one film.

    Args:
        film: path.
        seeds: number of seeds.
        compared: players by name.

    Returns:
        Its scores; none if its length is not one that is compared.

    Raises:
        DyvimError: the film cannot be scored.
    """
    from dyvim_cli.media.probe import probe

    if not SHORTEST_S <= probe(film).duration_s <= LONGEST_S:
        return []
    picture = visual_events(film, use_cache=True)
    return [
        _judged(film, name, seed, picture, *play(film, picture, seed))
        for seed in range(seeds)
        for name, play in compared.items()
    ]


def _judged(film, player, seed, picture, samples, sample_rate) -> Score:
    sync = compare(picture, audio_events(samples, sample_rate), seed)
    return Score(film.name, player, seed, sync, flow(samples, sample_rate, picture.duration_s))


def result_table(scores: Sequence[Score]) -> str:
    """Tabulate sync: a row a player, the mean excess over chance of every measure with its interval.

    Args:
        scores: of all films.

    Returns:
        Markdown.
    """
    return _table(scores, COLUMNS, _mean_sync)


def flow_table(scores: Sequence[Score]) -> str:
    """Tabulate flow: a row a player, the mean of every figure with its interval.

    Args:
        scores: of all films.

    Returns:
        Markdown.
    """
    return _table(scores, FLOW, lambda group, films: mean_flow([s.flow for s in group], films=films))


def _mean_sync(group, films):
    return mean_excesses([score.sync for score in group], films=films, measures=COLUMNS)


def _table(scores, columns, mean_of) -> str:
    rows = [["music", *columns]]
    for name in dict.fromkeys(score.player for score in scores):
        group = [score for score in scores if score.player == name]
        means = mean_of(group, [score.film for score in group])
        rows.append([name, *(interval_cell(mean) for mean in means.values())])
    return markdown(rows)


@cache
def _players_of_process(out: Path, candidates: int) -> dict[str, Player]:
    """Each process loads the generator once."""
    return players(dyvim_generator(out, candidates), dyvim_generator(out, candidates, steady=True))


def _in_process(out: Path, candidates: int, seeds: int, film: Path) -> list[Score]:
    return play_and_judge(film, seeds, _players_of_process(out, candidates))


def section(title: str, scores: Sequence[Score]) -> str:
    """Join the tables of sync and of flow under their title, with the number of films and seeds.

    Args:
        title: of the section.
        scores: of its films.

    Returns:
        Markdown.
    """
    films = {score.film: score.sync for score in scores}
    with_cuts = sum(sync.n_cuts > 0 for sync in films.values())
    n_cuts, n_events = (sum(getattr(s, name) for s in films.values()) for name in ("n_cuts", "n_events"))
    heard = f"{len(films)} films ({with_cuts} with {n_cuts} cuts, {n_events} events in all)"
    return f"**{title}**: {heard}\n\n{result_table(scores)}\n\nTheir flow:\n\n{flow_table(scores)}\n"


def page(groups: dict[str, Sequence[Score]], candidates: int, commit: str) -> str:
    """Write the tables with what it takes to read and to repeat them.

    Args:
        groups: scores by title.
        candidates: takes a piece.
        commit: of the code that was judged.

    Returns:
        Markdown.
    """
    seeds = len({score.seed for scores in groups.values() for score in scores})
    day = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    return (
        f"Films of {SHORTEST_S:g} to {LONGEST_S:g} s, seeds: {seeds}, candidates a piece: {candidates}; "
        f"dyvim {__version__}, commit {commit}, {day}. Tolerance 80 ms where none is named; "
        f"mean over films (95 % bootstrap interval); 0 is the same music shifted at random, 1 is perfect. "
        f"Flow is of the sound alone and not corrected.\n\n"
    ) + "\n".join(section(title, scores) for title, scores in groups.items() if scores)


def current_commit() -> str:
    """Read the short name of the checkout's commit.

    Returns:
        'unknown' outside a checkout.
    """
    try:
        return subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True,
            cwd=Path(__file__).parent,
        ).stdout.strip()  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def put_between_marks(readme: Path, text: str) -> None:
    """Replace the text between the two marks of a page.

    Args:
        readme: path of the page.
        text: new text.

    Raises:
        ValueError: the page lacks the marks.
    """
    before, found, rest = readme.read_text(encoding="utf-8").partition(MARKS[0])
    after = rest.partition(MARKS[1])
    if not found or not after[1]:
        raise ValueError(f"{readme} lacks the lines {MARKS[0]} and {MARKS[1]}")
    whole = f"{before}{MARKS[0]}\n{text}{MARKS[1]}{after[2]}"
    readme.write_text(whole, encoding="utf-8")


def films_in(folder: Path | None, scratch: Path) -> list[Path]:
    """List the films of a folder.

    Args:
        folder: None = one film is synthesised.
        scratch: folder for that film.

    Returns:
        Paths.
    """
    from benchmarks.synthetic import synthesise

    if folder is not None and folder.is_dir():
        return sorted(path for path in folder.iterdir() if path.suffix.lower() in FILMS)
    return [synthesise(scratch / "synthetic.mp4")]


def edited(films: Sequence[Path], n: int, scratch: Path) -> list[Path]:
    """Cut n films together from those that can be read; the same n for the same films.

    Args:
        films: paths.
        n: number of edits.
        scratch: folder for them.

    Returns:
        Paths.
    """
    from benchmarks.montage import edit
    from dyvim_cli.media.probe import probe

    sources = []
    for film in films:
        try:
            sources += [film] if probe(film).duration_s >= SHORTEST_S else []
        except DyvimError:  # run() lists it
            continue
    return [edit(sources, scratch / f"edited-{i + 1}.mp4", seed=i) for i in range(n if sources else 0)]


def main() -> None:
    """Run the benchmark and write bench-sync.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=Path, help="folder of films; without it films are synthesised")
    parser.add_argument("--out", type=Path, required=True, help="folder for the music and the table")
    parser.add_argument("--readme", type=Path, help="also put the table between the marks of this file")
    parser.add_argument("--seeds", type=int, default=3, help="pieces a film and player")
    usual = ComposeOptions().candidates
    parser.add_argument("--candidates", type=int, default=usual, help=f"takes a piece: {usual}, as users get")
    parser.add_argument("--edited", type=int, default=12, help="films to cut together from the others")
    parser.add_argument("--jobs", type=int, default=2, help="films at once")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    commit = current_commit()  # of the code that runs, whatever is committed meanwhile
    films = films_in(options.clips, options.out)
    groups = {
        "Films as they are": films,
        "Cut together from them": edited(films, options.edited, options.out),
    }
    on_film = partial(_in_process, options.out, options.candidates, options.seeds)
    with ProcessPoolExecutor(options.jobs, multiprocessing.get_context("spawn")) as pool:
        groups = {
            title: run(films, on_film, pool, lambda line: sys.stderr.write(line + "\n"))
            for title, films in groups.items()
        }
    text = page(groups, options.candidates, commit)
    (options.out / "bench-sync.md").write_text(text, encoding="utf-8")
    sys.stdout.write(text)
    if options.readme:
        put_between_marks(options.readme, text)


if __name__ == "__main__":
    main()

"""The sync benchmark: every film of a folder, the generator and every baseline, one table.

python -m dyvim_cli.evaluation.bench --clips DIR --out DIR [--readme README.md]
"""

import argparse
import datetime
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from dyvim_cli import __version__
from dyvim_cli.errors import DyvimError
from dyvim_cli.evaluation.baselines import SAMPLE_RATE, clicks, metronome, random_shift
from dyvim_cli.evaluation.bootstrap import mean_interval
from dyvim_cli.evaluation.generator import Generate, dyvim_generator, tempo_map_beats
from dyvim_cli.evaluation.judge import FilmReport, hear, report_on
from dyvim_cli.evaluation.report import EXCESSES, markdown
from dyvim_cli.evaluation.sweep import interval_cell
from dyvim_cli.evaluation.visual_events import VisualEvents, visual_events

FILMS = (".mp4", ".mkv", ".webm", ".mov", ".avi", ".gif")
SHORTEST_S = 4.0  # below, chance and sync cannot be told apart
ALPHA = 0.5  # the default
MARKS = ("<!-- bench-sync begins -->", "<!-- bench-sync ends -->")

Player = Callable[[Path, VisualEvents], Path]  # film, its picture -> music for it


def players(folder: Path, generate: Generate, seed: int) -> dict[str, Player]:
    """What is compared: the generator at three alphas, and what any generator has to beat."""

    def ours(alpha: float) -> Player:
        return lambda film, picture: generate(film, alpha, seed)

    def shifted(film: Path, picture: VisualEvents) -> Path:
        import soundfile

        samples, sample_rate = soundfile.read(generate(film, ALPHA, seed))
        return _written(
            random_shift(samples, sample_rate, seed), sample_rate, folder / f"{film.stem}.shift.wav"
        )

    def bare_tempo_map(film: Path, picture: VisualEvents) -> Path:
        beats, downbeat = tempo_map_beats(film, seed)
        track = clicks(beats, np.where(downbeat, 0.6, 0.4), picture.duration_s)
        return _written(track, SAMPLE_RATE, folder / f"{film.stem}.map.wav")

    def steady(film: Path, picture: VisualEvents) -> Path:
        return _written(metronome(picture), SAMPLE_RATE, folder / f"{film.stem}.metronome.wav")

    return {
        "dyvim, alpha 1": ours(1.0),
        f"dyvim, alpha {ALPHA:g} (default)": ours(ALPHA),
        "dyvim, alpha 0": ours(0.0),
        "tempo map alone": bare_tempo_map,
        "metronome at the best tempo": steady,
        "random shift of the default": shifted,
    }


def _written(samples, sample_rate, path):
    import soundfile

    soundfile.write(path, samples, sample_rate)
    return path


def run(films: Sequence[Path], compared: dict[str, Player], say: Callable[[str], None]) -> dict[str, list]:
    """name -> FilmReports, every player on every film; a film that cannot be scored is left out."""
    found: dict[str, list[FilmReport]] = {name: [] for name in compared}
    for film in films:
        try:
            picture = visual_events(film)
            if picture.duration_s < SHORTEST_S:
                continue
            heard = {name: hear(play(film, picture)) for name, play in compared.items()}
        except DyvimError as fault:
            say(f"left out: {film.name}: {fault.message}")
            continue
        for name, music in heard.items():
            found[name].append(report_on(film, picture, music))
        say(f"{film.name}: {found[next(iter(found))][-1].sync.cuts_hit_beyond_chance:.2f}")
    return found


def result_table(found: dict[str, list[FilmReport]]) -> str:
    """Markdown: a row a player, the mean excess over chance of every measure with its interval."""
    rows = [["music", *EXCESSES]]
    for name, reports in found.items():
        means = [mean_interval([of(report.sync) for report in reports]) for of in EXCESSES.values()]
        rows.append([name, *(interval_cell(mean) for mean in means)])
    return markdown(rows)


def page(found: dict[str, list[FilmReport]], commit: str) -> str:
    """The table with what it takes to read and to repeat it."""
    reports = next(iter(found.values()))
    n_cuts, n_events = sum(r.sync.n_cuts for r in reports), sum(r.sync.n_events for r in reports)
    day = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    return (
        f"{len(reports)} films, {n_cuts} cuts, {n_events} events; dyvim {__version__}, commit {commit}, "
        f"{day}; tolerance 80 ms; mean over films (95 % bootstrap interval); 0 is the same music shifted "
        f"at random, 1 is perfect.\n\n{result_table(found)}\n"
    )


def current_commit() -> str:
    """Short name of the checkout's commit, 'unknown' outside one."""
    try:
        return subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True,
            cwd=Path(__file__).parent,
        ).stdout.strip()  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def put_between_marks(readme: Path, text: str) -> None:
    """Replace what stands between the two marks of a README. Raises ValueError without them."""
    before, found, rest = readme.read_text(encoding="utf-8").partition(MARKS[0])
    after = rest.partition(MARKS[1])
    if not found or not after[1]:
        raise ValueError(f"{readme} lacks the lines {MARKS[0]} and {MARKS[1]}")
    whole = f"{before}{MARKS[0]}\n{text}{MARKS[1]}{after[2]}"
    readme.write_text(whole, encoding="utf-8")


def films_in(folder: Path | None, scratch: Path) -> list[Path]:
    """The films of a folder; without one, a film that is synthesised into `scratch`."""
    from dyvim_cli.media.synthetic import synthesise

    if folder is not None and folder.is_dir():
        return sorted(path for path in folder.iterdir() if path.suffix.lower() in FILMS)
    return [synthesise(scratch / "synthetic.mp4")]


def main() -> None:
    """Run the benchmark and write bench-sync.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=Path, help="folder of films; without it films are synthesised")
    parser.add_argument("--out", type=Path, required=True, help="folder for the music and the table")
    parser.add_argument("--readme", type=Path, help="also put the table between the marks of this file")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    films = films_in(options.clips, options.out)
    compared = players(options.out, dyvim_generator(options.out), options.seed)
    text = page(run(films, compared, lambda line: sys.stderr.write(line + "\n")), current_commit())
    (options.out / "bench-sync.md").write_text(text, encoding="utf-8")
    sys.stdout.write(text)
    if options.readme:
        put_between_marks(options.readme, text)


if __name__ == "__main__":
    main()

"""Compare many composed pieces with the held-out corpus.

python -m benchmarks.musicality_check [--pieces 50] [--decoder FILE] [--clips DIR] [--out JSON] [--silent]

Every piece is composed for a film of its own (of --clips, else imagined), in all styles in turn. The
corpus' bands stand in corpus_bands.json (training/data/statistics.py makes it), so no corpus is needed.
Then every piece is sounded, and its flow is held against that of human music (sound_check.py).
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.composed import Composed, faults, figures, instrument_likeness, likeness, rhythm_likeness
from benchmarks.imagined import imagined_film
from benchmarks.sound_check import judge_sound, sound_all, sound_text
from dyvim_cli.evaluation.show.cells import align_columns
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.types import STYLES, FilmFeatures

FILM_S = (12.0, 60.0)  # how long imagined films are
SHORTEST_S = 8.0  # shorter films have no form to speak of
# judged by "inside the corpus' band"; the others are shown with the corpus' figures
JUDGED = (
    "pitch_class_entropy", "groove_consistency", "self_similarity", "band_density", "ensemble_density",
    "melody_density", "bass_density", "drums_density",
)  # fmt: skip
# Drums are judged where a drummer keeps time: all drums of the corpus are a kit's (drummers' takes, bands),
# none an orchestra's, whose two timpani strokes a bar are as they should be.
KIT_ONLY = ("drums_density",)
# All parts together are counted beside pieces with as many: bands with a kit, or voices with a piano.
DENSITY_OF = {"band_density": "freedoom", "ensemble_density": "lieder"}
IN_HARMONY = 0.95
DIFFERENT = 0.5  # two pieces that share fewer onsets are different pieces

Compose = Callable[[FilmFeatures, str, int], Composed]  # film, style, seed -> piece


def corpus_bands() -> dict[str, list[float]]:
    """Read the bands of the held-out pieces that people wrote.

    Returns:
        {measure: [10th, 50th, 90th percentile]}.
    """
    text = Path(__file__).with_name("corpus_bands.json").read_text(encoding="utf-8")
    by_corpus = json.loads(text)["bands"]
    bands = {name: band for name, band in by_corpus["corpus"].items() if name != "density"}
    return bands | {name: by_corpus[corpus]["density"] for name, corpus in DENSITY_OF.items()}


def composer(decoder: Path | None, alpha: float) -> Compose:
    """Load a decoder and make a function that composes, without rendering sound.

    Args:
        decoder: path of its weights; None = the shipped one.
        alpha: influence of the film, 0..1.

    Returns:
        Function from (film, style, seed) to a piece.
    """
    from dyvim_cli.model.compose.score import write_score
    from dyvim_cli.model.score.checkpoint import load_decoder
    from dyvim_cli.options import ComposeOptions
    from dyvim_cli.pipeline import load_embedded

    model = load_embedded() if decoder is None else load_decoder(decoder)

    def compose(film: FilmFeatures, style: str, seed: int) -> Composed:
        score = write_score(film, ComposeOptions(alpha=alpha, style=style, seed=seed), model)
        return Composed(f"{style}, {film.duration_s:.0f} s, seed {seed}", film, score)

    return compose


def films(n: int, clips: Path | None) -> Iterator[FilmFeatures]:
    """Take the films of a folder in turn, else imagined ones (always the same).

    Args:
        n: number of films.
        clips: folder; None = imagined films.

    Yields:
        Features of each.
    """
    from benchmarks.bench import FILMS
    from dyvim_cli.pipeline import features_of

    if clips is None:
        for i in range(n):
            rng = np.random.default_rng([7, i])
            yield imagined_film(rng, float(rng.uniform(*FILM_S)), STYLES[i % len(STYLES)])
        return
    watched = [features_of(p) for p in sorted(clips.iterdir()) if p.suffix.lower() in FILMS]
    watched = [film for film in watched if film.duration_s >= SHORTEST_S]
    for i in range(n):
        yield watched[i % len(watched)]


def compose_all(compose: Compose, n: int, clips: Path | None, say: Callable[[str], None]) -> list[Composed]:
    """Compose n pieces, styles in turn, each with a seed of its own.

    Args:
        compose: of `composer`.
        n: number of pieces.
        clips: folder of films; None = imagined films.
        say: takes a line about the progress.

    Returns:
        The pieces.
    """
    pieces = []
    for i, film in enumerate(films(n, clips)):
        pieces.append(compose(film, STYLES[i % len(STYLES)], i))
        for fault in faults(pieces[-1]):
            say(f"{pieces[-1].name}: {fault}")
    return pieces


def judge(pieces: Sequence[Composed]) -> dict:
    """Compare pieces with the corpus.

    Args:
        pieces: composed.

    Returns:
        For JSON: for each measure the corpus' band, ours, the share inside; faults; notes in harmony.
    """
    measured, bands = [comparable(piece) for piece in pieces], corpus_bands()
    rows = {}
    for name, band in bands.items():
        values = np.array([m[name] for m in measured if name in m])
        if len(values):
            inside = (values >= band[0]) & (values <= band[2])
            ours = [round(float(v), 4) for v in np.percentile(values, [10, 50, 90])]
            rows[name] = {"corpus": band, "ours": ours, "inside": round(float(inside.mean()), 3)}
    found = {piece.name: list(faults(piece)) for piece in pieces}
    return {
        "pieces": len(pieces),
        "measures": rows,
        "faults": {name: listed for name, listed in found.items() if listed},
        "verdicts": _verdicts(measured, rows, found),
    }


def comparable(piece: Composed) -> dict[str, float]:
    """Select a piece's figures for which the corpus has a band.

    Args:
        piece: composed.

    Returns:
        Figures by name.
    """
    kit, found = RECORDS[piece.score.style].keeps_beat, figures(piece)
    density = found.pop("density")  # voices with a piano have no drums: without a kit, pitches are compared
    drums = 0 if kit else found.get("drums_density", 0)
    found["band_density" if kit else "ensemble_density"] = density - drums
    return {name: value for name, value in found.items() if kit or name not in KIT_ONLY}


def _verdicts(measured: list[dict], rows: dict, found: dict) -> dict[str, bool]:
    """The criteria that a composer has to meet."""
    mean = {name: float(np.mean([m[name] for m in measured if name in m])) for name in rows}
    verdicts = {f"notes in chord or scale >= {IN_HARMONY}": mean.get("in_harmony", 0) >= IN_HARMONY}
    if "melody_clashes" in rows:
        corpus = rows["melody_clashes"]["corpus"][1]
        verdicts["melody clashes with the chord no more than the corpus"] = mean["melody_clashes"] <= corpus
    for name in JUDGED:
        if name in rows:
            low, _, high = rows[name]["corpus"]
            verdicts[f"{name.replace('_', ' ')} inside the band"] = low <= rows[name]["ours"][1] <= high
    verdicts["no stuck note, no silent bar, every ending an ending"] = not any(found.values())
    return verdicts


def differences(compose: Compose) -> dict[str, bool]:
    """Check whether two seeds, two films and two styles give different music.

    Args:
        compose: of `composer`.

    Returns:
        True for each that does.
    """
    one, other = (imagined_film(np.random.default_rng(s), 24.0, "cinematic") for s in (101, 102))
    base = compose(one, "cinematic", 1).score
    seed, film = compose(one, "cinematic", 2).score, compose(other, "cinematic", 1).score
    style = compose(one, "jazz", 1).score
    return {
        "two seeds differ": likeness(base, seed) < DIFFERENT,
        "two films differ": likeness(base, film) < DIFFERENT,
        "two styles differ in instruments": instrument_likeness(base, style) < DIFFERENT,
        "two styles differ in rhythm": rhythm_likeness(base, style) < DIFFERENT,
    }


def text_of(report: dict) -> str:
    """Format the report as tables.

    Args:
        report: of `judge`.

    Returns:
        Text.
    """
    rows = [["measure", "corpus 10", "50", "90", "ours 10", "50", "90", "inside"]]
    for name, row in report["measures"].items():
        cells = [f"{value:.3g}" for value in (*row["corpus"], *row["ours"])]
        rows.append([name, *cells, f"{100 * row['inside']:.0f} %"])
    lines = [f"{'met ' if met else 'MISSED'}  {name}" for name, met in report["verdicts"].items()]
    listed = [f"  {name}: {'; '.join(faults)}" for name, faults in report["faults"].items()]
    sound = ["", sound_text(report["sound"])] if "sound" in report else []
    return "\n".join([align_columns(rows), *sound, "", *lines, *(["", "faults:", *listed] if listed else [])])


def main() -> None:
    """Compose, measure, sound, print; exit 0 whatever is found (it is a measurement, not a test)."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pieces", type=int, default=50)
    parser.add_argument("--decoder", type=Path, help="weights to try instead of the shipped ones")
    parser.add_argument("--clips", type=Path, help="folder of films; without it films are imagined")
    parser.add_argument("--alpha", type=float, default=0.5, help="the film's strength (default: %(default)s)")
    parser.add_argument("--silent", action="store_true", help="judge the scores alone: faster")
    parser.add_argument("--out", type=Path, help="also write the figures as JSON")
    options = parser.parse_args()
    compose = composer(options.decoder, options.alpha)

    def say(line: str) -> None:
        sys.stderr.write(line + "\n")

    pieces = compose_all(compose, options.pieces, options.clips, say)
    report = judge(pieces)
    if not options.silent:
        report["sound"] = judge_sound([piece.score.style for piece in pieces], sound_all(pieces, say))
        report["verdicts"] |= report["sound"].pop("verdicts")
    report["verdicts"] |= differences(compose)
    if options.out:
        options.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(text_of(report) + "\n")


if __name__ == "__main__":
    main()

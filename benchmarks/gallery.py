"""Score free films at three alphas and show rolls and waveforms on one page.

python -m benchmarks.gallery [FILM ...] --out DIR [--edited 6] [--decoder FILE] [--seed 1]
"""

import argparse
import html
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.bench import edited
from benchmarks.composed import Composed, faults, figures
from benchmarks.musicality_check import corpus_bands
from benchmarks.piano_roll import draw_piano_roll
from benchmarks.waveform import draw_waveform
from dyvim_cli.evaluation.judge.audio_events import audio_events, read_sound
from dyvim_cli.evaluation.judge.flow import FlowReport, flow
from dyvim_cli.evaluation.judge.sync import HEADLINE_S, SyncReport, compare
from dyvim_cli.evaluation.judge.visual_events import visual_events
from dyvim_cli.extras import sound_file, write_extras
from dyvim_cli.model.compose.score import write_score
from dyvim_cli.options import ComposeOptions, Delivery
from dyvim_cli.pipeline import comment, describe, features_of, load_embedded
from dyvim_cli.types import FilmFeatures, Hit

N_FILMS = 3
ALPHAS = (0.0, 0.5, 1.0)
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: 1rem 0 } caption { text-align: left; font-weight: 600 }
th, td { padding: .2rem .7rem; border-bottom: 1px solid #ddd; text-align: right }
th:first-child, td:first-child { text-align: left } img { max-width: 100% } .tables { display: flex;
flex-wrap: wrap; gap: 0 3rem; align-items: flex-start } p { max-width: 46rem }
"""
SHOWN = ("in_harmony", "melody_clashes", "melody_steps", "self_similarity", "melody_density")


@dataclass(frozen=True)
class Exhibit:
    """One film at one alpha, its files beside the page, and how it is judged."""

    film: Path  # film with the music
    music: Path
    midi: Path
    roll: Path
    waveform: Path
    piece: Composed
    facts: dict
    flow: FlowReport | None
    sync: SyncReport


def films_or_synthesised(paths: Sequence[Path], folder: Path) -> list[Path]:
    """List the films that exist; if none does, synthesise as many.

    Args:
        paths: of films.
        folder: for synthesised ones.

    Returns:
        Paths.
    """
    from benchmarks.synthetic import synthesise

    if found := [path for path in paths if path.is_file()]:
        return found
    folder.mkdir(parents=True, exist_ok=True)
    return [synthesise(folder / f"synthetic-{i + 1}.mp4", i) for i in range(len(paths) or N_FILMS)]


def exhibit(path: Path, features: FilmFeatures, options: ComposeOptions, model, folder: Path) -> Exhibit:
    """Score one film, judge the music and write its files: film, music, MIDI, piano roll, waveform.

    Args:
        path: of the film.
        features: motion, events, scenes and style of the film.
        options: options of composing.
        model: decoder.
        folder: for the files.

    Returns:
        Paths and figures for the page.
    """
    from dyvim_cli.media.mux import mux
    from dyvim_cli.media.probe import probe
    from dyvim_cli.progress import Silent

    name = f"{path.stem}.alpha{options.alpha:g}"
    film = folder / f"{name}{path.suffix}"
    files = {"music": folder / f"{name}.mp3", "midi": folder / f"{name}.mid"}
    score = write_score(features, options, model)
    piece = Composed(name, features, score)
    delivery = Delivery(keep_audio="drop", overwrite=True, **files)
    with sound_file(score, model, features.duration_s, delivery, Silent()) as music:
        mux(
            probe(path), music, film, keep_audio="drop", overwrite=True,
            metadata={"comment": comment(score, options)},
        )  # fmt: skip
        write_extras(score, music, delivery)
        samples, sample_rate = read_sound(music)
    roll = folder / f"{name}.png"
    draw_piano_roll(score, features, roll, f"{path.name}: {score.style}, {score.key}, "
                    f"{score.tempo_map.bpm:.1f} BPM, alpha {options.alpha:g}")  # fmt: skip
    picture, waveform = visual_events(path, use_cache=True), folder / f"{name}.waveform.png"
    draw_waveform(samples, sample_rate, picture.event_times_s[picture.is_cut], waveform)
    return Exhibit(
        film, files["music"], files["midi"], roll, waveform, piece, describe(score, features, options),
        flow(samples, sample_rate, features.duration_s),
        compare(picture, audio_events(samples, sample_rate), options.seed),
    )  # fmt: skip


def write_gallery(
    films: Sequence[tuple[Path, FilmFeatures]],
    model,
    folder: Path,
    options: ComposeOptions,
    say: Callable[[str], None],
) -> Path:
    """Render every film at the ALPHAS and write index.html.

    Args:
        films: path and features of each.
        model: decoder.
        folder: of the page.
        options: options of composing.
        say: takes a line about each film.

    Returns:
        Path of the page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shown = []
    for path, features in films:
        for alpha in ALPHAS:
            say(f"{path.name}: alpha {alpha:g}")
            shown.append(exhibit(path, features, replace(options, alpha=alpha), model, folder))
    (folder / "gallery.json").write_text(
        json.dumps([{"name": e.piece.name, **e.facts} for e in shown], indent=1), encoding="utf-8"
    )
    index = folder / "index.html"
    index.write_text(_page(shown, options), encoding="utf-8")
    return index


def _page(shown: Sequence[Exhibit], options: ComposeOptions) -> str:
    body = "\n".join(_section(one) for one in shown)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>dyvim: gallery</title>'
        f"<style>{STYLE}</style></head>\n<body><h1>Gallery</h1>\n<p>Films at alpha 0, 0.5 and 1, "
        f"seed {options.seed}. In the piano rolls red, amber and blue lines are the film's cuts, impacts and "
        f"stops; brighter notes are softer. Below a waveform: its level, with onsets in amber.</p>\n"
        f"{_overview(shown)}\n{body}\n</body></html>\n"
    )


def _section(one: Exhibit) -> str:
    """One film at one alpha: film, music, roll, waveform, measures, hits."""
    facts, name = one.facts, html.escape(one.piece.name)
    found = faults(one.piece)
    warning = f"<p><b>{html.escape('; '.join(found))}</b></p>" if found else ""
    return (
        f"<h2>{name}</h2>\n<p>{facts['style']}, {facts['key']}, {facts['tempo_bpm']:.1f} BPM. "
        f'<a href="{one.music.name}">music</a>, <a href="{one.midi.name}">MIDI</a></p>{warning}\n'
        f'<video controls preload="metadata" width="480" src="{one.film.name}"></video>\n'
        f'<p style="max-width:none"><a href="{one.roll.name}"><img alt="Piano roll of {name}" '
        f'src="{one.roll.name}"></a></p>\n<p style="max-width:none"><img alt="Waveform of {name}" '
        f'src="{one.waveform.name}"></p>\n<div class="tables">{_measures(one.piece)}'
        f"{_hits(one.piece.score.tempo_map.hits)}</div>"
    )


def _overview(shown: Sequence[Exhibit]) -> str:
    """Flow beside sync, a row for each film and alpha."""
    head = ("film", "style", "onsets/s", "empty", "longest gap s", "holes/min", "pulse", "range dB",
            "cuts", "events", "motion~loudness")  # fmt: skip
    return _rows("Flow beside sync", head, [_row(one) for one in shown])


def _row(one: Exhibit) -> list[str]:
    """Cells of one film at one alpha."""
    flow_cells = ["-"] * 6
    if one.flow:
        f = one.flow
        values = (f.onsets_a_s, f.empty, f.longest_gap_s, f.holes_a_minute, f.pulse, f.range_db)
        flow_cells = [f"{value:.2f}" for value in values]
    hits = one.sync.matching[HEADLINE_S]
    cuts = f"{hits.cut_recall.excess:.2f}" if one.sync.n_cuts else "-"
    events = f"{hits.recall.excess:.2f}" if one.sync.n_events else "-"
    loudness = f"{one.sync.motion_loudness.excess:.2f}"
    return [one.piece.name, one.facts["style"], *flow_cells, cuts, events, loudness]


def _measures(piece: Composed) -> str:
    bands, ours = corpus_bands(), figures(piece)
    rows = [
        (name.replace("_", " "), f"{ours[name]:.2f}", "{:.2f} .. {:.2f}".format(*bands[name][::2]))
        for name in SHOWN
        if name in ours
    ]
    return _rows("Measures", ("measure", "here", "corpus, 10-90 %"), rows)


def _hits(hits: Sequence[Hit]) -> str:
    rows = [
        (
            f"{hit.film_time_s:.2f}", hit.kind, f"{hit.weight:.2f}", f"{hit.music_time_s:.2f}",
            f"{1000 * hit.error_s:+.0f}", "downbeat" if hit.on_downbeat else "beat" if hit.on_beat else "",
        )
        for hit in hits
    ]  # fmt: skip
    return _rows("Hits", ("film s", "event", "weight", "music s", "error ms", "falls on"), rows)


def _rows(caption: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    cells = "".join("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in row) + "</tr>" for row in rows)
    heads = "".join(f"<th>{html.escape(h)}</th>" for h in head)
    return f"<table><caption>{html.escape(caption)}</caption><tr>{heads}</tr>{cells}</table>"


def main() -> None:
    """Render the gallery."""
    from dyvim_cli.model.score.checkpoint import load_decoder

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("films", nargs="*", type=Path, help="where none is found, films are synthesised")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--decoder", type=Path, help="weights to try instead of the shipped ones")
    parser.add_argument("--edited", type=int, default=6, help="films to cut together from the others")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    (options.out / "films").mkdir(parents=True, exist_ok=True)
    paths = films_or_synthesised(options.films, options.out / "films")
    paths = [*paths, *edited(paths, options.edited, options.out / "films")]
    films = [(path, features_of(path)) for path in paths]
    model = load_decoder(options.decoder) if options.decoder else load_embedded()
    asked = ComposeOptions(seed=options.seed)
    index = write_gallery(films, model, options.out, asked, lambda line: sys.stderr.write(line + "\n"))
    sys.stdout.write(f"{index}\n")


if __name__ == "__main__":
    main()

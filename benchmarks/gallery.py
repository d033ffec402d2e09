"""A gallery: free films in three styles each, with music, piano rolls and hit tables on one page.

python -m benchmarks.gallery [FILM ...] --out DIR [--decoder FILE] [--alpha 1] [--seed 1]
"""

import argparse
import html
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.composed import Composed, faults, figures
from benchmarks.musicality_check import corpus_bands
from benchmarks.piano_roll import draw_piano_roll
from dyvim_cli.model.compose.score import write_score
from dyvim_cli.options import ComposeOptions, Delivery
from dyvim_cli.pipeline import comment, describe, features_of, load_embedded, sound_file, write_extras
from dyvim_cli.types import STYLES, FilmFeatures, Hit

N_FILMS = 5
STYLES_A_FILM = 3
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: 1rem 0 } caption { text-align: left; font-weight: 600 }
th, td { padding: .2rem .7rem; border-bottom: 1px solid #ddd; text-align: right }
th:first-child, td:first-child { text-align: left } img { max-width: 100% } .tables { display: flex;
flex-wrap: wrap; gap: 0 3rem; align-items: flex-start } p { max-width: 46rem }
"""
SHOWN = ("in_harmony", "melody_clashes", "melody_steps", "self_similarity", "density")


@dataclass(frozen=True)
class Exhibit:
    """One film in one style, and its files beside the page."""

    film: Path  # with the music
    music: Path
    midi: Path
    roll: Path
    piece: Composed
    facts: dict


def films_or_synthesised(paths: Sequence[Path], folder: Path) -> list[Path]:
    """The films that exist; if none does, as many that are synthesised into a folder."""
    from benchmarks.synthetic import synthesise

    if found := [path for path in paths if path.is_file()]:
        return found
    folder.mkdir(parents=True, exist_ok=True)
    return [synthesise(folder / f"synthetic-{i + 1}.mp4", i) for i in range(len(paths) or N_FILMS)]


def choose_styles(films: Sequence[FilmFeatures]) -> list[list[str]]:
    """Three styles a film: its own choice, and those that suit it best of the ones shown least so far."""
    shown = dict.fromkeys(STYLES, 0)
    choices = []
    for film in films:
        fit = dict(zip(STYLES, film.style_scores.tolist(), strict=True))
        chosen = [max(fit, key=lambda style: fit[style])]
        while len(chosen) < STYLES_A_FILM:
            left = [style for style in STYLES if style not in chosen]
            chosen.append(min(left, key=lambda style: (shown[style], -fit[style])))
            shown[chosen[-1]] += 1
        shown[chosen[0]] += 1
        choices.append(chosen)
    return choices


def exhibit(path: Path, features: FilmFeatures, wishes: ComposeOptions, model, folder: Path) -> Exhibit:
    """Score one film and write its files: film, music, MIDI, piano roll."""
    from dyvim_cli.media.mux import mux
    from dyvim_cli.media.probe import probe
    from dyvim_cli.progress import Silent

    name = f"{path.stem}.{wishes.style}"
    film = folder / f"{name}{path.suffix}"
    files = {"music": folder / f"{name}.mp3", "midi": folder / f"{name}.mid"}
    score = write_score(features, wishes, model)
    piece = Composed(name, features, score)
    delivery = Delivery(keep_audio="drop", overwrite=True, **files)
    with sound_file(score, model, features.duration_s, delivery, Silent()) as music:
        mux(
            probe(path), music, film, keep_audio="drop", overwrite=True,
            metadata={"comment": comment(score, wishes)},
        )  # fmt: skip
        write_extras(score, music, delivery)
    roll = folder / f"{name}.png"
    draw_piano_roll(score, features, roll, f"{path.name}: {score.style}, {score.key}, "
                    f"{score.tempo_map.bpm:.1f} BPM, alpha {wishes.alpha:g}")  # fmt: skip
    return Exhibit(film, files["music"], files["midi"], roll, piece, describe(score, features, wishes))


def write_gallery(
    films: Sequence[tuple[Path, FilmFeatures]],
    model,
    folder: Path,
    wishes: ComposeOptions,
    say: Callable[[str], None],
) -> Path:
    """Render every film in its three styles and write index.html; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    shown = []
    for (path, features), styles in zip(films, choose_styles([f for _, f in films]), strict=True):
        for style in styles:
            say(f"{path.name}: {style}")
            shown.append(exhibit(path, features, replace(wishes, style=style), model, folder))
    (folder / "gallery.json").write_text(
        json.dumps([{"name": e.piece.name, **e.facts} for e in shown], indent=1), encoding="utf-8"
    )
    index = folder / "index.html"
    index.write_text(_page(shown, wishes), encoding="utf-8")
    return index


def _page(shown: Sequence[Exhibit], wishes: ComposeOptions) -> str:
    body = "\n".join(_section(one) for one in shown)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>dyvim: gallery</title>'
        f"<style>{STYLE}</style></head>\n<body><h1>Gallery</h1>\n<p>Films in {STYLES_A_FILM} styles each, "
        f"alpha {wishes.alpha:g}, seed {wishes.seed}. In the piano rolls red, amber and blue lines are the "
        f"film's cuts, impacts and stops; brighter notes are softer.</p>\n{body}\n</body></html>\n"
    )


def _section(one: Exhibit) -> str:
    """One film in one style: film, music, roll, measures, hits."""
    facts, name = one.facts, html.escape(one.piece.name)
    found = faults(one.piece)
    warning = f"<p><b>{html.escape('; '.join(found))}</b></p>" if found else ""
    return (
        f"<h2>{name}</h2>\n<p>{facts['key']}, {facts['tempo_bpm']:.1f} BPM. "
        f'<a href="{one.music.name}">music</a>, <a href="{one.midi.name}">MIDI</a></p>{warning}\n'
        f'<video controls preload="metadata" width="480" src="{one.film.name}"></video>\n'
        f'<p style="max-width:none"><a href="{one.roll.name}"><img alt="Piano roll of {name}" '
        f'src="{one.roll.name}"></a></p>\n<div class="tables">{_measures(one.piece)}'
        f"{_hits(one.piece.score.tempo_map.hits)}</div>"
    )


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
    parser.add_argument("--alpha", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    paths = films_or_synthesised(options.films, options.out / "films")
    films = [(path, features_of(path)) for path in paths]
    model = load_decoder(options.decoder) if options.decoder else load_embedded()
    wishes = ComposeOptions(alpha=options.alpha, seed=options.seed)
    index = write_gallery(films, model, options.out, wishes, lambda line: sys.stderr.write(line + "\n"))
    sys.stdout.write(f"{index}\n")


if __name__ == "__main__":
    main()

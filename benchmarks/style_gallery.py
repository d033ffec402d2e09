"""Play every style on one page: sound, spectrogram and roll, with the figures of its mix.

python -m benchmarks.style_gallery --out demo/styles composes a piece a style for an imagined film. With
--beside FONT (a General MIDI soundfont) the same notes are played by that font's instruments as well.
"""

import argparse
import html
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.imagined import imagined_film
from benchmarks.mix_figures import MixFigures, faults, measure, produced, table
from benchmarks.piano_roll import draw_piano_roll
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.types import SAMPLE_RATE, STYLES

FLOOR_DB = -90.0  # lowest level of a spectrogram against its loudest
STYLE_SHEET = "body{font-family:sans-serif;max-width:1100px;margin:auto}img{max-width:100%}audio{width:100%}"


def show_style(
    style: str, model, seconds: float, folder: Path, beside: Path | None
) -> tuple[MixFigures, str]:
    """Compose and render a style into the folder.

    Args:
        style: one of types.STYLES.
        model: decoder.
        seconds: length.
        folder: of the page.
        beside: another soundfont that plays the same notes; None = none.

    Returns:
        (its figures, its part of the page).
    """
    from dyvim_cli.model.compose.score import write_score
    from dyvim_cli.options import ComposeOptions

    film = imagined_film(np.random.default_rng(STYLES.index(style)), seconds, style)
    score = write_score(film, ComposeOptions(style=style, seed=1, candidates=1), model)
    sound, cpu_s = produced(score, film.duration_s)
    figures = measure(style, sound.samples, sound.stems, cpu_s)
    draw_piano_roll(score, film, folder / f"{style}.roll.png")
    parts = [_played("our instruments", f"{style}", sound.samples, folder)]
    if beside is not None:
        other, _ = produced(score, film.duration_s, beside)
        parts.append(_played(beside.name, f"{style}.beside", other.samples, folder))
    roll = f"<img src='{style}.roll.png' alt='roll of {style}'>"
    return figures, f"<h2>{style}</h2>{''.join(parts)}{roll}"


def _played(title: str, name: str, samples: np.ndarray, folder: Path) -> str:
    """Write a sound and its spectrogram; the page's part that shows them."""
    import soundfile

    soundfile.write(folder / f"{name}.ogg", samples, SAMPLE_RATE, format="OGG", subtype="VORBIS")
    draw_spectrogram(samples, folder / f"{name}.spectrum.png", title)
    title = html.escape(title)
    audio = f"<audio controls src='{name}.ogg'></audio>"
    return f"<p>{title}</p>{audio}<img src='{name}.spectrum.png' alt='{title}'>"


def draw_spectrogram(samples: np.ndarray, path: Path, title: str) -> None:
    """Draw a sound from 30 Hz to 20 kHz on a logarithmic scale over time.

    Args:
        samples: [n, 2] at SAMPLE_RATE.
        path: of the PNG.
        title: of the picture.
    """
    from matplotlib.figure import Figure
    from scipy.signal import spectrogram

    hz, times_s, power = spectrogram(samples.mean(axis=1), SAMPLE_RATE, nperseg=4096, noverlap=3072)
    level = np.maximum(10 * np.log10(power / power.max() + 1e-20), FLOOR_DB)
    figure = Figure(figsize=(11, 3.2), layout="constrained", dpi=80)
    axes = figure.subplots()
    axes.pcolormesh(times_s, hz[1:], level[1:], cmap="magma", rasterized=True)
    axes.set(yscale="log", ylim=(30, 20000), ylabel="Hz", xlabel="seconds", title=title)
    figure.savefig(path, format="png")


def write_page(
    styles: Sequence[str], model, seconds: float, folder: Path, beside: Path | None = None
) -> list[MixFigures]:
    """Render the styles and write index.html.

    Args:
        styles: names.
        model: decoder.
        seconds: length of each.
        folder: of the page.
        beside: another soundfont that plays the same notes; None = none.

    Returns:
        Figures of the mixes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shown = [show_style(style, model, seconds, folder, beside) for style in styles]
    figures = [one for one, _ in shown]
    head = f"<!doctype html><meta charset='utf-8'><title>Styles</title><style>{STYLE_SHEET}</style>"
    body = "".join(part for _, part in shown)
    page = f"{head}<h1>Styles</h1><pre>{html.escape(report(figures))}</pre>{body}"
    (folder / "index.html").write_text(page, encoding="utf-8")
    return figures


def report(figures: Sequence[MixFigures]) -> str:
    """Tabulate the figures and list what the mixes miss.

    Args:
        figures: of the mixes.

    Returns:
        Text.
    """
    lines = [table(figures)]
    for one in figures:
        keys = RECORDS[one.style].palette.drum_keys
        missed = faults(one, has_cymbals=keys.get("hat", (42,))[0] in (42, 51))
        lines += [f"{one.style}: {', '.join(missed)}"] if missed else []
    return "\n".join(lines)


def main() -> None:
    """Render the page."""
    from dyvim_cli.pipeline import load_embedded

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("styles", nargs="*", default=list(STYLES), help="else all")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--beside", type=Path, help="a soundfont that plays the same notes")
    options = parser.parse_args()
    figures = write_page(options.styles, load_embedded(), options.seconds, options.out, options.beside)
    sys.stdout.write(f"{report(figures)}\n{options.out / 'index.html'}\n")


if __name__ == "__main__":
    main()
